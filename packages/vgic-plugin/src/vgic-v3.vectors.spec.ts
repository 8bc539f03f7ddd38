/** GICv3 without LPIs: the vectors of gic.md J.3, J.4 and J.5, by number. Those not here are listed at the end, with the reason. */
import { describe, expect, it } from "vitest";
import { RigV3 } from "./gic-rig.fixture.ts";
import { testLpis } from "./lpi/test-lpis.fixture.ts";

type Row = readonly [id: number, behaviour: string, run: (g: RigV3) => void];
type FreshRow = readonly [id: number, behaviour: string, run: () => void];

const CTLR = 0x0000;
const TYPER = 0x0004;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ISACTIVER = 0x300;
/** GICR, SGI_base */
const SGI = 0x1_0000;
const SPURIOUS = 1023;
const both = (value: unknown, ...seen: unknown[]): void => expect(seen).toEqual(seen.map(() => value));
const irqs = (g: RigV3): boolean[] => g.lines.map((lines) => lines[0]!);

/** Makes `intid` pending by software. */
function pend(g: RigV3, intid: number, priority = 0xa0, group: 0 | 1 = 1): void {
  g.use(intid, { priority, edge: true, group });
  if (intid >= 32) g.setBit(ISPENDR, intid);
  else g.R(SGI + 0x200, 1 << intid);
}

const FRESH: readonly FreshRow[] = [
  [96, "GICD_CTLR after reset: DS and ARE", () => expect(new RigV3(4, {}, false).d(CTLR)).toBe(0x50)],
  [98, "GICD_TYPER with 256 SPIs, without and with LPIs", () => {
    const g = new RigV3();
    expect(g.d(TYPER)).toBe(0x0378_0008);
    g.gic.attachLpis(testLpis);
    expect(g.d(TYPER)).toBe(0x037a_0008);
  }],
  [117, "MBIS: SETSPI_NSR latches an edge SPI", () => {
    const g = new RigV3(4, { messageSpis: true });
    expect((g.d(TYPER) >> 16) & 1).toBe(1);
    g.use(40, { edge: true });
    g.raw(true, 0x40, 2, 40);
    expect([g.irq(), g.d(0x40), g.iar1()]).toEqual([true, 0, 40]);
  }],
  [118, "MBIS: a level SPI is asserted by SETSPI and released by CLRSPI", () => {
    const g = new RigV3(4, { messageSpis: true });
    g.use(40);
    g.D(0x40, 40);
    expect([g.irq(), g.bit(ISPENDR, 40)]).toEqual([true, 1]);
    g.D(0x48, 40);
    expect([g.irq(), g.bit(ISPENDR, 40)]).toEqual([false, 0]);
  }],
  [119, "MBIS: what is no SPI is ignored", () => {
    const g = new RigV3(4, { messageSpis: true });
    for (const intid of [31, 288, 1023]) g.D(0x40, intid);
    expect([g.r(SGI + 0x200), ...Array.from({ length: 31 }, (_, n) => g.d(ISPENDR + 4 + 4 * n))]).toEqual(new Array(32).fill(0));
  }],
  [121, "INTIDs 1020 to 1023 are RAZ/WI with ITLinesNumber 31", () => {
    const g = new RigV3(4, { spis: 988 });
    expect(g.d(TYPER) & 0x1f).toBe(31);
    g.D(ISENABLER + 0x7c, 0xffff_ffff);
    g.D(0x400 + 1020, 0xffff_ffff);
    expect([g.d(ISENABLER + 0x7c), g.d(0x400 + 1020), g.d(0x400 + 1016)]).toEqual([0x0fff_ffff, 0, 0]);
  }],
  [123, "extended SPIs: INTID 4096 is delivered", () => {
    const g = new RigV3(4, { extendedSpis: 32, pins: "wide" });
    expect([(g.d(TYPER) >> 8) & 1, g.d(TYPER) >>> 27]).toEqual([1, 0]);
    g.D(0x1000, 1);
    g.D8(0x2000, 0xa0);
    g.raw(true, 0x8000, 8, 2);
    g.D(0x1200, 1);
    g.gic.pins$.emit(g.gic.pinLayout.pin(4096, -1), 1);
    expect([irqs(g), g.iar1(2)]).toEqual([[false, false, true, false], 4096]);
  }],
  [127, "two regions: Last at the end of each, unless they touch", () => {
    const lasts = (...regions: readonly (readonly [base: number, frames: number])[]): number[] => {
      const redistributors = regions.map(([base, frames]) => ({ base, size: frames * 0x2_0000 }));
      const g = new RigV3(6, { redistributors }, false);
      return Array.from({ length: 6 }, (_, pe) => (g.r(0x0008, pe) >> 4) & 1);
    };
    expect(lasts([0x100_0000, 2], [0x200_0000, 8])).toEqual([0, 1, 0, 0, 0, 1]);
    // KVM's selftest: the second region is followed directly by the third
    expect(lasts([0x10_0000, 2], [0x24_0000, 2], [0x20_0000, 2])).toEqual([0, 1, 0, 1, 0, 0]);
  }],
  [157, "GICR_TYPER holds Aff3", () => expect(new RigV3([0, 0x0203_0405]).r64(0x0008, 1) >> 32n).toBe(0x0203_0405n)],
  [182, "SGI1R by Aff1", () => {
    const g = new RigV3([0, 1, 0x0100, 0x0101]);
    g.msr("SGI1R", 0x0001_0001);
    expect(irqs(g)).toEqual([false, false, true, false]);
  }],
  [183, "without range selector Aff0 17 is unreachable", () => {
    const g = new RigV3([0, 17]);
    expect((g.d(TYPER) >>> 26) & 1).toBe(0);
    g.msr("SGI1R", 0x1000_0000_ffffn & ~1n);
    expect(irqs(g)).toEqual([false, false]);
    const ranged = new RigV3([0, 17], { rangeSelector: true });
    ranged.msr("SGI1R", 0x1000_0000_0002n);
    expect([irqs(ranged), (ranged.d(TYPER) >>> 26) & 1, ((ranged.mrs("CTLR") as number) >> 18) & 1]).toEqual([[false, true], 1, 1]);
  }],
];

