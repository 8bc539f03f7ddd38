/** PSCI 1.1 and SMCCC 1.1, call by call (Arm DEN 0022, DEN 0028; gic.md H.2 and J.7, whose numbers are in the names). */
import { defaultAffinity, HVC, HypercallSpace, SMC, toBigint } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PowerState, Psci, type PsciHost, type PsciOptions } from "./psci.ts";
import * as psci from "./psci-functions.ts";
import { PSCI_RANGES, SMC64 } from "./psci-functions.ts";

interface Board {
  readonly log: string[];
  readonly power: PowerState[];
  /** X0 as a signed number, after a call of vCPU 0. */
  call(functionId: number, ...x: readonly bigint[]): number;
  readonly firmware: Psci;
}

/** Four vCPUs, 0 on, the others off, unless told otherwise. */
function board(power: readonly PowerState[] = ["on", "off", "off", "off"], options: PsciOptions = {}, affinityOf = defaultAffinity): Board {
  const log: string[] = [];
  const states = [...power];
  const affinities = power.map((_, vcpu) => affinityOf(vcpu));
  let x: readonly bigint[] = [];
  const host: PsciHost = {
    affinities,
    vcpuAt: (affinity) => affinities.indexOf(affinity),
    powerState: (vcpu) => states[vcpu]!,
    argument: (_, n) => x[n - 1] ?? 0n,
    cpuOn: (target, entry, context) => {
      log.push(`on ${target} at ${entry.toString(16)} with ${context.toString(16)}`);
      states[target] = "pending";
    },
    cpuOff: (vcpu) => log.push(`off ${vcpu}`),
    suspend: (vcpu) => log.push(`suspend ${vcpu}`),
    systemOff: (vcpu) => log.push(`system off by ${vcpu}`),
    systemReset: (vcpu, kind) => log.push(`${kind} reset by ${vcpu}`),
  };
  const firmware = new Psci(host, options);
  const conduit = options.conduit === "smc" ? SMC : HVC;
  return {
    log,
    power: states,
    firmware,
    call: (functionId, ...args) => {
      x = args;
      return Number(BigInt.asIntN(64, toBigint(firmware.call(functionId, 0, conduit))));
    },
  };
}

