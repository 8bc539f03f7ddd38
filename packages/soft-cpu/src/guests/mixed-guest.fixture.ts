/** The mixed guest with its tables, and what a machine that runs it does, event by event. */
import { type Machine, type RunOptions, toJsonLine } from "@trapline/core";
import { AF, AP, ATTR, BLOCK, NG, PAGE, SH } from "../mmu/guest-tables.fixture.ts";
import { compileDecoded, type Engine, guestMachine, type GuestMachine, RAM, tablesIn } from "./guest-machine.fixture.ts";
import { mixedGuest } from "./mixed.guest.fixture.ts";

const DATA = RAM + 0x10_0000;
/** Little more than it uses, as all of it is saved. */
const RAM_BYTES = 0x12_0000;
const NORMAL = AF | SH(3);

/** RAM where it lies (code for EL0 to execute too), one page that moves, the device. */
function prepare(machine: Machine): void {
  const tables = tablesIn(machine);
  const root = tables.table();
  tables.map(root, BigInt(RAM), 2, BigInt(RAM) | BLOCK | NORMAL);
  tables.map(root, 0x0900_0000n, 3, 0x0900_0000n | PAGE | AF | ATTR(1));
  tables.map(root, 0x1000_0000n, 3, BigInt(DATA + 0x2000) | PAGE | NORMAL | NG | AP(1));
  machine.memory.write(DATA + 0x100, 8, tables.entry(root, 0x1000_0000n, 3));
}

export interface MixedOptions {
  readonly turns?: number;
  readonly quantum?: number;
}

export function mixedMachine(engine: Engine, { turns = 48, quantum = 400 }: MixedOptions = {}): Promise<GuestMachine> {
  return guestMachine(mixedGuest, "mixed", { engine, vcpus: 2, quantum, rounds: 0, ramBytes: RAM_BYTES, x: [[24, turns]], prepare });
}

/** Everything on all wires during `run`, a line of JSON each. */
export async function tracing(machine: Machine, run: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const tap = machine.trace$.subscribe((event) => lines.push(toJsonLine(event)));
  await run();
  tap.unsubscribe();
  return lines;
}

/** A run in which, with the JIT, whatever was executed before it is compiled. */
export async function runCompiled(machine: Machine, engine: Engine, options: RunOptions = {}): Promise<string> {
  if (engine === "JIT") compileDecoded(machine);
  return (await machine.run({ timeoutMs: 20_000, ...options })).reason;
}