const DISTRIBUTOR: readonly Row[] = [
  [97, "GICD_CTLR has two bits", (g) => {
    const seen = [0, 0x13, 0xffff_ffff].map((value) => (g.D(CTLR, value), g.d(CTLR)));
    expect(seen).toEqual([0x50, 0x53, 0x53]);
  }],
  [99, "one security state: SecurityExtn is 0", (g) => expect((g.d(TYPER) >> 10) & 1).toBe(0)],
  [100, "TYPER2 reads 0", (g) => expect(g.d(0x000c)).toBe(0)],
  [101, "PIDR2 and CIDR", (g) => expect([0xffe8, 0xfff0, 0xfff4, 0xfff8, 0xfffc].map((o) => g.d(o))).toEqual([0x3b, 0x0d, 0xf0, 0x05, 0xb1])],
  [102, "SGIs and PPIs are RAZ/WI in the distributor", (g) => {
    for (const offset of [0x80, ISENABLER, 0xc00, 0xc04, ...Array.from({ length: 8 }, (_, n) => 0x400 + 4 * n)]) {
      g.D(offset, 0xffff_ffff);
      expect(g.d(offset)).toBe(0);
    }
    expect(g.r(SGI + 0x100)).toBe(0xffff);
  }],
  [103, "the registers of GICv2 are ignored", (g) => {
    for (const offset of [0x820, 0xf00, 0xf20]) g.D(offset, 0x01ff_0001);
    expect([g.d(0x820), g.d(0xf00), g.d(0xf20), ...irqs(g)]).toEqual([0, 0, 0, false, false, false, false]);
  }],
  [104, "bytes of IPRIORITYR", (g) => {
    g.D8(0x421, 0x48);
    expect([g.d8(0x421), g.d(0x420)]).toEqual([0x48, 0x4800]);
  }],
  [105, "16-bit and 64-bit writes to ISENABLER1 are ignored", (g) => {
    g.raw(true, 0x104, 2, 0xffff);
    g.raw(true, 0x104, 8, 0xffff_ffff);
    g.raw(true, 0x108, 8, 0xffff_ffff);
    both(0, g.d(0x104), g.d(0x108), g.d(0x10c));
  }],
  [106, "IROUTER whole and in halves", (g) => {
    g.raw(true, 0x6100, 8, 0x0000_0042_0003_0201n);
    expect([g.d(0x6100), g.d(0x6104), g.raw(false, 0x6100, 8)]).toEqual([0x0003_0201, 0x42, 0x42_0003_0201]);
    g.D(0x6104, 0);
    expect([g.d(0x6100), g.d(0x6104)]).toEqual([0x0003_0201, 0]);
  }],
  [107, "routed to nobody it stays pending; a later route delivers it", (g) => {
    g.use(40, { edge: true });
    g.raw(true, 0x6000 + 8 * 40, 8, 0x00ff_ffff);
    g.pulse(40);
    expect([...irqs(g), g.bit(ISPENDR, 40)]).toEqual([false, false, false, false, 1]);
    g.raw(true, 0x6000 + 8 * 40, 8, 2);
    expect(irqs(g)).toEqual([false, false, true, false]);
  }],
  [108, "a new route moves the line", (g) => {
    pend(g, 40);
    expect(irqs(g)).toEqual([true, false, false, false]);
    g.raw(true, 0x6000 + 8 * 40, 8, 1);
    expect(irqs(g)).toEqual([false, true, false, false]);
  }],
  [109, "without 1-of-N the routing mode is RAZ/WI and the affinity counts", (g) => {
    expect((g.d(TYPER) >> 25) & 1).toBe(1);
    g.raw(true, 0x6000 + 8 * 40, 8, 0x8000_0000);
    expect(g.d(0x6000 + 8 * 40)).toBe(0);
    g.use(40, { pe: 0 });
    g.wire(40, true);
    expect(irqs(g)).toEqual([true, false, false, false]);
  }],
  [110, "ISPENDR reads the level", (g) => {
    g.use(40, { enabled: false });
    g.wire(40, true);
    expect(g.bit(ISPENDR, 40)).toBe(1);
  }],
  [111, "RWP is never set", (g) => {
    g.setBit(ICENABLER, 40);
    expect(g.d(CTLR) >>> 31).toBe(0);
  }],
  [112, "EnableGrp1 lets a pending SPI through", (g) => {
    g.D(CTLR, 0);
    pend(g, 40);
    expect(g.irq()).toBe(false);
    g.D(CTLR, 2);
    expect(g.irq()).toBe(true);
  }],
  [113, "group 0 is FIQ", (g) => {
    pend(g, 40, 0xa0, 0);
    expect([g.irq(), g.fiq()]).toEqual([false, true]);
  }],
  [114, "IGRPMODR and NSACR are RAZ/WI", (g) => {
    for (const offset of [0xd04, 0xe08]) {
      g.D(offset, 0xffff_ffff);
      expect(g.d(offset)).toBe(0);
    }
  }],
  [115, "INMIR is RAZ/WI", (g) => {
    g.D(0xf84, 0xffff_ffff);
    expect([g.d(0xf84), (g.d(TYPER) >> 9) & 1]).toEqual([0, 0]);
  }],
  [116, "the extended ranges are RAZ/WI", (g) => {
    for (let offset = 0x1000; offset < 0x4000; offset += 4) g.D(offset, 0xffff_ffff);
    for (let offset = 0x8000; offset < 0xa000; offset += 4) g.D(offset, 0xffff_ffff);
    for (let offset = 0x1000; offset < 0x4000; offset += 4) expect(g.d(offset)).toBe(0);
    for (let offset = 0x8000; offset < 0xa000; offset += 4) expect(g.d(offset)).toBe(0);
  }],
  [120, "without MBIS SETSPI is ignored", (g) => {
    g.use(40, { edge: true });
    g.D(0x40, 40);
    expect(g.irq()).toBe(false);
  }],
  [122, "the last implemented word of priorities works", (g) => {
    g.D(0x400 + 284, 0x1020_3040);
    expect(g.d(0x400 + 284)).toBe(0x1020_3040);
  }],
  [124, "priorities keep the implemented bits", (g) => {
    g.D8(0x400 + 40, 0xff);
    expect(g.d8(0x400 + 40)).toBe(0xf8);
  }],
  [125, "a group switched off while signalling: the line falls, pending stays", (g) => {
    pend(g, 40);
    g.D(CTLR, 1);
    expect([g.irq(), g.bit(ISPENDR, 40)]).toEqual([false, 1]);
    g.D(CTLR, 3);
    expect(g.irq()).toBe(true);
  }],
];

