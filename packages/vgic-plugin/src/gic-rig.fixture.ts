/** A GIC on a bench, for specs: registers by offset, wires by INTID, lines as last driven. No machine, no guest. */
import { HIGH, IRQ_LINE, LOW, PULSE, topology, toBigint, type U64, UNDEFINED, Wire, type WireEvent, WireOrder } from "@trapline/core";
import { iccEncoding } from "./icc.registers.ts";
import type { Vgic } from "./vgic.ts";
import { VgicV2, type VgicV2Options } from "./vgic-v2.ts";
import { VgicV3 } from "./vgic-v3.ts";
import type { VgicV3Options } from "./vgic-v3-options.ts";

export interface Use {
  readonly priority?: number;
  readonly pe?: number;
  readonly edge?: boolean;
  readonly group?: 0 | 1;
  readonly enabled?: boolean;
}

abstract class GicRig<G extends Vgic> {
  readonly order: WireOrder;
  readonly gic: G;
  /** [irq, fiq] of each PE. */
  readonly lines: boolean[][];
  readonly completions: number[] = [];
  /** What the router does on a completion, if anything. */
  onCompletion: (pin: number) => void = () => {};
  private readonly exits$: Wire<readonly [act: () => void], void, WireEvent>;
  private readonly owned: readonly { unsubscribe(): void }[];

  constructor(pes: number, order: WireOrder, gic: G) {
    this.order = order;
    this.gic = gic;
    this.exits$ = new Wire<readonly [act: () => void], void, WireEvent>(order, { name: "rig.exits", unowned: undefined, describe: (seq, atNs) => ({ seq, atNs, kind: "exit" }) });
    this.exits$.own("rig", (act) => act());
    this.lines = Array.from({ length: pes }, () => [false, false]);
    this.owned = [
      gic.vcpuLines$.own("rig", (vcpu, line, level) => void (this.lines[vcpu]![line] = level)),
      gic.completions$.own("rig", (pin) => {
        this.completions.push(pin);
        this.onCompletion(pin);
      }),
    ];
  }

  /** Gives up what it owns, for another bench. */
  release(): void {
    for (const owned of this.owned) owned.unsubscribe();
  }

  /** Does what a guest does inside one exit: an emission, at whose end lines are evaluated. */
  exit(act: () => void): void {
    this.exits$.emit(act);
  }

  irq(pe = 0): boolean {
    return this.lines[pe]![IRQ_LINE]!;
  }
  fiq(pe = 0): boolean {
    return this.lines[pe]![1]!;
  }

  /** The input of an SPI, or of a PPI of `pe`. */
  wire(intid: number, high: boolean, pe = 0): void {
    if (intid < 32) this.gic.privateLines$.emit(pe, intid, high);
    else this.gic.pins$.emit(intid - 32, high ? HIGH : LOW);
  }
  pulse(intid: number): void {
    this.gic.pins$.emit(intid - 32, PULSE);
  }

  /** Read and write GICD, 32 bits. */
  d(offset: number, pe = 0): number {
    return Number(this.dist(false, offset, 4, 0, pe));
  }
  D(offset: number, value: number, pe = 0): void {
    this.dist(true, offset, 4, value >>> 0, pe);
  }
  d8(offset: number, pe = 0): number {
    return Number(this.dist(false, offset, 1, 0, pe));
  }
  D8(offset: number, value: number, pe = 0): void {
    this.dist(true, offset, 1, value, pe);
  }
  protected abstract dist(isWrite: boolean, offset: number, width: 1 | 2 | 4 | 8, value: U64, pe: number): U64;

  /** One bit of a bit-per-interrupt register of GICD. */
  bit(base: number, intid: number, pe = 0): number {
    return (this.d(base + 4 * (intid >> 5), pe) >>> (intid & 31)) & 1;
  }
  setBit(base: number, intid: number, pe = 0): void {
    this.D(base + 4 * (intid >> 5), 1 << (intid & 31), pe);
  }
}

