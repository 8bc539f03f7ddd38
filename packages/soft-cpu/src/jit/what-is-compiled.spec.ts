/** Which loops and functions come to be compiled, by how many functions there are after so many instructions. Where execution stands is looked at twice in 50 000. */
import { createMachine, type Machine } from "@trapline/core";
import { afterEach, expect, it } from "vitest";
import { softCpu } from "../soft-cpu.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";
import { HANDLERS_END } from "../isa/variants.ts";
import { HANDLER } from "../state/layout.ts";
import { START } from "../testing/counted-guest.fixture.ts";
import { ClusterToken } from "../tokens.ts";

let machine: Machine;
afterEach(() => machine.close());

async function load(vcpus: number, ...parts: readonly (readonly [offset: number, words: readonly number[]])[]): Promise<void> {
  machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], vcpus, plugins: [softCpu()] });
  for (const [offset, words] of parts) machine.memory.copyIn(START + offset, new Uint8Array(Uint32Array.from(words).buffer));
}

const functions = (): number => softCpuStatistics(machine).jit.functions;

const run = (instructions: number): Promise<unknown> => machine.run({ untilNs: machine.clock.nowNs() + instructions });

const ADD_X0 = 0x9100_0400; // add x0, x0, #1

it("a function of two instructions in another page, in which execution is never met, because the loop that calls it leaves for it", async () => {
  // Sixteen instructions a round: all of 20 000 and 50 000 are whole rounds, so execution is always met at the same place.
  const loop = [...new Array<number>(12).fill(ADD_X0), 0x9400_03f4, 0x17ff_fff3]; // add …; bl +0xfd0; b
  await load(1, [0, loop], [0x1000, [0x9100_0421, 0xd65f_03c0]]); // add x1, x1, #1; ret
  await run(900_000);
  expect(functions()).toBe(1);
  await run(1_600_000);
  expect(functions()).toBe(2);
});

it("of one neighbourhood, the second loop has to be met twice as often as the first", async () => {
  // movz x0, #16, lsl #16; 1: subs x0, x0, #1; b.ne 1b; then 2: add x1, x1, #1; b 2b
  await load(1, [0, [0xd2a0_0200, 0xf100_0400, 0x54ff_ffe1, 0x9100_0421, 0x17ff_ffff]]);
  await run(900_000);
  expect(functions()).toBe(1);
  await run(2 * 0x10_0000 + 1 - machine.clock.nowNs());
  await run(1_200_000);
  expect(functions()).toBe(1);
  await run(1_400_000);
  expect(functions()).toBe(2);
});

/** A hypercall is the host's, so nothing is compiled over it. */
const HVC = 0xd400_0002;
const YIELD = 0xd503_203f;

it("what lies between two exits, though each chunk ends at the second", async () => {
  // YIELD ends the slice where there is another vCPU, and behind it is what nothing is compiled from; the way back is from another page, so no loop shows.
  const [away, back] = [[YIELD, HVC, 0x1400_03fe], [...new Array<number>(20).fill(ADD_X0), 0x17ff_fbec]]; // b +0xff8; b -0x1050
  await load(2, [0, away], [0x1000, back]);
  await run(3_000_000);
  expect(functions()).toBe(2);
});

it("and is kept when it is worth entering, whatever its neighbours are", async () => {
  // Twenty instructions, so that chunks end behind the long part, and whoever looks finds it entered last. Entries come every five instructions.
  const short = [HVC, ADD_X0];
  await load(1, [0, [...short, ...short, ...short, ...short, ...new Array<number>(11).fill(ADD_X0), 0x17ff_ffed]]); // b -0x4c
  await run(40);
  const { compiler, pages } = machine.get(ClusterToken).engine;
  for (const offset of [4, 12, 20, 28]) compiler.compile(pages.recordsFor(START / 4096), offset);
  await run(10_000_000);
  expect([isCompiled(28), softCpuStatistics(machine).jit.givenUp]).toEqual([true, 0]);
});

/** Does the interpreter enter compiled code here? */
function isCompiled(offset: number): boolean {
  const { pages, memory } = machine.get(ClusterToken).engine;
  return new DataView(memory.buffer).getUint16(pages.recordsFor(START / 4096) + 4 * offset + HANDLER, true) >= HANDLERS_END;
}
