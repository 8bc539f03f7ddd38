/**
 * Loads and stores that generated code cannot do by itself: the page is not in the context, it holds decoded instructions, a
 * device is behind it, the access lies in two pages, or it faults. Gives the host address to go on with, or −1 when the
 * instruction is over. Hot for devices.
 *
 * What is no plain memory travels through SCRATCH: bytes read are put there before the load, bytes stored are taken from there
 * by `commit` after the store. An access is answered by the bus element by element; 16-byte elements as two of 8.
 */
import { EXTERNAL_ABORT, lo32, hi32, type U64, u64 } from "@trapline/core";
import type { DecodedPages } from "../engine/decoded-pages.ts";
import { ACCESS_PROBE, ACCESS_WRITE, ACCESS_ZERO, elementOf } from "../ir/stmt.ts";
import { CODE, DEVICE, MMIO, ROM, WATCHED } from "../mmu/entry-flags.ts";
import { FSC_ALIGNMENT, FSC_SYNC_EXTERNAL, NO_FAULT } from "../mmu/fault-status.ts";
import type { Mmu } from "../mmu/mmu.ts";
import type { CpuState } from "../state/cpu-state.ts";
import { ACCESS_VA, DIVERTED, SCRATCH } from "../state/layout.ts";

const PAGE = 4096;

/** What a cluster does for its accesses. */
export interface AccessOwner {
  /** An exit to the machine; the answer of the bus. */
  readBus(address: number, width: number): U64;
  writeBus(address: number, width: number, value: U64): U64;
  /** Takes the Data Abort. */
  abort(faultStatus: number, vaHi: number, vaLo: number, access: number): void;
  /** Takes the watchpoint's exception if one matches. */
  watched(vaHi: number, vaLo: number, access: number): boolean;
}

/** A part of an access that lies in one page. */
interface Part {
  bytes: number;
  /** In the WebAssembly memory, or −1. */
  host: number;
  /** Guest-physical address. */
  physical: number;
}

export class AccessPath {
  private readonly state: CpuState;
  private readonly mmu: Mmu;
  private readonly pages: DecodedPages;
  private readonly owner: AccessOwner;
  /** The store that `commit` is to complete: one part, or two for two pages. */
  private readonly parts: readonly [Part, Part] = [
    { bytes: 0, host: -1, physical: 0 },
    { bytes: 0, host: -1, physical: 0 },
  ];
  private partCount = 0;
  private element = 1;
  /** The access that is in SCRATCH, for an abort that comes with its commit. */
  private scratchAccess = 0;
  private vaHi = 0;
  private vaLo = 0;

  constructor(state: CpuState, mmu: Mmu, pages: DecodedPages, owner: AccessOwner) {
    this.state = state;
    this.mmu = mmu;
    this.pages = pages;
    this.owner = owner;
  }

  /** @param access see ir/stmt.ts; the address is in ACCESS_VA */
  resolve(access: number): number {
    const { state, mmu } = this;
    const vaLo = state.i32[ACCESS_VA >> 2]!;
    const vaHi = state.i32[(ACCESS_VA >> 2) + 1]!;
    const bytes = access & 0xff;
    if ((vaLo & (PAGE - 1)) + bytes > PAGE) return this.resolveTwoPages(vaHi, vaLo, access);
    const fault = mmu.translateData(vaHi, vaLo, access);
    if (fault !== NO_FAULT) return this.fault(fault, vaHi, vaLo, access);
    const { flags } = mmu;
    if ((access & ACCESS_ZERO) !== 0 && (flags & DEVICE) !== 0) return this.fault(FSC_ALIGNMENT, vaHi, vaLo, access);
    if ((flags & (MMIO | WATCHED | CODE | ROM)) === 0) return mmu.wasmAddress(vaLo);
    if ((flags & WATCHED) !== 0) {
      if ((access & ACCESS_PROBE) !== 0) return -1;
      if (this.owner.watched(vaHi, vaLo, access)) return -1;
    }
    const write = (access & ACCESS_WRITE) !== 0;
    if ((flags & MMIO) !== 0 || (write && (flags & ROM) !== 0)) {
      if ((access & ACCESS_PROBE) !== 0) return -1;
      return this.throughBus(vaHi, vaLo, access, mmu.physicalAddress(vaLo));
    }
    if (write && (flags & CODE) !== 0) {
      const physical = mmu.physicalAddress(vaLo);
      const [page, offset] = [Math.floor(physical / PAGE), vaLo & (PAGE - 1)];
      if (this.pages.isDecoded(page, offset, bytes)) {
        // Compiled code of that page may be running: the interpreter does it.
        if ((access & ACCESS_PROBE) !== 0) return -1;
        this.pages.overwritten(page, offset, bytes);
      }
    }
    return mmu.wasmAddress(vaLo);
  }

  /** The bytes of a store are in SCRATCH: puts them where they belong. */
  commit(): void {
    let at = SCRATCH;
    for (let index = 0; index < this.partCount; index++) {
      const { bytes, host, physical } = this.parts[index as 0 | 1];
      if (host >= 0) {
        const page = Math.floor(physical / PAGE);
        this.pages.overwritten(page, physical % PAGE, bytes);
        this.state.bytes.copyWithin(host, at, at + bytes);
      } else if (!this.writeDevice(physical, bytes, at)) {
        this.owner.abort(FSC_SYNC_EXTERNAL, this.vaHi, this.vaLo, this.scratchAccess);
        return;
      }
      if (this.state.i32[DIVERTED >> 2] !== 0) return;
      at += bytes;
    }
  }

