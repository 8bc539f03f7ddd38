/**
 * Guest RAM and ROM: regions of guest-physical addresses on one WebAssembly.Memory, the one the soft CPU runs on.
 *
 * Everything is little-endian. A bound exceeded is a value (`undefined`, `false`), never an exception: addresses come from
 * guests. An access must lie in one region; it never spans two, even adjacent ones. Writes through this class are DMA:
 * `overwrites$` tells the CPU which bytes changed under it, so that it can drop code it decoded there.
 *
 * Memory: the sum of the regions rounded up to 64 KiB each, plus the reserve; the host commits pages as they are touched.
 */
import { checkRange, formatRange, overlaps } from "../bus/address-range.ts";
import type { BusDevice, Width } from "../bus/bus-device.ts";
import { EXTERNAL_ABORT } from "../bus/bus-device.ts";
import { ConfigError, HostError } from "../errors.ts";
import { hi32, lo32, type U64, u64 } from "../u64.ts";
import { Wire, type WireEnd } from "../wire/wire.ts";
import type { WireEvent, WireOrder } from "../wire/wire-order.ts";
import { CpuView } from "./cpu-view.ts";
import type { MemoryRegion, MemoryRegionConfig } from "./memory-region.ts";
import { createWasmMemory, type WasmMemory } from "./wasm-memory.ts";

/** One memory32 holds no more (64 KiB pages). */
export const MAX_MEMORY_BYTES = 0x1_0000_0000;
const WASM_PAGE = 0x1_0000;

/** The host or a device wrote guest memory. */
export interface MemoryOverwrite extends WireEvent {
  readonly kind: "overwrite";
  readonly address: number;
  readonly length: number;
}

/** What else lies in the memory of the guest. */
export interface GuestMemoryOptions {
  /** Bytes at the start of the WebAssembly.Memory that the vCPU backend keeps for itself. Default 0. */
  readonly reserveBytes?: number;
}

export class GuestMemory {
  readonly wasm: WasmMemory;
  readonly regions: readonly MemoryRegion[];
  /** Owned by the vCPU backend, if it caches what it decoded. */
  readonly overwrites$: WireEnd<readonly [address: number, length: number], void, MemoryOverwrite>;
  /** What vCPUs see of it. */
  readonly cpuView: CpuView;

  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private hostWroteRam = false;
  private readonly overwrites: Wire<readonly [address: number, length: number], void, MemoryOverwrite>;

  /**
   * @throws ConfigError for regions that overlap or share a name, or more than 4 GiB in all
   * @throws HostError when the host has not that much memory
   */
  constructor(order: WireOrder, regions: readonly MemoryRegionConfig[], options: GuestMemoryOptions = {}) {
    const { reserveBytes = 0 } = options;
    this.regions = layOut(regions, reserveBytes);
    const last = this.regions.at(-1);
    const end = last === undefined ? roundUp(reserveBytes) : last.wasmOffset + roundUp(last.size);
    const pages = Math.max(1, end / WASM_PAGE);
    this.wasm = allocate(pages);
    this.bytes = new Uint8Array(this.wasm.buffer);
    this.view = new DataView(this.wasm.buffer);
    this.overwrites = this.overwrites$ = new Wire<readonly [address: number, length: number], void, MemoryOverwrite>(order, {
      name: "memory.overwrites",
      unowned: undefined,
      describe: (seq, atNs, _answer, address, length) => ({ seq, atNs, kind: "overwrite", address, length }),
    });
    this.cpuView = new CpuView(order, (address, length) => this.regionAt(address, length));
  }

  /** Offset of `address` in the WebAssembly.Memory, or −1 unless all `length` bytes lie in one region. */
  wasmOffset(address: number, length = 1): number {
    const region = this.regionAt(address, length);
    return region === undefined ? -1 : region.wasmOffset + (address - region.base);
  }

  regionAt(address: number, length = 1): MemoryRegion | undefined {
    for (const region of this.regions) {
      const offset = address - region.base;
      if (offset >= 0 && length >= 0 && offset + length <= region.size) return region;
    }
    return undefined;
  }

  /** Any alignment. Undefined out of bounds. */
  read(address: number, width: Width): U64 | undefined {
    const at = this.wasmOffset(address, width);
    if (at < 0) return undefined;
    switch (width) {
      case 1:
        return this.view.getUint8(at);
      case 2:
        return this.view.getUint16(at, true);
      case 4:
        return this.view.getUint32(at, true);
      case 8:
        return u64(this.view.getUint32(at + 4, true), this.view.getUint32(at, true));
    }
  }

  /** DMA. Any alignment; ROM too. False out of bounds, and then nothing was written. */
  write(address: number, width: Width, value: U64): boolean {
    if (!this.store(address, width, value)) return false;
    this.overwrites.emit(address, width);
    return true;
  }

