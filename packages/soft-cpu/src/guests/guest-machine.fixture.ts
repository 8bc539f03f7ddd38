/**
 * Whole machines around the guests of this folder: soft vCPUs, an interrupt controller, the port that guests talk to. `playGuest` runs one
 * to its end, on the interpreter alone or so that compiled code takes part: guests are too short for the JIT to find them hot, so some
 * rounds go in small steps, behind each of which everything that was decoded is compiled. The last rounds go undisturbed.
 */
import { createMachine, type Machine, type PluginDefinition, type RunResult, toBigint } from "@trapline/core";
import { decode } from "../isa/decoder.ts";
import { HANDLER_DECODE, HANDLERS_END, type Variant } from "../isa/variants.ts";
import { isForHost } from "../jit/host-instructions.ts";
import { TableBuilder } from "../mmu/guest-tables.fixture.ts";
import { softCpu, type SoftCpuOptions } from "../soft-cpu.ts";
import { HANDLER } from "../state/layout.ts";
import { ClusterToken } from "../tokens.ts";
import { addressOf, type GuestImage } from "./guest-image.fixture.ts";
import { guestIrqchip } from "./guest-irqchip.fixture.ts";
import { GuestPort, type Mark } from "./guest-port.fixture.ts";

export const RAM = 0x4000_0000;
const RAM_BYTES = 0x20_0000;

export type Engine = "interpreter" | "JIT";
export const ENGINES: readonly Engine[] = ["interpreter", "JIT"];

const ROUNDS = 6;
const ROUND_COUNTER = 26;
/** With the JIT, from this round on all that was decoded is compiled, again and again until SETTLED begins. */
const COMPILING = 3;
const SETTLED = 5;
/** Of a guest without rounds, so many steps are followed by compilation. */
const COMPILING_STEPS = 300;
/** More than a region has instructions, so that it is entered; few enough for code that lives shortly. */
const COMPILING_STEP_NS = 211;
/** A guest that runs longer is stuck. */
const TIMEOUT_MS = 20_000;

export interface GuestOptions {
  readonly engine: Engine;
  readonly vcpus?: number;
  readonly quantum?: number;
  /** Default 2 MiB. */
  readonly ramBytes?: number;
  /** 0 for a guest that does not begin with `rounds`. */
  readonly rounds?: number;
  /** General-purpose registers at the start. */
  readonly x?: readonly (readonly [n: number, value: number])[];
  /** All rounds have to be alike. Default true. */
  readonly sameRounds?: boolean;
  readonly cpu?: SoftCpuOptions;
  /** Devices beside the port. */
  readonly plugins?: readonly PluginDefinition[];
  /** Puts things into memory before the guest starts. */
  readonly prepare?: (machine: Machine) => void;
  /** Nothing that the guest says is kept: for guests without end. */
  readonly isSilent?: boolean;
  /** Inside the exit of a report. */
  readonly reported?: (value: bigint, machine: Machine) => void;
}

/** What a guest said, in the first round and in all, when it has powered off. */
export interface Played {
  readonly trace: readonly string[];
  readonly marks: readonly Mark[];
}

export interface GuestMachine {
  readonly machine: Machine;
  readonly port: GuestPort;
  /** How many rounds it will have; 0 for a guest that is not in rounds. */
  readonly rounds: number;
}

/** A machine with the guest in memory, about to run it from `entry`. Close it. */
export async function guestMachine(image: GuestImage, entry: string, options: GuestOptions): Promise<GuestMachine> {
  const { engine, vcpus = 1, rounds = ROUNDS, ramBytes = RAM_BYTES, cpu = {}, plugins = [], prepare } = options;
  const reported = (value: bigint): void => options.reported?.(value, machine);
  const port = new GuestPort(image, { isSilent: options.isSilent === true, reported });
  const x = new Array<number>(27).fill(0);
  for (const [n, value] of [[ROUND_COUNTER, rounds] as const, ...(options.x ?? [])]) x[n] = value;
  const start = { pc: addressOf(image, entry), x };
  const machine: Machine = await createMachine({
    memory: [{ base: RAM, size: ramBytes }],
    vcpus,
    ...(options.quantum === undefined ? {} : { quantum: options.quantum }),
    plugins: [softCpu({ jit: engine === "JIT", start, ...cpu }), guestIrqchip(), port.plugin(), ...plugins],
  });
  loadImage(machine, image);
  prepare?.(machine);
  return { machine, port, rounds };
}

