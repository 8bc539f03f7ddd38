/** System registers and hypercalls that plugins answer, and what happens to those that nobody does. */
import { describe, expect, it } from "vitest";
import { isTraplineError, type TraplineError } from "../errors.ts";
import type { U64 } from "../u64.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { HypercallSpace } from "./hypercall-space.ts";
import { type SysregDevice, SysregSpace } from "./sysreg-space.ts";
import { formatSysreg, SMCCC_NOT_SUPPORTED, sysregEncoding, UNDEFINED } from "./vcpu-exit.ts";

const ICC_IAR1_EL1 = sysregEncoding(3, 0, 12, 12, 0);
const ICC_EOIR1_EL1 = sysregEncoding(3, 0, 12, 12, 1);
const ICC_PMR_EL1 = sysregEncoding(3, 0, 4, 6, 0);

describe("an encoding", () => {
  // op0 op1 CRn CRm op2 as KVM's CPU_SYSREGS group packs them (vgic: KVM_DEV_ARM_VGIC_SYSREG)
  it.each([
    [sysregEncoding(3, 0, 12, 12, 0), 0xc660, "S3_0_C12_C12_0"],
    [sysregEncoding(3, 0, 4, 6, 0), 0xc230, "S3_0_C4_C6_0"],
    [sysregEncoding(3, 7, 15, 15, 7), 0xffff, "S3_7_C15_C15_7"],
    [sysregEncoding(0, 0, 0, 0, 0), 0, "S0_0_C0_C0_0"],
  ])("%d is %d, %s", (encoding, expected, text) => {
    expect([encoding, formatSysreg(encoding)]).toEqual([expected, text]);
  });
});

/** Answers reads with the encoding and keeps what it is told. */
class Recorder implements SysregDevice {
  readonly log: string[] = [];
  readSysreg(encoding: number, vcpu: number): U64 {
    this.log.push(`mrs ${formatSysreg(encoding)} by ${vcpu}`);
    return encoding;
  }
  writeSysreg(encoding: number, value: U64, vcpu: number): void | number {
    this.log.push(`msr ${formatSysreg(encoding)} = ${value.toString(16)} by ${vcpu}`);
    if (value === 0xdead) return UNDEFINED;
  }
  peekSysreg(encoding: number): U64 {
    return encoding + 1;
  }
}

const IAR = { name: "ICC_IAR1_EL1", encoding: ICC_IAR1_EL1 };
const EOIR = { name: "ICC_EOIR1_EL1", encoding: ICC_EOIR1_EL1 };

describe("the space of system registers", () => {
  it("leads accesses to the claimant, 64 bits whole, and everything else is UNDEFINED", () => {
    const space = new SysregSpace(new WireOrder());
    const gic = new Recorder();
    space.claim("vgic", [IAR, EOIR], gic);
    expect([space.read(ICC_IAR1_EL1, 2), space.write(ICC_EOIR1_EL1, 2n ** 63n, 1), space.write(ICC_EOIR1_EL1, 0xdead, 1)]).toEqual([ICC_IAR1_EL1, 0, UNDEFINED]);
    expect(gic.log).toEqual(["mrs S3_0_C12_C12_0 by 2", "msr S3_0_C12_C12_1 = 8000000000000000 by 1", "msr S3_0_C12_C12_1 = dead by 1"]);
    expect([space.read(ICC_PMR_EL1, 0), space.write(ICC_PMR_EL1, 1, 0), space.peek(ICC_PMR_EL1, 0), space.peek(ICC_IAR1_EL1, 0)]).toEqual([UNDEFINED, UNDEFINED, undefined, ICC_IAR1_EL1 + 1]);
  });

  it("shows accesses under the manual's names", () => {
    const space = new SysregSpace(new WireOrder());
    const events: unknown[] = [];
    space.claim("vgic", [IAR, EOIR], new Recorder()).accesses$.subscribe((event) => events.push(event));
    space.read(ICC_IAR1_EL1, 0);
    space.write(ICC_EOIR1_EL1, 0xdead, 1);
    const common = { atNs: 0, kind: "sysreg", device: "vgic" };
    expect(events).toEqual([
      { ...common, seq: 1, register: "ICC_IAR1_EL1", encoding: ICC_IAR1_EL1, direction: "read", value: ICC_IAR1_EL1, vcpu: 0 },
      { ...common, seq: 2, register: "ICC_EOIR1_EL1", encoding: ICC_EOIR1_EL1, direction: "write", value: 0xdead, undefined: true, vcpu: 1 },
    ]);
  });

  it("refuses a register that somebody implements already, with both names; nothing of the claim stays", () => {
    const space = new SysregSpace(new WireOrder());
    space.claim("vgic", [IAR], new Recorder());
    const error = attempt(() => space.claim("other", [EOIR, IAR], new Recorder()));
    expect(isTraplineError(error, "config")).toBe(true);
    expect(error?.message).toBe("other and vgic both implement ICC_IAR1_EL1 (S3_0_C12_C12_0); leave one of the two out of the machine");
    expect([space.read(ICC_EOIR1_EL1, 0), space.read(ICC_IAR1_EL1, 0)]).toEqual([UNDEFINED, ICC_IAR1_EL1]);
  });

  it("gives back what is released, once, and all of it when it closes", () => {
    const space = new SysregSpace(new WireOrder());
    let ended = 0;
    const first = space.claim("first", [IAR, EOIR], new Recorder());
    first.accesses$.subscribe({ complete: () => ended++ });
    first.release();
    expect([space.read(ICC_IAR1_EL1, 0), ended]).toEqual([UNDEFINED, 1]);
    const second = space.claim("second", [IAR], new Recorder());
    second.accesses$.subscribe({ complete: () => ended++ });
    first.release();
    expect(space.read(ICC_IAR1_EL1, 0)).toBe(ICC_IAR1_EL1);
    space.close();
    expect([space.read(ICC_IAR1_EL1, 0), ended]).toEqual([UNDEFINED, 2]);
  });

  it.each<readonly [string, readonly { readonly name: string; readonly encoding: number }[], string]>([
    ["a register twice", [IAR, { ...IAR, name: "ICC_IAR1" }], "vgic names S3_0_C12_C12_0 twice, as ICC_IAR1_EL1 and ICC_IAR1; drop one of the two"],
    ["no encoding", [{ name: "X", encoding: 0x1_0000 }], "X of vgic has encoding 65536; make it with sysregEncoding"],
    ["half an encoding", [{ name: "X", encoding: 0.5 }], "X of vgic has encoding 0.5; make it with sysregEncoding"],
  ])("refuses %s", (_what, registers, message) => {
    const space = new SysregSpace(new WireOrder());
    const error = attempt(() => space.claim("vgic", registers, new Recorder()));
    expect(isTraplineError(error, "config")).toBe(true);
    expect(error?.message).toBe(message);
    expect(space.read(ICC_IAR1_EL1, 0)).toBe(UNDEFINED);
  });
});

