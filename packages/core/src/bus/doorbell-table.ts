/**
 * (address, width, value) → doorbell in constant time: an open-addressing hash over typed arrays (bench: ioeventfd/*).
 *
 * A doorbell is exact (address, width, value), a wildcard (address, width, any value) or width-less (address, any width,
 * any value). The three kinds are hashed with different widths and probed in that order; kinds nobody registered are
 * skipped, and a small filter by page answers most misses with one load. The value is part of the key, so a thousand
 * values on one address cost no more than one.
 *
 * Memory: at most 100 bytes of table per doorbell, besides a cold index by address. Hot: `find`.
 */
import { hi32, lo32, type U64 } from "../u64.ts";

/** What a doorbell insists on. Width 0 is any width, and then the value must be left out: nonsense cannot be written. */
export type DoorbellMatch =
  | { readonly address: number; readonly width: 0; readonly value?: never }
  | { readonly address: number; readonly width: 1 | 2 | 4 | 8; readonly value?: U64 };

const FILTER_PAGES = 4096;
/** Added to the width in the key of a doorbell that takes any value. */
const WILDCARD = 16;

export class DoorbellTable<D extends object> {
  private addressLo = new Uint32Array(16);
  private addressHi = new Uint32Array(16);
  private valueLo = new Uint32Array(16);
  private valueHi = new Uint32Array(16);
  /** Width, plus WILDCARD; 0xff where the slot is free. */
  private shape = new Uint8Array(16).fill(FREE);
  private entries: (D | undefined)[] = new Array<D | undefined>(16).fill(undefined);
  private mask = 15;
  private readonly pages = new Uint32Array(FILTER_PAGES);
  /** Cold: for the collision rule only. */
  private readonly byAddress = new Map<number, Map<D, DoorbellMatch>>();
  private exact = 0;
  private wildcards = 0;
  private widthless = 0;

  get size(): number {
    return this.exact + this.wildcards + this.widthless;
  }

  /** The doorbell that a write of `width` bytes rings, if any. At most one can match: see {@link conflict}. */
  find(address: number, width: number, value: U64): D | undefined {
    if (this.pages[pageOf(address)] === 0) return undefined;
    let slot = -1;
    if (this.exact !== 0) slot = this.slot(address, width, lo32(value), hi32(value));
    if (slot < 0 && this.wildcards !== 0) slot = this.slot(address, width + WILDCARD, 0, 0);
    if (slot < 0 && this.widthless !== 0) slot = this.slot(address, WILDCARD, 0, 0);
    return slot < 0 ? undefined : this.entries[slot];
  }

  /**
   * A registered doorbell that `match` collides with, by the rule of virt/kvm/eventfd.c (ioeventfd_check_collision): same
   * address, and either one without width, or the same width and either a wildcard or the same value.
   */
  conflict(match: DoorbellMatch): D | undefined {
    const { address, width } = match;
    let found = this.at(address, WILDCARD, 0, 0);
    if (width === 0) return found ?? this.anyAt(address);
    found ??= this.at(address, width + WILDCARD, 0, 0);
    if (found !== undefined) return found;
    return match.value === undefined ? this.anyAt(address, width) : this.at(address, width, lo32(match.value), hi32(match.value));
  }

  insert(match: DoorbellMatch, entry: D): void {
    if ((this.size + 1) * 2 > this.mask + 1) this.resize((this.mask + 1) * 2);
    this.place(match.address, shapeOf(match), lo32(match.value ?? 0), hi32(match.value ?? 0), entry);
    this.count(match, 1);
    const here = this.byAddress.get(match.address);
    if (here === undefined) this.byAddress.set(match.address, new Map([[entry, match]]));
    else here.set(entry, match);
  }

  remove(match: DoorbellMatch): void {
    const slot = this.slot(match.address, shapeOf(match), lo32(match.value ?? 0), hi32(match.value ?? 0));
    if (slot < 0) return;
    const here = this.byAddress.get(match.address)!;
    here.delete(this.entries[slot]!);
    if (here.size === 0) this.byAddress.delete(match.address);
    this.vacate(slot);
    this.count(match, -1);
  }

  private count(match: DoorbellMatch, by: 1 | -1): void {
    if (match.width === 0) this.widthless += by;
    else if (match.value === undefined) this.wildcards += by;
    else this.exact += by;
    const page = pageOf(match.address);
    this.pages[page] = this.pages[page]! + by;
  }

