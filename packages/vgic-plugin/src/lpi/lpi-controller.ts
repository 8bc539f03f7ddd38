/**
 * The seam between the GIC proper and its LPIs (Arm IHI 0069, "LPIs" and "The ITS").
 *
 * An LPI has a pending latch, an enable and a priority; it is always group 1 and edge, and has no active state. Enable and
 * priority live in guest memory, pending there too while nobody serves it. So the two sides divide the work like this:
 *
 * - the LPI side ({@link LpiController}) keeps latch, enable and priority, reads the tables, and files an LPI with
 *   {@link LpiPort.file} exactly while it is pending, enabled, mapped to a vCPU and LPIs are enabled there;
 * - the GIC proper ({@link LpiPort}) arbitrates what is filed against SGIs, PPIs and SPIs, applies the group 1 enables,
 *   PMR and running priority, drives the vCPU's lines, and tells the LPI side when an LPI is acknowledged.
 *
 * Neither side allocates per interrupt, and both answer in place.
 */
import type { IrqResult, PlainData, ResetKind, U64, VcpuTopology, WireOrder } from "@trapline/core";

/** What the GIC offers the LPI side. Every method is O(1). */
export interface LpiPort {
  /** LPIs are INTIDs 8192 … 2^intidBits − 1. */
  readonly intidBits: number;
  readonly topology: VcpuTopology;
  readonly order: WireOrder;
  /**
   * Offers the LPI to `vcpu` at `priority`. An LPI is filed at one place: filing it again moves it. The vCPU's lines are
   * evaluated at the end of the outermost emission. INTIDs that are no LPIs and vCPUs that do not exist are ignored.
   * @param priority 0x00 … 0xFF; the implemented bits count (mask 0xF8)
   * @param last nothing else happens in the emission, so that its end may be now: a message was translated, say. False unless given.
   */
  file(intid: number, vcpu: number, priority: number, last?: boolean): void;
  /** Takes the LPI back; does nothing when it is not filed. */
  withdraw(intid: number): void;
  /** The vCPU it is filed at, or −1. */
  filedAt(intid: number): number;
}

/** What there is to tell about one LPI, for monitors and `explain`. */
export interface LpiState {
  /** Some ITS translates an event to it, or it was set directly. */
  readonly mapped: boolean;
  readonly pending: boolean;
  /** The enable bit of the cached configuration byte. */
  readonly enabled: boolean;
  /** Cached, masked to the implemented bits. */
  readonly priority: number;
  /** Where it goes, −1 when its collection has no vCPU. */
  readonly vcpu: number;
  /** GICR_CTLR.EnableLPIs of that vCPU. */
  readonly lpisEnabled: boolean;
}

/** What the GIC asks of the LPI side. Must not throw for anything a guest does. */
export interface LpiController {
  /** `intid` was acknowledged by `vcpu`: its latch is to be cleared. It is withdrawn already. */
  acknowledged(intid: number, vcpu: number): void;
  /** Without side effects. */
  peek(intid: number): LpiState | undefined;

  /** GICR_TYPER bits of the LPI side: PLPIS (0), DirectLPI (3), CommonLPIAff (25:24). */
  typer(vcpu: number): number;
  /** GICR_CTLR as a whole: EnableLPIs (0), CES (1), IR (2), RWP (3). */
  ctlr(vcpu: number): number;
  writeCtlr(vcpu: number, value: number): void;
  propbaser(vcpu: number): U64;
  writePropbaser(vcpu: number, value: U64): void;
  pendbaser(vcpu: number): U64;
  writePendbaser(vcpu: number, value: U64): void;
  /** The write-only registers, whole. Ignored where GICR_TYPER and GICR_CTLR do not announce them. */
  writeSetlpir(vcpu: number, value: U64): void;
  writeClrlpir(vcpu: number, value: U64): void;
  writeInvlpir(vcpu: number, value: U64): void;
  writeInvallr(vcpu: number, value: U64): void;

  /**
   * Writes what is pending into the pending tables of the redistributors whose LPIs are enabled; nothing else changes.
   * @returns false when one of the tables is not in RAM; the others are written
   */
  savePendingTables(): boolean;

  reset(kind: ResetKind): void;
  save(): PlainData;
  /** Checks what `save` gave, before anybody changes anything. @throws SnapshotError when it does not fit */
  check(state: PlainData): void;
  /** Takes what passed `check`. The GIC restores itself first and holds no LPI then: the LPI side files what is to be filed. */
  restore(state: PlainData): void;
}

/** Made once, when the GIC is composed; see `Vgic.attachLpis`. */
export type LpiControllerFactory = (port: LpiPort) => LpiController;

/** A range of doorbell addresses behind the chip's `msi$`: GITS_TRANSLATER, MSI_SETSPI_NS, GICD_SETSPI_NSR. See `Vgic.addMsiTarget`. */
export interface MsiTarget {
  /** Guest-physical. */
  readonly base: number;
  readonly size: number;
  /**
   * @param offset of the doorbell address from `base`
   * @param deviceId −1 when the sender has none
   * @returns as `Irqchip.msi$`
   */
  deliver(offset: number, data: number, deviceId: number): IrqResult;
}
