/** The GICv3 distributor's frame: the shared interrupts as a bank. What it does is in gicd-v3.registers.ts. */
import { RegisterFrame } from "@trapline/core";
import { gicdV3Registers } from "./gicd-v3.registers.ts";
import type { IrqBank } from "./per-irq.ts";
import type { VgicV3 } from "./vgic-v3.ts";

export class DistributorV3 implements IrqBank {
  readonly gic: VgicV3;
  readonly frame: RegisterFrame<DistributorV3>;

  constructor(gic: VgicV3) {
    this.gic = gic;
    this.frame = new RegisterFrame<DistributorV3>(this, gicdV3Registers);
  }

  /** SGIs and PPIs are not here. */
  slotAt(intid: number): number {
    return this.gic.space.sharedSlot(intid);
  }
}
