/** The exclusive monitor, in sequences of a few instructions (Arm ARM DDI 0487, B2.9): what makes a store-exclusive pass, and what not. */
import { beforeEach, describe, expect, it } from "vitest";
import { BareCpu, RAM_BASE } from "../testing/bare-cpu.fixture.ts";
import { ACCESS_ALIGNED, ACCESS_WRITE } from "../ir/stmt.ts";
import { ACCESS_VA, EXCLUSIVE_ADDRESS, SCRATCH } from "../state/layout.ts";

const CODE = RAM_BASE;
const DATA = RAM_BASE + 0x8000;
const DEVICE = 0x0900_0000n;
/** The same RAM again. */
const ALIAS = 0x8000_0000n;

class MonitoredCpu extends BareCpu {
  /** What the last access that left the fast path was. */
  lastAccess = 0;

  override access(access = 0): number {
    this.lastAccess = access;
    const { u64 } = this.state;
    const va = u64[ACCESS_VA >> 3]!;
    if (va >> 12n === DEVICE >> 12n) return SCRATCH;
    if (va < ALIAS) return super.access(access);
    return this.hostAddressOf(Number((va - ALIAS) >> 12n) + RAM_BASE / 4096) + Number(va & 0xfffn);
  }
}

// X1 and X2 address, X3 and X4 (X5 and X6) are data, W7 and W8 status.
const LDXR_X3 = 0xc85f_7c23; // ldxr x3, [x1]
const STXR_X5 = 0xc807_7c25; // stxr w7, x5, [x1]
const STXR_X5_AGAIN = 0xc808_7c25; // stxr w8, x5, [x1]
const STXR_X5_AT_X2 = 0xc807_7c45; // stxr w7, x5, [x2]
const STXR_X5_AGAIN_AT_X2 = 0xc808_7c45; // stxr w8, x5, [x2]
const STXR_W5 = 0x8807_7c25; // stxr w7, w5, [x1]
const LDXRB_W3 = 0x085f_7c23; // ldxrb w3, [x1]
const STLXRB_W5 = 0x0807_fc25; // stlxrb w7, w5, [x1]
const LDAXRH_W3 = 0x485f_fc23; // ldaxrh w3, [x1]
const STXRH_W5 = 0x4807_7c25; // stxrh w7, w5, [x1]
const LDXR_W3 = 0x885f_7c23; // ldxr w3, [x1]
const LDXP_X = 0xc87f_1023; // ldxp x3, x4, [x1]
const STXP_X = 0xc827_1825; // stxp w7, x5, x6, [x1]
const LDXP_W = 0x887f_1023; // ldxp w3, w4, [x1]
const STXP_W = 0x8827_1825; // stxp w7, w5, w6, [x1]
const STR_X6 = 0xf900_0026; // str x6, [x1]
const STR_X3 = 0xf900_0023; // str x3, [x1]
const STR_X6_BEHIND = 0xf900_0426; // str x6, [x1, #8]
const CLREX = 0xd503_3f5f;

const OLD = 0x1122_3344_5566_7788n;
const BEHIND = 0x99aa_bbcc_ddee_ff00n;
const NEW = 0xa1a2_a3a4_a5a6_a7a8n;
const NEW_BEHIND = 0xb1b2_b3b4_b5b6_b7b8n;