describe("a call", () => {
  //   row  function                        arguments                                  x0          does
  type Call = [what: string, functionId: number, x: readonly bigint[], x0: number, does?: string];
  const CALLS: readonly Call[] = [
    ["255 PSCI_VERSION", /*          */ psci.PSCI_VERSION, /*          */ [], /*                          */ 0x1_0001],
    ["256 CPU_ON of one that is on", psci.CPU_ON, /*                   */ [0n, 0x4000_0000n], /*          */ -4],
    ["257 CPU_ON of nobody", /*      */ psci.CPU_ON, /*                */ [7n, 0x4000_0000n], /*          */ -2],
    ["258 AFFINITY_INFO, off", /*    */ psci.AFFINITY_INFO, /*         */ [1n, 0n], /*                    */ 1],
    ["258 AFFINITY_INFO, on", /*     */ psci.AFFINITY_INFO, /*         */ [0n, 0n], /*                    */ 0],
    ["259 MIGRATE_INFO_TYPE", /*     */ psci.MIGRATE_INFO_TYPE, /*     */ [], /*                          */ 2],
    ["260 an unknown id", /*         */ 0x8400_0099, /*                */ [], /*                          */ -1],
    ["261 SYSTEM_OFF", /*            */ psci.SYSTEM_OFF, /*            */ [], /*                          */ 0, "system off by 0"],
    ["SYSTEM_RESET", /*              */ psci.SYSTEM_RESET, /*          */ [], /*                          */ 0, "cold reset by 0"],
    ["SYSTEM_RESET2, warm", /*       */ psci.SYSTEM_RESET2, /*         */ [0n, 99n], /*                   */ 0, "warm reset by 0"],
    ["SYSTEM_RESET2 of 64 bits", /*  */ psci.SYSTEM_RESET2 + SMC64, /* */ [0n, 1n << 40n], /*             */ 0, "warm reset by 0"],
    ["SYSTEM_RESET2, reserved", /*   */ psci.SYSTEM_RESET2, /*         */ [1n], /*                        */ -2],
    ["SYSTEM_RESET2, a vendor's", /* */ psci.SYSTEM_RESET2, /*         */ [0x8000_0000n], /*              */ -2],
    ["CPU_OFF", /*                   */ psci.CPU_OFF, /*               */ [], /*                          */ 0, "off 0"],
    ["CPU_SUSPEND, standby", /*      */ psci.CPU_SUSPEND, /*           */ [0n, 0n, 0n], /*                */ 0, "suspend 0"],
    ["CPU_SUSPEND of 64 bits", /*    */ psci.CPU_SUSPEND + SMC64, /*   */ [0x1_ffffn, 0n, 0n], /*         */ 0, "suspend 0"],
    ["CPU_SUSPEND of a cluster", /*  */ psci.CPU_SUSPEND, /*           */ [0x0100_0000n, 0n, 0n], /*      */ -2],
    ["CPU_SUSPEND, reserved bits", /**/ psci.CPU_SUSPEND, /*           */ [0x0002_0000n, 0n, 0n], /*      */ -2],
    ["MIGRATE", /*                   */ psci.MIGRATE, /*               */ [0n], /*                        */ -1],
    ["MIGRATE of 64 bits", /*        */ psci.MIGRATE + SMC64, /*       */ [0n], /*                        */ -1],
    ["MIGRATE_INFO_UP_CPU", /*       */ psci.MIGRATE_INFO_UP_CPU, /*   */ [], /*                          */ -1],
    ["CPU_FREEZE", /*                */ psci.CPU_FREEZE, /*            */ [], /*                          */ -1],
    ["CPU_DEFAULT_SUSPEND", /*       */ psci.CPU_DEFAULT_SUSPEND, /*   */ [], /*                          */ -1],
    ["NODE_HW_STATE", /*             */ psci.NODE_HW_STATE, /*         */ [], /*                          */ -1],
    ["SYSTEM_SUSPEND", /*            */ psci.SYSTEM_SUSPEND, /*        */ [0x4000_0000n], /*              */ -1],
    ["SET_SUSPEND_MODE", /*          */ psci.SET_SUSPEND_MODE, /*      */ [1n], /*                        */ -1],
    ["STAT_RESIDENCY", /*            */ psci.STAT_RESIDENCY, /*        */ [0n, 0n], /*                    */ -1],
    ["STAT_COUNT", /*                */ psci.STAT_COUNT, /*            */ [0n, 0n], /*                    */ -1],
    ["PSCI_VERSION of 64 bits", /*   */ psci.PSCI_VERSION + SMC64, /*  */ [], /*                          */ -1],
    ["CPU_OFF of 64 bits", /*        */ psci.CPU_OFF + SMC64, /*       */ [], /*                          */ -1],
    ["SMCCC_VERSION", /*             */ psci.SMCCC_VERSION, /*         */ [], /*                          */ 0x1_0001],
    ["SMCCC_VERSION of 64 bits", /*  */ psci.SMCCC_VERSION + SMC64, /* */ [], /*                          */ -1],
    ["ARCH_FEATURES, VERSION", /*    */ psci.SMCCC_ARCH_FEATURES, /*   */ [BigInt(psci.SMCCC_VERSION)], /**/ 0],
    ["ARCH_FEATURES, itself", /*     */ psci.SMCCC_ARCH_FEATURES, /*   */ [BigInt(psci.SMCCC_ARCH_FEATURES)], 0],
    ["ARCH_FEATURES, WORKAROUND_1", psci.SMCCC_ARCH_FEATURES, /*       */ [0x8000_8000n], /*              */ -1],
    ["ARCH_FEATURES, SOC_ID", /*     */ psci.SMCCC_ARCH_FEATURES, /*   */ [0x8000_0002n], /*              */ -1],
  ];
  it.each(CALLS.map(([what, functionId, x, x0, does]) => ({ what, functionId, x, x0, does })))("$what", ({ functionId, x, x0, does }) => {
    const { call, log } = board();
    expect([call(functionId, ...x), log]).toEqual([x0, does === undefined ? [] : [does]]);
  });

  it("returns -1 sign-extended to 64 bits", () => {
    expect(board().firmware.call(0x8400_0099, 0, HVC)).toBe(0xffff_ffff_ffff_ffffn);
  });

  it("takes 32 bits of each argument in its SMC32 form, and 64 in the other", () => {
    const { call, log, power } = board();
    expect(call(psci.CPU_ON, 0xffff_ffff_0000_0001n, 0x1_4000_0000n, 0x2_0000_0003n)).toBe(0);
    power[1] = "off";
    expect(call(psci.CPU_ON + SMC64, 1n, 0x1_4000_0000n, 0x2_0000_0003n)).toBe(0);
    expect(log).toEqual(["on 1 at 40000000 with 3", "on 1 at 140000000 with 200000003"]);
    expect(call(psci.CPU_SUSPEND, 0xffff_ffff_0000_0000n)).toBe(0);
    expect(call(psci.AFFINITY_INFO, 0x5_0000_0000n, 0x7_0000_0000n)).toBe(0);
    expect(call(psci.PSCI_FEATURES, 0x1_8400_0000n)).toBe(0);
  });
});

