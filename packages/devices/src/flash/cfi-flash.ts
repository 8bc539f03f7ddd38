/**
 * A bank of NOR flash with Intel's command set (CFI 0001; Intel StrataFlash J3 and P30 data sheets, "Command Set"): two 16-bit chips side
 * by side, as on QEMU's `virt` board. Programming clears bits, erasing a block sets them; both are done when the command is.
 *
 * While it reads as an array the bytes are the vCPUs' own (docs/adr/0035-memory-that-is-a-device.md) and only writes come here.
 * Both chips work in step: a command counts for both, whatever the width of its write. Locks are gone after a reset.
 * Not modelled: time, suspending, protection registers, the configuration register, programming voltage.
 */
import { type BusDevice, hi32, lo32, type PlainData, type U64, u64, type Width } from "@trapline/core";
import { misfit, readBytes, readWords, savedRecord, saveWords, type WordLimits } from "../saved-words.ts";
import { CMD, LOCK, NEXT, READS, SEQUENCE_ERROR, SR } from "./cfi-commands.ts";
import { BANK_WIDTH, BLOCK_BYTES, BUFFER_BYTES, cfiTable, DEVICE_ID, MANUFACTURER_INTEL } from "./cfi-table.ts";

/** What a bank stands on. */
export interface FlashHost {
  /** The array, in place. */
  readonly bytes: Uint8Array;
  /** Bytes of the array changed. False when they could not be kept: the guest then reads of an error. */
  changed(offset: number, length: number): boolean;
  /** From the next instruction on reads find the array, or else come to the device. */
  showArray(shown: boolean): void;
}

const BUFFER_WORDS = BUFFER_BYTES / BANK_WIDTH;
const NOWHERE = -1;

export class CfiFlash implements BusDevice {
  readonly name: string;
  reads: number = READS.ARRAY;
  next: number = NEXT.COMMAND;
  /** Without READY. */
  status = 0;
  /** Words that the buffer takes in this sequence, and those that have still to come. */
  words = 0;
  left = 0;
  private readonly host: FlashHost;
  private readonly isReadOnly: boolean;
  private readonly limits: WordLimits<"reads" | "next" | "status" | "words" | "left">;
  private readonly query: Uint8Array;
  /** A byte a block. */
  private readonly locks: Uint8Array;
  private readonly buffer: Uint8Array = new Uint8Array(BUFFER_BYTES);
  /** Where in the array the buffer's first byte goes; NOWHERE until data come. */
  private bufferAt = NOWHERE;

  /**
   * @param host its array has a power of two bytes, at least one block
   * @param isReadOnly every block is locked for good
   */
  constructor(name: string, host: FlashHost, isReadOnly = false) {
    this.name = name;
    this.host = host;
    this.isReadOnly = isReadOnly;
    this.query = cfiTable(host.bytes.length);
    this.locks = new Uint8Array(host.bytes.length / BLOCK_BYTES);
    this.limits = { reads: READS.QUERY, next: NEXT.BUFFER_CONFIRM, status: SEQUENCE_ERROR | SR.LOCKED, words: BUFFER_WORDS, left: BUFFER_WORDS };
    this.locks.fill(isReadOnly ? LOCK.LOCKED | LOCK.DOWN : 0);
    this.buffer.fill(0xff);
  }

  /** The array stays: that is what flash is for. */
  reset(): void {
    this.status = 0;
    this.locks.fill(this.isReadOnly ? LOCK.LOCKED | LOCK.DOWN : 0);
    this.readArray();
  }

  read(offset: number, width: Width): U64 {
    if (width === 8) return u64(this.bytesAt(offset + 4, 4), this.bytesAt(offset, 4));
    return this.bytesAt(offset, width);
  }

  peek(offset: number, width: Width): U64 {
    return this.read(offset, width);
  }

  write(offset: number, width: Width, value: U64): void {
    if (width !== 8) return this.cycle(offset, width, lo32(value));
    this.cycle(offset, 4, lo32(value));
    this.cycle(offset + 4, 4, hi32(value));
  }

