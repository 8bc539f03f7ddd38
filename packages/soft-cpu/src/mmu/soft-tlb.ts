/**
 * The translations that generated code looks up by itself (CONTEXTS in state/layout.ts): fills and invalidates them. A context
 * belongs to one vCPU and one exception level and holds translations of one ASID; data entries lie at VA[21:12], instruction
 * entries at VA[19:12].
 *
 * - Keys are whole virtual addresses, tags included; a tagged and an untagged name of a page share a slot and displace each
 *   other, so that invalidation by address finds both in one place by leaving bits 63:56 out.
 * - Entries of block descriptors cover pages; block-census.ts tells when an invalidation by address must look for their kin.
 * - Entries that are not global are listed as they come, so that a change of ASID costs what was used since the last one.
 *
 * Windows, which compiled code fills from fast tags, are closed whenever a tag goes.
 *
 * A hit grants what a walk would have granted at some moment since the address was last invalidated, never more.
 *
 * Bounds: 32 contexts × 1280 entries, 0.5 MiB beside the contexts. Per call: fill, invalidateVa O(1), or 1280 entries where
 * blocks are concerned; invalidateAll, demoteWrites 1280 entries per context in use. Hot: fill on each TLB miss.
 */
import {
  ADDEND, CODE_ENTRIES, CODE_ENTRY_BYTES, CODE_ENTRY_RECORDS, CODE_TRANSLATIONS, CONTEXT_BYTES, CONTEXT_COUNT, CONTEXTS, DATA_ENTRIES,
  DATA_ENTRY_BYTES, ENTRY_FLAGS, TAG_READ, TAG_SLOW, TAG_WRITE, WINDOW_BYTES, WINDOW_COUNT, WINDOWS,
} from "../state/layout.ts";
import { BLOCK_1G, BLOCK_2M, BlockCensus, PAGE, sameBlock } from "./block-census.ts";
import {
  ALIGNED_ONLY, CODE, DEVICE, FORBIDS_FAST_READ, FORBIDS_FAST_WRITE, MMIO, READABLE, ROM, WATCHED, WRITABLE,
} from "./entry-flags.ts";
import type { PhysicalMemory } from "./physical-memory.ts";
import { RIGHT_READ, RIGHT_WRITE, type Translation } from "./translation.ts";

const CONTEXTS_IN_ALL = 2 * CONTEXT_COUNT;
const SLOTS = DATA_ENTRIES + CODE_ENTRIES;
const PAGE_BYTES = 4096;
const PAGE_MASK = -PAGE_BYTES;
/** VA[63:56] is not part of a TLBI operand. */
const UNTAGGED = 0x00ff_ffff;
const NO_PAGE = -1;

// Kind of an entry: PAGE, BLOCK_2M or BLOCK_1G in bits 1:0, and
const SIZE_MASK = 3;
const NOT_GLOBAL = 4;
/** The slot is on the list of slots that held a non-global entry since the last change of ASID. */
const LISTED = 8;

// Words of a data entry.
const WORDS = DATA_ENTRY_BYTES >> 2;
const READ_WORD = TAG_READ >> 2;
const WRITE_WORD = TAG_WRITE >> 2;
const ADDEND_WORD = ADDEND >> 2;
const FLAGS_WORD = ENTRY_FLAGS >> 2;
const SLOW_WORD = TAG_SLOW >> 2;

// Condition of a context. At first it is neither: zeroed memory is not empty, it would match address 0.
const EMPTY = 1;
const USED = 2;

export class SoftTlb {
  private readonly words: Int32Array;
  private readonly memory: PhysicalMemory;
  /** Physical page number of each data entry, or −1: 28 bits, as addresses have 40. */
  private readonly pages: Int32Array = new Int32Array(CONTEXTS_IN_ALL * DATA_ENTRIES);
  /** By slot: data entries, then instruction entries. */
  private readonly kinds: Uint8Array = new Uint8Array(CONTEXTS_IN_ALL * SLOTS);
  private readonly census: BlockCensus = new BlockCensus(CONTEXTS_IN_ALL);
  private readonly listed: Uint16Array = new Uint16Array(CONTEXTS_IN_ALL * SLOTS);
  private readonly listLengths: Uint16Array = new Uint16Array(CONTEXTS_IN_ALL);
  private readonly condition: Uint8Array = new Uint8Array(CONTEXTS_IN_ALL);
  /** Pages with decoded instructions, at most RECORD_PAGES. */
  private readonly codePages: Set<number> = new Set();

