/**
 * A GICv2 (Arm IHI 0048): distributor and memory-mapped CPU interface for up to eight vCPUs, one security state with both
 * groups. An SPI with several targets is 1-of-N: it is offered to all of them, and the first acknowledge takes it.
 *
 * Not modelled: two security states, the virtual interface (GICH, GICV), the line status registers.
 */
import { type PlainData, RegisterFrame, type VcpuTopology, type WireOrder } from "@trapline/core";
import type { GicV2 } from "./gic-v2.ts";
import { giccRegisters } from "./gicc.registers.ts";
import { gicdV2Registers } from "./gicd-v2.registers.ts";
import { FIRST_PPI, FIRST_SPECIAL } from "./intid-space.ts";
import { LATCH } from "./irq-state.ts";
import { bankOf, type IrqBank } from "./per-irq.ts";
import type { PinProfile } from "./pin-layout.ts";
import type { SavedState } from "./saved-state.ts";
import { Vgic } from "./vgic.ts";
import { checkFrame, checkSpis, refuseUnless } from "./vgic-v3-options.ts";

/** CPU interfaces of a GICv2. */
export const MAX_V2_VCPUS = 8;

/** Where distributor and CPU interface are, and how many SPIs there are. */
export interface VgicV2Options {
  /** Unique in its machine. Default "gic". */
  readonly name?: string;
  /** Base of GICD, 64 KiB of addresses. Default 0x0800_0000. */
  readonly distributor?: number;
  /** Base of GICC, 64 KiB of addresses. Default 0x0801_0000. */
  readonly cpuInterface?: number;
  /** SPIs: a multiple of 32 up to 960, or 988. Default 256. */
  readonly spis?: number;
  /** Which inputs the chip has: see PinLayout. Default "mainline". */
  readonly pins?: PinProfile;
}

export class VgicV2 extends Vgic implements IrqBank {
  readonly options: Required<VgicV2Options>;
  readonly distributor: RegisterFrame<GicV2>;
  readonly cpuInterface: RegisterFrame<GicV2>;

  /** @throws ConfigError for options that no GICv2 can have, or more than eight vCPUs. */
  constructor(topology: VcpuTopology, order: WireOrder, options: VgicV2Options = {}) {
    const checked = { name: "gic", distributor: 0x0800_0000, cpuInterface: 0x0801_0000, spis: 256, pins: "mainline" as const, ...options };
    checkSpis(checked.name, checked.spis);
    checkFrame(checked.name, "distributor", checked.distributor, 0x1000);
    checkFrame(checked.name, "cpuInterface", checked.cpuInterface, 0x1000);
    refuseUnless(topology.count <= MAX_V2_VCPUS, checked.name, "vcpus", topology.count, "at most 8, or a GICv3");
    const shape = { extendedSpis: 0, extendedPpis: 0, initialGroup: 0, version: 2, vcpuCount: topology.count, vcpuCapacity: MAX_V2_VCPUS } as const;
    super({ ...checked, ...shape }, topology, order);
    this.options = checked;
    this.distributor = new RegisterFrame<GicV2>(this, gicdV2Registers);
    this.cpuInterface = new RegisterFrame<GicV2>(this, giccRegisters);
    this.reset("power-on");
  }

  /** The distributor's bank: SGIs and PPIs of the vCPU that accesses. */
  get gic(): this {
    return this;
  }

  slotAt(intid: number, vcpu: number): number {
    return intid < FIRST_SPECIAL ? this.space.slot(intid, bankOf(vcpu)) : -1;
  }

  override get distributorBase(): number {
    return this.options.distributor;
  }

  get typer(): number {
    return (((this.space.vcpuCount - 1) & 7) << 5) | (Math.ceil((32 + this.space.spis) / 32) - 1);
  }

  protected override initialTarget(vcpu: number): number {
    return vcpu >= 0 ? 1 << vcpu : 0;
  }

  protected override resetVersion(): void {}

  protected override saveVersion(): { readonly [key: string]: PlainData } {
    return {};
  }

  /** The latch of an SGI follows from its requesters. */
  protected override restoreVersion(_state: SavedState): () => void {
    const { table, space } = this;
    return () => {
      for (let vcpu = 0; vcpu < space.vcpuCount; vcpu++) {
        for (let intid = 0; intid < FIRST_PPI; intid++) {
          const slot = space.slot(intid, vcpu);
          table.sources[slot]! &= (1 << space.vcpuCount) - 1;
          const flags = table.flags(slot);
          table.put(slot, table.sources[slot] === 0 ? flags & ~LATCH : flags | LATCH, table.priority(slot), table.target(slot));
        }
      }
    };
  }
}
