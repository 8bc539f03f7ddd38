/**
 * The contract of a PCI host bridge: where a {@link PciFunction} is plugged, and what it gets back.
 *
 * A plugin that has a function finds its host with `findPciHost` and plugs it while it is made; where it then is, is known once
 * the host has attached. Configuration space, MSI-X table and the level of INTx are the host's to reset, save and restore.
 */
import type { LevelLine } from "../irq/irq-line.ts";
import type { PciFunction } from "./pci-function.ts";

export interface PciHost {
  /** Unique in its machine: "pcie". */
  readonly name: string;
  /**
   * Puts a function on the root bus. Whoever names a device number gets it; the others get the free ones, in the order in which they
   * were plugged, when the host attaches. After that numbers are given out at once.
   * @throws ConfigError for a function that cannot be, and for a place that is taken or does not exist, naming both functions
   */
  plug(pciFunction: PciFunction, place?: PciPlace): PciSlot;
}

/** Where on bus 0 a function is plugged in. */
export interface PciPlace {
  /** Device number, 0 … 31. Default: the next free one from 1 on. */
  readonly device?: number;
  /** Function number, 0 … 7. Default 0. Others need a device number, and a function 0 beside them. */
  readonly function?: number;
}

/** Which interrupts software has chosen. */
export type PciInterrupts = "intx" | "msi" | "msix";

/** What a plugged function holds. */
export interface PciSlot {
  /** bus << 8 | device << 3 | function: its name in memory accesses and messages. −1 until the host has attached. */
  readonly requesterId: number;
  /** Memory accesses by the function are allowed (Command, bit 2). A function leaves guest memory alone while they are not. */
  readonly busMaster: boolean;
  readonly interrupts: PciInterrupts;
  /** The level of its interrupt pin. The host keeps it from the wire while software has forbidden INTx or chosen messages. */
  readonly intx: LevelLine;
  /** One for each MSI-X vector or, in a function without MSI-X, each MSI vector. */
  readonly vectors: readonly PciVector[];
}

/** A message of a function. */
export interface PciVector {
  readonly index: number;
  /** It waits: masked, or its function may not access memory. */
  readonly pending: boolean;
  /**
   * Sends it; where it is masked or the function may not access memory, it waits until that changes. Nothing happens while software
   * has chosen INTx. With fewer MSI vectors than the function has, several share one.
   */
  signal(): void;
  /** The cause is gone: what waits is forgotten. */
  cancel(): void;
}