  constructor(buffer: ArrayBuffer, memory: PhysicalMemory) {
    this.words = new Int32Array(buffer);
    this.memory = memory;
  }

  /**
   * Makes a context empty. Each needs it once before generated code may look there.
   * @param context its base address
   */
  invalidateAll(context: number): void {
    const n = numberOf(context);
    if (this.condition[n] === EMPTY) return;
    this.words.fill(-1, context >> 2, (context + CONTEXT_BYTES) >> 2);
    this.pages.fill(NO_PAGE, n * DATA_ENTRIES, (n + 1) * DATA_ENTRIES);
    this.kinds.fill(0, n * SLOTS, (n + 1) * SLOTS);
    this.census.clear(n);
    this.listLengths[n] = 0;
    this.condition[n] = EMPTY;
  }

  /**
   * Enters a translation without a fault for data accesses from the context's exception level.
   * @param forced ALIGNED_ONLY while SCTLR_EL1.A is set, WATCHED
   * @returns the entry's flags
   */
  fill(context: number, vaHi: number, vaLo: number, translation: Translation, forced: number): number {
    const { words, memory } = this;
    const n = numberOf(context);
    const slot = (vaLo >>> 12) & (DATA_ENTRIES - 1);
    const high = vaHi | 0;
    const low = vaLo & PAGE_MASK;
    this.replace(n, context, slot, high, low, translation);
    this.closeWindows(context);

    const pageOffset = translation.pa % PAGE_BYTES;
    const physicalPage = (translation.pa - pageOffset) / PAGE_BYTES;
    const at = memory.wasmOffset(physicalPage * PAGE_BYTES, PAGE_BYTES);
    let flags = forced & (ALIGNED_ONLY | WATCHED);
    const rights = translation.rightsAt(elOf(n));
    if ((rights & RIGHT_READ) !== 0) flags |= READABLE;
    if ((rights & RIGHT_WRITE) !== 0) flags |= WRITABLE;
    if (translation.device) flags |= DEVICE | ALIGNED_ONLY;
    if (at < 0) flags |= MMIO;
    else {
      if (memory.regionAt(physicalPage * PAGE_BYTES, PAGE_BYTES)!.readOnly) flags |= ROM;
      if (this.codePages.has(physicalPage)) flags |= CODE;
    }

    this.pages[n * DATA_ENTRIES + slot] = physicalPage;
    const entry = (context >> 2) + slot * WORDS;
    words[entry + SLOW_WORD] = low;
    words[entry + SLOW_WORD + 1] = high;
    words[entry + ADDEND_WORD] = at - low;
    this.setFlags(entry, flags);
    return flags;
  }

  /** Enters a translation that may be executed at the context's exception level. `records` is where the page's records lie. */
  fillCode(context: number, vaHi: number, vaLo: number, translation: Translation, records: number): void {
    const { words } = this;
    const slot = DATA_ENTRIES + ((vaLo >>> 12) & (CODE_ENTRIES - 1));
    const high = vaHi | 0;
    const low = vaLo & PAGE_MASK;
    this.replace(numberOf(context), context, slot, high, low, translation);
    const entry = codeEntry(context, slot);
    words[entry] = low;
    words[entry + 1] = high;
    words[entry + (CODE_ENTRY_RECORDS >> 2)] = records;
  }

  /** Flags of the data entry for the page, or −1 when there is none: the walk has to be done. */
  lookup(context: number, vaHi: number, vaLo: number): number {
    const { words } = this;
    const entry = (context >> 2) + ((vaLo >>> 12) & (DATA_ENTRIES - 1)) * WORDS;
    if (words[entry + SLOW_WORD] !== (vaLo & PAGE_MASK) || words[entry + SLOW_WORD + 1] !== (vaHi | 0)) return -1;
    return words[entry + FLAGS_WORD]!;
  }

  /** Where the bytes of an address with an entry lie in guest-physical memory. */
  physicalAddress(context: number, vaLo: number): number {
    const page = this.pages[numberOf(context) * DATA_ENTRIES + ((vaLo >>> 12) & (DATA_ENTRIES - 1))]!;
    return page * PAGE_BYTES + (vaLo & (PAGE_BYTES - 1));
  }

  /** Where they lie in the WebAssembly memory; for entries without MMIO. */
  wasmAddress(context: number, vaLo: number): number {
    return (this.words[(context >> 2) + ((vaLo >>> 12) & (DATA_ENTRIES - 1)) * WORDS + ADDEND_WORD]! + vaLo) >>> 0;
  }

