/**
 * Rows → a checked, constant-time look-up from offset to register.
 *
 * The table is an array of small integers, one per granule (the largest power of two that divides every offset, size and
 * stride of the bank, at most 8 bytes), so a look-up is two loads: nothing to read, nothing to grow. It is shared by
 * all frames of the bank. Compiling is done once, when the module loads, and refuses what a typing mistake would do: two
 * rows on one offset, a misaligned register, one beyond the frame.
 */
import type { Width } from "../bus/bus-device.ts";
import { ConfigError } from "../errors.ts";
import { hex } from "../ids.ts";
import type { U64 } from "../u64.ts";
import type { RegisterAccess, RegisterSpec } from "./register-spec.ts";

const WRITABLE: readonly RegisterAccess[] = ["RW", "WO", "W1C", "W1S"];
const UNREADABLE: readonly RegisterAccess[] = ["WO", "RAZ/WI", "RES0"];
const ACCESS_WORDS: readonly RegisterAccess[] = ["RW", "RO", "WO", "W1C", "W1S", "RAZ/WI", "RES0"];

/** One register of a compiled bank: its row with every default filled in, and which of the row's registers it is. */
export interface Register<D> {
  /** `GICD_ISENABLER<3>`, or the bare name where the row has one register. */
  readonly name: string;
  readonly spec: RegisterSpec<D>;
  readonly offset: number;
  readonly size: Width;
  readonly n: number;
  readonly reset: U64;
  /** Bit w is set when accesses of w bytes are legal. */
  readonly widthMask: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly read: (device: D, n: number, vcpu: number) => U64;
  readonly write: (device: D, value: U64, n: number, vcpu: number) => void;
  readonly peek: (device: D, n: number, vcpu: number) => U64;
}

/** A compiled bank. */
export interface RegisterBank<D> {
  /** Name of the bank, for messages and generated maps: "GICD". */
  readonly name: string;
  /** Bytes of the frame. */
  readonly frameSize: number;
  /** The rows, as written. */
  readonly rows: readonly RegisterSpec<D>[];
  /** Every register, by ascending offset. */
  readonly registers: readonly Register<D>[];
  /** The register that covers the byte at `offset`; undefined means reserved (RAZ/WI). */
  at(offset: number): Register<D> | undefined;
}

/** @throws ConfigError naming the row, and the other row where two collide. */
export function compileRegisters<D>(name: string, frameSize: number, rows: readonly RegisterSpec<D>[]): RegisterBank<D> {
  if (!Number.isSafeInteger(frameSize) || frameSize < 0) {
    throw refuse(name, `a frame of ${frameSize} bytes`, "a frame has a whole number of bytes");
  }
  for (const row of rows) checkRow(name, row);
  const registers = rows.flatMap((row) => expand(row));
  const granule = granuleOf(registers, frameSize);
  const table = new Uint16Array(frameSize / granule);
  if (registers.length > 0xffff) throw refuse(name, `${registers.length} registers`, "a bank has at most 65535");
  const slots: (Register<D> | undefined)[] = [undefined];
  for (const register of registers) {
    check(name, frameSize, register);
    const index = slots.push(register) - 1;
    for (let at = register.offset; at < register.offset + register.size; at += granule) {
      const other = slots[table[at / granule]!];
      if (other !== undefined) throw refuse(name, `${register.name} at ${hex(register.offset)}`, `it overlaps ${other.name} at ${hex(other.offset)}`);
      table[at / granule] = index;
    }
  }
  const shift = Math.log2(granule);
  return {
    name,
    frameSize,
    rows,
    registers: registers.sort((a, b) => a.offset - b.offset),
    at: (offset) => slots[table[offset >>> shift]!],
  };
}

function expand<D>(spec: RegisterSpec<D>): Register<D>[] {
  const size = spec.size ?? 4;
  const { count = 1, stride = size, reset = 0, access } = spec;
  const widths = spec.widths ?? (size === 8 ? [4, 8] : [size]);
  const constant = (): U64 => reset;
  const read = spec.read ?? constant;
  const write = spec.write ?? ((): void => {});
  const peek = spec.peek ?? read;
  const widthMask = widths.reduce((mask, width) => mask | (1 << width), 0);
  const [readable, writable] = [!UNREADABLE.includes(access), WRITABLE.includes(access)];
  return Array.from({ length: count }, (_, n) => ({
    name: count === 1 ? spec.name : `${spec.name}<${n}>`,
    spec,
    offset: spec.offset + n * stride,
    size,
    n,
    reset,
    widthMask,
    readable,
    writable,
    read,
    write,
    peek,
  }));
}

function granuleOf<D>(registers: readonly Register<D>[], frameSize: number): number {
  let granule = 8;
  for (const { offset, size } of registers) while (offset % granule !== 0 || size % granule !== 0) granule /= 2;
  while (frameSize % granule !== 0) granule /= 2;
  return granule;
}

/** What every register of the row would do wrong. */
function checkRow<D>(bank: string, { name, offset, size = 4, count = 1, stride = size, access, read, write, peek }: RegisterSpec<D>): void {
  if (![1, 2, 4, 8].includes(size)) throw refuse(bank, `${name} at ${hex(offset)}`, "a register has 1, 2, 4 or 8 bytes");
  if (![offset, count, stride].every(Number.isSafeInteger)) {
    throw refuse(bank, `${name} at ${offset}`, "offsets, sizes and strides are whole numbers");
  }
  if (!ACCESS_WORDS.includes(access)) throw refuse(bank, `${name} (${access})`, `its access is none of ${ACCESS_WORDS.join(", ")}`);
  const never = (hook: string): ConfigError => refuse(bank, `${name} (${access})`, `it has a ${hook} hook that could never be called`);
  if (write !== undefined && !WRITABLE.includes(access)) throw never("write");
  if (read !== undefined && UNREADABLE.includes(access)) throw never("read");
  if (peek !== undefined && UNREADABLE.includes(access)) throw never("peek");
}

function check<D>(bank: string, frameSize: number, { name, offset, size }: Register<D>): void {
  if (offset < 0 || offset + size > frameSize) throw refuse(bank, `${name} at ${hex(offset)}`, `the frame has ${hex(frameSize)} bytes`);
  if (offset % size !== 0) throw refuse(bank, `${name} at ${hex(offset)}`, `a register of ${size} bytes is aligned to ${size}`);
}

function refuse(bank: string, subject: string, why: string): ConfigError {
  return new ConfigError(`register bank ${bank}: ${subject} is refused, because ${why}`, {
    subject: `${bank}.${subject}`,
    remedy: "correct the row",
  });
}
