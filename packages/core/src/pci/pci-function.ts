/**
 * The contract of a PCI function: what a device says of itself (PCI Local Bus 3.0, chapter 6; PCI Express Base, 7.5). A host
 * bridge makes its configuration space of it, places its BARs on the bus, and gives back a {@link PciSlot}, with which the
 * function interrupts. Neither knows the other's kind.
 *
 * Everything but the hooks is read once, when the function is plugged. Not here: bridges, expansion ROMs, extended
 * capabilities, hot-plug. Cold.
 */
import type { BusDevice } from "../bus/bus-device.ts";
import type { RegisterSpec } from "../registers/register-spec.ts";

export interface PciFunction {
  /** Unique in its machine: "disk0". */
  readonly name: string;
  readonly ids: PciIds;
  readonly bars: readonly PciBar[];
  /** In the order of the list that software walks; MSI-X, MSI and PCI Express stand before them. */
  readonly capabilities?: readonly PciCapability[];
  readonly msix?: PciMsix;
  readonly msi?: PciMsi;
  readonly express?: PciExpress;
  /** INTA … INTD as 1 … 4. Left out by a function that never uses INTx. */
  readonly interruptPin?: 1 | 2 | 3 | 4;

  /**
   * A BAR now answers at `address` (of the memory-mapped bus or of the ports, by its space), or nowhere. Also called by a reset and a
   * restore. All BARs that leave a place are told before any that takes one, so doorbells can move with them.
   */
  barMoved?(bar: number, address: number | undefined): void;
  /** Software allowed or forbade memory accesses by the function; `PciSlot.busMaster` says the same. Not called by a reset or a restore. */
  busMasterChanged?(enabled: boolean): void;
  /** Function-level reset, where `express` offers it. Resets of the machine reach the plugin as everybody's. */
  reset?(): void;
}

/** The identification registers (PCI Local Bus 3.0, 6.2.1 and 6.2.4). */
export interface PciIds {
  /** 16 bits each. */
  readonly vendor: number;
  readonly device: number;
  /** 24 bits: base class, sub-class, programming interface; 0x02_00_00 is an Ethernet controller. */
  readonly classCode: number;
  /** 8 bits. Default 0. */
  readonly revision?: number;
  /** 16 bits each. Default: QEMU's, 0x1af4 and 0x1100. */
  readonly subsystemVendor?: number;
  readonly subsystem?: number;
}

/** A base address register, and who answers behind it (PCI Local Bus 3.0, 6.2.5.1). */
export interface PciBar {
  /** 0 … 5. One of 64 bits takes the next index too. */
  readonly index: number;
  readonly space: "memory" | "io";
  /** Memory only. Default 32. */
  readonly bits?: 32 | 64;
  /** Memory only. Default false. */
  readonly prefetchable?: boolean;
  /** Bytes, a power of two: memory 16 … 2^31 (2^48 with 64 bits), I/O 4 … 256. */
  readonly size: number;
  /**
   * Sees offsets from the start of the BAR. The structures of MSI-X are the host's: it never sees accesses to those, and where they are
   * all there is it is left out. Default: RAZ/WI.
   */
  readonly device?: BusDevice;
}

/** A capability in the first 256 bytes of configuration space (PCI Local Bus 3.0, 6.7). */
export interface PciCapability {
  /** 0x09 is vendor-specific. */
  readonly id: number;
  /** Bytes, id and next pointer included. Each begins at a multiple of 4; a function has 192 bytes for all of them. */
  readonly length: number;
  /**
   * The registers behind id and next pointer, at offsets from the start of the capability (2 and up). They may be accessed with 1, 2
   * or 4 bytes unless `widths` says otherwise. Hooks are handed nothing of use as their device: they keep their own.
   */
  readonly registers: readonly RegisterSpec<unknown>[];
}

/** MSI-X (PCI Local Bus 3.0, 6.8.2). Table and pending bits lie in a memory BAR and are the host's. */
export interface PciMsix {
  /** 1 … 2048. */
  readonly vectors: number;
  /** Index of the BAR. */
  readonly bar: number;
  /** Of the table, 16 bytes a vector; a multiple of 8. Default 0. */
  readonly tableOffset?: number;
  /** Of the pending bits, 8 bytes for 64 vectors; a multiple of 8. Default: half the BAR. */
  readonly pendingOffset?: number;
}

/** MSI with a 64-bit address (PCI Local Bus 3.0, 6.8.1). */
export interface PciMsi {
  readonly vectors: 1 | 2 | 4 | 8 | 16 | 32;
  /** Per-vector masking. Default true. */
  readonly maskable?: boolean;
}

/** The PCI Express capability of an endpoint without a link that software could see (PCI Express Base, 7.5.3). */
export interface PciExpress {
  /** A function on the root bus is a root-complex endpoint; the default. */
  readonly type?: "endpoint" | "legacy-endpoint" | "root-complex-endpoint";
  /** Default false. */
  readonly functionLevelReset?: boolean;
}