  /** Removes what a TLBI by that address must remove, whatever the ASID: VA[63:56] is left out, blocks go as a whole. */
  invalidateVa(context: number, vaHi: number, vaLo: number): void {
    const { words } = this;
    const n = numberOf(context);
    if (this.condition[n] !== USED) return;
    const low = vaLo & PAGE_MASK;
    const slot = (vaLo >>> 12) & (DATA_ENTRIES - 1);
    const entry = (context >> 2) + slot * WORDS + SLOW_WORD;
    if (words[entry] === low && ((words[entry + 1]! ^ vaHi) & UNTAGGED) === 0) this.drop(n, context, slot);
    const codeSlot = DATA_ENTRIES + ((vaLo >>> 12) & (CODE_ENTRIES - 1));
    const code = codeEntry(context, codeSlot);
    if (words[code] === low && ((words[code + 1]! ^ vaHi) & UNTAGGED) === 0) this.drop(n, context, codeSlot);
    if (this.census.mayHold(n, vaHi, vaLo)) this.invalidateBlocks(n, context, vaHi, vaLo);
  }

  /** Removes what is not global: another ASID, or another lower table, comes into force. */
  invalidateNonGlobal(context: number): void {
    const n = numberOf(context);
    const length = this.listLengths[n]!;
    for (let i = 0; i < length; i++) {
      const slot = this.listed[n * SLOTS + i]!;
      const kind = this.kinds[n * SLOTS + slot]!;
      if ((kind & NOT_GLOBAL) !== 0) this.drop(n, context, slot);
      this.kinds[n * SLOTS + slot]! &= ~LISTED;
    }
    this.listLengths[n] = 0;
  }

  /** Removes every data entry of the physical pages `first` … `end` − 1. */
  invalidatePhysical(first: number, end: number): void {
    const { pages } = this;
    for (let n = 0; n < CONTEXTS_IN_ALL; n++) {
      if (this.condition[n] !== USED) continue;
      for (let slot = 0; slot < DATA_ENTRIES; slot++) {
        const page = pages[n * DATA_ENTRIES + slot]!;
        if (page >= first && page < end) this.drop(n, CONTEXTS + n * CONTEXT_BYTES, slot);
      }
    }
  }

  /** The page at `pa` holds decoded instructions from now on: no context writes it without asking. */
  demoteWrites(pa: number): void {
    const page = Math.floor(pa / PAGE_BYTES);
    this.codePages.add(page);
    this.forEachEntryOf(page, CODE, 0);
  }

  /** It holds none any more. */
  promoteWrites(pa: number): void {
    const page = Math.floor(pa / PAGE_BYTES);
    if (this.codePages.delete(page)) this.forEachEntryOf(page, 0, CODE);
  }

  /** Removes the instruction entries that lead to these records, which get another page. */
  dropRecords(records: number): void {
    for (let n = 0; n < CONTEXTS_IN_ALL; n++) {
      if (this.condition[n] !== USED) continue;
      const context = CONTEXTS + n * CONTEXT_BYTES;
      for (let slot = DATA_ENTRIES; slot < SLOTS; slot++) {
        const entry = codeEntry(context, slot);
        if (this.words[entry + (CODE_ENTRY_RECORDS >> 2)] === records) this.drop(n, context, slot);
      }
    }
  }

  /** Removes all instruction entries, and forgets which pages hold decoded instructions: none does any more. */
  dropAllRecords(): void {
    const { words } = this;
    this.codePages.clear();
    for (let n = 0; n < CONTEXTS_IN_ALL; n++) {
      if (this.condition[n] !== USED) continue;
      const context = CONTEXTS + n * CONTEXT_BYTES;
      for (let slot = DATA_ENTRIES; slot < SLOTS; slot++) this.drop(n, context, slot);
      for (let slot = 0; slot < DATA_ENTRIES; slot++) {
        const entry = (context >> 2) + slot * WORDS;
        if (this.pages[n * DATA_ENTRIES + slot] !== NO_PAGE) this.setFlags(entry, words[entry + FLAGS_WORD]! & ~CODE);
      }
    }
  }

  private forEachEntryOf(page: number, set: number, clear: number): void {
    const { words, pages } = this;
    for (let n = 0; n < CONTEXTS_IN_ALL; n++) {
      if (this.condition[n] !== USED) continue;
      const first = n * DATA_ENTRIES;
      for (let i = first; i < first + DATA_ENTRIES; i++) {
        if (pages[i] !== page) continue;
        const context = CONTEXTS + n * CONTEXT_BYTES;
        const entry = (context >> 2) + (i - first) * WORDS;
        this.setFlags(entry, (words[entry + FLAGS_WORD]! | set) & ~clear);
        this.closeWindows(context);
      }
    }
  }

