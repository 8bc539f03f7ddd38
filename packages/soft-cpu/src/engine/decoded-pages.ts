/**
 * The pages whose instructions are decoded: which physical page has which records, and what is dropped when its bytes change.
 *
 * Instructions are decoded one at a time, when they are first executed. A page that is written where something was decoded loses
 * all its records, and so does one that is written where the decoder looked further; a write elsewhere in it does no harm (codeMap,
 * 64 bytes a bit). Memory: at most RECORD_PAGES pages; when they are used up all are dropped and decoding begins anew, so that work
 * stays bounded by what is executed.
 */
import {
  HANDLER, PAGE_END, PLAIN_HANDLERS, RECORD_BYTES, RECORD_PAGE_BYTES, RECORD_PAGES, RECORD_POOL,
} from "../state/layout.ts";
import { CALL_IN_PAGE, COLD, type Decoded, decode } from "../isa/decoder.ts";
import { HANDLER_DECODE, HANDLER_PAGE_END, type Variant } from "../isa/variants.ts";
import { writeRecord } from "../interpreter/record.ts";

/** Who keeps something that depends on decoded pages. */
export interface DecodedPagesOwner {
  /** Where the page's 4096 bytes are in the WebAssembly memory. */
  hostAddressOf(physicalPage: number): number;
  /** The handler of an instruction that has no place in the interpreter's loop must be there from now on. */
  needed(variant: Variant): void;
  /** Nothing may enter these records any more. */
  dropped(physicalPage: number, records: number): void;
  /** All were dropped at once. */
  flushed(): void;
}

export class DecodedPages {
  /** How often all pages were dropped because the pool was used up. */
  flushes = 0;
  /** How often one page was dropped because its bytes changed. */
  drops = 0;
  /** How many instructions were decoded. */
  decodes = 0;
  private readonly view: DataView;
  private readonly i32: Int32Array;
  private readonly u16: Uint16Array;
  private readonly owner: DecodedPagesOwner;
  /** Physical page number → address of its records. */
  private readonly recordsOf = new Map<number, number>();
  /** Addresses of records that were in use, cleared. */
  private readonly free: number[] = [];
  /** Pages of the pool that were handed out since the last flush. What was never handed out is zero, and thus clear. */
  private used = 0;
  // By place in the pool, and not there: a page of records is 18 KiB, and the host need not find memory for more of it than is decoded.
  /** Physical page number. */
  private readonly physical = new Int32Array(RECORD_PAGES);
  /** Two words each: one bit per 64 bytes of the page in which something is decoded. */
  private readonly codeMap = new Int32Array(2 * RECORD_PAGES);
  /** Where the page's bytes are. */
  private readonly hostAddresses: Float64Array = new Float64Array(RECORD_PAGES);
  /** By records: offsets that a BL of the same page names. */
  private readonly callTargets = new Map<number, Set<number>>();

  constructor(buffer: ArrayBuffer, owner: DecodedPagesOwner) {
    this.view = new DataView(buffer);
    this.i32 = new Int32Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.owner = owner;
  }

  get size(): number {
    return this.recordsOf.size;
  }

  has(physicalPage: number): boolean {
    return this.recordsOf.has(physicalPage);
  }

  /** The page's records, empty ones if it has none yet. Makes room first if need be. */
  recordsFor(physicalPage: number): number {
    return this.recordsOf.get(physicalPage) ?? this.allocate(physicalPage);
  }

  /** Decodes the instruction of one record. Behind a page's last there is none: that record leads on into the next page. */
  decode(record: number): void {
    const records = pageOf(record);
    const offset = (record - records) >> 2;
    if (offset === 4096) {
      this.u16[(record + HANDLER) >> 1] = HANDLER_PAGE_END;
      return;
    }
    this.decodes++;
    const decoded = this.decodedAt(records, offset);
    const { traits } = decoded;
    if ((traits & COLD) !== 0) this.owner.needed(decoded.variant);
    if ((traits & CALL_IN_PAGE) !== 0) this.noteCall(records, offset + decoded.distance);
    writeRecord(this.i32, record, decoded);
    this.noteCode(records, offset);
  }

