/**
 * Lanes of floating-point numbers as Advanced SIMD rows compute with them: operations of WebAssembly's two shapes, and the tests of
 * fp/fast-path.ts over all lanes that count. The scalar instructions of this group are those with one lane. Not hot itself; what it
 * makes is.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, const64, constV128, type I32Expr, type V128Expr } from "../ir/expr.ts";
import { ONES, ZERO } from "./simd-lanes.ts";

const view = new DataView(new ArrayBuffer(8));
const VECTOR_BITS = 128n;

/** Operands of the methods may appear twice in what they return: they are pinned values or constants. */
export class FpLanes {
  readonly bits: 32 | 64;
  /** 1, 2 or 4. */
  readonly count: number;
  readonly type: "f32x4" | "f64x2";
  readonly integers: "i32x4" | "i64x2";
  /** Ones in lanes that count. */
  private readonly live: V128Expr;
  private readonly isFull: boolean;

  constructor(bits: 32 | 64, count: number) {
    this.bits = bits;
    this.count = count;
    this.type = bits === 32 ? "f32x4" : "f64x2";
    this.integers = bits === 32 ? "i32x4" : "i64x2";
    const width = BigInt(bits * count);
    this.isFull = width === VECTOR_BITS;
    this.live = constV128((1n << width) - 1n);
  }

  /** The same number in every lane. */
  constant(value: number): V128Expr {
    if (this.bits === 32) {
      view.setFloat32(0, value);
      return apply("i32x4.splat", const32(view.getInt32(0)));
    }
    view.setFloat64(0, value);
    return apply("i64x2.splat", const64(view.getBigUint64(0)));
  }

  /** The sign bit of every lane. */
  get signs(): V128Expr {
    return this.constant(-0);
  }

  /** The record's power of two (see fp-convert.ts) in every lane. */
  factor(c: Builder): V128Expr {
    return this.bits === 32 ? apply("i32x4.splat", c.imm32()) : apply("i64x2.splat", apply("i64.shl", c.imm64(), const64(32)));
  }

  /** Writes V[d]: lanes that do not count are cleared. */
  store(c: Builder, value: V128Expr): void {
    c.setV("d", this.isFull ? value : apply("v128.and", value, this.live));
  }

  /** Are all lanes of a mask set, of those that count? */
  all(mask: V128Expr): I32Expr {
    return apply("i32.eqz", apply("v128.any_true", apply("v128.andnot", this.isFull ? ONES : this.live, mask)));
  }

  abs(v: V128Expr): V128Expr {
    return apply(`${this.type}.abs`, v);
  }

  areNumbers(v: V128Expr): V128Expr {
    return apply(`${this.type}.eq`, v, v);
  }

  areFinite(v: V128Expr): V128Expr {
    return apply(`${this.type}.lt`, this.abs(v), this.constant(Infinity));
  }

  areZero(v: V128Expr): V128Expr {
    return apply(`${this.type}.eq`, v, ZERO);
  }

  /** Finite, and greater in magnitude than the smallest normal number. */
  areOrdinary(v: V128Expr): V128Expr {
    const least = this.constant(this.bits === 32 ? 2 ** -126 : 2 ** -1022);
    return apply("v128.and", apply(`${this.type}.gt`, this.abs(v), least), this.areFinite(v));
  }
}

const SHAPES = { 32: [new FpLanes(32, 1), new FpLanes(32, 2), new FpLanes(32, 4)], 64: [new FpLanes(64, 1), new FpLanes(64, 2)] } as const;

/** The lanes of a vector instruction; sz = 1 needs Q = 1. */
export const vectorLanes = (sz: number, Q: number): FpLanes => (sz === 1 ? SHAPES[64][1] : SHAPES[32][Q === 1 ? 2 : 1]);
export const scalarLane = (sz: number): FpLanes => (sz === 1 ? SHAPES[64][0] : SHAPES[32][0]);
/** No vector of one double. */
export const isArranged = (f: { readonly sz: number; readonly Q: number }): boolean => f.sz === 0 || f.Q === 1;