  save(): PlainData {
    return { ...saveWords(this, this.limits), bufferAt: this.bufferAt, buffer: this.buffer.slice(), locks: this.locks.slice() };
  }

  /** @throws SnapshotError, with nothing changed. The array is guest memory, and restored with it. */
  restore(state: PlainData): void {
    const record = savedRecord(this.name, state);
    const words = readWords(this.name, record, this.limits);
    const bufferAt = record["bufferAt"] === NOWHERE ? NOWHERE : readWords(this.name, record, { bufferAt: this.host.bytes.length - BANK_WIDTH }).bufferAt;
    checkSequence(this.name, words, bufferAt);
    const buffer = readBytes(this.name, "buffer", record, BUFFER_BYTES);
    const locks = readBytes(this.name, "locks", record, this.locks.length);
    Object.assign(this, words, { bufferAt });
    this.buffer.set(buffer);
    this.locks.set(locks);
    this.host.showArray(this.reads === READS.ARRAY);
  }

  // ------------------------------------------------------------------------------------------------------------------ reads

  private bytesAt(offset: number, count: number): number {
    let value = 0;
    for (let n = count - 1; n >= 0; n--) value = ((value << 8) | this.byteAt(offset + n)) >>> 0;
    return value;
  }

  private byteAt(offset: number): number {
    if (this.reads === READS.ARRAY) return this.host.bytes[offset]!;
    // Both chips give the same 16 bits; all that is said fits in the lower 8.
    return offset % 2 === 0 ? this.answer(offset) : 0;
  }

  private answer(offset: number): number {
    if (this.reads === READS.STATUS) return this.status | SR.READY;
    const word = Math.floor((offset % BLOCK_BYTES) / BANK_WIDTH);
    if (this.reads === READS.QUERY) return this.query[word] ?? 0;
    return [MANUFACTURER_INTEL, DEVICE_ID, this.locks[blockOf(offset)]!][word] ?? 0;
  }

  // ----------------------------------------------------------------------------------------------------------------- writes

  private cycle(offset: number, width: number, value: number): void {
    const command = value & 0xff;
    switch (this.next) {
      case NEXT.COMMAND:
        return this.command(command);
      case NEXT.PROGRAM_DATA:
        return this.finish(this.program(offset, littleEndian(value, width)));
      case NEXT.ERASE_CONFIRM:
        if (command === CMD.CONFIRM) return this.finish(this.erase(blockOf(offset)));
        break;
      case NEXT.LOCK_WHAT:
        if (command === CMD.LOCK || command === CMD.CONFIRM || command === CMD.LOCK_DOWN) return this.finish(this.lock(blockOf(offset), command));
        break;
      case NEXT.BUFFER_COUNT:
        return this.openBuffer((value & 0xffff) + 1);
      case NEXT.BUFFER_DATA:
        return this.fillBuffer(offset, littleEndian(value, width));
      case NEXT.BUFFER_CONFIRM:
        if (command === CMD.CONFIRM) return this.finish(this.program(this.bufferAt, this.buffer.subarray(0, this.bufferBytes)));
    }
    if (command === CMD.READ_ARRAY) this.readArray();
    else this.finish(SEQUENCE_ERROR);
  }

  private command(command: number): void {
    switch (command) {
      case CMD.PROGRAM:
      case CMD.PROGRAM_ALTERNATE:
        return this.expect(NEXT.PROGRAM_DATA);
      case CMD.ERASE:
        return this.expect(NEXT.ERASE_CONFIRM);
      case CMD.LOCK_SETUP:
        return this.expect(NEXT.LOCK_WHAT);
      case CMD.BUFFER:
        return this.expect(NEXT.BUFFER_COUNT);
      case CMD.READ_STATUS:
        return this.readFrom(READS.STATUS);
      case CMD.READ_ID:
        return this.readFrom(READS.ID);
      case CMD.QUERY:
        return this.readFrom(READS.QUERY);
      case CMD.CLEAR_STATUS:
        this.status = 0;
        return this.readArray();
      default:
        this.readArray(); // what it does not know, a probe for other command sets above all
    }
  }

