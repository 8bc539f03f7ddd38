/** What the GICv3's frames and registers ask of their chip. The chip is vgic-v3.ts, which imports them and not the reverse. */
import type { LpiController } from "./lpi/lpi-controller.ts";
import type { Vgic } from "./vgic.ts";

export interface GicV3 extends Vgic {
  readonly options: { readonly rangeSelector: boolean };
  /** Where the LPIs come from, if the GIC has any. */
  readonly lpis: LpiController | undefined;
  /** GICD_TYPER */
  readonly typer: number;
  /** What of ICC_CTLR_EL1 never changes. */
  readonly cpuControlFixed: number;
  isLpi(intid: number): boolean;
  /** GICD_IROUTER of a slot: low and high word. */
  routeLow(slot: number): number;
  routeHigh(slot: number): number;
  setRoute(slot: number, low: number, high: number): void;
  /** GICD_SETSPI_NSR and CLRSPI_NSR. */
  messageSpi(intid: number, set: boolean): number;
  /** ICC_IGRPEN0_EL1 and ICC_IGRPEN1_EL1. */
  setCpuGroups(vcpu: number, groups: number): void;
}