const REDISTRIBUTOR: readonly Row[] = [
  [126, "GICR_TYPER tells affinity, number and the last frame", (g) => {
    const typer = (pe: number): readonly number[] => [Number(g.r64(0x0008, pe) >> 32n), (g.r(0x0008, pe) >> 8) & 0xffff, (g.r(0x0008, pe) >> 4) & 1];
    expect([typer(2), typer(3)]).toEqual([[2, 2, 0], [3, 3, 1]]);
  }],
  [128, "TYPER in halves", (g) => expect(g.r64(0x0008, 2)).toBe((BigInt(g.r(0x000c, 2)) << 32n) | BigInt(g.r(0x0008, 2)))],
  [129, "WAKER: ChildrenAsleep follows at once", (g) => {
    expect(g.r(0x0014)).toBe(6);
    const seen = [0, 2].map((value) => (g.R(0x0014, value), g.r(0x0014)));
    expect(seen).toEqual([0, 6]);
  }],
  [130, "a sleeping PE gets its interrupts", (g) => {
    g.use(27);
    g.wire(27, true);
    expect([g.r(0x0014), g.irq()]).toEqual([6, true]);
  }],
  [131, "PIDR2", (g) => expect(g.r(0xffe8)).toBe(0x3b)],
  [132, "frames are addressed by location", (g) => {
    g.rd(true, SGI + 0x100, 4, 1 << 27, 1, 0);
    expect([0, 1, 2].map((pe) => (g.r(SGI + 0x100, pe) >> 27) & 1)).toEqual([0, 1, 0]);
  }],
  [133, "ICFGR0: SGIs are edge for good", (g) => {
    g.R(SGI + 0xc00, 0);
    expect(g.r(SGI + 0xc00)).toBe(0xaaaa_aaaa);
  }],
  [134, "ICFGR1: PPI 27 edge reads back (our choice)", (g) => {
    g.R(SGI + 0xc04, 1 << 23);
    expect(g.r(SGI + 0xc04)).toBe(1 << 23);
  }],
  [135, "bytes of IPRIORITYR", (g) => {
    g.rd(true, SGI + 0x405, 1, 0x48, 0);
    expect(g.r(SGI + 0x404)).toBe(0xa0a0_48a0);
  }],
  [136, "ISPENDR0 requests SGIs", (g) => {
    g.R(SGI + 0x200, 1 << 5);
    expect([g.irq(), g.iar1()]).toEqual([true, 5]);
  }],
  [137, "ISPENDR0 reads the level of a PPI", (g) => {
    g.wire(27, true);
    expect((g.r(SGI + 0x200) >> 27) & 1).toBe(1);
  }],
  [138, "16-bit access to CTLR is RAZ/WI", (g) => expect(g.rd(false, 0x0000, 2, 0, 0)).toBe(0)],
  [139, "without LPIs EnableLPIs reads 0", (g) => {
    g.R(0x0000, 1);
    expect([g.r(0x0000), g.r(0x0008) & 1]).toEqual([0, 0]);
  }],
  [155, "SYNCR is never busy", (g) => expect(g.r(0x00c0)).toBe(0)],
  [156, "the extended PPI registers are RAZ/WI without extended PPIs", (g) => {
    for (const offset of [0x104, 0x420]) {
      g.R(SGI + offset, 0xffff_ffff);
      expect(g.r(SGI + offset)).toBe(0);
    }
  }],
  [158, "without DirectLPI the direct registers are ignored", (g) => {
    for (const offset of [0x40, 0xa0, 0xb0]) g.rd(true, offset, 8, 8192, 0);
    expect([g.r(0x40), g.irq()]).toEqual([0, false]);
  }],
];

