/** GICv2: every vector of gic.md J.1 and J.2, by number. */
import { describe, expect, it } from "vitest";
import { RigV2 } from "./gic-rig.fixture.ts";

type Row = readonly [id: number, behaviour: string, run: (g: RigV2) => void];

const CTLR = 0x000;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const SPURIOUS = 0x3ff;
const GROUP1_PENDING = 0x3fe;
/** GICC */
const PMR = 0x04;
const BPR = 0x08;
const HPPIR = 0x18;
const ABPR = 0x1c;
const both = (value: number, ...seen: number[]): void => expect(seen).toEqual(seen.map(() => value));

/** What a GICv2 fresh from reset answers, and with other numbers of PEs. */
const FRESH: readonly (readonly [id: number, behaviour: string, run: () => void])[] = [
  [1, "GICD_TYPER tells 288 INTIDs, 4 PEs, one security state", () => {
    const typer = new RigV2(4, {}, false).d(0x004);
    expect([typer & 0x1f, (typer >> 5) & 7, (typer >> 10) & 1]).toEqual([8, 3, 0]);
  }],
  [2, "SGIs start enabled, PPIs disabled", () => expect(new RigV2(4, {}, false).d(ISENABLER)).toBe(0x0000_ffff)],
  [22, "one PE: targets read 0x01 in every byte", () => {
    const g = new RigV2(1);
    g.D(0x820, 0xffff_ffff);
    expect(g.d(0x820)).toBe(0x0101_0101);
  }],
  [23, "two PEs: targets are masked to those", () => {
    const g = new RigV2(2);
    g.D(0x820, 0xffff_ffff);
    expect(g.d(0x820)).toBe(0x0303_0303);
  }],
  [43, "two PEs: an SGI to PEs 2 to 7 reaches nobody there", () => {
    const g = new RigV2(2);
    g.D(0xf00, 0x00ff_0003);
    expect([g.irq(0), g.irq(1)]).toEqual([true, true]);
  }],
  [53, "CPU interface after reset", () => {
    const g = new RigV2(4, {}, false);
    expect([g.c(0x00), g.c(PMR), g.rpr(), g.iar(), g.c(HPPIR)]).toEqual([0, 0, 0xff, SPURIOUS, SPURIOUS]);
  }],
];

