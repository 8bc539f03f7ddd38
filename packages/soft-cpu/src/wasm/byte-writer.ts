/** A growing buffer of bytes with WebAssembly's LEB128 integers. Hot while code is generated. */

/** Most functions and sections fit. */
const BUFFER_BYTES = 8192;
/**
 * Buffers that finished writers gave back: a module takes twenty, and to allocate one costs as much as to write a kilobyte. Bound: KEPT_BUFFERS.
 */
const pool: Uint8Array[] = [];
const KEPT_BUFFERS = 64;
const NONE = new Uint8Array(0);

export class ByteWriter {
  private bytes: Uint8Array = NONE;
  length = 0;

  /** What was written is not needed any more, and nothing will be. */
  release(): void {
    giveBack(this.bytes);
    this.bytes = NONE;
    this.length = 0;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  append(bytes: Uint8Array | readonly number[]): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** An unsigned integer below 2^32, LEB128. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** A signed 32-bit integer, LEB128. */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }

  /** A 64-bit integer, LEB128; taken modulo 2^64. */
  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    if (rest >= -0x4000_0000n && rest < 0x4000_0000n) return this.signed(Number(rest)); // most constants; bigint steps are slow
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }

  /** An ASCII name with its length before it. */
  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** The bytes themselves, valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private grow(extra: number): void {
    const needed = this.length + extra;
    let size = Math.max(BUFFER_BYTES, this.bytes.length);
    while (size < needed) size *= 2;
    const bytes = size === BUFFER_BYTES ? (pool.pop() ?? new Uint8Array(BUFFER_BYTES)) : new Uint8Array(size);
    if (this.length > 0) bytes.set(this.bytes.subarray(0, this.length));
    giveBack(this.bytes);
    this.bytes = bytes;
  }
}

function giveBack(buffer: Uint8Array): void {
  if (buffer.length === BUFFER_BYTES && pool.length < KEPT_BUFFERS) pool.push(buffer);
}