  /** The instruction at an offset, as its record has it or will have it. */
  decodedAt(records: number, offset: number): Decoded {
    this.lookingIn = records;
    return decode(this.wordAt(records + 4 * offset), offset, this.lookAhead);
  }

  private lookingIn = 0;
  /** The word at an offset of the page that is being decoded; if it changes, the instruction that looked may be another. */
  private readonly lookAhead = (ahead: number): number => {
    this.noteCode(this.lookingIn, ahead);
    return this.wordAt(this.lookingIn + 4 * ahead);
  };

  private noteCode(records: number, offset: number): void {
    this.codeMap[2 * indexOf(records) + (offset >> 11)]! |= 1 << ((offset >> 6) & 31);
  }

  /** Does a function begin here, as far as the calls that were decoded tell? */
  isCallTarget(records: number, offset: number): boolean {
    return this.callTargets.get(records)?.has(offset) === true;
  }

  private noteCall(records: number, target: number): void {
    let targets = this.callTargets.get(records);
    if (targets === undefined) this.callTargets.set(records, (targets = new Set()));
    targets.add(target);
  }

  /** The instruction word that a record stands for. */
  wordAt(record: number): number {
    const index = indexOf(record);
    return this.view.getUint32(this.hostAddresses[index]! + ((record - recordsAt(index)) >> 2), true);
  }

  physicalPage(records: number): number {
    return this.physical[indexOf(records)]!;
  }

  /** Is anything decoded in these bytes of the page? They must not cross its end. */
  isDecoded(physicalPage: number, offset: number, length: number): boolean {
    const records = this.recordsOf.get(physicalPage);
    if (records === undefined) return false;
    const map = 2 * indexOf(records);
    for (let chunk = offset >> 6; chunk <= (offset + length - 1) >> 6; chunk++) {
      if ((this.codeMap[map + (chunk >> 5)]! & (1 << (chunk & 31))) !== 0) return true;
    }
    return false;
  }

  /** Bytes of the page changed: drops its records if any of them was decoded. Returns whether it did. */
  overwritten(physicalPage: number, offset: number, length: number): boolean {
    if (!this.isDecoded(physicalPage, offset, length)) return false;
    this.drop(physicalPage);
    return true;
  }

  drop(physicalPage: number): void {
    const records = this.recordsOf.get(physicalPage);
    if (records === undefined) return;
    this.recordsOf.delete(physicalPage);
    this.drops++;
    this.clear(records); // who still stands on one decodes anew
    this.free.push(records);
    this.owner.dropped(physicalPage, records);
  }

  flush(): void {
    for (const records of this.recordsOf.values()) this.clear(records);
    this.recordsOf.clear();
    this.free.length = 0;
    this.used = 0;
    this.flushes++;
    this.owner.flushed();
  }

  /** Physical pages that have records. */
  pages(): IterableIterator<number> {
    return this.recordsOf.keys();
  }

  private allocate(physicalPage: number): number {
    if (this.free.length === 0 && this.used === RECORD_PAGES) this.flush();
    const records = this.free.pop() ?? recordsAt(this.used++);
    const index = indexOf(records);
    this.hostAddresses[index] = this.owner.hostAddressOf(physicalPage);
    this.physical[index] = physicalPage;
    this.recordsOf.set(physicalPage, records);
    return records;
  }

  private clear(records: number): void {
    const { u16, codeMap } = this;
    // The operands stay: an instruction that overwrites its own page is not through with its record.
    for (let record = records; record < records + PAGE_END; record += RECORD_BYTES) u16[(record + HANDLER) >> 1] = HANDLER_DECODE;
    this.callTargets.delete(records);
    codeMap.fill(0, 2 * indexOf(records), 2 * indexOf(records) + 2);
  }
}

const indexOf = (record: number): number => Math.floor((record - RECORD_POOL) / RECORD_PAGE_BYTES);
const recordsAt = (index: number): number => RECORD_POOL + index * RECORD_PAGE_BYTES;

/** The page that a record belongs to. */
export function pageOf(record: number): number {
  return recordsAt(indexOf(record));
}

/** Where the interpreter's handler of a record is kept when compiled code takes its place. */
export function plainHandlerOf(record: number): number {
  const records = pageOf(record);
  return records + PLAIN_HANDLERS + ((record - records) >> 3);
}