const CPU_INTERFACE: readonly Row[] = [
  [159, "SRE reads 7 for good", (g) => {
    const before = g.mrs("SRE");
    g.msr("SRE", 0);
    both(7, before, g.mrs("SRE"));
  }],
  [160, "nothing pending", (g) => expect(["IAR0", "IAR1", "HPPIR1", "RPR"].map((name) => g.mrs(name))).toEqual([1023, 1023, 1023, 0xff])],
  [161, "PMR keeps the implemented bits of eight", (g) => {
    const seen = [0xff, 8, 4, 0x1ff].map((value) => (g.msr("PMR", value), g.mrs("PMR")));
    expect(seen).toEqual([0xf8, 8, 0, 0xf8]);
  }],
  [162, "binary points have minimums", (g) => {
    g.msr("BPR0", 0);
    g.msr("BPR1", 0);
    expect([g.mrs("BPR0"), g.mrs("BPR1")]).toEqual([2, 3]);
  }],
  [163, "BPR1: masked first, then raised", (g) => {
    for (const value of [8, 0x18, 0xffff_fff8]) {
      g.msr("BPR1", value);
      expect(g.mrs("BPR1")).toBe(3);
    }
    pend(g, 40);
    expect(g.iar1()).toBe(40);
  }],
  [164, "with CBPR, BPR1 is BPR0 + 1 and read-only", (g) => {
    g.msr("CTLR", 1);
    g.msr("BPR0", 4);
    const before = g.mrs("BPR1");
    g.msr("BPR1", 7);
    both(5, before, g.mrs("BPR1"));
    g.msr("BPR0", 7);
    expect(g.mrs("BPR1")).toBe(7);
  }],
  [165, "CTLR.PRIbits: five", (g) => expect(((g.mrs("CTLR") as number) >> 8) & 7).toBe(4)],
  [166, "CTLR has two writable bits", (g) => {
    const before = g.mrs("CTLR") as number;
    g.msr("CTLR", 0xffff_ffff);
    expect(g.mrs("CTLR")).toBe(before | 3);
  }],
  [167, "acknowledge", (g) => {
    pend(g, 40);
    expect([g.iar1(), g.irq(), g.rpr(), g.bit(ISACTIVER, 40), g.bit(ISPENDR, 40)]).toEqual([40, false, 0xa0, 1, 0]);
  }],
  [168, "IAR0 does not take group 1", (g) => {
    pend(g, 40);
    expect([g.mrs("IAR0"), g.bit(ISPENDR, 40)]).toEqual([SPURIOUS, 1]);
  }],
  [169, "IAR1 does not take group 0", (g) => {
    pend(g, 40, 0xa0, 0);
    expect([g.iar1(), g.mrs("HPPIR0"), g.mrs("HPPIR1"), g.mrs("IAR0")]).toEqual([SPURIOUS, 40, SPURIOUS, 40]);
  }],
  [170, "HPPIR1 ignores PMR, IAR1 does not", (g) => {
    pend(g, 40);
    g.msr("PMR", 0);
    expect([g.mrs("HPPIR1"), g.iar1()]).toEqual([40, SPURIOUS]);
  }],
  [171, "IGRPEN1 = 0 hides what is pending", (g) => {
    pend(g, 40);
    g.msr("IGRPEN1", 0);
    expect([g.mrs("HPPIR1"), g.iar1(), g.irq()]).toEqual([SPURIOUS, SPURIOUS, false]);
    g.msr("IGRPEN1", 1);
    expect(g.irq()).toBe(true);
  }],
  [172, "a disabled group 0 does not hide group 1", (g) => {
    pend(g, 40, 0x20, 0);
    pend(g, 41, 0xa0, 1);
    g.D(CTLR, 2);
    expect([g.irq(), g.fiq()]).toEqual([true, false]);
    g.D(CTLR, 3);
    g.msr("IGRPEN0", 0);
    expect([g.irq(), g.fiq()]).toEqual([true, false]);
  }],
  [173, "nesting unwinds", (g) => {
    pend(g, 40, 0xa0);
    g.iar1();
    pend(g, 41, 0x80);
    expect([g.iar1(), g.rpr()]).toEqual([41, 0x80]);
    g.eoi1(41);
    expect(g.rpr()).toBe(0xa0);
    g.eoi1(40);
    expect(g.rpr()).toBe(0xff);
  }],
  [174, "EOIR0 does not end group 1", (g) => {
    pend(g, 40);
    g.iar1();
    g.msr("EOIR0", 40);
    expect([g.rpr(), g.bit(ISACTIVER, 40)]).toEqual([0xa0, 1]);
  }],
  [175, "EOIR1 while idle is ignored", (g) => {
    g.setBit(ISACTIVER, 40);
    g.eoi1(40);
    g.eoi1(1023);
    expect([g.rpr(), g.bit(ISACTIVER, 40)]).toEqual([0xff, 1]);
  }],
  [176, "split EOI: EOIR1 drops, DIR deactivates", (g) => {
    g.msr("CTLR", 2);
    pend(g, 40);
    g.iar1();
    g.setBit(ISPENDR, 40);
    g.eoi1(40);
    expect([g.rpr(), g.irq(), g.bit(ISACTIVER, 40)]).toEqual([0xff, false, 1]);
    g.msr("DIR", 40);
    expect([g.irq(), g.bit(ISACTIVER, 40)]).toEqual([true, 0]);
  }],
  [177, "DIR without split EOI is ignored", (g) => {
    pend(g, 40);
    g.iar1();
    g.msr("DIR", 40);
    expect(g.bit(ISACTIVER, 40)).toBe(1);
  }],
  [179, "DIR of LPIs, special and missing INTIDs is ignored", (g) => {
    g.msr("CTLR", 2);
    pend(g, 40);
    g.iar1();
    for (const id of [8192, 1020, 288]) g.msr("DIR", id);
    expect(g.bit(ISACTIVER, 40)).toBe(1);
  }],
  [180, "SGI1R with a list", (g) => {
    g.msr("SGI1R", 0x0700_0003);
    expect([irqs(g), g.iar1(0), g.iar1(1)]).toEqual([[true, true, false, false], 7, 7]);
  }],
  [181, "SGI1R to all but self", (g) => {
    g.msr("SGI1R", 0x100_0700_0000, 2);
    expect(irqs(g)).toEqual([true, true, false, true]);
  }],
  [184, "without RSS the range selector is RES0", (g) => {
    g.msr("SGI1R", 0x1000_0700_0002n);
    expect(irqs(g)).toEqual([false, true, false, false]);
  }],
  [185, "SGI0R does not request an SGI of group 1", (g) => {
    g.msr("SGI0R", 0x0700_0001);
    g.msr("ASGI1R", 0x0700_0001);
    expect([g.irq(), g.r(SGI + 0x200)]).toEqual([false, 0]);
  }],
  [186, "SGI1R does", (g) => {
    g.msr("SGI1R", 0x0700_0001);
    expect(g.r(SGI + 0x200)).toBe(1 << 7);
  }],
  [187, "direction violations are UNDEFINED", (g) => both("UNDEF", g.mrs("SGI1R"), g.msr("IAR1", 0))],
  [188, "AP0R1 and AP1R1 do not exist with five bits", (g) => both("UNDEF", g.mrs("AP0R1"), g.mrs("AP1R1"))],
  [189, "writing AP1R0 changes the running priority at once", (g) => {
    g.msr("AP1R0", 1 << 20);
    pend(g, 40);
    expect([g.rpr(), g.irq()]).toEqual([0xa0, false]);
    g.msr("AP1R0", 0);
    expect([g.rpr(), g.irq()]).toEqual([0xff, true]);
  }],
  [190, "two SGIs before the acknowledge are one", (g) => {
    g.msr("SGI1R", 0x0700_0001, 1);
    g.msr("SGI1R", 0x0700_0001, 2);
    const first = g.iar1();
    g.eoi1(first);
    expect([first, g.iar1()]).toEqual([7, SPURIOUS]);
  }],
  [191, "bits 63:24 of EOIR1 are ignored", (g) => {
    pend(g, 40);
    g.iar1();
    g.msr("EOIR1", 0xffff_ffff_ff00_0000n | 40n);
    expect([g.rpr(), g.bit(ISACTIVER, 40)]).toEqual([0xff, 0]);
  }],
  [192, "disabling a signalled PPI withdraws it", (g) => {
    pend(g, 27);
    expect(g.irq()).toBe(true);
    g.R(SGI + 0x180, 1 << 27);
    expect([g.irq(), g.iar1()]).toEqual([false, SPURIOUS]);
  }],
  [193, "raising PMR raises the line at once", (g) => {
    g.msr("PMR", 0x80);
    pend(g, 40);
    expect(g.irq()).toBe(false);
    g.msr("PMR", 0xf0);
    expect(g.irq()).toBe(true);
  }],
  [194, "a timer's level: again while high, not once low", (g) => {
    g.use(27);
    g.wire(27, true);
    g.eoi1(g.iar1());
    expect(g.irq()).toBe(true);
    const id = g.iar1();
    g.wire(27, false);
    g.eoi1(id);
    expect(g.irq()).toBe(false);
  }],
  [195, "priority 0xFF is never signalled", (g) => {
    g.msr("PMR", 0xff);
    pend(g, 40, 0xff);
    expect(g.irq()).toBe(false);
  }],
  [197, "IGRPEN1 has one bit", (g) => {
    g.msr("IGRPEN1", 0xffff_ffff);
    expect(g.mrs("IGRPEN1")).toBe(1);
  }],
];

