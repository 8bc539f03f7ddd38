/**
 * Memory that goes out of a vCPU's sight and comes back (docs/adr/0035-memory-that-is-a-device.md): loads, fetches and walks find the bytes
 * or the device, whichever it is at that instruction, from interpreted and from compiled code. Sources in hidden-memory.s.
 */
import { definePlugin, lo32, type Machine, type PluginDefinition } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { AF, BLOCK, PAGE, SH, TABLE } from "../mmu/guest-tables.fixture.ts";
import { ENGINES, playGuest, RAM, tablesIn } from "./guest-machine.fixture.ts";
import { hiddenMemoryGuest } from "./hidden-memory.guest.fixture.ts";

const BANK_BYTES = 0x1_0000;
const [DATA, LEAF, HIDER, LEVEL2] = [0x2000, 0x3000, 0x4000, 0x5000];
const WORD = 0x12_3456;
const MOV_X0 = (value: number): number => 0xd280_0000 | (value << 5);
const [RET, STR_W1_X9] = [0xd65f_03c0, 0xb900_0121];
const NORMAL = AF | SH(3);
/** Of RAM: the root table leads to the next page. */
const FIRST_WORD = hex(RAM + 0x1000 + Number(TABLE));

const bank: PluginDefinition = definePlugin({
  name: "bank",
  memory: [{ name: "bank", base: 0, size: BANK_BYTES, readOnly: true }],
  create: ({ memory, bus }) => ({
    attach(scope) {
      const region = memory.regions.find(({ name }) => name === "bank")!;
      const write = (value: number): void => (value === 1 ? memory.cpuView.hide(region) : memory.cpuView.show(region));
      scope.add(bus.claim({ ...region, name: "bank" }, { read: (offset) => offset, write: (_offset, _width, value) => write(lo32(value)) }));
    },
  }),
});

/** Bank and RAM where they lie; a piece of RAM at 2 GiB too, by a table in the bank. */
function prepare(machine: Machine): void {
  const words = (address: number, ...values: number[]): void => void machine.memory.copyIn(address, new Uint8Array(Uint32Array.from(values).buffer));
  words(DATA, WORD);
  words(LEAF, MOV_X0(5) >>> 0, RET);
  words(HIDER, STR_W1_X9, MOV_X0(6) >>> 0, RET);
  const tables = tablesIn(machine);
  const root = tables.table();
  for (let page = 0; page < BANK_BYTES; page += 0x1000) tables.map(root, BigInt(page), 3, BigInt(page) | PAGE | NORMAL);
  tables.map(root, BigInt(RAM), 1, BigInt(RAM) | BLOCK | NORMAL);
  tables.map(root, 0x8000_0000n, 1, BigInt(LEVEL2) | TABLE);
  machine.memory.write(LEVEL2, 8, BigInt(RAM) | BLOCK | NORMAL);
}

const ROWS: readonly (readonly [does: string, guest: string, trace: readonly string[]])[] = [
  ["a loop reads bytes and device in turns", "data", [hex(80 * WORD), hex(40 * (2 * DATA + 4))]],
  ["a loop that reads one page all the time sees it go and come", "loop_reads", [hex(60 * WORD + 30 * DATA)]],
  ["a function is gone while hidden, and back with its bytes", "code", [hex(30 * 5), `sync EL1h esr 86000010 far ${hex(LEAF)} at ${hex(LEAF)}`, "0", "5"]],
  ["code that hides itself has no next instruction", "hides_itself", [`sync EL1h esr 86000010 far ${hex(HIDER + 4)} at ${hex(HIDER + 4)}`, "0", "6"]],
  ["a walk cannot read a hidden table", "tables", [FIRST_WORD, "sync EL1h esr 96000016 far 80000000 at tables+144", "0", FIRST_WORD]],
];

describe.each(ENGINES)("on the %s", (engine) => {
  it.each(ROWS)("%s", async (_, guest, trace) => {
    expect(await playGuest(hiddenMemoryGuest, guest, { engine, prepare, plugins: [bank] })).toEqual(trace);
  });

  it("what the host writes into hidden code is what runs next", async () => {
    const reported = (value: bigint, machine: Machine): void => {
      if (value === 0n) machine.memory.write(LEAF, 4, MOV_X0(9) >>> 0);
      if (value === 9n) machine.memory.write(LEAF, 4, MOV_X0(5) >>> 0);
    };
    const trace = await playGuest(hiddenMemoryGuest, "code", { engine, prepare, plugins: [bank], reported });
    expect(trace.slice(2)).toEqual(["0", "9"]);
  });
});

function hex(value: number): string {
  return value.toString(16);
}