export class RigV2 extends GicRig<VgicV2> {
  constructor(pes = 4, options: VgicV2Options = {}, os = true) {
    const order = new WireOrder();
    super(pes, order, new VgicV2(topology(pes), order, options));
    if (!os) return;
    this.D(0x000, 3);
    for (let pe = 0; pe < pes; pe++) {
      this.C(0x00, 3, pe);
      this.C(0x04, 0xf8, pe);
      for (let word = 0; word < 8; word++) this.D(0x400 + 4 * word, 0xa0a0a0a0, pe);
    }
  }

  protected override dist(isWrite: boolean, offset: number, width: 1 | 2 | 4 | 8, value: U64, pe: number): U64 {
    return isWrite ? (this.gic.distributor.write(offset, width, value, pe), 0) : this.gic.distributor.read(offset, width, pe);
  }
  raw(isWrite: boolean, offset: number, width: 1 | 2 | 4 | 8, value: U64 = 0, pe = 0): U64 {
    return this.dist(isWrite, offset, width, value, pe);
  }

  /** Read and write GICC. */
  c(offset: number, pe = 0): number {
    return Number(this.gic.cpuInterface.read(offset, 4, pe));
  }
  C(offset: number, value: number, pe = 0): void {
    this.gic.cpuInterface.write(offset, 4, value >>> 0, pe);
  }
  iar(pe = 0): number {
    return this.c(0x0c, pe);
  }
  eoi(id: number, pe = 0): void {
    this.C(0x10, id, pe);
  }
  dir(id: number, pe = 0): void {
    this.C(0x1000, id, pe);
  }
  rpr(pe = 0): number {
    return this.c(0x14, pe);
  }

  /** Sets an interrupt up as an OS would. For SPIs `pe` is a mask in ITARGETSR's sense, given as a PE number. */
  use(intid: number, { priority = 0xa0, pe = 0, edge = false, group = 0, enabled = true }: Use = {}): number {
    this.D8(0x400 + intid, priority, pe);
    if (intid >= 32) {
      this.D8(0x800 + intid, 1 << pe);
      const at = 0xc00 + 4 * (intid >> 4);
      const shift = 2 * (intid & 15);
      this.D(at, (this.d(at) & ~(3 << shift)) | (edge ? 2 << shift : 0));
    }
    const groups = this.d(0x080 + 4 * (intid >> 5), pe);
    this.D(0x080 + 4 * (intid >> 5), group === 1 ? groups | (1 << (intid & 31)) : groups & ~(1 << (intid & 31)), pe);
    this.setBit(enabled ? 0x100 : 0x180, intid, pe);
    return intid;
  }
}

export class RigV3 extends GicRig<VgicV3> {
  constructor(pes: number | readonly number[] = 4, options: VgicV3Options = {}, os = true) {
    const order = new WireOrder();
    const count = typeof pes === "number" ? pes : pes.length;
    super(count, order, new VgicV3(topology(count, typeof pes === "number" ? undefined : pes), order, options));
    if (!os) return;
    this.D(0x0000, 3);
    for (let word = 1; word < 32; word++) this.D(0x080 + 4 * word, 0xffff_ffff);
    for (let pe = 0; pe < count; pe++) {
      this.R(0x1_0080, 0xffff_ffff, pe);
      this.R(0x1_0100, 0xffff, pe);
      for (let word = 0; word < 8; word++) this.R(0x1_0400 + 4 * word, 0xa0a0a0a0, pe);
      this.msr("PMR", 0xf8, pe);
      this.msr("IGRPEN0", 1, pe);
      this.msr("IGRPEN1", 1, pe);
    }
  }