describe("the exclusive monitor", () => {
  const cpu = new MonitoredCpu();

  beforeEach(() => {
    cpu.state.u64[EXCLUSIVE_ADDRESS >> 3] = 0xffff_ffff_ffff_ffffn;
    memory().setBigUint64(0, OLD, true);
    memory().setBigUint64(8, BEHIND, true);
    const { state } = cpu;
    state.setX(1, BigInt(DATA));
    state.setX(2, BigInt(DATA) + 8n);
    state.setX(5, NEW);
    state.setX(6, NEW_BEHIND);
    for (const status of [7, 8]) state.setX(status, 0xffff_ffff_ffff_ffffn);
  });

  const memory = (): DataView => new DataView(cpu.ram.buffer, cpu.ram.byteOffset + DATA - RAM_BASE, 16);
  const [low, high] = [() => memory().getBigUint64(0, true), () => memory().getBigUint64(8, true)];

  function execute(...words: number[]): void {
    cpu.loadWords(CODE, words);
    expect(cpu.run(BigInt(CODE), words.length)).toEqual({ why: "budget" });
  }

  const passed = (): boolean => {
    expect([0n, 1n]).toContain(cpu.state.x(7));
    return cpu.state.x(7) === 0n;
  };

  it.each([
    ["LDXR X, STXR X", [LDXR_X3, STXR_X5], OLD, NEW],
    ["LDXR W, STXR W", [LDXR_W3, STXR_W5], 0x5566_7788n, 0x1122_3344_a5a6_a7a8n],
    ["LDAXRH, STXRH", [LDAXRH_W3, STXRH_W5], 0x7788n, 0x1122_3344_5566_a7a8n],
    ["LDXRB, STLXRB", [LDXRB_W3, STLXRB_W5], 0x88n, 0x1122_3344_5566_77a8n],
  ])("lets %s pass", (_, words, loaded, stored) => {
    execute(...words);
    expect(passed()).toBe(true);
    expect([cpu.state.x(3), low(), high()]).toEqual([loaded, stored, BEHIND]);
  });

  it("lets pairs pass: two words are one doubleword, two doublewords are all 16 bytes", () => {
    execute(LDXP_W, STXP_W);
    expect(passed()).toBe(true);
    expect([cpu.state.x(3), cpu.state.x(4), low(), high()]).toEqual([0x5566_7788n, 0x1122_3344n, 0xb5b6_b7b8_a5a6_a7a8n, BEHIND]);
    execute(LDXP_X, STXP_X);
    expect(passed()).toBe(true);
    expect([cpu.state.x(4), low(), high()]).toEqual([BEHIND, NEW, NEW_BEHIND]);
  });

  it.each([
    ["nothing was loaded", [STXR_X5]],
    ["another store-exclusive came first", [LDXR_X3, STXR_X5_AGAIN, STXR_X5]],
    ["even one that failed, at another address", [LDXR_X3, STXR_X5_AGAIN_AT_X2, STXR_X5]],
    ["CLREX came between", [LDXR_X3, CLREX, STXR_X5]],
    ["the bytes changed", [LDXR_X3, STR_X6, STXR_X5]],
    ["the second half of a pair changed", [LDXP_X, STR_X6_BEHIND, STXP_X]],
    ["it goes elsewhere", [LDXR_X3, STXR_X5_AT_X2]],
    ["it stores less than was loaded", [LDXR_X3, STXR_W5]],
    ["it stores more than was loaded", [LDXR_W3, STXR_X5]],
  ])("fails a store when %s", (_, words) => {
    const stored = words.includes(STXR_X5_AGAIN) ? NEW : words.includes(STR_X6) ? NEW_BEHIND : OLD;
    const storedBehind = words.includes(STR_X6_BEHIND) ? NEW_BEHIND : BEHIND;
    execute(...words);
    expect(passed()).toBe(false);
    expect([low(), high()]).toEqual([stored, storedBehind]);
  });

  it("passes when the same bytes were stored in between", () => {
    execute(LDXR_X3, STR_X3, STXR_X5);
    expect(passed()).toBe(true);
  });

  it("knows a location by any of its virtual addresses", () => {
    cpu.state.setX(2, ALIAS + BigInt(DATA - RAM_BASE));
    execute(LDXR_X3, STXR_X5_AT_X2);
    expect(passed()).toBe(true);
    expect(low()).toBe(NEW);
  });

  it("never passes on a device", () => {
    cpu.state.setX(1, DEVICE);
    execute(LDXR_X3, STXR_X5);
    expect(passed()).toBe(false);
  });

  it("takes the abort of a store that might pass, and forgets nothing", () => {
    cpu.state.setX(2, 0x10_0000n);
    cpu.loadWords(CODE, [LDXR_X3, STXR_X5_AT_X2, STXR_X5]);
    expect(cpu.run(BigInt(CODE), 3)).toEqual({ why: "abort", va: 0x10_0000n });
    expect(cpu.lastAccess & (ACCESS_WRITE | ACCESS_ALIGNED)).toBe(ACCESS_WRITE | ACCESS_ALIGNED);
    expect(cpu.state.x(7)).toBe(0xffff_ffff_ffff_ffffn);
    expect(cpu.run(BigInt(CODE) + 8n, 1)).toEqual({ why: "budget" });
    expect(passed()).toBe(true);
  });

  it("fails a store that would abort without a word when nothing was loaded", () => {
    cpu.state.setX(1, 0x10_0000n);
    execute(STXR_X5);
    expect(passed()).toBe(false);
  });
});
