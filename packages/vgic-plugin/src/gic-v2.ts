/** What the GICv2's frames ask of their chip. The chip is vgic-v2.ts, which imports them and not the reverse. */
import type { IrqBank } from "./per-irq.ts";
import type { Vgic } from "./vgic.ts";

export interface GicV2 extends Vgic, IrqBank {
  /** GICD_TYPER */
  readonly typer: number;
}
