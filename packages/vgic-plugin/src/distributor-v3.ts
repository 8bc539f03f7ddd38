/** The GICv3 distributor's frame: the shared interrupts as a bank. What it does is in gicd-v3.registers.ts. */
import { RegisterFrame } from "@trapline/core";
import type { GicV3 } from "./gic-v3.ts";
import { type GicdV3, gicdV3Registers } from "./gicd-v3.registers.ts";

export class DistributorV3 implements GicdV3 {
  readonly gic: GicV3;
  readonly frame: RegisterFrame<GicdV3>;

  constructor(gic: GicV3) {
    this.gic = gic;
    this.frame = new RegisterFrame<GicdV3>(this, gicdV3Registers);
  }

  /** SGIs and PPIs are not here. */
  slotAt(intid: number): number {
    return this.gic.space.sharedSlot(intid);
  }
}