  private fault(fault: number, vaHi: number, vaLo: number, access: number): number {
    if ((access & ACCESS_PROBE) === 0) this.owner.abort(fault, vaHi, vaLo, access);
    return -1;
  }

  private throughBus(vaHi: number, vaLo: number, access: number, physical: number): number {
    const bytes = access & 0xff;
    if ((access & ACCESS_WRITE) === 0 && bytes <= 8 && bytes === elementOf(access) && (physical & (bytes - 1)) === 0) {
      return this.readElement(vaHi, vaLo, access, physical, bytes);
    }
    this.begin(vaHi, vaLo, access);
    this.addPart(access & 0xff, -1, physical);
    return (access & ACCESS_WRITE) !== 0 ? SCRATCH : this.readParts();
  }

  /** One aligned element, which is what drivers read. */
  private readElement(vaHi: number, vaLo: number, access: number, physical: number, bytes: number): number {
    const { state, owner } = this;
    const value = owner.readBus(physical, bytes);
    if (state.i32[DIVERTED >> 2] !== 0) return -1;
    if (value === EXTERNAL_ABORT) return this.fault(FSC_SYNC_EXTERNAL, vaHi, vaLo, access);
    if (typeof value === "bigint") {
      state.u64[SCRATCH >> 3] = value;
    } else {
      state.u32[SCRATCH >> 2] = value;
      state.u32[(SCRATCH >> 2) + 1] = value / 0x1_0000_0000;
    }
    return SCRATCH;
  }

  private begin(vaHi: number, vaLo: number, access: number): void {
    this.partCount = 0;
    this.element = elementOf(access);
    this.scratchAccess = access;
    this.vaHi = vaHi;
    this.vaLo = vaLo;
  }

  private addPart(bytes: number, host: number, physical: number): void {
    const part = this.parts[this.partCount++ as 0 | 1];
    part.bytes = bytes;
    part.host = host;
    part.physical = physical;
  }

  private resolveTwoPages(vaHi: number, vaLo: number, access: number): number {
    if ((access & ACCESS_PROBE) !== 0) return -1;
    const { mmu, owner } = this;
    const first = PAGE - (vaLo & (PAGE - 1));
    const nextLo = (vaLo + first) | 0;
    const nextHi = nextLo === 0 ? (vaHi + 1) | 0 : vaHi;
    let isWatched = false;
    this.begin(vaHi, vaLo, access);
    for (let part = 0; part < 2; part++) {
      const hi = part === 0 ? vaHi : nextHi;
      const lo = part === 0 ? vaLo : nextLo;
      const bytes = part === 0 ? first : (access & 0xff) - first;
      const fault = mmu.translateData(hi, lo, access);
      if (fault !== NO_FAULT) return this.fault(fault, hi, lo, access);
      const device = (mmu.flags & MMIO) !== 0 || ((access & ACCESS_WRITE) !== 0 && (mmu.flags & ROM) !== 0);
      this.addPart(bytes, device ? -1 : mmu.wasmAddress(lo), mmu.physicalAddress(lo));
      isWatched ||= (mmu.flags & WATCHED) !== 0;
    }
    if (isWatched && owner.watched(vaHi, vaLo, access)) return -1;
    return (access & ACCESS_WRITE) !== 0 ? SCRATCH : this.readParts();
  }

  /** Fills SCRATCH. −1 when an element was aborted or the machine moved us away. */
  private readParts(): number {
    let at = SCRATCH;
    for (let index = 0; index < this.partCount; index++) {
      const { bytes, host, physical } = this.parts[index as 0 | 1];
      if (host >= 0) this.state.bytes.copyWithin(at, host, host + bytes);
      else if (!this.readDevice(physical, bytes, at)) {
        if (this.state.i32[DIVERTED >> 2] === 0) this.owner.abort(FSC_SYNC_EXTERNAL, this.vaHi, this.vaLo, this.scratchAccess);
        return -1;
      }
      at += bytes;
    }
    return SCRATCH;
  }

  /** Bus accesses of the widths that there are: elements, cut to what is left where a page ends inside one. */
  private widthAt(physical: number, left: number): number {
    let width = Math.min(this.element, 8);
    while (width > left || (physical & (width - 1)) !== 0) width >>= 1;
    return width;
  }

  private readDevice(physical: number, bytes: number, at: number): boolean {
    const { state, owner } = this;
    for (let done = 0; done < bytes; ) {
      const width = this.widthAt(physical + done, bytes - done);
      const value = owner.readBus(physical + done, width);
      if (value === EXTERNAL_ABORT || state.i32[DIVERTED >> 2] !== 0) return false;
      const low = lo32(value);
      if (width === 8) {
        const high = hi32(value);
        for (let byte = 0; byte < 4; byte++) state.bytes[at + done + 4 + byte] = high >>> (8 * byte);
      }
      for (let byte = 0; byte < Math.min(width, 4); byte++) state.bytes[at + done + byte] = low >>> (8 * byte);
      done += width;
    }
    return true;
  }

  private writeDevice(physical: number, bytes: number, at: number): boolean {
    const { state, owner } = this;
    for (let done = 0; done < bytes; ) {
      const width = this.widthAt(physical + done, bytes - done);
      const low = wordAt(state.bytes, at + done, Math.min(width, 4));
      const value = width === 8 ? u64(wordAt(state.bytes, at + done + 4, 4), low) : low;
      if (owner.writeBus(physical + done, width, value) === EXTERNAL_ABORT) return false;
      if (state.i32[DIVERTED >> 2] !== 0) return true;
      done += width;
    }
    return true;
  }
}

function wordAt(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let byte = count - 1; byte >= 0; byte--) value = (value << 8) | bytes[from + byte]!;
  return value >>> 0;
}