  /** Writes an entry's flags and the fast tags that they allow, from its slow tag. */
  private setFlags(entry: number, flags: number): void {
    const { words } = this;
    const fastRead = (flags & (READABLE | FORBIDS_FAST_READ)) === READABLE;
    const fastWrite = (flags & (WRITABLE | FORBIDS_FAST_WRITE)) === WRITABLE;
    const low = words[entry + SLOW_WORD]!;
    const high = words[entry + SLOW_WORD + 1]!;
    words[entry + READ_WORD] = fastRead ? low : -1;
    words[entry + READ_WORD + 1] = fastRead ? high : -1;
    words[entry + WRITE_WORD] = fastWrite ? low : -1;
    words[entry + WRITE_WORD + 1] = fastWrite ? high : -1;
    words[entry + FLAGS_WORD] = flags;
  }

  /** Books a new entry in place of the old one. */
  private replace(n: number, context: number, slot: number, vaHi: number, vaLo: number, translation: Translation): void {
    const { kinds } = this;
    const i = n * SLOTS + slot;
    const old = kinds[i]!;
    if ((old & SIZE_MASK) !== PAGE) this.uncount(n, context, slot, old & SIZE_MASK);
    const size = translation.blockLog2 === 12 ? PAGE : translation.blockLog2 === 21 ? BLOCK_2M : BLOCK_1G;
    if (size !== PAGE) this.census.count(n, size, vaHi, vaLo, 1);
    let kind = size | (old & LISTED);
    if (!translation.global) {
      kind |= NOT_GLOBAL;
      if ((old & LISTED) === 0) {
        kind |= LISTED;
        this.listed[n * SLOTS + this.listLengths[n]!++] = slot;
      }
    }
    kinds[i] = kind;
    this.condition[n] = USED;
  }

  /** Empties a slot, of either sort. */
  private drop(n: number, context: number, slot: number): void {
    const { words, kinds } = this;
    const i = n * SLOTS + slot;
    const size = kinds[i]! & SIZE_MASK;
    if (size !== PAGE) this.uncount(n, context, slot, size);
    kinds[i]! &= LISTED;
    if (slot < DATA_ENTRIES) {
      const entry = (context >> 2) + slot * WORDS;
      words.fill(-1, entry, entry + WORDS);
      this.pages[n * DATA_ENTRIES + slot] = NO_PAGE;
      this.closeWindows(context);
    } else {
      const entry = codeEntry(context, slot);
      words.fill(-1, entry, entry + (CODE_ENTRY_BYTES >> 2));
    }
  }

  /** A fast tag is going: no window may keep it. */
  private closeWindows(context: number): void {
    const first = (context + WINDOWS) >> 2;
    if (this.words[first] !== -1) this.words.fill(-1, first, first + ((WINDOW_COUNT * WINDOW_BYTES) >> 2));
  }

  private uncount(n: number, context: number, slot: number, size: number): void {
    const tag = slot < DATA_ENTRIES ? (context >> 2) + slot * WORDS + SLOW_WORD : codeEntry(context, slot);
    this.census.count(n, size, this.words[tag + 1]!, this.words[tag]!, -1);
  }

  private invalidateBlocks(n: number, context: number, vaHi: number, vaLo: number): void {
    const { words, kinds } = this;
    for (let slot = 0; slot < SLOTS; slot++) {
      const size = kinds[n * SLOTS + slot]! & SIZE_MASK;
      if (size === PAGE) continue;
      const tag = slot < DATA_ENTRIES ? (context >> 2) + slot * WORDS + SLOW_WORD : codeEntry(context, slot);
      if (sameBlock(size, words[tag + 1]!, words[tag]!, vaHi, vaLo)) this.drop(n, context, slot);
    }
  }
}

/**
 * (context − CONTEXTS) / CONTEXT_BYTES, without the division, which is a tenth of an access to a device: CONTEXT_BYTES is 25 · 2^11,
 * and n · 25 · 41 = n · 1025, of which n · 1 stays below 1024 for the contexts there are.
 */
function numberOf(context: number): number {
  return (((context - CONTEXTS) >> 11) * 41) >> 10;
}

/** A vCPU's first context is EL1's, its second EL0's. */
function elOf(n: number): number {
  return 1 - (n & 1);
}

/** Word index of an instruction entry by its slot. */
function codeEntry(context: number, slot: number): number {
  return (context + CODE_TRANSLATIONS + (slot - DATA_ENTRIES) * CODE_ENTRY_BYTES) >> 2;
}
