/**
 * Random code that moves SP about and accesses memory by it does the same in one go, interpreted or compiled, as when it is stopped behind
 * each instruction: SP is looked at before the first instruction after a stop, so what goes step by step asks before all of them.
 * fast-check prints the seed of a failure.
 */
import { createHash } from "node:crypto";
import type { Machine } from "@trapline/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { instructionForms } from "../isa/index.ts";
import type { Form } from "../isa/form.ts";
import { isDataProcessing, isLoadOrStore } from "../isa/groups.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";
import { compileDecoded, type Engine, ENGINES } from "./guest-machine.fixture.ts";
import { DATA, EL0T, EL1H, flatMap, type Launch, launcher, prepareLaunch } from "./hostile-launch.fixture.ts";

/** More of them for a long night: FUZZ_RUNS=5000. */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 5);
const STEPS = 400;

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const wordOf = (rows: readonly Form[], set = 0): fc.Arbitrary<number> =>
  fc.tuple(fc.constantFrom(...rows), u32).map(([{ bits }, random]) => ((((random | set) & ~bits.mask) | bits.value) >>> 0));
const near = fc.integer({ min: -12, max: 12 });
const [RN, RD] = [31 << 5, 31];
const word = fc.oneof(
  // Whatever may misalign SP, from SP and from other registers.
  { weight: 3, arbitrary: wordOf(instructionForms.filter(({ stack }) => stack !== undefined), RN | RD) },
  { weight: 2, arbitrary: wordOf(instructionForms.filter(({ stack, bits }) => stack !== undefined && isDataProcessing(bits.value)), RD) },
  { weight: 3, arbitrary: wordOf(instructionForms.filter(({ bits }) => isLoadOrStore(bits.value)), RN) },
  { weight: 3, arbitrary: wordOf(instructionForms.filter(({ bits, fp }) => isDataProcessing(bits.value) && !fp)) },
  // ADD SP, X20, #0: aligned again. SUB and ADD of X20, LSL #3, and of X21: to and fro.
  { weight: 3, arbitrary: fc.constantFrom(0x9100_029f, 0xcb34_6fff, 0x8b34_6fff, 0xcb35_63ff, 0x8b35_63ff) },
  // CBZ, TBNZ, B.cond, B.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(0x3400_0000, 0x3700_0000, 0x5400_0000), near, fc.nat(15))
      .map(([op, to, low]) => (op | ((to & 0x3fff) << 5) | low) >>> 0),
  },
  { weight: 1, arbitrary: near.map((to) => (0x1400_0000 | (to & 0x3ff_ffff)) >>> 0) },
);
const words = fc
  .array(word, { minLength: 10, maxLength: 60 })
  .map((straight) => [...straight, (0x1400_0000 | (-straight.length & 0x3ff_ffff)) >>> 0]);
const register = fc.oneof(
  fc.nat(0x400).map((n) => BigInt(DATA + 16 * n)),
  fc.nat(0x4000).map((offset) => BigInt(DATA + offset)),
  fc.nat(64).map(BigInt),
);
/** X20 is aligned, X21 is not. */
const x = fc.array(register, { minLength: 28, maxLength: 28 }).map((values) => values.with(20, BigInt(DATA + 0x2000)).with(21, 8n));

/** ADD SP, SP, X21; LDR X0, [SP]; ADD SP, X20, #0; B. Random code may by chance never find SP misaligned; this does so in each round. */
const MISALIGNED_ONCE_A_ROUND = [0x8b35_63ff, 0xf940_03e0, 0x9100_029f, 0x17ff_fffd];
const surely = { words: MISALIGNED_ONCE_A_ROUND, x: Array.from({ length: 28 }, (_, n) => (n === 21 ? 8n : BigInt(DATA + 0x2000))) };

describe("random code about SP", { timeout: 600_000 }, () => {
  const machines = new Map<Engine | "steps", Machine>();
  beforeAll(async () => {
    for (const engine of ENGINES) machines.set(engine, await launcher(engine));
    machines.set("steps", await launcher("interpreter"));
  });
  afterAll(async () => {
    for (const machine of machines.values()) await machine.close();
  });

  async function outcome(machine: Machine, launch: Launch, stepNs: number, between?: (machine: Machine) => void): Promise<object> {
    await prepareLaunch(machine, launch);
    let reason = "until";
    for (let left = STEPS; reason === "until" && left > 0; left -= stepNs) {
      ({ reason } = await machine.run({ untilNs: machine.clock.nowNs() + Math.min(left, stepNs), timeoutMs: 10_000 }));
      between?.(machine);
    }
    const memory = createHash("sha256").update(machine.memory.window(DATA, 0x1_0000)!).digest("hex");
    return { reason, memory, nowNs: machine.clock.nowNs(), vcpu: machine.vcpus[0]!.save() };
  }

  it.each([["at EL1", EL1H, 1], ["at EL0", EL0T, 0]] as const)("%s", async (_, spsr, el) => {
    const property = fc.asyncProperty(fc.record({ words, x }), async (random) => {
      const launch = { ...flatMap(el), ...random, spsr };
      const stepped = await outcome(machines.get("steps")!, launch, 1);
      expect(await outcome(machines.get("interpreter")!, launch, STEPS)).toEqual(stepped);
      expect(await outcome(machines.get("JIT")!, launch, STEPS / 2, compileDecoded)).toEqual(stepped);
    });
    const before = counted();
    await fc.assert(property, { numRuns: 1 + RUNS, examples: [[surely]] });
    expect(counted() - before).toBeGreaterThan(10);
  });

  const counted = (): number => softCpuStatistics(machines.get("steps")!).exceptions["sp-alignment"] ?? 0;
});
