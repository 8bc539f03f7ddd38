/**
 * fw_cfg, the firmware configuration device of QEMU, in its memory-mapped form (QEMU's docs/specs/fw_cfg): numbered items
 * of bytes, a directory of named ones, and DMA. A firmware finds tables and settings in it.
 *
 * No rows: the data register hands out as many bytes as the access is wide, in memory order, which a row cannot say. The
 * registers are big-endian, hence the swaps. Items are read-only, as QEMU's are to the data register and, unless a device
 * offers one to be written, to DMA. Guests choose address and length of a transfer: everything outside memory is an error.
 */
import { type BusDevice, ConfigError, type GuestMemory, lo32, type PlainData, toBigint, type U64, u64, type Width } from "@trapline/core";
import { readWords, savedRecord } from "../saved-words.ts";

export const FW_CFG_SIZE = 0x18;
const DATA = 0x00;
const SELECTOR = 0x08;
const DMA_HIGH = 0x10;
const DMA_LOW = 0x14;

/** Keys of items that have no name. */
export const FW_CFG_KEY = { SIGNATURE: 0x00, ID: 0x01, NB_CPUS: 0x05, MAX_CPUS: 0x0f, FILE_DIR: 0x19, FILE_FIRST: 0x20 } as const;
/** Bits 15 and 14 of a key choose an architecture's own items and, long ago, writing. */
const KEY_MASK = 0xbfff;
/** Named items, one key each from FILE_FIRST. */
export const MAX_FILES = 0x1000;
const FILE_ENTRY_BYTES = 64;
const MAX_NAME_BYTES = 55;

const CONTROL = { ERROR: 0x01, READ: 0x02, SKIP: 0x04, SELECT: 0x08, WRITE: 0x10 } as const;
const DMA_SIGNATURE_HIGH = 0x5145_4d55; // "QEMU"
const DMA_SIGNATURE_LOW = 0x2043_4647; // " CFG"
const NOTHING = new Uint8Array(0);

/** What DMA needs of guest memory. */
export type FwCfgMemory = Pick<GuestMemory, "copyOut" | "copyIn" | "regionAt" | "window" | "overwritten">;

export class FwCfg implements BusDevice {
  readonly name: string;
  private readonly memory: FwCfgMemory;
  private readonly items = new Map<number, Uint8Array>();
  private readonly files: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  private key = 0;
  private offset = 0;
  private dmaHigh = 0;

  constructor(name: string, memory: FwCfgMemory) {
    this.name = name;
    this.memory = memory;
    this.addItem(FW_CFG_KEY.SIGNATURE, new TextEncoder().encode("QEMU"));
    this.addItem(FW_CFG_KEY.ID, littleEndian(3, 4)); // bit 0: this interface; bit 1: DMA
    this.buildDirectory();
  }

  /** Sets the item of a key below 0x20. */
  addItem(key: number, bytes: Uint8Array): void {
    this.items.set(key, bytes);
  }

  /** Adds a named item, before the machine runs. @throws ConfigError for a name that is taken or does not fit, or too many. */
  addFile(name: string, bytes: Uint8Array): void {
    const length = new TextEncoder().encode(name).length;
    const refuse = (message: string, value: string | number, limit: number, remedy: string): never => {
      throw new ConfigError(message, { subject: this.name, value, limit, remedy });
    };
    if (length === 0 || length > MAX_NAME_BYTES || name.includes("\0")) {
      refuse(`${this.name}: ${JSON.stringify(name)} is no name of an item`, name, MAX_NAME_BYTES, `use 1 to ${MAX_NAME_BYTES} bytes without NUL`);
    }
    if (this.files.some((file) => file.name === name)) refuse(`${this.name} has two items ${name}`, name, 1, "give each item a name of its own");
    if (this.files.length >= MAX_FILES) refuse(`${this.name} has more than ${MAX_FILES} named items`, this.files.length, MAX_FILES, "leave some out");
    this.files.push({ name, bytes });
    this.buildDirectory();
  }

  read(offset: number, width: Width): U64 {
    if (offset === DATA) return this.take(width);
    if (offset === DMA_HIGH) return width === 8 ? u64(swap32(DMA_SIGNATURE_LOW), swap32(DMA_SIGNATURE_HIGH)) : width === 4 ? swap32(DMA_SIGNATURE_HIGH) : 0;
    return offset === DMA_LOW && width === 4 ? swap32(DMA_SIGNATURE_LOW) : 0;
  }

  write(offset: number, width: Width, value: U64): void {
    if (offset === SELECTOR && width === 2) {
      this.select(((lo32(value) & 0xff) << 8) | ((lo32(value) >> 8) & 0xff));
    } else if (offset === DMA_HIGH && width === 8) {
      this.transfer(swap64(value));
    } else if (offset === DMA_HIGH && width === 4) {
      this.dmaHigh = swap32(lo32(value));
    } else if (offset === DMA_LOW && width === 4) {
      const address = u64(this.dmaHigh, swap32(lo32(value)));
      this.dmaHigh = 0;
      this.transfer(address);
    }
  }

