/** Which loops and functions come to be compiled, by how many functions there are after so many instructions. Where execution stands is looked at twice in 50 000. */
import { setImmediate } from "node:timers/promises";
import { createMachine, type Machine } from "@trapline/core";
import { afterEach, expect, it } from "vitest";
import { softCpu } from "../soft-cpu.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";
import { START } from "../testing/counted-guest.fixture.ts";

let machine: Machine;
afterEach(() => machine.close());

async function load(...parts: readonly (readonly [offset: number, words: readonly number[]])[]): Promise<void> {
  machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], plugins: [softCpu()] });
  for (const [offset, words] of parts) machine.memory.copyIn(START + offset, new Uint8Array(Uint32Array.from(words).buffer));
}

const functions = (): number => softCpuStatistics(machine).jit.functions;

const run = (instructions: number): Promise<unknown> => machine.run({ untilNs: machine.clock.nowNs() + instructions });

/** V8 compiles on another thread, and hands over what it compiled when the event loop has its turn. Never, when nothing is compiled: the test then times out. */
async function compiled(count: number): Promise<void> {
  while (functions() < count) await setImmediate();
}

const ADD_X0 = 0x9100_0400; // add x0, x0, #1

it("a function of two instructions in another page, in which execution is never met, because the loop that calls it leaves for it", async () => {
  // Sixteen instructions a round: all of 20 000 and 50 000 are whole rounds, so execution is always met at the same place.
  const loop = [...new Array<number>(12).fill(ADD_X0), 0x9400_03f4, 0x17ff_fff3]; // add …; bl +0xfd0; b
  await load([0, loop], [0x1000, [0x9100_0421, 0xd65f_03c0]]); // add x1, x1, #1; ret
  await run(1_500_000);
  await compiled(1);
  await run(1_000_000);
  await compiled(2);
  expect(functions()).toBe(2);
});

it("of one neighbourhood, the second loop has to be met twice as often as the first", async () => {
  // movz x0, #16, lsl #16; 1: subs x0, x0, #1; b.ne 1b; then 2: add x1, x1, #1; b 2b
  await load([0, [0xd2a0_0200, 0xf100_0400, 0x54ff_ffe1, 0x9100_0421, 0x17ff_ffff]]);
  await run(900_000);
  await compiled(1);
  await run(2 * 0x10_0000 + 1 - machine.clock.nowNs());
  await run(1_200_000);
  for (let turn = 0; turn < 100; turn++) await setImmediate();
  expect(functions()).toBe(1);
  await run(1_400_000);
  await compiled(2);
  expect(functions()).toBe(2);
});