// Without taps the space calls the device itself, not through the wire. Nobody may be able to tell.
describe.each([
  ["untapped", false],
  ["tapped", true],
])("an access to a claimed register, %s", (_, tapped) => {
  function claimed(device: SysregDevice): { order: WireOrder; space: SysregSpace } {
    const order = new WireOrder();
    const space = new SysregSpace(order);
    const { accesses$ } = space.claim("vgic", [IAR, EOIR], device);
    if (tapped) accesses$.subscribe();
    return { order, space };
  }

  it("takes one number of the machine's order, and a write without an answer gives 0", () => {
    const { order, space } = claimed(new Recorder());
    const answers = [space.read(ICC_IAR1_EL1, 0), space.write(ICC_EOIR1_EL1, 1, 0), space.write(ICC_EOIR1_EL1, 0xdead, 0)];
    expect(answers).toEqual([ICC_IAR1_EL1, 0, UNDEFINED]);
    expect([order.sequence, order.depth]).toEqual([3, 0]);
  });

  it("evaluates what the device deferred before it returns, also when the device then throws", () => {
    const log: string[] = [];
    const task = { deferred: false, evaluate: () => void log.push("evaluated") };
    const fail = (): never => {
      order.defer(task);
      log.push("threw");
      throw new Error("a bug of the device");
    };
    const { order, space } = claimed({ readSysreg: fail, writeSysreg: fail });
    expect(() => space.read(ICC_IAR1_EL1, 0)).toThrow("a bug of the device");
    expect(() => space.write(ICC_EOIR1_EL1, 1, 0)).toThrow("a bug of the device");
    expect(log).toEqual(["threw", "evaluated", "threw", "evaluated"]);
    expect([order.depth, order.busy]).toEqual([0, false]);
  });
});

describe("the space of hypercalls", () => {
  const PSCI = 0x8400_0000;

  it("leads function ids to their claimants; others are NOT_SUPPORTED (SMCCC)", () => {
    const space = new HypercallSpace();
    space.claim("psci", PSCI, 0x20, (id, vcpu, conduit) => id - PSCI + 1000 * vcpu + 100 * conduit);
    expect([space.call(PSCI, 0, 0), space.call(PSCI + 0x1f, 2, 1)]).toEqual([0, 0x1f + 2100]);
    expect([space.call(PSCI - 1, 0, 0), space.call(PSCI + 0x20, 0, 0), space.call(0, 0, 0)]).toEqual([SMCCC_NOT_SUPPORTED, SMCCC_NOT_SUPPORTED, SMCCC_NOT_SUPPORTED]);
    expect(SMCCC_NOT_SUPPORTED).toBe(2n ** 64n - 1n); // −1, as x0 shows it
  });

  it("refuses overlapping claims with both names", () => {
    const space = new HypercallSpace();
    space.claim("psci", PSCI, 0x20, () => 0);
    const error = attempt(() => space.claim("trng", PSCI + 0x1f, 4, () => 0));
    expect(isTraplineError(error, "config")).toBe(true);
    expect(error?.message).toBe("hypercalls 0x8400_001f+0x4 of trng overlap 0x8400_0000+0x20 of psci; leave one of the two out of the machine");
    expect(() => space.claim("trng", PSCI + 0x20, 4, () => 0)).not.toThrow();
  });

  it("gives back what is released, once", () => {
    const space = new HypercallSpace();
    const release = space.claim("first", PSCI, 1, () => 1);
    release();
    space.claim("second", PSCI, 1, () => 2);
    release();
    expect(space.call(PSCI, 0, 0)).toBe(2);
    space.close();
    expect(space.call(PSCI, 0, 0)).toBe(SMCCC_NOT_SUPPORTED);
  });

  it.each([
    [PSCI, 0, "psci at 0x8400_0000 has size 0"],
    [-1, 1, "psci has base address -1"],
    [PSCI, NaN, "psci at 0x8400_0000 has size NaN"],
    [0xffff_ffff, 2, "psci claims hypercalls up to 0x1_0000_0000; function ids have 32 bits"],
  ])("refuses %d+%d", (first, count, message) => {
    const error = attempt(() => new HypercallSpace().claim("psci", first, count, () => 0));
    expect(isTraplineError(error, "config")).toBe(true);
    expect(error?.message).toContain(message);
  });
});

function attempt(use: () => unknown): TraplineError | undefined {
  try {
    use();
  } catch (error) {
    return error as TraplineError;
  }
  return undefined;
}
