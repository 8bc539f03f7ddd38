/**
 * GITS_BASER<n> and the table behind it (Arm IHI 0069, "GITS_BASER<n>"; gic.md C.2): where the entry of one id lies.
 *
 * Flat or two-level, 64 KiB pages and 8-byte entries only, as KVM has it, so that saved tables are exchangeable with it. A
 * guest may point a table anywhere and scribble on level 1: every address is checked before use and the answer is then
 * "no such entry". Entries are written and read by save-tables.ts and restore-tables.ts; live translation never reads them.
 */
import { type GuestMemory, hi32, lo32, type U64, u64 } from "@trapline/core";
import { isValid } from "../u64-fields.ts";

/** Bytes of a device, collection or interrupt translation entry, and of a level-1 entry. */
export const ENTRY_BYTES = 8;
export const TABLE_PAGE_BYTES = 0x1_0000;
/** Entries of one page: a level-1 entry leads to as many. */
export const ENTRIES_PER_PAGE: number = TABLE_PAGE_BYTES / ENTRY_BYTES;
/** No such entry: the id is beyond the table, or the table is not in RAM. */
export const NO_ENTRY = -1;

/** GITS_BASER.Type. */
export const DEVICE_TABLE = 1;
export const COLLECTION_TABLE = 4;
export type TableType = typeof DEVICE_TABLE | typeof COLLECTION_TABLE;

const INDIRECT_HI = 0x4000_0000;
const PAGE_SIZE_64K = 2 << 8;

export class ItsTable {
  readonly type: TableType;
  private readonly memory: GuestMemory;
  private readonly maxIds: number;
  private stored: U64 = 0;
  /** Derived from the register. */
  valid = false;
  indirect = false;
  address = 0;
  /** Bytes of the flat table, or of level 1. */
  bytes = 0;

  /** @param maxIds ids are 0 … maxIds − 1, whatever the table could hold */
  constructor(memory: GuestMemory, type: TableType, maxIds: number) {
    this.memory = memory;
    this.type = type;
    this.maxIds = maxIds;
    this.write(0);
  }

  get register(): U64 {
    return this.stored;
  }

  /** Takes a write: type, entry size and page size are fixed, collections are never two-level. @returns true when the register changed */
  write(value: U64): boolean {
    const keptHi = (this.type === DEVICE_TABLE ? 0xf8e0_ffff : 0xb8e0_ffff) >>> 0;
    const hi = (hi32(value) & keptHi) | (this.type << 24) | ((ENTRY_BYTES - 1) << 16);
    const lo = (lo32(value) & 0xffff_fcff) | PAGE_SIZE_64K;
    const next = u64(hi, lo);
    if (next === this.stored) return false;
    this.stored = next;
    this.valid = isValid(next);
    this.indirect = (hi & INDIRECT_HI) !== 0;
    // 64 KiB pages: bits [15:12] of the register are bits [51:48] of the address.
    this.address = ((lo >>> 12) & 0xf) * 2 ** 48 + (hi & 0xffff) * 2 ** 32 + ((lo & 0xffff_0000) >>> 0);
    this.bytes = ((lo & 0xff) + 1) * TABLE_PAGE_BYTES;
    return true;
  }

  /** Ids this table has room for, at most `maxIds`; 0 while it is not valid. */
  get capacity(): number {
    if (!this.valid) return 0;
    const entries = this.bytes / ENTRY_BYTES;
    return Math.min(this.maxIds, this.indirect ? entries * ENTRIES_PER_PAGE : entries);
  }

  /** Guest-physical address of the entry of `id`, all of it in RAM, or NO_ENTRY. */
  entryAddress(id: number): number {
    if (id >= this.capacity) return NO_ENTRY;
    const page = this.indirect ? this.levelTwo(Math.floor(id / ENTRIES_PER_PAGE)) : this.address;
    if (page === NO_ENTRY) return NO_ENTRY;
    const at = page + (this.indirect ? id % ENTRIES_PER_PAGE : id) * ENTRY_BYTES;
    return this.memory.wasmOffset(at, ENTRY_BYTES) < 0 ? NO_ENTRY : at;
  }

  /** Address of the level-2 page that level-1 entry `index` names, or NO_ENTRY. Two-level tables only. */
  levelTwo(index: number): number {
    const entry = this.memory.read(this.address + index * ENTRY_BYTES, 8);
    if (entry === undefined || !isValid(entry)) return NO_ENTRY;
    return (hi32(entry) & 0xf_ffff) * 2 ** 32 + ((lo32(entry) & 0xffff_0000) >>> 0);
  }
}