const DISTRIBUTOR: readonly Row[] = [
  [3, "enable sets, disable clears, both read the same", (g) => {
    g.D(0x104, 3);
    g.D(0x184, 1);
    both(2, g.d(0x104), g.d(0x184));
  }],
  [4, "writing zeroes to ISENABLER changes nothing", (g) => {
    g.D(0x104, 5);
    g.D(0x104, 0);
    expect(g.d(0x104)).toBe(5);
  }],
  [5, "INTIDs from 288 up are RAZ/WI", (g) => {
    g.D(0x124, 0xffff_ffff);
    expect(g.d(0x124)).toBe(0);
  }],
  [6, "TYPER, IIDR and PIDR2 ignore writes", (g) => {
    for (const offset of [0x004, 0x008, 0xfe8]) {
      const before = g.d(offset);
      g.D(offset, ~before);
      expect(g.d(offset)).toBe(before);
    }
  }],
  [7, "PIDR2 says architecture 2; CIDR as every PrimeCell", (g) => {
    expect(g.d(0xfe8) >> 4).toBe(2);
    expect([0xff0, 0xff4, 0xff8, 0xffc].map((offset) => g.d(offset))).toEqual([0x0d, 0xf0, 0x05, 0xb1]);
  }],
  [8, "reserved offsets read 0", (g) => {
    for (const offset of [0x00c, 0x07c, 0xefc]) {
      g.D(offset, 0xffff_ffff);
      expect(g.d(offset)).toBe(0);
    }
  }],
  [9, "wrong widths are RAZ/WI", (g) => {
    expect([g.d8(CTLR), g.raw(false, ISENABLER, 8)]).toEqual([0, 0]);
    g.D8(CTLR, 0);
    g.raw(true, 0x104, 8, 0xff);
    expect([g.d(CTLR), g.d(0x104)]).toEqual([3, 0]);
  }],
  [10, "CTLR has two bits", (g) => {
    g.D(CTLR, 0xffff_ffff);
    expect(g.d(CTLR)).toBe(3);
  }],
  [11, "an edge while disabled is kept for the enable", (g) => {
    g.use(40, { edge: true, enabled: false });
    g.pulse(40);
    expect(g.irq()).toBe(false);
    g.setBit(ISENABLER, 40);
    expect([g.irq(), g.iar()]).toEqual([true, 40]);
  }],
  [12, "ISPENDR of a disabled level interrupt follows the wire", (g) => {
    g.use(40, { enabled: false });
    g.wire(40, true);
    expect(g.bit(ISPENDR, 40)).toBe(1);
    g.wire(40, false);
    expect(g.bit(ISPENDR, 40)).toBe(0);
  }],
  [13, "ICPENDR does not clear a level that is high", (g) => {
    g.use(40);
    g.wire(40, true);
    g.setBit(ICPENDR, 40);
    expect([g.bit(ICPENDR, 40), g.irq()]).toEqual([1, true]);
  }],
  [14, "ISPENDR and ICPENDR on a level interrupt whose wire is low", (g) => {
    g.use(40);
    g.setBit(ISPENDR, 40);
    expect(g.bit(ISPENDR, 40)).toBe(1);
    g.setBit(ICPENDR, 40);
    expect(g.bit(ISPENDR, 40)).toBe(0);
  }],
  [15, "enabling does not copy a level into the latch", (g) => {
    g.use(40, { enabled: false });
    g.wire(40, true);
    g.setBit(ISENABLER, 40);
    g.wire(40, false);
    expect(g.iar()).toBe(SPURIOUS);
  }],
  [16, "a latched level interrupt is over after acknowledge and EOI", (g) => {
    g.use(40);
    g.setBit(ISPENDR, 40);
    g.eoi(g.iar());
    expect([g.bit(ISPENDR, 40), g.irq()]).toEqual([0, false]);
  }],
  [17, "ISPENDR of a PPI acts on the PE that writes", (g) => {
    g.setBit(ISPENDR, 30, 1);
    expect([0, 1, 2, 3].map((pe) => g.bit(ISPENDR, 30, pe))).toEqual([0, 1, 0, 0]);
  }],
  [18, "ICPENDR of a PPI acts on the PE that writes", (g) => {
    for (const pe of [0, 1]) g.setBit(ISPENDR, 30, pe);
    g.setBit(ICPENDR, 30, 0);
    expect([g.bit(ISPENDR, 30, 0), g.bit(ISPENDR, 30, 1)]).toEqual([0, 1]);
  }],
  [19, "ISPENDR cannot request SGIs", (g) => {
    g.D(ISPENDR, 0xffff);
    expect(g.d(ISPENDR)).toBe(0);
  }],
  [20, "ITARGETSR0 to 7 read the reader's own bit", (g) => {
    for (let n = 0; n < 8; n++) expect(g.d(0x800 + 4 * n, 2)).toBe(0x0404_0404);
  }],
  [21, "ITARGETSR0 ignores writes", (g) => {
    g.D(0x800, 0xffff_ffff, 1);
    expect(g.d(0x800, 1)).toBe(0x0202_0202);
  }],
  [24, "four PEs: targets read back", (g) => {
    g.D(0x820, 0x0103_020f);
    expect(g.d(0x820)).toBe(0x0103_020f);
  }],
  [25, "a byte of ITARGETSR", (g) => {
    g.D(0x820, 0x0101_0101);
    g.D8(0x822, 0x04);
    expect(g.d(0x820)).toBe(0x0104_0101);
  }],
  [26, "retargeting moves a pending SPI", (g) => {
    g.use(40);
    g.wire(40, true);
    g.D8(0x800 + 40, 2);
    expect([g.irq(0), g.irq(1)]).toEqual([false, true]);
  }],
  [27, "no target keeps it pending for a later one", (g) => {
    g.use(40, { edge: true });
    g.pulse(40);
    g.D8(0x800 + 40, 0);
    expect([g.irq(0), g.irq(1), g.bit(ISPENDR, 40)]).toEqual([false, false, 1]);
    g.D8(0x800 + 40, 2);
    expect([g.irq(0), g.irq(1)]).toEqual([false, true]);
  }],
  [28, "two targets: the first acknowledge takes it", (g) => {
    g.use(40, { edge: true });
    g.D8(0x800 + 40, 3);
    g.pulse(40);
    expect([g.irq(0), g.irq(1)]).toEqual([true, true]);
    expect([g.iar(0), g.iar(1), g.irq(1)]).toEqual([40, SPURIOUS, false]);
  }],
  [29, "all priority bytes have the same mask, with at least four bits", (g) => {
    g.D(0x420, 0xffff_ffff);
    expect(g.d(0x420)).toBe(0xf8f8_f8f8);
  }],
  [30, "priorities read back masked", (g) => {
    g.D(0x420, 0xff7f_bf3f);
    expect(g.d(0x420)).toBe((0xff7f_bf3f & 0xf8f8_f8f8) >>> 0);
  }],
  [31, "a byte of IPRIORITYR keeps its neighbours", (g) => {
    g.D(0x420, 0x1020_3040);
    g.D8(0x421, 0x88);
    expect(g.d(0x420)).toBe(0x1020_8840);
  }],
  [32, "priorities of PPIs are banked", (g) => {
    g.D(0x41c, 0x1111_1111, 0);
    expect(g.d(0x41c, 1)).toBe(0xa0a0_a0a0);
  }],
  [33, "the last implemented word of priorities works, the next is RAZ/WI", (g) => {
    g.D(0x51c, 0x4040_4040);
    g.D(0x520, 0x4040_4040);
    expect([g.d(0x51c), g.d(0x520)]).toEqual([0x4040_4040, 0]);
  }],
  [34, "SGIs are edge for good", (g) => {
    g.D(0xc00, 0);
    expect(g.d(0xc00)).toBe(0xaaaa_aaaa);
  }],
  [35, "ICFGR has 16 interrupts a word, even bits read 0", (g) => {
    g.D(0xc08, 0xffff_ffff);
    expect(g.d(0xc08)).toBe(0xaaaa_aaaa);
    g.D(0xc08, 0x8000_0000);
    expect(g.d(0xc08)).toBe(0x8000_0000);
    g.D8(0x800 + 47, 1);
    g.setBit(ISENABLER, 47);
    g.pulse(47);
    expect(g.iar()).toBe(47);
  }],
  [36, "an edge interrupt whose wire stays high fires once", (g) => {
    g.use(40, { edge: true });
    g.wire(40, true);
    g.eoi(g.iar());
    expect(g.irq()).toBe(false);
    g.wire(40, false);
    g.wire(40, true);
    expect(g.irq()).toBe(true);
  }],
  [37, "level to edge: a high wire alone is no longer pending", (g) => {
    g.use(40);
    g.wire(40, true);
    g.D(0xc08, 2 << 16);
    expect([g.bit(ISPENDR, 40), g.irq()]).toEqual([0, false]);
  }],
  [38, "SGIR with a list", (g) => {
    g.D(0xf00, 0x0005_0003);
    expect([0, 1, 2, 3].map((pe) => g.irq(pe))).toEqual([true, false, true, false]);
  }],
  [39, "SGIR to all but self", (g) => {
    g.D(0xf00, 0x0100_0003, 1);
    expect([0, 1, 2, 3].map((pe) => g.irq(pe))).toEqual([true, false, true, true]);
  }],
  [40, "SGIR to self ignores the list", (g) => {
    g.D(0xf00, 0x02ff_0003, 1);
    expect([0, 1, 2, 3].map((pe) => g.irq(pe))).toEqual([false, true, false, false]);
  }],
  [41, "SGIR filter 3 does nothing", (g) => {
    g.D(0xf00, 0x03ff_0003);
    expect([0, 1, 2, 3].map((pe) => g.irq(pe))).toEqual([false, false, false, false]);
  }],
  [42, "SGIR: only four bits are an INTID", (g) => {
    g.D(0xf00, 0x0001_7ff5);
    expect(g.iar() & 0x3ff).toBe(5);
  }],
  [44, "SGIR reads 0 and ignores bytes", (g) => {
    g.D8(0xf00, 3);
    g.D8(0xf02, 1);
    expect([g.d(0xf00), g.irq()]).toEqual([0, false]);
  }],
  [45, "SPENDSGIR requests an SGI on behalf of PE 1", (g) => {
    g.D8(0xf24, 0x02);
    expect(g.iar()).toBe(0x404);
  }],
  [46, "CPENDSGIR withdraws one requester at a time", (g) => {
    g.D8(0xf24, 0x06);
    g.D8(0xf14, 0x02);
    expect([g.irq(), g.bit(ISPENDR, 4)]).toEqual([true, 1]);
    g.D8(0xf14, 0x04);
    expect([g.irq(), g.bit(ISPENDR, 4)]).toEqual([false, 0]);
  }],
  [47, "IGROUPR0 is banked", (g) => {
    g.D(0x080, 0xffff_ffff, 0);
    both(0, g.d(0x080, 1), g.d(0x080, 2));
  }],
  [48, "moving a signalled SPI to a disabled group and back", (g) => {
    g.use(40);
    g.wire(40, true);
    g.D(CTLR, 1);
    g.D(0x084, 1 << 8);
    expect(g.irq()).toBe(false);
    g.D(0x084, 0);
    expect(g.irq()).toBe(true);
  }],
  [49, "ISACTIVER silences, ICACTIVER lets it through again", (g) => {
    g.use(40);
    g.wire(40, true);
    g.setBit(ISACTIVER, 40);
    expect(g.irq()).toBe(false);
    g.setBit(ICACTIVER, 40);
    expect(g.irq()).toBe(true);
  }],
  [50, "the active bit of an SPI is shared, of a PPI banked", (g) => {
    g.setBit(ISACTIVER, 40, 0);
    g.setBit(ISACTIVER, 30, 0);
    expect([g.bit(ISACTIVER, 40, 3), g.bit(ISACTIVER, 30, 0), g.bit(ISACTIVER, 30, 3)]).toEqual([1, 1, 0]);
  }],
  [51, "CTLR = 0 keeps what is pending", (g) => {
    g.use(40);
    g.wire(40, true);
    g.D(CTLR, 0);
    expect([g.irq(), g.bit(ISPENDR, 40)]).toEqual([false, 1]);
    g.D(CTLR, 1);
    expect(g.irq()).toBe(true);
  }],
  [52, "NSACR is RAZ/WI", (g) => {
    g.D(0xe00, 0xffff_ffff);
    expect(g.d(0xe00)).toBe(0);
  }],
];

