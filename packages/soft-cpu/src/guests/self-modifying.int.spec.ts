/**
 * Code that changes while it is executed, by whatever way bytes can change (Arm ARM DDI 0487, B2.4.4 "Concurrent modification and execution
 * of instructions"; CTR_EL0.IDC and DIC are set, so that maintenance is not needed, only that what runs next is what was written).
 * Sources in self-modifying.s. Sums tell how often which instruction ran.
 */
import type { Machine } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { AF, AP, BLOCK, PAGE, SH } from "../mmu/guest-tables.fixture.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";
import { compileDecoded, ENGINES, guestMachine, playGuest, playToEnd, RAM, tablesIn } from "./guest-machine.fixture.ts";
import { selfModifyingGuest } from "./self-modifying.guest.fixture.ts";

const NORMAL = AF | SH(3);
const SPACE = 0x4009_0000;
const NOP = 0xd503_201f;
const MOV_X0_2 = 0xd280_0040;

/** Of each generation of a function. */
const CALLS = 25;

const ROWS: readonly (readonly [does: string, guest: string, trace: readonly string[]])[] = [
  ["a hot function is patched with the maintenance that software makes", "patched", [hex(50 * 1 + 50 * 2)]],
  ["an instruction patches the next one, each time round a loop", "next_instruction", [hex(triangle(60))]],
  ["stores to data beside code leave the code right", "data_beside_code", [hex(100), hex(200)]],
  ["stores to data in the very line of the loop leave the loop right", "data_in_code", [hex(40)]],
  ["a store over the end of a page patches both pages", "over_the_end", [hex(30 * 3), hex(30 * 5)]],
  ["DC ZVA leaves zeros, which are UNDEFINED", "cleared", [
    "1",
    ...Array.from({ length: 16 }, (_, n) => `sync EL1h esr 02000000 at ${hex(SPACE + 0x6000 + 4 * n)}`),
    "7",
  ]],
  ["a vector store patches", "vector_patch", [hex(10 * 1 + 10 * 2)]],
  ["a store-exclusive patches", "exclusive_patch", [hex(15 * 1 + 15 * 2)]],
  ["a page serves as code, as data and as code again, thirty times", "generations", [hex(CALLS * triangle(30))]],
  ["a function patches the loop that calls it", "patches_its_caller", [hex(triangle(60))]],
  ["a page written at one address is executed at two others", "aliases", [hex(8 * triangle(40))]],
];

/** RAM where it lies, and one of its pages at two addresses to execute and one to write. */
function prepare(machine: Machine): void {
  const tables = tablesIn(machine);
  const root = tables.table();
  const page = BigInt(SPACE + 0x1_0000);
  tables.map(root, BigInt(RAM), 1, BigInt(RAM) | BLOCK | NORMAL);
  tables.map(root, 0x1000_0000n, 3, page | PAGE | NORMAL | AP(2));
  tables.map(root, 0x1020_1000n, 3, page | PAGE | NORMAL | AP(2));
  tables.map(root, 0x1040_0000n, 3, page | PAGE | NORMAL);
}

describe.each(ENGINES)("on the %s", (engine) => {
  it.each(ROWS)("%s", async (_, guest, trace) => {
    expect(await playGuest(selfModifyingGuest, guest, { engine, prepare, x: [[24, CALLS]] })).toEqual(trace);
  });

  it("the host patches a function from within an exit of the loop that calls it", async () => {
    const trace = await playGuest(selfModifyingGuest, "dma", {
      engine,
      reported: (value, machine) => {
        if (value === 20n) machine.memory.write(SPACE + 0xb000, 4, MOV_X0_2);
      },
    });
    const counted = Array.from({ length: 40 }, (_, n) => hex(40 - n));
    expect(trace).toEqual([...counted, hex(21 * 1 + 19 * 2)]);
  });

  it("the host patches the loop that runs, between two slices: it ends at once", async () => {
    const guest = await guestMachine(selfModifyingGuest, "dma_between", { engine, rounds: 4 });
    const { machine, port } = guest;
    let end = "until";
    for (let round = 1; round <= 4; round++) {
      for (let step = 0; step < 20; step++) await machine.run({ untilNs: machine.clock.nowNs() + 5000 + step });
      if (engine === "JIT") compileDecoded(machine);
      await machine.run({ untilNs: machine.clock.nowNs() + 5000 });
      expect(port.rounds[round]).toEqual([hex(SPACE + 0xc000)]);
      machine.memory.write(SPACE + 0xc004, 4, NOP);
      ({ reason: end } = await machine.run({ untilNs: machine.clock.nowNs() + 10 }));
      expect(port.rounds[round]?.length).toBe(2);
    }
    expect(end).toBe("power-off");
    await machine.close();
  });

  it("the host writes into the page of a loop that patches itself, at every third instruction", async () => {
    const guest = await guestMachine(selfModifyingGuest, "next_instruction", { engine, rounds: 2 });
    const { machine, port } = guest;
    const unused = SPACE + 0x1000 + 32;
    for (let end = "until"; end === "until"; ) {
      ({ reason: end } = await machine.run({ untilNs: machine.clock.nowNs() + 3 }));
      machine.memory.write(unused, 4, 0); // in the line that is decoded
    }
    expect(port.rounds).toEqual([[], [hex(triangle(60))], [hex(triangle(60))]]);
    await machine.close();
  });

  it("the host writes once into the page of a loop that patches itself, and lets it go on for long", async () => {
    const guest = await guestMachine(selfModifyingGuest, "next_instruction", { engine, rounds: 40 });
    const { machine, port } = guest;
    for (let n = 0; n < 39; n++) {
      await machine.run({ untilNs: machine.clock.nowNs() + 311 });
      if (engine === "JIT") compileDecoded(machine);
      machine.memory.write(SPACE + 0x1000 + 32, 4, 0);
    }
    expect(await playToEnd(guest, "interpreter")).toMatchObject({ reason: "power-off" });
    expect(port.rounds.slice(1)).toEqual(Array.from({ length: 40 }, () => [hex(triangle(60))]));
    await machine.close();
  });
});

it("code that the JIT finds hot by itself is gone when it changes", async () => {
  const calls = 40_000;
  const { machine, port } = await guestMachine(selfModifyingGuest, "generations", { engine: "JIT", rounds: 2, x: [[24, calls]] });
  expect(await machine.run({ timeoutMs: 20_000 })).toMatchObject({ reason: "power-off" });
  expect(port.rounds.slice(1)).toEqual([[hex(calls * triangle(30))], [hex(calls * triangle(30))]]);
  expect(softCpuStatistics(machine).jit.functions).toBeGreaterThan(0);
  await machine.close();
});

function hex(value: number): string {
  return value.toString(16);
}

/** 1 + 2 + … + n */
function triangle(n: number): number {
  return (n * (n + 1)) / 2;
}