  private at(address: number, shape: number, lo: number, hi: number): D | undefined {
    const slot = this.slot(address, shape, lo, hi);
    return slot < 0 ? undefined : this.entries[slot];
  }

  /** Any doorbell at the address (and of that width). */
  private anyAt(address: number, width?: number): D | undefined {
    for (const [entry, match] of this.byAddress.get(address) ?? []) {
      if (width === undefined || match.width === width) return entry;
    }
    return undefined;
  }

  private slot(address: number, shape: number, lo: number, hi: number): number {
    const addressLo = address >>> 0;
    const addressHi = (address / 0x1_0000_0000) | 0;
    for (let slot = hash(addressLo, addressHi, shape, lo, hi) & this.mask; ; slot = (slot + 1) & this.mask) {
      const there = this.shape[slot]!;
      if (there === FREE) return -1;
      if (
        there === shape &&
        this.addressLo[slot] === addressLo &&
        this.valueLo[slot] === lo &&
        this.valueHi[slot] === hi &&
        this.addressHi[slot] === addressHi
      ) {
        return slot;
      }
    }
  }

  private place(address: number, shape: number, lo: number, hi: number, entry: D): void {
    const addressLo = address >>> 0;
    const addressHi = (address / 0x1_0000_0000) | 0;
    let slot = hash(addressLo, addressHi, shape, lo, hi) & this.mask;
    while (this.shape[slot] !== FREE) slot = (slot + 1) & this.mask;
    this.addressLo[slot] = addressLo;
    this.addressHi[slot] = addressHi;
    this.valueLo[slot] = lo;
    this.valueHi[slot] = hi;
    this.shape[slot] = shape;
    this.entries[slot] = entry;
  }

  /** Frees a slot and moves back what had been pushed past it, so that no tombstones build up over a machine's life. */
  private vacate(hole: number): void {
    for (let slot = (hole + 1) & this.mask; this.shape[slot] !== FREE; slot = (slot + 1) & this.mask) {
      const home =
        hash(this.addressLo[slot]!, this.addressHi[slot]!, this.shape[slot]!, this.valueLo[slot]!, this.valueHi[slot]!) & this.mask;
      if (((slot - home) & this.mask) < ((slot - hole) & this.mask)) continue;
      this.copy(slot, hole);
      hole = slot;
    }
    this.shape[hole] = FREE;
    this.entries[hole] = undefined;
  }

  private copy(from: number, to: number): void {
    this.addressLo[to] = this.addressLo[from]!;
    this.addressHi[to] = this.addressHi[from]!;
    this.valueLo[to] = this.valueLo[from]!;
    this.valueHi[to] = this.valueHi[from]!;
    this.shape[to] = this.shape[from]!;
    this.entries[to] = this.entries[from];
  }

  private resize(capacity: number): void {
    const { addressLo, addressHi, valueLo, valueHi, shape, entries } = this;
    this.addressLo = new Uint32Array(capacity);
    this.addressHi = new Uint32Array(capacity);
    this.valueLo = new Uint32Array(capacity);
    this.valueHi = new Uint32Array(capacity);
    this.shape = new Uint8Array(capacity).fill(FREE);
    this.entries = new Array<D | undefined>(capacity).fill(undefined);
    this.mask = capacity - 1;
    for (let slot = 0; slot < shape.length; slot++) {
      if (shape[slot] === FREE) continue;
      const address = addressHi[slot]! * 0x1_0000_0000 + addressLo[slot]!;
      this.place(address, shape[slot]!, valueLo[slot]!, valueHi[slot]!, entries[slot]!);
    }
  }
}

const FREE = 0xff;

function shapeOf(match: DoorbellMatch): number {
  return match.value === undefined ? match.width + WILDCARD : match.width;
}

function pageOf(address: number): number {
  return ((address / 4096) | 0) & (FILTER_PAGES - 1);
}

/** Multiplicative mixing: doorbells are often laid out with a fixed stride, which plain masking would pile up. */
function hash(addressLo: number, addressHi: number, shape: number, lo: number, hi: number): number {
  let h = Math.imul(addressLo ^ Math.imul(lo, 0x9e37_79b1), 0x85eb_ca6b) ^ Math.imul(addressHi ^ hi, 0xc2b2_ae35) ^ shape;
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b_3c6d);
  return h ^ (h >>> 13);
}