  peek(offset: number, width: Width): U64 {
    return offset === DATA ? packed(this.next(width)) : this.read(offset, width);
  }

  nameAt(offset: number): string | undefined {
    return offset < SELECTOR ? "FW_CFG_DATA" : offset < SELECTOR + 2 ? "FW_CFG_SELECTOR" : offset >= DMA_HIGH ? "FW_CFG_DMA" : undefined;
  }

  reset(): void {
    this.key = this.offset = this.dmaHigh = 0;
  }

  save(): PlainData {
    return { key: this.key, offset: this.offset, dmaHigh: this.dmaHigh };
  }

  /** @throws SnapshotError, with nothing changed. */
  restore(state: PlainData): void {
    Object.assign(this, readWords(this.name, savedRecord(this.name, state), { key: 0xffff, offset: 0xffff_ffff, dmaHigh: 0xffff_ffff }));
  }

  private get item(): Uint8Array {
    const key = this.key & KEY_MASK;
    return this.items.get(key) ?? this.files[key - FW_CFG_KEY.FILE_FIRST]?.bytes ?? NOTHING;
  }

  private select(key: number): void {
    this.key = key;
    this.offset = 0;
  }

  /** Bytes from where the guest stands, short at the end of the item. */
  private next(length: number): Uint8Array {
    return this.item.subarray(this.offset, this.offset + length);
  }

  private skip(length: number): void {
    this.offset = Math.min(this.offset + length, 0xffff_ffff);
  }

  private take(width: Width): U64 {
    const value = packed(this.next(width));
    this.skip(width);
    return value;
  }

  /** Does what the 16 bytes at `address` ask: control, length (big-endian 32 bits), address (64). */
  private transfer(at: U64): void {
    const address = asAddress(at);
    if (address < 0 || this.memory.regionAt(address, 16)?.readOnly !== false) return; // nowhere to say so
    const request = this.memory.copyOut(address, 16)!;
    const view = new DataView(request.buffer, request.byteOffset, 16);
    const control = view.getUint32(0);
    const length = view.getUint32(4);
    const target = asAddress(u64(view.getUint32(8), view.getUint32(12)));
    if ((control & CONTROL.SELECT) !== 0) this.select(control >>> 16);
    const failed = this.perform(control, length, target);
    view.setUint32(0, failed ? CONTROL.ERROR : 0);
    this.memory.copyIn(address, request.subarray(0, 4));
  }

  /** True when it failed. Reading goes before writing, that before skipping, as in QEMU. */
  private perform(control: number, length: number, target: number): boolean {
    if ((control & CONTROL.READ) !== 0) return !this.copyTo(target, length);
    if ((control & CONTROL.WRITE) !== 0) return true; // no item may be written
    if ((control & CONTROL.SKIP) !== 0) this.skip(length);
    return false;
  }

  /** What lies beyond the item's end reads as zero. */
  private copyTo(target: number, length: number): boolean {
    if (target < 0 || this.memory.regionAt(target, length)?.readOnly !== false) return false;
    const window = this.memory.window(target, length)!;
    const bytes = this.next(length);
    window.set(bytes);
    window.fill(0, bytes.length);
    this.memory.overwritten(target, length);
    this.skip(length);
    return true;
  }

  /** The item that lists the named ones: how many, then size, key and name of each, big-endian. */
  private buildDirectory(): void {
    const bytes = new Uint8Array(4 + FILE_ENTRY_BYTES * this.files.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.files.length);
    for (const [index, { name, bytes: content }] of this.files.entries()) {
      const at = 4 + FILE_ENTRY_BYTES * index;
      view.setUint32(at, content.length);
      view.setUint16(at + 4, FW_CFG_KEY.FILE_FIRST + index);
      bytes.set(new TextEncoder().encode(name), at + 8);
    }
    this.items.set(FW_CFG_KEY.FILE_DIR, bytes);
  }
}

/** A number as an item: most of the numbered items are little-endian. */
export function littleEndian(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, n) => Math.floor(value / 256 ** n) & 0xff);
}

/** Bytes in memory order as the value of a little-endian access; missing ones are zero. */
function packed(bytes: Uint8Array): U64 {
  let [lo, hi] = [0, 0];
  for (const [n, byte] of bytes.entries()) {
    if (n < 4) lo |= byte << (8 * n);
    else hi |= byte << (8 * (n - 4));
  }
  return u64(hi, lo);
}

/** As a number, or −1 where no memory can be. */
function asAddress(address: U64): number {
  return typeof address === "number" ? address : -1;
}

function swap32(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

function swap64(value: U64): U64 {
  const whole = toBigint(value);
  return u64(swap32(Number(whole & 0xffff_ffffn)), swap32(Number(whole >> 32n)));
}