  /** More writes belong to this command; meanwhile reads give the status. */
  private expect(next: number): void {
    this.readFrom(READS.STATUS);
    this.next = next;
  }

  /** A command is done. */
  private finish(errors: number): void {
    this.status |= errors;
    this.readFrom(READS.STATUS);
  }

  private readArray(): void {
    this.readFrom(READS.ARRAY);
  }

  private readFrom(reads: number): void {
    this.next = NEXT.COMMAND;
    if (this.bufferAt !== NOWHERE) this.buffer.fill(0xff);
    this.bufferAt = NOWHERE;
    this.words = this.left = 0;
    this.reads = reads;
    this.host.showArray(reads === READS.ARRAY);
  }

  // Each gives the status bits of what went wrong.

  private program(offset: number, data: Uint8Array): number {
    const locked = (this.locks[blockOf(offset)]! | this.locks[blockOf(offset + data.length - 1)]!) & LOCK.LOCKED;
    if (locked !== 0) return SR.PROGRAM_ERROR | SR.LOCKED;
    const { bytes } = this.host;
    for (const [n, byte] of data.entries()) bytes[offset + n]! &= byte;
    return this.host.changed(offset, data.length) ? 0 : SR.PROGRAM_ERROR;
  }

  private erase(block: number): number {
    if ((this.locks[block]! & LOCK.LOCKED) !== 0) return SR.ERASE_ERROR | SR.LOCKED;
    this.host.bytes.fill(0xff, block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    return this.host.changed(block * BLOCK_BYTES, BLOCK_BYTES) ? 0 : SR.ERASE_ERROR;
  }

  /** A block that is locked down stays as it is until a reset. */
  private lock(block: number, how: number): number {
    if (how === CMD.LOCK_DOWN) this.locks[block] = LOCK.LOCKED | LOCK.DOWN;
    else if ((this.locks[block]! & LOCK.DOWN) === 0) this.locks[block] = how === CMD.LOCK ? LOCK.LOCKED : 0;
    return 0;
  }

  private openBuffer(words: number): void {
    if (words > BUFFER_WORDS) return this.finish(SEQUENCE_ERROR);
    this.words = this.left = words;
    this.next = NEXT.BUFFER_DATA;
  }

  /** The first word says where the buffer goes; all others belong behind it, in the same block. */
  private fillBuffer(offset: number, data: Uint8Array): void {
    if (this.bufferAt === NOWHERE) this.bufferAt = offset - (offset % BANK_WIDTH);
    const at = offset - this.bufferAt;
    if (at < 0 || at + data.length > this.bufferBytes) return this.finish(SEQUENCE_ERROR);
    this.buffer.set(data, at);
    this.left--;
    if (this.left === 0) this.next = NEXT.BUFFER_CONFIRM;
  }

  /** As many as the words can be at most: a guest that takes the bank for a narrower one announces narrower words. */
  private get bufferBytes(): number {
    return Math.min(this.words * BANK_WIDTH, BLOCK_BYTES - (this.bufferAt % BLOCK_BYTES));
  }
}

function blockOf(offset: number): number {
  return Math.floor(offset / BLOCK_BYTES);
}

/** Of a saved state: a buffer that has data has a place for them. @throws SnapshotError */
function checkSequence(name: string, { next, words, left }: { readonly next: number; readonly words: number; readonly left: number }, bufferAt: number): void {
  const filling = next === NEXT.BUFFER_DATA;
  const filled = next === NEXT.BUFFER_CONFIRM;
  const isCounted = filling ? left > 0 && left <= words : left === 0 && words > 0 === filled;
  const needsPlace = filled || (filling && left < words);
  const isPlaced = bufferAt === NOWHERE ? !needsPlace : needsPlace && bufferAt % BANK_WIDTH === 0;
  if (!isCounted || !isPlaced) throw misfit(name, "its write to the buffer", "one that a guest can have begun");
}

function littleEndian(value: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, n) => value >>> (8 * n));
}
