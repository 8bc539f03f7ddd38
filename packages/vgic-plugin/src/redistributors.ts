/**
 * The redistributors of all vCPUs and the regions they stand in (Arm IHI 0069; gic.md B.6).
 *
 * vCPUs fill the regions in order. GICR_TYPER.Last marks the last vCPU of each region, unless the region is full and the
 * next occupied one begins right behind it: then software walks on. Frames beyond the last vCPU are RAZ/WI.
 */
import {
  type AddressRange,
  type BusDevice,
  checkRange,
  ConfigError,
  formatRange,
  overlaps,
  RegisterFrame,
  type U64,
  u64,
  type VcpuTopology,
  type Width,
} from "@trapline/core";
import type { GicV3 } from "./gic-v3.ts";
import { GICR_STRIDE, type GicrBank, gicrRegisters } from "./gicr.registers.ts";

const PROCESSOR_SLEEP = 2;
const LAST = 1 << 4;

/** A region and the vCPUs in it. */
export interface RedistributorRegion extends AddressRange {
  readonly firstVcpu: number;
  readonly vcpus: number;
}

export class Redistributors implements GicrBank {
  readonly gic: GicV3;
  /** One vCPU's registers; the `vcpu` of an access says whose. */
  readonly frame: RegisterFrame<GicrBank>;
  private placed: readonly RedistributorRegion[] = [];
  private readonly last: Uint8Array;
  private readonly asleep: Uint8Array;

  /** @throws ConfigError for regions that are misaligned, overlap or hold too few vCPUs. */
  constructor(gic: GicV3, topology: VcpuTopology, regions: readonly AddressRange[]) {
    this.gic = gic;
    this.frame = new RegisterFrame<GicrBank>(this, gicrRegisters);
    this.last = new Uint8Array(topology.count);
    this.asleep = new Uint8Array(topology.count);
    this.place(regions);
  }

  get regions(): readonly RedistributorRegion[] {
    return this.placed;
  }

  /** Puts the frames somewhere else, before anything claims them. @throws ConfigError as the constructor */
  place(regions: readonly AddressRange[]): void {
    this.placed = placeVcpus(this.gic.name, this.last.length, regions);
    this.last.fill(0);
    for (const region of this.regions) {
      const full = region.vcpus * GICR_STRIDE === region.size;
      const goesOn = this.regions.some((other) => other.vcpus > 0 && other.base === region.base + region.size);
      if (region.vcpus > 0 && !(full && goesOn)) this.last[region.firstVcpu + region.vcpus - 1] = 1;
    }
  }

  slotAt(intid: number, vcpu: number): number {
    return this.gic.space.privateSlot(intid, vcpu);
  }

  /** What answers on the bus for one region. */
  device(region: RedistributorRegion): BusDevice {
    const vcpuAt = (offset: number): number => {
      const index = Math.floor(offset / GICR_STRIDE);
      return index < region.vcpus ? region.firstVcpu + index : -1;
    };
    return {
      read: (offset: number, width: Width): U64 => {
        const vcpu = vcpuAt(offset);
        return vcpu < 0 ? 0 : this.frame.read(offset % GICR_STRIDE, width, vcpu);
      },
      write: (offset: number, width: Width, value: U64): void => {
        const vcpu = vcpuAt(offset);
        if (vcpu >= 0) this.frame.write(offset % GICR_STRIDE, width, value, vcpu);
      },
      peek: (offset: number, width: Width): U64 => {
        const vcpu = vcpuAt(offset);
        return vcpu < 0 ? 0 : this.frame.peek(offset % GICR_STRIDE, width, vcpu);
      },
      nameAt: (offset: number): string | undefined => (vcpuAt(offset) < 0 ? undefined : this.frame.nameAt(offset % GICR_STRIDE)),
    };
  }

  typer(vcpu: number): U64 {
    const { gic } = this;
    const low = ((gic.space.extendedPpis / 32) << 27) | (vcpu << 8) | (this.last[vcpu] === 1 ? LAST : 0) | (gic.lpis?.typer(vcpu) ?? 0);
    return u64(gic.topology.affinity(vcpu), low);
  }

  /** ChildrenAsleep mirrors ProcessorSleep: sleeping and waking are instantaneous. */
  waker(vcpu: number): number {
    return this.asleep[vcpu] === 1 ? 6 : 0;
  }

  writeWaker(vcpu: number, value: number): void {
    this.asleep[vcpu] = (value & PROCESSOR_SLEEP) === 0 ? 0 : 1;
  }

  reset(): void {
    this.asleep.fill(1);
  }

  save(): Uint8Array {
    return this.asleep.slice();
  }

  restore(asleep: Uint8Array): void {
    for (const [vcpu, value] of asleep.entries()) this.asleep[vcpu] = value & 1;
  }
}

function placeVcpus(gic: string, count: number, regions: readonly AddressRange[]): readonly RedistributorRegion[] {
  const placed: RedistributorRegion[] = [];
  let next = 0;
  for (const region of regions) {
    checkRange(region, `${gic} redistributor region`);
    const other = placed.find((earlier) => overlaps(earlier, region));
    if (other !== undefined) {
      throw new ConfigError(`redistributor regions ${formatRange(other)} and ${formatRange(region)} of ${gic} overlap`, {
        subject: formatRange(region),
        other: formatRange(other),
        remedy: "move one of the two",
      });
    }
    if (region.base % 0x1_0000 !== 0 || region.size % GICR_STRIDE !== 0) {
      throw new ConfigError(`redistributor region ${formatRange(region)} of ${gic} is no whole number of frames`, {
        subject: formatRange(region),
        limit: "base a multiple of 0x1_0000, size of 0x2_0000",
        remedy: "align it; each vCPU takes 128 KiB",
      });
    }
    const vcpus = Math.min(region.size / GICR_STRIDE, count - next);
    placed.push({ base: region.base, size: region.size, firstVcpu: next, vcpus });
    next += vcpus;
  }
  if (next < count) {
    throw new ConfigError(`${count} vCPUs do not fit into the redistributor regions of ${gic}, which hold ${next}`, {
      subject: gic,
      value: count,
      limit: next,
      remedy: "add a region or enlarge one; each vCPU takes 128 KiB",
    });
  }
  return placed;
}
