/**
 * How Advanced SIMD instructions read and write parts of V registers (Arm ARM DDI 0487, C1.2.5 and the pseudocode functions
 * V[], Vpart[] and Elem[]): 64 or 128 bits by Q, one element, the half that a "2" instruction names.
 *
 * Whatever an instruction does not compute of its destination it clears, except where the manual says that it inserts.
 * Where Q only decides how much of the result counts it is no reason for a second handler: `imm` holds `upperHalf(Q)`, and the
 * result is masked with it, which costs compiled code nothing. Where a source or destination is "the lower or upper half",
 * the operand's offset says which. Not hot.
 */
import type { Builder, RegisterField } from "../ir/builder.ts";
import { apply, CONST, constV128, type I64Expr, lane, shuffle, type V128Expr } from "../ir/expr.ts";
import { indices, type Lanes, ONES, ZERO } from "./simd-lanes.ts";

const LOW_HALF: V128Expr = constV128((1n << 64n) - 1n);
const LOADS = ["i64.load8_u", "i64.load16_u", "i64.load32_u", "i64.load"] as const;
const NARROW_LOADS = ["i32.load8_u", "i32.load16_u", "i32.load"] as const;

/** The operand `imm` that `datasize` reads. */
export const upperHalf = (Q: number): number => -Q;

/** `value`, its upper half cleared where Q is 0; `imm` is `upperHalf(Q)`. */
export function datasize(c: Builder, value: V128Expr): V128Expr {
  const upper = c.imm64();
  if (upper.kind === CONST) return upper.big === 0n ? lowHalf(value) : value;
  return apply("v128.and", value, lane("i64x2.replace_lane", ONES, 1, upper));
}

/** Writes as much of `value` as Q says; `imm` is `upperHalf(Q)`. */
export function setDatasize(c: Builder, value: V128Expr): void {
  c.setV("d", datasize(c, value));
}

/** `value`, its upper half cleared. */
function lowHalf(value: V128Expr): V128Expr {
  return apply("v128.and", value, LOW_HALF);
}

/** As `setDatasize`, for rows that are split by Q. */
export function setVq(c: Builder, Q: number, value: V128Expr): void {
  c.setV("d", Q === 1 ? value : lowHalf(value));
}

/** The 64 bits at the operand's offset, in both halves. */
export function half(c: Builder, field: RegisterField): V128Expr {
  return apply("i64x2.splat", c.vPart("i64.load", field));
}

/** The element at the operand's offset, as i64. */
export function elementBits(c: Builder, field: RegisterField, lanes: Lanes): I64Expr {
  return c.vPart(LOADS[lanes.size]!, field);
}

/** The element at the operand's offset, in lane 0; zeros above. */
export function element(c: Builder, field: RegisterField, lanes: Lanes): V128Expr {
  return lane("i64x2.replace_lane", ZERO, 0, elementBits(c, field, lanes));
}

/** The element at the operand's offset, in every lane. */
export function splatElement(c: Builder, field: RegisterField, lanes: Lanes): V128Expr {
  return lanes.splat(lanes.size === 3 ? c.vPart("i64.load", field) : c.vPart(NARROW_LOADS[lanes.size]!, field));
}

/** Writes lane 0 and clears the rest. */
export function setElement(c: Builder, lanes: Lanes, value: V128Expr): void {
  c.setV("d", apply("v128.and", value, constV128(lanes.mask)));
}

const JOINED = indices((byte) => (byte < 8 ? byte : byte + 8));

/** Two low halves: `low` stays, that of `high` comes above it. */
export function join(low: V128Expr, high: V128Expr): V128Expr {
  return shuffle(low, high, JOINED);
}

/**
 * Writes what a narrowing instruction made, in the low half of `value` with zeros above: to the lower half, or by the "2" form
 * to the upper half, where the lower one stays.
 */
export function setNarrowed(c: Builder, Q: number, value: V128Expr): void {
  c.setV("d", Q === 1 ? join(c.v("d"), value) : value);
}
