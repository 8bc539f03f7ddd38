/** A C structure as rows, little-endian, both ways. Padding is written as zero and not looked at when read, as the kernel treats it. */
import { ConfigError, HostError } from "@trapline/core";

/** `s32` is signed; `u64` is a bigint. */
export type FieldKind = "u32" | "s32" | "u64";

/** The rows of a structure: every field with its byte offset and kind. */
export type StructRows<T> = { readonly [K in keyof T]: readonly [offset: number, kind: FieldKind] };

export interface StructCodec<T> {
  /** As in the kernel's header. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** @throws ConfigError naming the field for a value that does not fit it in C */
  check(value: T): void;
  /** @throws ConfigError as `check` */
  encode(value: T): Uint8Array;
  /** @throws HostError for fewer bytes than the structure has, what Linux answers with EFAULT */
  decode(bytes: Uint8Array): T;
}

export function structCodec<T extends object>(name: string, size: number, rows: StructRows<T>): StructCodec<T> {
  const fields = Object.entries(rows) as [keyof T & string, readonly [number, FieldKind]][];
  return {
    name,
    size,
    check(value) {
      for (const [field, [, kind]] of fields) checkField(`${name}.${field}`, kind, value[field]);
    },
    encode(value) {
      const view = new DataView(new ArrayBuffer(size));
      for (const [field, [offset, kind]] of fields) put(view, offset, kind, value[field], `${name}.${field}`);
      return new Uint8Array(view.buffer);
    },
    decode(bytes) {
      const view = viewOf(bytes, size, name);
      return Object.fromEntries(fields.map(([field, [offset, kind]]) => [field, get(view, offset, kind)])) as T;
    },
  };
}

/** A view of the first `size` bytes. @throws HostError when there are fewer */
export function viewOf(bytes: Uint8Array, size: number, name: string): DataView {
  if (bytes.length < size) {
    throw new HostError(`${name} needs ${size} bytes and got ${bytes.length}`, {
      subject: name,
      value: bytes.length,
      limit: size,
      remedy: "pass the whole structure",
    });
  }
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}

const RANGES = { u32: [0, 0xffff_ffff], s32: [-0x8000_0000, 0x7fff_ffff], u64: [0n, 0xffff_ffff_ffff_ffffn] } as const;

function checkField(field: string, kind: FieldKind, value: unknown): void {
  const [low, high] = RANGES[kind];
  const rightType = kind === "u64" ? typeof value === "bigint" : Number.isInteger(value);
  if (rightType && (value as number) >= low && (value as number) <= high) return;
  throw new ConfigError(`${field} is ${String(value)}, which no ${kind} of C holds`, {
    subject: field,
    value: String(value),
    limit: `${low} … ${high}`,
    remedy: `use a ${kind === "u64" ? "bigint" : "whole number"} from ${low} to ${high}`,
  });
}

function put(view: DataView, offset: number, kind: FieldKind, value: unknown, field: string): void {
  checkField(field, kind, value);
  if (kind === "u64") view.setBigUint64(offset, value as bigint, true);
  else if (kind === "s32") view.setInt32(offset, value as number, true);
  else view.setUint32(offset, value as number, true);
}

function get(view: DataView, offset: number, kind: FieldKind): number | bigint {
  if (kind === "u64") return view.getBigUint64(offset, true);
  return kind === "s32" ? view.getInt32(offset, true) : view.getUint32(offset, true);
}