  protected override dist(isWrite: boolean, offset: number, width: 1 | 2 | 4 | 8, value: U64, pe: number): U64 {
    const { frame } = this.gic.distributor;
    return isWrite ? (frame.write(offset, width, value, pe), 0) : frame.read(offset, width, pe);
  }
  raw(isWrite: boolean, offset: number, width: 1 | 2 | 4 | 8, value: U64 = 0, pe = 0): U64 {
    return this.dist(isWrite, offset, width, value, pe);
  }

  /** The redistributor of `pe`, by location: RD_base is 0, SGI_base 0x1_0000. */
  rd(isWrite: boolean, offset: number, width: 1 | 2 | 4 | 8, value: U64, pe: number, from = 0): U64 {
    const { redistributors } = this.gic;
    const region = redistributors.regions.find((r) => pe >= r.firstVcpu && pe < r.firstVcpu + r.vcpus)!;
    const device = redistributors.device(region);
    const at = (pe - region.firstVcpu) * 0x2_0000 + offset;
    return isWrite ? (device.write(at, width, value, from) ?? 0) : device.read(at, width, from);
  }
  r(offset: number, pe = 0): number {
    return Number(this.rd(false, offset, 4, 0, pe));
  }
  R(offset: number, value: U64, pe = 0): void {
    this.rd(true, offset, 4, typeof value === "number" ? value >>> 0 : value, pe);
  }
  r64(offset: number, pe = 0): bigint {
    return toBigint(this.rd(false, offset, 8, 0, pe));
  }

  /** ICC_<name>_EL1; "UNDEF" where it is UNDEFINED. */
  mrs(name: string, pe = 0): number | "UNDEF" {
    const value = this.gic.icc.readSysreg(encoding(name), pe);
    return value === UNDEFINED ? "UNDEF" : Number(value);
  }
  msr(name: string, value: U64, pe = 0): "UNDEF" | void {
    if (this.gic.icc.writeSysreg(encoding(name), value, pe) === UNDEFINED) return "UNDEF";
  }
  iar1(pe = 0): number {
    return this.mrs("IAR1", pe) as number;
  }
  eoi1(id: number, pe = 0): void {
    this.msr("EOIR1", id, pe);
  }
  rpr(pe = 0): number {
    return this.mrs("RPR", pe) as number;
  }

  use(intid: number, { priority = 0xa0, pe = 0, edge = false, group = 1, enabled = true }: Use = {}): number {
    const bit = 1 << (intid & 31);
    const word = 4 * (intid >> 5);
    const config = 4 * (intid >> 4);
    const shift = 2 * (intid & 15);
    if (intid < 32) {
      this.rd(true, 0x1_0400 + intid, 1, priority, pe);
      if (intid >= 16) this.R(0x1_0c00 + config, (this.r(0x1_0c00 + config, pe) & ~(3 << shift)) | (edge ? 2 << shift : 0), pe);
      this.R(0x1_0080, group === 1 ? this.r(0x1_0080, pe) | bit : this.r(0x1_0080, pe) & ~bit, pe);
      this.R(enabled ? 0x1_0100 : 0x1_0180, bit, pe);
      return intid;
    }
    this.D8(0x400 + intid, priority);
    this.raw(true, 0x6000 + 8 * intid, 8, this.gic.topology.affinity(pe));
    this.D(0xc00 + config, (this.d(0xc00 + config) & ~(3 << shift)) | (edge ? 2 << shift : 0));
    this.D(0x080 + word, group === 1 ? this.d(0x080 + word) | bit : this.d(0x080 + word) & ~bit);
    this.D((enabled ? 0x100 : 0x180) + word, bit);
    return intid;
  }
}

function encoding(name: string): number {
  const found = iccEncoding(`ICC_${name}_EL1`);
  if (found !== undefined) return found;
  // Registers that must not exist: their encodings by hand.
  const absent: Readonly<Record<string, number>> = { AP0R1: 0xc645, AP1R1: 0xc649, NMIAR1: 0xc64d };
  return absent[name]!;
}
