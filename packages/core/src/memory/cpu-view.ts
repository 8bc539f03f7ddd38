/**
 * What a vCPU's own accesses find in guest memory: every region, but those that a device has taken out of sight. Such a region's
 * addresses are the device's, as MMIO, until it shows the bytes again; a flash that answers a query is one
 * (docs/adr/0035-memory-that-is-a-device.md). The host and DMA see the bytes all the time.
 *
 * A backend keeps what it looked up here (translations, decoded instructions) until `changes$` names the region.
 * Hot: `wasmOffset`, on each TLB miss. Hiding and showing cost what the backend's owner of `changes$` costs.
 */
import { Wire, type WireEnd } from "../wire/wire.ts";
import type { WireEvent, WireOrder } from "../wire/wire-order.ts";
import type { MemoryRegion } from "./memory-region.ts";

/** A region went out of vCPUs' sight, or came back. */
export interface MemoryRemap extends WireEvent {
  readonly kind: "remap";
  readonly region: string;
  readonly address: number;
  readonly length: number;
  readonly visible: boolean;
}

/** What travels when a region goes out of vCPUs' sight (false) or comes back. */
export type RemapArgs = readonly [region: MemoryRegion, visible: boolean];

export class CpuView {
  /** Owned by the vCPU backend, if it keeps what it looked up. */
  readonly changes$: WireEnd<RemapArgs, void, MemoryRemap>;
  private readonly regionOf: (address: number, length: number) => MemoryRegion | undefined;
  private readonly changes: Wire<RemapArgs, void, MemoryRemap>;
  private readonly hidden = new Set<MemoryRegion>();

  /** @param regionOf the region that holds all of a range, in sight or not */
  constructor(order: WireOrder, regionOf: (address: number, length: number) => MemoryRegion | undefined) {
    this.regionOf = regionOf;
    this.changes = this.changes$ = new Wire<RemapArgs, void, MemoryRemap>(order, {
      name: "memory.remaps",
      unowned: undefined,
      describe: (seq, atNs, _answer, { name, base, size }, visible) => ({ seq, atNs, kind: "remap", region: name, address: base, length: size, visible }),
    });
  }

  /** The region that holds all `length` bytes and is in sight. */
  regionAt(address: number, length = 1): MemoryRegion | undefined {
    const region = this.regionOf(address, length);
    return this.hidden.size !== 0 && region !== undefined && this.hidden.has(region) ? undefined : region;
  }

  /** Offset of `address` in the WebAssembly.Memory, or −1 unless all `length` bytes lie in one region that is in sight. */
  wasmOffset(address: number, length = 1): number {
    const region = this.regionAt(address, length);
    return region === undefined ? -1 : region.wasmOffset + (address - region.base);
  }

  isVisible(region: MemoryRegion): boolean {
    return !this.hidden.has(region);
  }

  /** From the next instruction on, accesses to the region go to whoever claims its addresses on the bus. */
  hide(region: MemoryRegion): void {
    if (this.hidden.has(region)) return;
    this.hidden.add(region);
    this.changes.emit(region, false);
  }

  /** From the next instruction on, vCPUs read the bytes again (and write them, unless it is ROM). */
  show(region: MemoryRegion): void {
    if (this.hidden.delete(region)) this.changes.emit(region, true);
  }

  close(): void {
    this.changes.complete();
  }
}
