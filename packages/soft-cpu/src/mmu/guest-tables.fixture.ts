/**
 * Memory and translation tables for tests: RAM, ROM and nothing elsewhere, behind the reserve that contexts need; and a builder
 * that maps addresses as a small operating system would.
 */
import { reserveBytes } from "../state/layout.ts";
import type { PhysicalMemory } from "./physical-memory.ts";
import type { Stage1Registers } from "./stage1-controls.ts";

export const RAM_BASE = 0x4000_0000;
export const RAM_BYTES = 0x10_0000;
export const ROM_BASE = 0x1000;
export const ROM_BYTES = 0x4000;

const RESERVE = Math.ceil(reserveBytes(1) / 0x1_0000) * 0x1_0000;

interface Region {
  readonly base: number;
  readonly size: number;
  readonly readOnly: boolean;
  readonly wasmOffset: number;
}

export class TestMemory implements PhysicalMemory {
  readonly buffer: ArrayBuffer;
  readonly view: DataView;
  private readonly regions: readonly Region[];

  /** @param reserve false for tests without contexts, which then need little memory */
  constructor(reserve = true) {
    const start = reserve ? RESERVE : 0;
    this.regions = [
      { base: RAM_BASE, size: RAM_BYTES, readOnly: false, wasmOffset: start },
      { base: ROM_BASE, size: ROM_BYTES, readOnly: true, wasmOffset: start + RAM_BYTES },
    ];
    this.buffer = new ArrayBuffer(start + RAM_BYTES + ROM_BYTES);
    this.view = new DataView(this.buffer);
  }

  regionAt(address: number, length = 1): Region | undefined {
    return this.regions.find(({ base, size }) => address >= base && address + length <= base + size);
  }

  wasmOffset(address: number, length = 1): number {
    const region = this.regionAt(address, length);
    return region === undefined ? -1 : region.wasmOffset + address - region.base;
  }

  read64(address: bigint): bigint | undefined {
    const at = this.wasmOffset(Number(address), 8);
    return at < 0 ? undefined : this.view.getBigUint64(at, true);
  }

  write64(address: number, value: bigint): void {
    this.view.setBigUint64(this.wasmOffset(address, 8), value, true);
  }
}

// Descriptor fields.
export const VALID = 1n;
export const TABLE = 3n;
export const PAGE = 3n;
export const BLOCK = 1n;
export const AF = 1n << 10n;
export const NG = 1n << 11n;
export const AP = (ap21: number): bigint => BigInt(ap21) << 6n;
export const PXN = 1n << 53n;
export const UXN = 1n << 54n;
export const CONTIGUOUS = 1n << 52n;
export const PXN_TABLE = 1n << 59n;
export const UXN_TABLE = 1n << 60n;
export const APTABLE = (bits: number): bigint => BigInt(bits) << 61n;
export const ATTR = (index: number): bigint => BigInt(index) << 2n;
export const SH = (sh: number): bigint => BigInt(sh) << 8n;

type TcrField = "t0sz" | "t1sz" | "epd0" | "epd1" | "tg0" | "tg1" | "a1" | "ips" | "as" | "tbi0" | "tbi1";

/** TCR_EL1; T0SZ and T1SZ are 16 unless said otherwise: both halves of 48 bits. */
export function tcr(fields: Partial<Record<TcrField, number>> = {}): bigint {
  const { t0sz = 16, t1sz = 16, epd0 = 0, epd1 = 0, tg0 = 0, tg1 = 2, a1 = 0, ips = 2, as = 1, tbi0 = 0, tbi1 = 0 } = fields;
  const low = t0sz + epd0 * 2 ** 7 + tg0 * 2 ** 14 + t1sz * 2 ** 16 + a1 * 2 ** 22 + epd1 * 2 ** 23 + tg1 * 2 ** 30;
  return BigInt(low) | (BigInt(ips) << 32n) | (BigInt(as) << 36n) | (BigInt(tbi0) << 37n) | (BigInt(tbi1) << 38n);
}

export interface Registers {
  readonly sctlr: bigint;
  readonly tcr: bigint;
  readonly ttbr0: bigint;
  readonly ttbr1: bigint;
  readonly mair: bigint;
}

export const SCTLR = { M: 1n, A: 2n, WXN: 1n << 19n };
/** Attr0 Normal write-back, Attr1 Device-nGnRE, Attr2 Non-cacheable, Attr3 and Attr4 reserved 0xf0 and 0x05, rest Device-nGnRnE. */
export const MAIR = 0x05_f0_44_04_ffn;

export const lo = (value: bigint): number => Number(value & 0xffff_ffffn);
export const hi = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn);

export function asWords({ sctlr, tcr: t, ttbr0, ttbr1, mair }: Registers): Stage1Registers {
  return {
    sctlr: lo(sctlr),
    tcrLo: lo(t), tcrHi: hi(t),
    ttbr0Lo: lo(ttbr0), ttbr0Hi: hi(ttbr0),
    ttbr1Lo: lo(ttbr1), ttbr1Hi: hi(ttbr1),
    mairLo: lo(mair), mairHi: hi(mair),
  };
}

/** Memory that holds tables. */
export interface TableMemory {
  read64(address: bigint): bigint | undefined;
  write64(address: number, value: bigint): void;
}

/** Hands out table pages from the start of RAM and links them. Tables begin at level 0 and cover 48 bits. */
export class TableBuilder {
  readonly memory: TableMemory;
  private next = RAM_BASE;

  constructor(memory: TableMemory) {
    this.memory = memory;
  }

  table(): number {
    const page = this.next;
    this.next += 0x1000;
    for (let at = page; at < this.next; at += 8) this.memory.write64(at, 0n);
    return page;
  }

  /** Address of the descriptor for `va` at `level`; tables on the way are made where they are missing. */
  entry(root: number, va: bigint, level: number, tableBits = 0n): number {
    let table = root;
    for (let l = 0; ; l++) {
      const at = table + 8 * Number((va >> BigInt(39 - 9 * l)) & 0x1ffn);
      if (l === level) return at;
      let descriptor = this.memory.read64(BigInt(at))!;
      if ((descriptor & 3n) !== TABLE) {
        descriptor = BigInt(this.table()) | TABLE | tableBits;
        this.memory.write64(at, descriptor);
      }
      table = Number(descriptor & 0xffff_ffff_f000n);
    }
  }

  /** Maps `va` at `level` by a whole descriptor, address included. */
  map(root: number, va: bigint, level: number, descriptor: bigint, tableBits = 0n): void {
    this.memory.write64(this.entry(root, va, level, tableBits), descriptor);
  }
}
