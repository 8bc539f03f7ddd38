/**
 * Single and double precision as scalar rows compute with them: loads, stores, constants and the tests of a native result
 * (fp/fast-path.ts). A value that may be a NaN whose bits matter is never taken for a result: NaNs fail every test here.
 * Not hot itself; what it makes is.
 */
import type { Builder, RegisterField } from "../ir/builder.ts";
import { apply, const32, const64, type Expr, type F64Expr, type I32Expr, type I64Expr } from "../ir/expr.ts";
import type { F32, F64 } from "../wasm/opcodes.ts";

/** A value in the precision at hand. */
export type FpExpr = Expr<typeof F32 | typeof F64>;

const view = new DataView(new ArrayBuffer(8));

/** A double as a constant. */
export function double(value: number): F64Expr {
  view.setFloat64(0, value);
  return apply("f64.reinterpret_i64", const64(view.getBigUint64(0)));
}

/** 2^power as an operand `imm`: the upper word of the double. */
export const powerOfTwo = (power: number): number => (1023 + power) << 20;

/** Twice the pattern of a magnitude, the sign gone: what lies strictly between the smallest normal number and infinity. */
const ORDINARY = {
  32: { above: 0x0100_0001, count: 0xff00_0000 - 0x0100_0001 },
  64: { above: 0x0020_0000_0000_0001n, count: 0xffe0_0000_0000_0000n - 0x0020_0000_0000_0001n },
} as const;

export class Precision {
  readonly bits: 32 | 64;
  readonly type: "f32" | "f64";
  readonly letter: "S" | "D";

  constructor(bits: 32 | 64) {
    this.bits = bits;
    this.type = bits === 32 ? "f32" : "f64";
    this.letter = bits === 32 ? "S" : "D";
  }

  get bytes(): number {
    return this.bits / 8;
  }

  load(c: Builder, field: RegisterField): FpExpr {
    return this.bits === 32 ? c.vPart("f32.load", field) : c.vPart("f64.load", field);
  }

  loadBits(c: Builder, field: RegisterField): I64Expr {
    return this.bits === 32 ? c.vPart("i64.load32_u", field) : c.vPart("i64.load", field);
  }

  /** Writes V[d]'s lowest element and clears the rest. */
  store(c: Builder, value: FpExpr): void {
    c.setVPart(`${this.type}.store`, "d", 0, value);
    if (this.bits === 32) c.setVPart("i32.store", "d", 4, const32(0));
    c.setVPart("i64.store", "d", 8, const64(0));
  }

  constant(value: number): FpExpr {
    if (this.bits === 64) return double(value);
    view.setFloat32(0, value);
    return apply("f32.reinterpret_i32", const32(view.getInt32(0)));
  }

  /** The value in double precision: exact. */
  widened(value: FpExpr): F64Expr {
    return this.bits === 32 ? apply("f64.promote_f32", value) : (value as F64Expr);
  }

  isNumber(value: FpExpr): I32Expr {
    return apply(`${this.type}.eq`, value, value);
  }

  isFinite(value: FpExpr): I32Expr {
    return apply(`${this.type}.lt`, apply(`${this.type}.abs`, value), this.constant(Infinity));
  }

  isZero(value: FpExpr): I32Expr {
    return apply(`${this.type}.eq`, value, this.constant(0));
  }

  /** Finite, and greater in magnitude than the smallest normal number: no overflow, and no underflow that rounding up could hide. */
  isOrdinary(value: FpExpr): I32Expr {
    if (this.bits === 32) {
      const twice = apply("i32.shl", apply("i32.reinterpret_f32", value), const32(1));
      return apply("i32.lt_u", apply("i32.sub", twice, const32(ORDINARY[32].above)), const32(ORDINARY[32].count));
    }
    const twice = apply("i64.shl", apply("i64.reinterpret_f64", value), const64(1));
    return apply("i64.lt_u", apply("i64.sub", twice, const64(ORDINARY[64].above)), const64(ORDINARY[64].count));
  }
}

export const SINGLE: Precision = new Precision(32);
export const DOUBLE: Precision = new Precision(64);

/** By the field `ftype` or `sz`: 0 or 1. */
export const precisionOf = (ftype: number): Precision => (ftype === 0 ? SINGLE : DOUBLE);
