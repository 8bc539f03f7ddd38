/** Random operations on a GICv3, for property tests: what a guest, its devices and its host may do, applied to rig and oracle. */
import fc from "fast-check";
import type { RigV3 } from "./gic-rig.fixture.ts";
import type { SlowGic } from "./slow-gic.fixture.ts";

export const PES = 3;
export const SHARED = [32, 40, 41, 63, 64, 4096] as const;
export const BANKED = [0, 7, 27, 30] as const;
const INTIDS = [...SHARED, ...BANKED];

/** One operation, as plain data, so that a shrunk counterexample can be read. */
export type Op = readonly [what: string, pe: number, intid: number, value: number];

const op = (what: string, value: fc.Arbitrary<number>, intids: readonly number[] = INTIDS): fc.Arbitrary<Op> =>
  fc.tuple(fc.constant(what), fc.nat(PES - 1), fc.constantFrom(...intids), value);
const bool = fc.constantFrom(0, 1);
/** Few priorities, so that ties and masks happen. */
const priority = fc.constantFrom(0x00, 0x20, 0x80, 0x88, 0xa0, 0xa7, 0xf0, 0xff);

export const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: op("wire", bool, INTIDS.filter((intid) => intid >= 16)) },
  { weight: 4, arbitrary: op("pend", fc.constant(1)) },
  op("unpend", fc.constant(1)),
  { weight: 4, arbitrary: op("enable", bool) },
  op("active", bool),
  { weight: 3, arbitrary: op("priority", priority) },
  { weight: 3, arbitrary: op("group", bool) },
  op("edge", bool, INTIDS.filter((intid) => intid >= 16)),
  op("route", fc.nat(PES), SHARED),
  op("distributor", fc.nat(3)),
  { weight: 2, arbitrary: op("groups", fc.nat(3)) },
  { weight: 2, arbitrary: op("pmr", fc.constantFrom(0, 0x80, 0xa8, 0xf8, 0xff)) },
  op("bpr0", fc.nat(15)),
  op("bpr1", fc.nat(15)),
  op("control", fc.nat(3)),
  { weight: 8, arbitrary: op("iar", bool) },
  { weight: 6, arbitrary: op("eoi", bool) },
  { weight: 2, arbitrary: op("dir", fc.constant(0)) },
  op("sgi", fc.constant(7)),
);

/** Where things work: everything enabled, so that short sequences already interrupt. */
export const PROLOGUE: readonly Op[] = [
  ["distributor", 0, 0, 3],
  ...Array.from({ length: PES }, (_, pe): Op[] => [["groups", pe, 0, 3], ["pmr", pe, 0, 0xf8]]).flat(),
  ...SHARED.map((intid): Op => ["enable", 0, intid, 1]),
];

/** A register of the bank an INTID is in. @param bits per interrupt */
function at(g: RigV3, base: number, extended: number, bits: number, intid: number, pe: number) {
  const index = intid >= 4096 ? intid - 4096 : intid;
  const offset = (intid >= 4096 ? extended : intid < 32 ? 0x1_0000 + base : base) + 4 * Math.floor((index * bits) / 32);
  return {
    read: (): number => (intid < 32 ? g.r(offset, pe) : g.d(offset)),
    write: (value: number): void => (intid < 32 ? g.R(offset, value, pe) : g.D(offset, value)),
    shift: (index * bits) % 32,
  };
}