export function loadImage(machine: Machine, { base, parts }: GuestImage): void {
  for (const [offset, words] of parts) machine.memory.copyIn(base + offset, new Uint8Array(Uint32Array.from(words).buffer));
}

/** Makes translation tables, from the start of RAM on. */
export function tablesIn({ memory }: Machine): TableBuilder {
  return new TableBuilder({
    read64: (address) => {
      const value = memory.read(Number(address), 8);
      return value === undefined ? undefined : toBigint(value);
    },
    write64: (address, value) => void memory.write(address, 8, value),
  });
}

/** Compiles whatever was decoded, where control may come from elsewhere. */
export function compileDecoded(machine: Machine): void {
  const { compiler, pages, state } = machine.get(ClusterToken).engine;
  const u16 = new Uint16Array(state.bytes.buffer);
  for (const page of [...pages.pages()]) {
    const records = pages.recordsFor(page);
    const handler = (offset: number): number => u16[(records + 4 * offset + HANDLER) >> 1]!;
    const isDecoded = (offset: number): boolean => offset >= 0 && handler(offset) !== HANDLER_DECODE;
    const variantAt = (offset: number): Variant => decode(pages.wordAt(records + 4 * offset), offset).variant;
    const isForHostAt = (offset: number): boolean => variantAt(offset).form.flow === undefined && isForHost(variantAt(offset));
    for (let offset = 0; offset < 4096; offset += 4) {
      if (!isDecoded(offset) || handler(offset) >= HANDLERS_END || isForHostAt(offset)) continue;
      const before = offset - 4;
      if (isDecoded(before) && variantAt(before).form.flow === undefined && !isForHostAt(before)) continue;
      compiler.compile(records, offset);
    }
  }
}

/** Runs until the guest has powered off; see above for the JIT. */
export async function playToEnd({ machine, port, rounds }: GuestMachine, engine: Engine): Promise<RunResult> {
  const { clock, vcpus } = machine;
  const isWarm = (steps: number): boolean => engine === "interpreter" || (rounds === 0 ? steps === COMPILING_STEPS : port.begun >= SETTLED);
  for (let steps = 0; !isWarm(steps); steps++) {
    const isAwake = vcpus.some((vcpu) => vcpu.runnable);
    const untilNs = isAwake ? clock.nowNs() + COMPILING_STEP_NS : clock.nextDeadlineNs();
    const end = await machine.run({ untilNs, timeoutMs: TIMEOUT_MS });
    if (end.reason !== "until") return end;
    if (rounds === 0 || port.begun >= COMPILING) compileDecoded(machine);
  }
  return machine.run({ timeoutMs: TIMEOUT_MS });
}

/** What `play` gives, when only the trace matters. */
export async function playGuest(image: GuestImage, entry: string, options: GuestOptions): Promise<readonly string[]> {
  return (await play(image, entry, options)).trace;
}

/**
 * Runs a guest until it powers off and gives what it said in a round.
 * @throws Error when it ends otherwise, when two of its rounds differ, or when the JIT had no part in it
 */
export async function play(image: GuestImage, entry: string, options: GuestOptions): Promise<Played> {
  const { engine, sameRounds = true } = options;
  const guest = await guestMachine(image, entry, options);
  const { machine, port } = guest;
  try {
    const end = await playToEnd(guest, engine);
    const [before, first = before, ...others] = port.rounds as [string[], ...string[][]];
    const said = (): string => port.rounds.map((lines) => lines.slice(-20).join("\n")).join("\n--\n");
    if (end.reason !== "power-off") throw new Error(`${entry} ended with ${JSON.stringify(end)}:\n${said()}`);
    const odd = sameRounds ? others.findIndex((lines) => lines.join("\n") !== first.join("\n")) : -1;
    if (odd >= 0) throw new Error(`round ${odd + 2} of ${entry} is not like the first:\n${said()}`);
    const { functions } = machine.get(ClusterToken).engine.compiler.statistics;
    if (engine === "JIT" && functions === 0) throw new Error(`nothing of ${entry} was compiled`);
    return { trace: first, marks: port.marks };
  } finally {
    await machine.close();
  }
}