  /** A vCPU's own store, of which it need not be told; otherwise as `write`. */
  store(address: number, width: Width, value: U64): boolean {
    const at = this.offsetForWriting(address, width);
    if (at < 0) return false;
    switch (width) {
      case 1:
        this.view.setUint8(at, lo32(value));
        break;
      case 2:
        this.view.setUint16(at, lo32(value), true);
        break;
      case 4:
        this.view.setUint32(at, lo32(value), true);
        break;
      case 8:
        this.view.setUint32(at, lo32(value), true);
        this.view.setUint32(at + 4, hi32(value), true);
    }
    return true;
  }

  /** A copy of `length` bytes. Undefined out of bounds. */
  copyOut(address: number, length: number): Uint8Array | undefined {
    return this.window(address, length)?.slice();
  }

  /** Writes all of `bytes`. False out of bounds, and then nothing was written. */
  copyIn(address: number, bytes: Uint8Array): boolean {
    const at = this.offsetForWriting(address, bytes.length);
    if (at < 0) return false;
    this.bytes.set(bytes, at);
    if (bytes.length > 0) this.overwrites.emit(address, bytes.length);
    return true;
  }

  /** The bytes themselves, without a copy, for reading. Who writes through it calls {@link overwritten}. Undefined out of bounds. */
  window(address: number, length: number): Uint8Array | undefined {
    const at = this.wasmOffset(address, length);
    return at < 0 ? undefined : this.bytes.subarray(at, at + length);
  }

  /** Tells the CPU that bytes changed through a {@link window}. */
  overwritten(address: number, length: number): void {
    this.offsetForWriting(address, length);
    this.overwrites.emit(address, length);
  }

  /** Somebody but a vCPU has written RAM since it was made: until then, and until a vCPU runs, all of it is zero. */
  get ramWritten(): boolean {
    return this.hostWroteRam;
  }

  /** Zeroes every region, ROM included. */
  clear(): void {
    for (const region of this.regions) this.zero(region);
  }

  /** Power-on: RAM forgets, ROM keeps what was put there. */
  clearRam(): void {
    for (const region of this.regions) if (!region.readOnly) this.zero(region);
  }

  /** A region as the bus sees it: what a vCPU without a view of RAM of its own, or a host access, goes through. */
  device(region: MemoryRegion): BusDevice {
    const read = (offset: number, width: Width): U64 => this.read(region.base + offset, width) ?? EXTERNAL_ABORT;
    return {
      read,
      write: (offset, width, value) => {
        if (!region.readOnly) this.write(region.base + offset, width, value);
      },
      peek: read,
    };
  }

  close(): void {
    this.overwrites.complete();
    this.cpuView.close();
  }

  private offsetForWriting(address: number, length: number): number {
    const region = this.regionAt(address, length);
    if (region === undefined) return -1;
    if (!region.readOnly) this.hostWroteRam = true;
    return region.wasmOffset + (address - region.base);
  }

  private zero({ base, size, wasmOffset }: MemoryRegion): void {
    this.bytes.fill(0, wasmOffset, wasmOffset + size);
    this.overwrites.emit(base, size);
  }
}

function layOut(configs: readonly MemoryRegionConfig[], reserveBytes: number): MemoryRegion[] {
  let next = roundUp(reserveBytes);
  const regions: MemoryRegion[] = [];
  for (const [index, { base, size, name = index === 0 ? "ram" : `ram${index}`, readOnly = false }] of configs.entries()) {
    checkRange({ base, size }, name);
    const region = { name, base, size, readOnly, wasmOffset: next };
    const other = regions.find((r) => overlaps(r, region));
    if (other !== undefined) {
      throw new ConfigError(`memory ${name} at ${formatRange(region)} overlaps memory ${other.name} at ${formatRange(other)}`, {
        subject: name,
        other: other.name,
        remedy: "move or shrink one of the two",
      });
    }
    if (regions.some((r) => r.name === name)) {
      throw new ConfigError(`two memory regions are named ${name}`, { subject: name, value: name, remedy: "give each a name of its own" });
    }
    next += roundUp(size);
    regions.push(region);
  }
  if (next > MAX_MEMORY_BYTES) {
    throw new ConfigError(`the machine's memory needs ${next} bytes in all`, {
      subject: "memory",
      value: next,
      limit: MAX_MEMORY_BYTES,
      remedy: "give it at most 4 GiB, the backend's reserve included",
    });
  }
  return regions;
}

function allocate(pages: number): WasmMemory {
  try {
    return createWasmMemory(pages);
  } catch (cause) {
    throw new HostError(`the host has no ${pages * WASM_PAGE} bytes for guest memory`, {
      subject: "memory",
      value: pages * WASM_PAGE,
      remedy: "give the machine less memory",
      cause,
    });
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / WASM_PAGE) * WASM_PAGE;
}
