/** What taps of a bus see. */
import type { U64 } from "../u64.ts";
import type { WireEvent } from "../wire/wire-order.ts";
import type { Width } from "./bus-device.ts";

/** Which address space: memory-mapped, or the port space of PCI host bridges and x86-like guests. */
export type BusSpace = "mmio" | "pio";

/** One read or write that a claimed range answered. */
export interface BusAccess extends WireEvent {
  readonly kind: "access";
  readonly bus: BusSpace;
  /** Who claimed the range. */
  readonly device: string;
  readonly address: number;
  readonly offset: number;
  readonly width: Width;
  readonly direction: "read" | "write";
  /** The value read or written. Absent when the device aborted a read. */
  readonly value?: U64;
  /** The manual's name of the register, where the device can tell. */
  readonly register?: string;
  /** True when the device answered with an external abort. */
  readonly aborted?: true;
  /** The vCPU, or −1 for the host. */
  readonly vcpu: number;
}

/** An access that no claimed range covers whole. */
export interface UnclaimedAccess extends WireEvent {
  readonly kind: "unclaimed";
  readonly bus: BusSpace;
  readonly address: number;
  readonly width: Width;
  readonly direction: "read" | "write";
  /** The value written, or the answer given for a read (0 under `raz-wi`). Absent when a read was aborted. */
  readonly value?: U64;
  /** What the policy made of it. */
  readonly answer: "raz-wi" | "external-abort";
  /** The claimed range it starts or ends in, when it crosses a border. */
  readonly crosses?: string;
  readonly vcpu: number;
}

/** A write that a doorbell matched; it stopped there. */
export interface DoorbellHit extends WireEvent {
  readonly kind: "doorbell";
  readonly bus: BusSpace;
  readonly doorbell: string;
  readonly address: number;
  readonly width: Width;
  readonly value: U64;
  readonly vcpu: number;
}