/** The GIC's half of the LPI vectors, against a test double of the LPI side. */
const LPIS: readonly FreshRow[] = [
  [151, "an LPI and an SPI of one priority: the SPI first", () => {
    const g = new RigV3();
    const lpis = testLpis.attach(g.gic);
    lpis.pend(8195, 0, 0xa0);
    pend(g, 40, 0xa0);
    expect([g.iar1(), g.iar1()]).toEqual([40, SPURIOUS]);
    g.eoi1(40);
    expect(g.iar1()).toBe(8195);
  }],
  [152, "LPIs obey EnableGrp1", () => {
    const g = new RigV3();
    const lpis = testLpis.attach(g.gic);
    g.D(CTLR, 1);
    lpis.pend(8195, 0, 0xa0);
    expect(g.irq()).toBe(false);
    g.D(CTLR, 3);
    expect(g.irq()).toBe(true);
  }],
  [153, "an acknowledged LPI is consumed; the next best follows", () => {
    const g = new RigV3();
    const lpis = testLpis.attach(g.gic);
    lpis.pend(8195, 0, 0xa0);
    lpis.pend(9000, 0, 0x80);
    expect([g.iar1(), g.irq()]).toEqual([9000, false]);
    g.eoi1(9000);
    expect([g.irq(), g.iar1(), lpis.taken]).toEqual([true, 8195, [9000, 8195]]);
  }],
  [178, "an LPI has no active state: one drop, no SPI touched, DIR ignored", () => {
    for (const control of [0, 2]) {
      const g = new RigV3();
      const lpis = testLpis.attach(g.gic);
      g.msr("CTLR", control);
      lpis.pend(8192, 0, 0xa0);
      lpis.pend(65535, 0, 0x80);
      const spis = (): readonly number[] => Array.from({ length: 0x2000 }, (_, n) => g.d(4 * n));
      const before = spis();
      for (const id of [65535, 8192]) {
        expect(g.iar1()).toBe(id);
        g.eoi1(id);
        g.msr("DIR", id);
        expect(g.rpr()).toBe(0xff);
      }
      expect(spis()).toEqual(before);
    }
  }],
];

const LEFT_OUT: Readonly<Record<number, string>> = {
  ...Object.fromEntries([140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 154].map((id) => [id, "LPI registers and tables: src/lpi"])),
  196: "NMIs are not modelled: INMIR is RAZ/WI (115) and no CPU of ours has FEAT_NMI",
};

describe("gic.md J.3 to J.5", () => {
  it.each(FRESH)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run();
  });
  it.each([...DISTRIBUTOR, ...REDISTRIBUTOR, ...CPU_INTERFACE])("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run(new RigV3());
  });
  it.each(LPIS)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run();
  });

  it("leaves no row out without a reason", () => {
    const rows = [...FRESH, ...DISTRIBUTOR, ...REDISTRIBUTOR, ...CPU_INTERFACE, ...LPIS].map(([id]) => id);
    const all = [...rows, ...Object.keys(LEFT_OUT).map(Number)].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 102 }, (_, n) => 96 + n));
  });
});