/** Applies one operation; what it returns is what the guest sees of it. */
export function applyToRig(g: RigV3, [what, pe, intid, value]: Op): number {
  const bit = (base: number, extended: number): void => {
    const register = at(g, base, extended, 1, intid, pe);
    register.write(1 << register.shift);
  };
  const field = (base: number, extended: number, bits: number, to: number): void => {
    const register = at(g, base, extended, bits, intid, pe);
    const mask = (2 ** bits - 1) << register.shift;
    register.write((register.read() & ~mask) | (to << register.shift));
  };
  switch (what) {
    case "wire":
      if (intid < 32) g.gic.privateLines$.emit(pe, intid, value === 1);
      else g.gic.pins$.emit(g.gic.pinLayout.pin(intid, -1), value === 1 ? 1 : 0);
      break;
    case "pend":
      bit(0x200, 0x1600);
      break;
    case "unpend":
      bit(0x280, 0x1800);
      break;
    case "enable":
      if (value === 1) bit(0x100, 0x1200);
      else bit(0x180, 0x1400);
      break;
    case "active":
      if (value === 1) bit(0x300, 0x1a00);
      else bit(0x380, 0x1c00);
      break;
    case "priority":
      field(0x400, 0x2000, 8, value);
      break;
    case "group":
      field(0x080, 0x1000, 1, value);
      break;
    case "edge":
      field(0xc00, 0x3000, 2, 2 * value);
      break;
    case "route":
      g.raw(true, intid >= 4096 ? 0x8000 : 0x6000 + 8 * intid, 8, value);
      break;
    case "distributor":
      g.D(0, value);
      break;
    case "groups":
      g.msr("IGRPEN0", value & 1, pe);
      g.msr("IGRPEN1", value >> 1, pe);
      break;
    case "pmr":
      g.msr("PMR", value, pe);
      break;
    case "bpr0":
      g.msr("BPR0", value, pe);
      break;
    case "bpr1":
      g.msr("BPR1", value, pe);
      break;
    case "control":
      g.msr("CTLR", value, pe);
      break;
    case "iar":
      return g.mrs(value === 0 ? "IAR0" : "IAR1", pe) as number;
    case "eoi":
      g.msr(value === 0 ? "EOIR0" : "EOIR1", intid, pe);
      break;
    case "dir":
      g.msr("DIR", intid, pe);
      break;
    case "sgi":
      g.msr("SGI1R", (value << 24) | 0b101, pe);
      break;
    default:
      throw new Error(what);
  }
  return 0;
}

export function applyToOracle(gic: SlowGic, [what, pe, intid, value]: Op): number {
  const irq = gic.irq(intid, pe);
  const cpu = gic.cpus[pe]!;
  switch (what) {
    case "wire":
      // A pin's HIGH is an edge each time; a private line is a wire and has edges only when it changes.
      if (intid >= 32 || irq.wire !== (value === 1)) gic.drive(irq, value === 1);
      break;
    case "pend":
      irq.latch = true;
      break;
    case "unpend":
      irq.latch = false;
      break;
    case "enable":
      irq.enabled = value === 1;
      break;
    case "active":
      irq.active = value === 1;
      break;
    case "priority":
      irq.priority = value - (value % 8);
      break;
    case "group":
      irq.group = value;
      break;
    case "edge":
      irq.edge = value === 1;
      break;
    case "route":
      irq.target = value < PES ? value : -1;
      break;
    case "distributor":
      gic.distributor = new Set([0, 1].filter((group) => (value >> group) & 1));
      break;
    case "groups":
      cpu.groups = new Set([0, 1].filter((group) => (value >> group) & 1));
      break;
    case "pmr":
      cpu.pmr = value - (value % 8);
      break;
    case "bpr0":
      cpu.bpr0 = Math.max(2, value % 8);
      break;
    case "bpr1":
      if (!cpu.cbpr) cpu.bpr1 = Math.max(3, value % 8);
      break;
    case "control":
      cpu.cbpr = value % 2 === 1;
      cpu.split = value >= 2;
      break;
    case "iar":
      return gic.acknowledge(pe, value);
    case "eoi":
      gic.end(pe, intid, value);
      break;
    case "dir":
      gic.deactivate(pe, intid);
      break;
    case "sgi":
      for (const target of [0, 2]) if (gic.irq(value, target).group === 1) gic.irq(value, target).latch = true;
      break;
  }
  return 0;
}