/** Makes `intid` pending by software at a priority. */
function pend(g: RigV2, intid: number, priority = 0xa0, group: 0 | 1 = 0): void {
  g.use(intid, { priority, edge: true, group });
  g.setBit(ISPENDR, intid);
}
const EOI_MODE = 0x200;
const ACK_CTL = 4;
const FIQ_EN = 8;
const CBPR = 0x10;

const CPU_INTERFACE: readonly Row[] = [
  [54, "PMR keeps the implemented bits", (g) => {
    g.C(PMR, 0xff);
    expect(g.c(PMR)).toBe(0xf8);
    g.C(PMR, 0xf0);
    expect(g.c(PMR)).toBe(0xf0);
  }],
  [55, "PMR lets only lower priorities through, strictly", (g) => {
    pend(g, 40);
    g.C(PMR, 0xa0);
    expect(g.irq()).toBe(false);
    g.C(PMR, 0xa8);
    expect(g.irq()).toBe(true);
  }],
  [56, "acknowledge: line falls, priority runs, active, latch consumed", (g) => {
    pend(g, 40);
    expect([g.iar(), g.irq(), g.rpr(), g.bit(ISACTIVER, 40), g.bit(ISPENDR, 40)]).toEqual([40, false, 0xa0, 1, 0]);
  }],
  [57, "equal priorities: the lowest INTID", (g) => {
    pend(g, 40);
    pend(g, 33);
    expect(g.iar()).toBe(33);
  }],
  [58, "the better priority first", (g) => {
    pend(g, 33, 0xa0);
    pend(g, 40, 0x80);
    expect(g.iar()).toBe(40);
  }],
  [59, "preemption and its unwinding", (g) => {
    pend(g, 40, 0xa0);
    g.iar();
    pend(g, 41, 0x80);
    expect([g.irq(), g.iar(), g.rpr()]).toEqual([true, 41, 0x80]);
    g.eoi(41);
    expect(g.rpr()).toBe(0xa0);
    g.eoi(40);
    expect(g.rpr()).toBe(0xff);
  }],
  [60, "equal priority does not preempt", (g) => {
    pend(g, 40, 0xa0);
    g.iar();
    pend(g, 41, 0xa0);
    expect(g.irq()).toBe(false);
    g.eoi(40);
    expect(g.irq()).toBe(true);
  }],
  [61, "BPR 7 means no preemption at all", (g) => {
    g.C(BPR, 7);
    pend(g, 40, 0xa0);
    g.iar();
    pend(g, 41, 0x20);
    expect(g.irq()).toBe(false);
  }],
  [62, "BPR 4: only the upper three bits preempt", (g) => {
    g.C(BPR, 4);
    pend(g, 40, 0xa0);
    g.iar();
    pend(g, 41, 0xa8);
    expect(g.irq()).toBe(false);
    pend(g, 42, 0x88);
    expect(g.irq()).toBe(true);
  }],
  [63, "active and pending is not signalled again", (g) => {
    g.use(40);
    g.wire(40, true);
    expect([g.iar(), g.iar()]).toEqual([40, SPURIOUS]);
  }],
  [64, "a level still high fires again after EOI", (g) => {
    g.use(40);
    g.wire(40, true);
    g.eoi(g.iar());
    expect(g.irq()).toBe(true);
  }],
  [65, "a level gone low does not", (g) => {
    g.use(40);
    g.wire(40, true);
    const id = g.iar();
    g.wire(40, false);
    g.eoi(id);
    expect(g.irq()).toBe(false);
  }],
  [66, "two edges while active are one more interrupt", (g) => {
    g.use(40, { edge: true });
    g.pulse(40);
    g.iar();
    g.pulse(40);
    g.pulse(40);
    g.eoi(40);
    expect([g.irq(), g.iar()]).toEqual([true, 40]);
    g.eoi(40);
    expect(g.irq()).toBe(false);
  }],
  [67, "split EOI: EOIR drops the priority, DIR deactivates", (g) => {
    g.C(0x00, 3 | EOI_MODE);
    g.use(40, { edge: true });
    g.pulse(40);
    g.iar();
    g.pulse(40);
    g.eoi(40);
    expect([g.rpr(), g.irq()]).toEqual([0xff, false]);
    g.dir(40);
    expect(g.irq()).toBe(true);
  }],
  [68, "DIR without split EOI is ignored", (g) => {
    pend(g, 40);
    g.iar();
    g.dir(40);
    expect(g.bit(ISACTIVER, 40)).toBe(1);
  }],
  [69, "DIR of what does not exist is ignored", (g) => {
    g.C(0x00, 3 | EOI_MODE);
    pend(g, 40);
    g.iar();
    g.dir(0x3ff);
    g.dir(288);
    expect(g.bit(ISACTIVER, 40)).toBe(1);
  }],
  [70, "EOIR of a special id changes nothing", (g) => {
    pend(g, 40);
    g.iar();
    g.eoi(0x3ff);
    expect(g.rpr()).toBe(0xa0);
  }],
  [71, "EOIR while idle is ignored", (g) => {
    g.setBit(ISACTIVER, 40);
    g.eoi(40);
    expect([g.rpr(), g.bit(ISACTIVER, 40)]).toEqual([0xff, 1]);
  }],
  [72, "another PE may deactivate an SPI", (g) => {
    for (const pe of [0, 1]) g.C(0x00, 3 | EOI_MODE, pe);
    pend(g, 40);
    g.iar(0);
    g.dir(40, 1);
    expect(g.bit(ISACTIVER, 40)).toBe(0);
  }],
  [73, "HPPIR has no side effect", (g) => {
    pend(g, 40);
    both(40, g.c(HPPIR), g.c(HPPIR));
    expect([g.bit(ISPENDR, 40), g.irq()]).toEqual([1, true]);
  }],
  [74, "HPPIR ignores PMR, IAR does not", (g) => {
    pend(g, 40);
    g.C(PMR, 0);
    expect([g.c(HPPIR), g.iar()]).toEqual([40, SPURIOUS]);
  }],
  [75, "group 1 with AckCtl 0: 1022, still pending", (g) => {
    pend(g, 40, 0xa0, 1);
    expect([g.iar(), g.bit(ISPENDR, 40)]).toEqual([GROUP1_PENDING, 1]);
  }],
  [76, "group 1 with AckCtl 1", (g) => {
    g.C(0x00, 3 | ACK_CTL);
    pend(g, 40, 0xa0, 1);
    expect(g.iar()).toBe(40);
  }],
  [77, "AIAR takes group 1, AEOIR ends it", (g) => {
    pend(g, 40, 0xa0, 1);
    expect([g.c(0x28), g.c(0x20), g.rpr()]).toEqual([40, 40, 0xa0]);
    g.C(0x24, 40);
    expect([g.rpr(), g.bit(ISACTIVER, 40)]).toEqual([0xff, 0]);
  }],
  [78, "group 0 is FIQ with FIQEn, else IRQ", (g) => {
    pend(g, 40);
    g.C(0x00, 3 | FIQ_EN);
    expect([g.irq(), g.fiq()]).toEqual([false, true]);
    g.C(0x00, 3);
    expect([g.irq(), g.fiq()]).toEqual([true, false]);
  }],
  [79, "group 1 is IRQ whatever FIQEn", (g) => {
    g.C(0x00, 3 | FIQ_EN);
    pend(g, 40, 0xa0, 1);
    expect([g.irq(), g.fiq()]).toEqual([true, false]);
  }],
  [80, "a disabled group 0 is not there, at GICD or GICC, with group 1 on or off", (g) => {
    pend(g, 40);
    for (const [gicd, gicc] of [[2, 3], [0, 3], [3, 2], [3, 0]] as const) {
      g.D(CTLR, gicd);
      g.C(0x00, gicc);
      expect([g.c(HPPIR), g.iar(), g.irq()], `GICD ${gicd} GICC ${gicc}`).toEqual([SPURIOUS, SPURIOUS, false]);
    }
  }],
  [81, "a disabled group does not hide the other", (g) => {
    pend(g, 40, 0x20, 0);
    pend(g, 41, 0xa0, 1);
    g.C(0x00, 3 | ACK_CTL);
    g.D(CTLR, 2);
    expect([g.irq(), g.c(HPPIR)]).toEqual([true, 41]);
    g.D(CTLR, 3);
    g.C(0x00, 2 | ACK_CTL);
    expect([g.irq(), g.c(HPPIR)]).toEqual([true, 41]);
  }],
  [82, "binary points have minimums", (g) => {
    g.C(BPR, 0);
    g.C(ABPR, 0);
    expect([g.c(BPR), g.c(ABPR)]).toEqual([2, 3]);
  }],
  [83, "with CBPR, BPR governs group 1 too", (g) => {
    const preempts = (rig: RigV2, control: number): boolean => {
      rig.C(0x00, 3 | ACK_CTL | control);
      rig.C(BPR, 5);
      rig.C(ABPR, 3);
      pend(rig, 40, 0xa0, 1);
      rig.iar();
      pend(rig, 41, 0x88, 1); // the same group priority under BPR 5 (mask 0xc0), a better one under ABPR 3
      return rig.irq();
    };
    expect([preempts(g, CBPR), preempts(new RigV2(), 0)]).toEqual([false, true]);
  }],
  [84, "writing APR0 changes the running priority at once", (g) => {
    g.C(0xd0, 1 << 20);
    pend(g, 40, 0xa0);
    expect([g.rpr(), g.irq()]).toEqual([0xa0, false]);
    g.C(0xd0, 0);
    expect([g.rpr(), g.irq()]).toEqual([0xff, true]);
  }],
  [85, "APR1 to 3 are RAZ/WI with 32 levels", (g) => {
    for (const offset of [0xd4, 0xd8, 0xdc, 0xe4, 0xe8, 0xec]) {
      g.C(offset, 0xffff_ffff);
      expect(g.c(offset)).toBe(0);
    }
    expect(g.rpr()).toBe(0xff);
  }],
  [86, "an SGI from two PEs is delivered once for each, lowest first", (g) => {
    g.D(0xf00, 0x0001_0002, 3);
    g.D(0xf00, 0x0001_0002, 1);
    const first = g.iar();
    g.eoi(first);
    expect([first, g.iar()]).toEqual([0x402, 0xc02]);
  }],
  [87, "EOIR with another source still ends the SGI", (g) => {
    g.D(0xf00, 0x0001_0002, 3);
    expect(g.iar()).toBe(0xc02);
    g.eoi(2);
    expect([g.rpr(), g.bit(ISACTIVER, 2)]).toEqual([0xff, 0]);
  }],
  [88, "IIDR is one that Linux takes for an Arm interface", (g) => expect(g.c(0xfc) & 0xff0fff).toBe(0x2043b)],
  [89, "GICC_CTLR has these bits", (g) => {
    g.C(0x00, 0xffff_ffff);
    expect(g.c(0x00)).toBe(0x21f);
  }],
  [90, "changing the priority of an active interrupt leaves the running priority", (g) => {
    pend(g, 40);
    g.iar();
    g.D8(0x400 + 40, 0x20);
    expect(g.rpr()).toBe(0xa0);
  }],
  [91, "disabling a signalled interrupt withdraws it", (g) => {
    pend(g, 40);
    g.setBit(ICENABLER, 40);
    expect([g.irq(), g.iar()]).toEqual([false, SPURIOUS]);
  }],
  [92, "lowering PMR drops the line", (g) => {
    pend(g, 40);
    g.C(PMR, 0x80);
    expect(g.irq()).toBe(false);
  }],
  [93, "EOIR and DIR read 0", (g) => both(0, g.c(0x10), g.c(0x1000))],
  [94, "peeking IAR changes nothing", (g) => {
    pend(g, 40);
    both(40, g.gic.cpuInterface.peek(0x0c, 4, 0) as number, g.gic.cpuInterface.peek(0x0c, 4, 0) as number);
    expect([g.irq(), g.bit(ISACTIVER, 40)]).toEqual([true, 0]);
  }],
  [95, "an SGI that is active is not nested, and fires after EOI", (g) => {
    g.D(0xf00, 0x0001_0002, 1);
    const first = g.iar();
    g.D(0xf00, 0x0001_0002, 3);
    expect([first, g.irq(), g.iar()]).toEqual([0x402, false, SPURIOUS]);
    g.eoi(first);
    expect([g.irq(), g.iar()]).toEqual([true, 0xc02]);
  }],
];

describe("gic.md J.1 and J.2", () => {
  it.each(FRESH)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run();
  });
  it.each(DISTRIBUTOR)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run(new RigV2());
  });
  it.each(CPU_INTERFACE)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run(new RigV2());
  });

  it("leaves no row out", () => {
    const rows = [...FRESH, ...DISTRIBUTOR, ...CPU_INTERFACE].map(([id]) => id).sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: 95 }, (_, n) => n + 1));
  });
});