describe("PSCI_FEATURES", () => {
  const DEFINED = [
    psci.PSCI_VERSION, psci.CPU_SUSPEND, psci.CPU_SUSPEND + SMC64, psci.CPU_OFF, psci.CPU_ON, psci.CPU_ON + SMC64, psci.AFFINITY_INFO,
    psci.AFFINITY_INFO + SMC64, psci.MIGRATE_INFO_TYPE, psci.SYSTEM_OFF, psci.SYSTEM_RESET, psci.PSCI_FEATURES, psci.SYSTEM_RESET2,
    psci.SYSTEM_RESET2 + SMC64, psci.SMCCC_VERSION,
  ];

  it("knows what there is", () => {
    const { call } = board();
    expect(DEFINED.filter((id) => call(psci.PSCI_FEATURES, BigInt(id)) !== 0)).toEqual([]);
  });

  it("knows nothing else", () => {
    const { call } = board();
    const asked = [psci.SMCCC_ARCH_FEATURES, 0, 0xffff_ffff];
    for (let id = psci.PSCI_VERSION; id < psci.PSCI_VERSION + 0x20; id++) asked.push(id, id + SMC64);
    const others = asked.filter((id) => !DEFINED.includes(id));
    expect(others).toEqual(expect.arrayContaining([psci.MIGRATE, psci.SYSTEM_SUSPEND, psci.CPU_OFF + SMC64]));
    expect(others.filter((id) => call(psci.PSCI_FEATURES, BigInt(id)) !== -1)).toEqual([]);
  });

  it("is asked by Linux in this order", () => {
    const { call } = board();
    expect([
      call(psci.PSCI_VERSION),
      call(psci.MIGRATE_INFO_TYPE),
      call(psci.PSCI_FEATURES, BigInt(psci.SMCCC_VERSION)),
      call(psci.SMCCC_VERSION),
      call(psci.PSCI_FEATURES, BigInt(psci.CPU_SUSPEND + SMC64)),
      call(psci.PSCI_FEATURES, BigInt(psci.SYSTEM_SUSPEND + SMC64)),
      call(psci.PSCI_FEATURES, BigInt(psci.SYSTEM_RESET2)),
    ]).toEqual([0x1_0001, 2, 0, 0x1_0001, 0, -1, 0]);
  });
});

describe("CPU_ON", () => {
  const ON = psci.CPU_ON + SMC64;
  const ENTRY = 0x4008_0000n;

  it("256, 258: starts one that is off; until it runs it is pending, then on", () => {
    const { call, log, power } = board();
    const info = (): number => call(psci.AFFINITY_INFO + SMC64, 1n, 0n);
    const seen = [info(), call(ON, 1n, ENTRY, 5n), info(), call(ON, 1n, ENTRY, 6n)];
    power[1] = "on";
    expect([...seen, info(), call(ON, 1n, ENTRY, 7n)]).toEqual([1, 0, 2, -5, 0, -4]);
    expect(log).toEqual(["on 1 at 40080000 with 5"]);
  });

  //   MPIDR                    entry            x0
  it.each([
    [0x8000_0001n, /*        */ ENTRY, /*     */ -2], // MPIDR_EL1's RES1 bit is no part of an affinity
    [0x0100_0001n, /*        */ ENTRY, /*     */ -2], // MT
    [1n << 40n | 1n, /*      */ ENTRY, /*     */ -2],
    [1n << 63n | 1n, /*      */ ENTRY, /*     */ -2],
    [0x1_0000_0001n, /*      */ ENTRY, /*     */ -2], // Aff3 1: well formed, nobody
    [0x100n, /*              */ ENTRY, /*     */ -2],
    [1n, /*                  */ ENTRY + 2n, /**/ -9], // no instruction is there
    [0n, /*                  */ ENTRY + 2n, /**/ -4],
  ])("of %d at %d answers %d", (mpidr, entry, x0) => {
    const { call, log } = board();
    expect([call(ON, mpidr, entry, 0n), log]).toEqual([x0, []]);
  });

  it("finds every vCPU by its affinity, Aff3 included", () => {
    const far = (vcpu: number): number => [0, 0x0102_0304, 0xff00_0000, 0xffff_ffff][vcpu]!;
    const { call, log } = board(["on", "off", "off", "off"], {}, far);
    expect([0x1_0002_0304n, 0xff_0000_0000n, 0xff_00ff_ffffn].map((mpidr) => call(ON, mpidr, ENTRY, 0n))).toEqual([0, 0, 0]);
    expect(log.map((line) => line.slice(0, 4))).toEqual(["on 1", "on 2", "on 3"]);
    expect(call(psci.CPU_ON, 0xff00_0000n, ENTRY, 0n)).toBe(-2); // 32 bits cannot name Aff3
  });
});

