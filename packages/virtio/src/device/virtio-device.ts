/**
 * The contract between a virtio device and its transport (Virtual I/O Device 1.2, chapter 2). A device says what it is and
 * serves its queues; a transport (mmio, pci) gives it registers, doorbells and interrupts. Neither knows the other's kind.
 *
 * A driver is a guest: whatever it puts into queues or registers is answered by `fail` (DEVICE_NEEDS_RESET), never by an exception.
 */
import type { PlainData, Width } from "@trapline/core";
import type { Virtqueue } from "../queue/virtqueue.ts";

export interface VirtioDevice {
  /** Unique in its machine: "disk0". */
  readonly name: string;
  /** Device type (chapter 5): 1 network, 2 block, 3 console, 4 entropy. */
  readonly type: number;
  /** Device-specific features it offers (bits 0 … 23 and from 50 on). Those of rings and transport (24 … 49) are the transport's to add. */
  readonly features: bigint;
  /** Largest size of each queue: powers of two, 1 … 32768. The length is the number of queues. */
  readonly queueSizes: readonly number[];
  /** Device configuration space; size 0 where it has none. */
  readonly config: VirtioConfigSpace;

  /**
   * Why the driver may not have exactly these features (a bit without one that it needs: 5.1.3.1): FEATURES_OK is then refused.
   * Left out by devices whose features do not depend on each other.
   */
  refuseFeatures?(features: bigint): string | undefined;
  /** DRIVER_OK: queues may be used from now on, until `reset`. `host` stays the same object for the life of the device. */
  start(host: VirtioHost): void;
  /**
   * The driver made buffers available in queue `index`. Called only between `start` and `reset`; may come without there being any.
   * An honest driver has at most `queue.size` chains there. One that lays its buffers over its available ring could let whatever
   * the device writes make the next chain available, without end: a device that writes what the guest chose serves no more at a call.
   */
  notify(index: number): void;
  /** Back to what it was before the driver came. Requests in flight end without a trace. What a backend holds (the disk) stays. */
  reset(): void;
  /** Finishes host I/O in flight, so that `save` finds nothing half done. */
  quiesce?(): void | Promise<void>;
  /** What it knows beyond its queues (the transport saves those), as plain data. */
  save(): PlainData;
  /**
   * Takes what `save` gave; `host` where the driver had said DRIVER_OK. Guest memory is filled after devices are restored: ask
   * `host` for chains in flight with `resume`, but neither pop nor look into a chain before the next call from outside.
   * @throws SnapshotError when it does not fit, with nothing changed.
   */
  restore(state: PlainData, host: VirtioHost | undefined): void;
}

/** Little-endian for modern drivers; `VirtioHost.legacy` is the same on our little-endian guests. Widths 1, 2, 4 and 8; bytes past the end read 0. */
export interface VirtioConfigSpace {
  /** Bytes. */
  readonly size: number;
  read(offset: number, width: Width): number | bigint;
  write(offset: number, width: Width, value: number | bigint): void;
}

/** What a started device sees of its transport. */
export interface VirtioHost {
  /** Negotiated with the driver; all bits, those of rings and transport too. */
  readonly features: bigint;
  /** The driver speaks the interface from before 1.0 (no VIRTIO_F_VERSION_1): some devices lay out their headers otherwise. */
  readonly legacy: boolean;
  /** @throws RangeError for a queue that the device does not have */
  queue(index: number): Virtqueue;
  /** The configuration space changed by itself: tells the driver. */
  configChanged(): void;
  /** The driver broke the rules: DEVICE_NEEDS_RESET, no queue gives anything until it resets. `reason` is for the trace and the host's log. */
  fail(reason: string): void;
}
