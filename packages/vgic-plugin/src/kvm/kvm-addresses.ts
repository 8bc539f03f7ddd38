/**
 * Where a KVM-shaped GIC stands: the attribute group ADDR (kvm-irq-abi.md H.2; Documentation/virt/kvm/devices/arm-vgic-v3.rst).
 * The order of the checks is the newer kernels': whether it is set comes first.
 */
import { type AddressRange, overlaps } from "@trapline/core";
import { ADDR, ADDR_UNSET, type KvmVm, refuse } from "./kvm-vm.ts";

const FRAME = 0x2_0000;

interface Slot {
  readonly size: number;
  readonly alignment: number;
  base?: number;
}

interface Region extends AddressRange {
  readonly index: number;
  readonly count: number;
}

export class KvmAddresses {
  private readonly vm: KvmVm;
  private readonly version: 2 | 3;
  private readonly slots: ReadonlyMap<number, Slot>;
  private readonly regions: Region[] = [];
  private legacy: Region | undefined;

  constructor(vm: KvmVm, version: 2 | 3) {
    this.vm = vm;
    this.version = version;
    const v2: [number, Slot][] = [
      [ADDR.V2_DIST, { size: 0x1000, alignment: 0x1000 }],
      [ADDR.V2_CPU, { size: 0x2000, alignment: 0x1000 }],
    ];
    this.slots = new Map<number, Slot>(version === 2 ? v2 : [[ADDR.V3_DIST, { size: 0x1_0000, alignment: 0x1_0000 }]]);
  }

  has(attr: number): boolean {
    return this.slots.has(attr) || (this.version === 3 && (attr === ADDR.V3_REDIST || attr === ADDR.V3_REDIST_REGION));
  }

  /** @throws KvmError ENXIO, EEXIST, EINVAL, E2BIG */
  set(attr: number, value: bigint): void {
    if (attr === ADDR.V3_REDIST && this.version === 3) return this.setLegacy(value);
    if (attr === ADDR.V3_REDIST_REGION && this.version === 3) return this.addRegion(value);
    const slot = this.slots.get(attr) ?? this.unknown(attr);
    if (slot.base !== undefined) refuse("EEXIST", "ADDR", `address ${attr} is set already`, "create the GIC anew to move it", value);
    slot.base = this.check(value, slot.size, slot.alignment);
  }

  /** @param preset for V3_REDIST_REGION: the buffer's content, whose low 12 bits are the region's index */
  get(attr: number, preset = 0n): bigint {
    if (attr === ADDR.V3_REDIST && this.version === 3) return this.legacy === undefined ? ADDR_UNSET : BigInt(this.legacy.base);
    if (attr === ADDR.V3_REDIST_REGION && this.version === 3) return this.region(Number(preset & 0xffn));
    const slot = this.slots.get(attr) ?? this.unknown(attr);
    return slot.base === undefined ? ADDR_UNSET : BigInt(slot.base);
  }

  /** Redistributor regions in the order in which vCPUs fill them. */
  get redistributors(): readonly AddressRange[] {
    return this.legacy === undefined ? this.regions : [this.legacy, ...this.regions];
  }

  /** @throws KvmError ENXIO for what is unset or a vCPU without frames, EINVAL for overlaps: what the first KVM_RUN checks. */
  checkComplete(): void {
    const frames = this.redistributors.reduce((sum, { size }) => sum + size / FRAME, 0);
    if (this.version === 3 && frames < this.vm.topology.count) {
      refuse("ENXIO", "KVM_RUN", `${this.vm.topology.count} vCPUs and redistributor frames for ${frames}`, "add a redistributor region", frames);
    }
    const ranges: AddressRange[] = [...this.redistributors];
    for (const [attr, { base, size }] of this.slots) {
      if (base === undefined) refuse("ENXIO", "KVM_RUN", `address ${attr} of the GIC is not set`, "set it through the group ADDR", attr);
      else ranges.push({ base, size });
    }
    for (const [n, one] of ranges.entries()) {
      if (ranges.slice(n + 1).some((other) => overlaps(one, other))) {
        refuse("EINVAL", "KVM_RUN", "two frames of the GIC overlap", "create the GIC anew with other addresses", one.base);
      }
    }
  }

  /** One region for all vCPUs there are. */
  private setLegacy(value: bigint): void {
    if (this.legacy !== undefined && this.regions.length === 0) refuse("EEXIST", "V3_REDIST", "the redistributors are set already", "use regions", value);
    if (this.legacy !== undefined || this.regions.length > 0) refuse("EINVAL", "V3_REDIST", "there are redistributor regions already", "add another region", value);
    const count = this.vm.topology.count;
    const base = this.check(value, count * FRAME, 0x1_0000);
    this.legacy = this.fitted({ base, size: count * FRAME, index: 0, count });
  }

  /** count 63:52, base 51:16, flags 15:12, index 11:0, of which the kernel keeps eight bits. */
  private addRegion(value: bigint): void {
    const count = Number(value >> 52n);
    const index = Number(value & 0xffn);
    const next = (this.legacy === undefined ? 0 : 1) + this.regions.length;
    if (count === 0 || (value & 0xf000n) !== 0n) refuse("EINVAL", "V3_REDIST_REGION", "a region has a count and no flags", "correct the value", value);
    if (index !== next) refuse("EINVAL", "V3_REDIST_REGION", `region ${index} comes when ${next} is next`, "add regions in order", index);
    const base = this.check(value & 0xf_ffff_ffff_0000n, count * FRAME, 0x1_0000);
    this.regions.push(this.fitted({ base, size: count * FRAME, index, count }));
  }

  /** A region that overlaps another, or the distributor when that is known, is refused. */
  private fitted(region: Region): Region {
    const distributor = this.slots.get(ADDR.V3_DIST);
    const others: AddressRange[] = [...this.redistributors];
    if (distributor?.base !== undefined) others.push({ base: distributor.base, size: distributor.size });
    if (others.some((other) => overlaps(other, region))) {
      refuse("EINVAL", "V3_REDIST_REGION", "the region overlaps another frame of the GIC", "move it", region.base);
    }
    return region;
  }

  private region(index: number): bigint {
    const found = this.redistributors.find((_, n) => n === index) as Region | undefined;
    if (found === undefined) refuse("ENOENT", "V3_REDIST_REGION", `there is no region ${index}`, "read one that was added", index);
    return (BigInt(found.count) << 52n) | BigInt(found.base) | BigInt(index);
  }

  private check(value: bigint, size: number, alignment: number): number {
    const limit = 1n << BigInt(this.vm.ipaBits);
    if (value % BigInt(alignment) !== 0n) refuse("EINVAL", "ADDR", `the address is not aligned to ${alignment}`, "align it", value);
    if (value + BigInt(size) > 1n << 64n) refuse("EINVAL", "ADDR", "the frame wraps", "lower the address", value);
    if (value + BigInt(size) > limit) refuse("E2BIG", "ADDR", `the frame ends beyond ${this.vm.ipaBits} bits`, "lower the address", value);
    return Number(value);
  }

  private unknown(attr: number): never {
    return refuse("ENXIO", "ADDR", `a GICv${this.version} has no address ${attr}`, "use the attributes of this version", attr);
  }
}
