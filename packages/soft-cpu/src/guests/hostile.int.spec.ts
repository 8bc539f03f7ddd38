/**
 * Whatever a guest does, the host sees no exception, keeps its memory and gets control back in time: any words as code, any tables, any
 * system register, and storms of everything that costs the host more than an instruction. Random guests also run twice, without and with
 * compiled code, and have to end in the same state. fast-check prints the seed of a failure.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sysregEncoding } from "@trapline/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { instructionForms } from "../isa/index.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";
import { compileDecoded, ENGINES, guestMachine, RAM } from "./guest-machine.fixture.ts";
import { hostileGuest } from "./hostile.guest.fixture.ts";
import { CODE, DATA, EL0T, EL1H, flatMap, type Launch, LaunchPair, launcher, prepareLaunch, SCTLR } from "./hostile-launch.fixture.ts";

/** Of each property; more of them for a long night: FUZZ_RUNS=5000. */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 4);
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

/** A word of some row of the instruction tables. */
const formWord = fc
  .tuple(fc.constantFrom(...instructionForms), u32)
  .map(([{ bits }, random]) => ((random & ~bits.mask) | bits.value) >>> 0);
const systemWord = u32.map((random) => (0xd500_0000 | (random & 0x3f_ffff)) >>> 0);
const near = fc.integer({ min: -20, max: 20 });
/** B and BL; B.cond, CBZ, CBNZ, TBZ, TBNZ: not far. */
const nearBranch = fc.oneof(
  fc.tuple(fc.constantFrom(0x1400_0000, 0x9400_0000), near).map(([op, to]) => (op | (to & 0x3ff_ffff)) >>> 0),
  fc
    .tuple(fc.constantFrom(0x5400_0000, 0x3400_0000, 0xb500_0000, 0x3600_0000, 0xb700_0000), near, fc.nat(15))
    .map(([op, to, low]) => (op | ((to & 0x3fff) << 5) | low) >>> 0),
);
const word = fc.oneof(
  { weight: 8, arbitrary: formWord },
  { weight: 2, arbitrary: systemWord },
  { weight: 1, arbitrary: nearBranch },
  { weight: 1, arbitrary: u32 },
);
/** Addresses of data, of code and of the device, and anything. */
const register = fc.oneof(
  fc.nat(0x8000).map((offset) => BigInt(DATA + offset)),
  fc.nat(0x400).map((n) => BigInt(CODE + 4 * n)),
  fc.nat(0x2000).map((offset) => BigInt(0x0900_0000 + offset)),
  u64,
);
const x = fc.array(register, { minLength: 28, maxLength: 28 });
/** Goes round, so that what was compiled is executed. */
const words = fc
  .array(word, { minLength: 10, maxLength: 120 })
  .map((straight) => [...straight, (0x1400_0000 | (-straight.length & 0x3ff_ffff)) >>> 0]);

/** A descriptor that leads into RAM, with any attributes; or anything. */
const descriptor = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.nat(0x11f), u64).map(([page, bits]) => BigInt(RAM + 4096 * page) | (bits & 0xfff0_0000_0000_0fffn)) },
  { weight: 1, arbitrary: u64 },
);
const changes = fc.array(fc.tuple(fc.nat(4 * 512 - 1), descriptor), { minLength: 1, maxLength: 150 });

/** What is to be launched, in whatever state, by what fast-check came upon. */
type Random<T> = (random: T) => Launch;

describe("random words as code do the same on interpreter and JIT", { timeout: 600_000 }, () => {
  let pair: LaunchPair;
  let two: LaunchPair;
  beforeAll(async () => void ([pair, two] = [await LaunchPair.make(1), await LaunchPair.make(2)]));
  afterAll(async () => {
    await pair.close();
    await two.close();
  });

  async function check<T>(arbitrary: fc.Arbitrary<T>, launchOf: Random<T>, machines: LaunchPair = pair): Promise<void> {
    const property = fc.asyncProperty(arbitrary, async (random) => {
      const [interpreted, compiled] = await machines.run(launchOf(random));
      expect(compiled).toEqual(interpreted);
    });
    await fc.assert(property, { numRuns: RUNS });
  }

  it.each([
    ["at EL1, MMU off", EL1H, {}],
    ["at EL0, MMU off", EL0T, {}],
    ["at EL1, mapped", EL1H, flatMap(1)],
    ["at EL0, mapped", EL0T, flatMap(0)],
  ])("%s", (_, spsr, map) => check(fc.record({ words, x }), (random) => ({ ...random, spsr, ...map })));

  it("by two vCPUs at once", () => check(fc.record({ words, x }), (random) => ({ ...random, spsr: EL1H, ...flatMap(1) }), two));

  it.each<[string, bigint, 0 | 1]>([
    ["at EL1 under random tables", EL1H, 1],
    ["at EL0 under random tables", EL0T, 0],
  ])("%s", (_, spsr, el) =>
    check(fc.record({ words, x, changes, tcr: u64 }), (random) => {
      const map = flatMap(el);
      const tables = [...map.tables!];
      for (const [place, value] of random.changes) tables[place] = value;
      // Every other time 48 bits as they should be, so that something is mapped.
      const tcr = (random.tcr & 1n) === 0n ? map.tcr! | (random.tcr & 0x7f_0000_0000n) : random.tcr;
      return { words: random.words, x: random.x, spsr, ...map, tables, tcr };
    }),
  );

  it("under any SCTLR_EL1, TCR_EL1, MAIR_EL1, VBAR_EL1 and SPSR_EL1", () => {
    const sctlr = u32.map((bits) => SCTLR ^ BigInt(bits));
    const system = { sctlr, mair: u64, spsr: u64, tcr: fc.option(u64), vbar: fc.option(u64) };
    return check(fc.record({ words, x, ...system }), ({ tcr, vbar, ...random }) => ({
      ...flatMap(1),
      ...random,
      ...(tcr === null ? {} : { tcr }),
      ...(vbar === null ? {} : { vbar }),
    }));
  });
});