describe("AFFINITY_INFO", () => {
  // vCPUs 0 to 15 are cluster 0, 16 and 17 cluster 1.
  const clusters = (zero: PowerState, sixteen: PowerState, seventeen: PowerState): readonly PowerState[] =>
    [zero, ...Array.from({ length: 15 }, () => "off" as const), sixteen, seventeen];

  //   affinity        level   vCPU 0, 16, 17                    answer
  it.each<readonly [bigint, bigint, readonly PowerState[], number]>([
    [0x100n, /*     */ 0n, /**/ clusters("on", "off", "on"), /*     */ 1],
    [0x101n, /*     */ 0n, /**/ clusters("on", "off", "on"), /*     */ 0],
    [0x100n, /*     */ 1n, /**/ clusters("on", "off", "on"), /*     */ 0], // any of the cluster
    [0x10fn, /*     */ 1n, /**/ clusters("on", "off", "off"), /*    */ 1], // what lies below the level does not matter
    [0x100n, /*     */ 1n, /**/ clusters("on", "pending", "off"), /**/ 2],
    [0x100n, /*     */ 1n, /**/ clusters("on", "pending", "on"), /* */ 0],
    [0x100n, /*     */ 2n, /**/ clusters("on", "off", "off"), /*    */ 0], // all share Aff3 and Aff2
    [0x200n, /*     */ 1n, /**/ clusters("on", "off", "off"), /*    */ -2],
    [0x102n, /*     */ 0n, /**/ clusters("on", "off", "off"), /*    */ -2],
    [0n, /*         */ 3n, /**/ clusters("on", "off", "off"), /*    */ 0],
    [0n, /*         */ 4n, /**/ clusters("on", "off", "off"), /*    */ -2],
    [0n, /*         */ 1n << 32n, clusters("on", "off", "off"), /*  */ -2],
    [0x8000_0000n, /**/ 0n, /**/ clusters("on", "off", "off"), /*   */ -2], // reserved bits
  ])("of %d at level %d", (affinity, level, power, answer) => {
    expect(board(power).call(psci.AFFINITY_INFO + SMC64, affinity, level)).toBe(answer);
  });
});

describe("the conduit", () => {
  it.each([
    ["hvc" as const, [true, false]],
    ["smc" as const, [false, true]],
  ])("%s is the only way to it", (conduit, answers) => {
    const { firmware, log } = board(undefined, { conduit });
    expect([firmware.answers(HVC), firmware.answers(SMC)]).toEqual(answers);
    const other = conduit === "hvc" ? SMC : HVC;
    expect([firmware.call(psci.SYSTEM_OFF, 0, other), log]).toEqual([0xffff_ffff_ffff_ffffn, []]);
    expect(firmware.call(psci.PSCI_VERSION, 0, conduit === "hvc" ? HVC : SMC)).toBe(0x1_0001);
  });

  it("is HVC unless told otherwise", () => {
    expect(board().firmware.answers(HVC)).toBe(true);
  });
});

describe("behind a machine's hypercalls", () => {
  it("is reached by its ranges, and others find nobody there", () => {
    const { firmware } = board();
    const space = new HypercallSpace();
    for (const [first, count] of PSCI_RANGES) space.claim("psci", first, count, firmware.call);
    expect(space.call(psci.PSCI_VERSION, 0, HVC)).toBe(0x1_0001);
    expect(space.call(psci.SMCCC_VERSION, 0, HVC)).toBe(0x1_0001);
    expect(space.call(psci.AFFINITY_INFO + SMC64, 0, HVC)).toBe(0);
    expect(space.call(0x8400_0020, 0, HVC)).toBe(0xffff_ffff_ffff_ffffn);
  });

  it("answers anything at all without throwing, and only known ids do something", () => {
    const near = [0x8000_0000, 0x8400_0000, 0xc400_0000].map((first) => fc.integer({ min: first, max: first + 0x2f }));
    const id = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), ...near);
    const x = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(fc.property(id, fc.tuple(x, x, x), (functionId, args) => {
      const { call, log } = board();
      const x0 = call(functionId, ...args);
      if (call(psci.PSCI_FEATURES, BigInt(functionId)) !== 0) {
        expect(log).toEqual([]);
        if (functionId !== psci.SMCCC_ARCH_FEATURES) expect(x0).toBe(-1);
      }
    }), { numRuns: 500 });
  });
});
