/**
 * The helpers that floating-point rows call where the native operation may not do, by the numbers that expressions know them by.
 * fp/calling.ts says what their parameters are; fp/helpers.ts implements them. Not hot.
 */
import type { Builder, RegisterField } from "../ir/builder.ts";
import { apply, call, const32, type Expr, type I32Expr, type V128Expr } from "../ir/expr.ts";
import { declareHelper } from "../ir/helpers.ts";
import {
  MODE_FBITS_SHIFT, MODE_UNSIGNED, type Reduction, REDUCTIONS, SHAPE_SHIFT, WIDTH_CHANGES, type WidthChange,
} from "../fp/calling.ts";
import { FPRounding } from "../fp/fp-env.ts";
import { LANE_OPERATIONS, type LaneOperation } from "../fp/lane.ts";
import { F64, I32, I64, V128, type ValueType } from "../wasm/opcodes.ts";

type Bits = 32 | 64;

/** Numbers by name, of helpers with the same parameters. */
function declareAll<Name extends string>(
  names: readonly Name[], parameters: readonly ValueType[], nameOf = (name: Name): string => name,
): ReadonlyMap<Name, number> {
  return new Map(names.map((name) => [name, declareHelper(nameOf(name), parameters, I32)]));
}

const onLanes: Readonly<Record<Bits, ReadonlyMap<LaneOperation, number>>> = {
  32: declareAll(LANE_OPERATIONS, [I32, I32, I32], (name) => `${name}32`),
  64: declareAll(LANE_OPERATIONS, [I32, I32, I32], (name) => `${name}64`),
};
const fixedLanes = declareAll(["toFixed32", "toFixed64", "fromFixed32", "fromFixed64"], [I32, I32, I32]);
const reductions = declareAll(REDUCTIONS, [I32, I32], (name) => `${name}v32`);
const widthChanges = declareAll(WIDTH_CHANGES, [I32, I32]);
const comparisons = declareAll(["compare32", "compare64"], [I32, I32, I32]);
const toInteger = {
  S: { 32: declareHelper("StoW", [I32, I32], I32), 64: declareHelper("StoX", [I32, I32], I64) },
  D: { 32: declareHelper("DtoW", [I32, I32], I32), 64: declareHelper("DtoX", [I32, I32], I64) },
} as const;
const fromInteger = {
  S: { 32: declareHelper("WtoS", [I32, I32, I32], I32), 64: declareHelper("XtoS", [I32, I64, I32], I32) },
  D: { 32: declareHelper("WtoD", [I32, I32, I32], I32), 64: declareHelper("XtoD", [I32, I64, I32], I32) },
} as const;
const mulAdd64 = declareHelper("mulAdd64", [F64, F64, F64], F64);
const mulAdd64x2 = declareHelper("mulAdd64x2", [V128, V128, V128], V128);

/** Two places or other numbers below 2^16 in one word. */
const packed = (low: I32Expr, high: I32Expr): I32Expr => apply("i32.or", low, apply("i32.shl", high, const32(SHAPE_SHIFT)));

/** A helper that works in place: what it returns says nothing. */
function inPlace(c: Builder, helper: number, first: I32Expr, second: Expr, third: I32Expr | null = null): void {
  c.let(call(I32, helper, first, second, third));
}

/** V[d] = an operation on lanes of V[n] and V[m], and of V[addend] in fused ones. Operands that it lacks are not looked at. */
export function callOnLanes(c: Builder, operation: LaneOperation, bits: Bits, shape: number, addend?: RegisterField): void {
  const m = addend === undefined ? c.target.offset("m") : packed(c.target.offset("m"), c.target.offset(addend));
  inPlace(c, onLanes[bits].get(operation)!, packed(c.target.offset("d"), const32(shape)), c.target.offset("n"), m);
}

/** S[d] = the four lanes of V[n] reduced to one. */
export function callReduction(c: Builder, reduction: Reduction): void {
  inPlace(c, reductions.get(reduction)!, c.target.offset("d"), c.target.offset("n"));
}

export function callWidthChange(c: Builder, change: WidthChange, shape: number): void {
  inPlace(c, widthChanges.get(change)!, packed(c.target.offset("d"), const32(shape)), c.target.offset("n"));
}

/** How V[n] compares with V[m]: COMPARED_LESS and so on. */
export function callCompare(c: Builder, bits: Bits, signals: boolean): I32Expr {
  return call(I32, comparisons.get(`compare${bits}`)!, c.target.offset("n"), c.target.offset("m"), const32(Number(signals)));
}

/** A conversion's mode; the fraction bits are the record's shift. */
function modeOf(c: Builder, rounding: FPRounding, unsigned: boolean): I32Expr {
  const fbits = apply("i32.shl", c.shift32(), const32(MODE_FBITS_SHIFT));
  return apply("i32.or", fbits, const32(rounding | (unsigned ? MODE_UNSIGNED : 0)));
}

/** V[n]'s lowest element as an integer of `bits`. */
export function callToInteger(
  c: Builder, from: "S" | "D", bits: Bits, rounding: FPRounding, unsigned: boolean,
): Expr<typeof I32 | typeof I64> {
  const type = bits === 32 ? I32 : I64;
  return call<typeof I32 | typeof I64>(type, toInteger[from][bits], c.target.offset("n"), modeOf(c, rounding, unsigned));
}

/** V[d] = an integer. */
export function callFromInteger(c: Builder, to: "S" | "D", bits: Bits, value: Expr, unsigned: boolean): void {
  inPlace(c, fromInteger[to][bits], c.target.offset("d"), value, modeOf(c, FPRounding.TIEEVEN, unsigned));
}

export function callToFixedLanes(c: Builder, bits: Bits, lanes: number, rounding: FPRounding, unsigned: boolean): void {
  const destination = packed(c.target.offset("d"), const32(lanes));
  inPlace(c, fixedLanes.get(`toFixed${bits}`)!, destination, c.target.offset("n"), modeOf(c, rounding, unsigned));
}

export function callFromFixedLanes(c: Builder, bits: Bits, lanes: number, unsigned: boolean): void {
  const destination = packed(c.target.offset("d"), const32(lanes));
  inPlace(c, fixedLanes.get(`fromFixed${bits}`)!, destination, c.target.offset("n"), modeOf(c, FPRounding.TIEEVEN, unsigned));
}

/** addend + op1 × op2, rounded once, as fused-module.ts makes it. */
export function fusedDouble(addend: Expr<typeof F64>, op1: Expr<typeof F64>, op2: Expr<typeof F64>): Expr<typeof F64> {
  return call(F64, mulAdd64, addend, op1, op2);
}

export function fusedDoubles(addend: V128Expr, op1: V128Expr, op2: V128Expr): V128Expr {
  return call(V128, mulAdd64x2, addend, op1, op2);
}