describe("every system encoding", () => {
  const BATCH = 4096;
  const HERE = 0x1400_0000; // B .
  /** Written, they take the rest of a batch away: SCTLR_EL1 and VBAR_EL1, which others try above. */
  const left = [sysregEncoding(3, 0, 1, 0, 0), sysregEncoding(3, 0, 12, 0, 0)];
  const wordOf = (encoding: number, isRead: number): number => (0xd500_0000 | (isRead << 21) | (encoding << 5)) >>> 0;
  const op0Of = (encoding: number): number => encoding >> 14;
  const op1Of = (encoding: number): number => (encoding >> 11) & 7;

  it.each<[string, bigint, (encoding: number) => boolean]>([
    ["op0 1 to 3 at EL1", EL1H, (encoding) => op0Of(encoding) > 0 && !left.includes(encoding)],
    ["op1 3 at EL0", EL0T, (encoding) => op1Of(encoding) === 3],
  ])("is an exception or has a defined result, whatever X0 holds: %s", async (_, spsr, isTried) => {
    const machine = await launcher("interpreter");
    const encodings = Array.from({ length: 0x1_0000 }, (__, encoding) => encoding).filter(isTried);
    // SYS with a result does not exist: of op0 1 only half.
    const all = [
      ...encodings.map((encoding) => wordOf(encoding, 0)),
      ...encodings.filter((encoding) => op0Of(encoding) > 1).map((encoding) => wordOf(encoding, 1)),
    ];
    for (let at = 0; at < all.length; at += BATCH) {
      const value = BigInt.asUintN(64, 0x9e37_79b9_7f4a_7c15n * BigInt(at + 1));
      const batch = all.slice(at, at + BATCH);
      await prepareLaunch(machine, { words: [...batch, HERE], spsr, x: [value] });
      expect(await machine.run({ untilNs: 14 * BATCH, timeoutMs: 10_000 })).toEqual({ reason: "until" });
      expect(machine.vcpus[0]!.peekRegister("pc")).toBe(CODE + 4 * batch.length);
    }
    await machine.close();
  });
});

/** More than a slice may take the host, and what a busy computer adds. */
const IN_TIME_MS = 2000;

describe.each(ENGINES)("on the %s, storms", (engine) => {
  it.each([
    ["exceptions in their own vector", "vector_loop", 1],
    ["accesses to a device", "device_storm", 1],
    ["interrupts that a vCPU sends itself", "interrupt_storm", 1],
    ["a timer that is always due", "timer_storm", 1],
    ["stores into the line that is executed", "store_storm", 1],
    ["stores into code of another page", "patch_storm", 16],
    ["invalidations of all translations", "tlbi_storm", 16],
    ["counters, registers, hypercalls", "exit_storm", 1],
    ["resets", "reset_storm", 2],
    ["CPU_ON and CPU_OFF", "power_storm", 2],
  ])("of %s end with the run's time", async (_, guest, vcpus) => {
    const options = { engine, vcpus, rounds: 0, quantum: 1_000_000, isSilent: true, cpu: { startAll: vcpus > 2 } };
    const { machine } = await guestMachine(hostileGuest, guest, options);
    const begun = performance.now();
    expect(await machine.run({ timeoutMs: 20 })).toEqual({ reason: "timeout" });
    expect(await machine.run({ untilNs: machine.clock.nowNs() + 2000, timeoutMs: IN_TIME_MS })).toEqual({ reason: "until" });
    expect(performance.now() - begun).toBeLessThan(2 * IN_TIME_MS);
    await machine.close();
  });
});

it("a host that stops a run in the middle of a storm gets it at once", async () => {
  const { machine } = await guestMachine(hostileGuest, "store_storm", { engine: "JIT", rounds: 0, quantum: 1_000_000 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  const begun = performance.now();
  expect(await machine.run({ signal: controller.signal })).toEqual({ reason: "stopped" });
  expect(performance.now() - begun).toBeLessThan(IN_TIME_MS);
  await machine.close();
});

it("code that comes and goes for long leaves no memory behind", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { machine } = await guestMachine(hostileGuest, "patch_storm", { engine: "JIT", rounds: 0 });
  const used = async (): Promise<number> => {
    for (let n = 0; n < 25; n++) {
      await machine.run({ untilNs: machine.clock.nowNs() + 100 });
      compileDecoded(machine);
    }
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  await used();
  const before = await used();
  const after = await used();
  expect(softCpuStatistics(machine).pages.dropped).toBeGreaterThan(1500);
  expect(after - before).toBeLessThan(2 * 1024 * 1024);
  await machine.close();
});
