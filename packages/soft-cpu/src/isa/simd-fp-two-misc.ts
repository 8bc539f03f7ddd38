/**
 * Advanced SIMD and scalar instructions with two registers, floating-point (Arm ARM DDI 0487, C4.1 "Advanced SIMD two-register
 * miscellaneous" and its scalar counterpart): FABS, FNEG, FSQRT, FRINT*, comparisons with zero, estimates. Not here: conversions.
 */
import { FPRounding } from "../fp/fp-env.ts";
import type { LaneOperation } from "../fp/lane.ts";
import type { Builder } from "../ir/builder.ts";
import { apply, type I32Expr, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { isInexactAlready, keepsDenormals, roundsQuietly, roundsToNearest } from "./fp-controls.ts";
import { callOnLanes } from "./fp-helpers.ts";
import { roundedLanes } from "./simd-fp-rounding.ts";
import { type FpLanes, isArranged, scalarLane, vectorLanes } from "./simd-fp-lanes.ts";
import { comparison, type NativeLanes } from "./simd-fp-native.ts";
import { ZERO } from "./simd-lanes.ts";

/** The operand is pinned. */
type Unary = (c: Builder, lanes: FpLanes, v: V128Expr) => NativeLanes;

interface Row {
  readonly name: string;
  readonly U: 0 | 1;
  /** The size field's upper bit. */
  readonly a: 0 | 1;
  readonly opcode: string;
  readonly operation: LaneOperation;
  /** Undefined where only the helper knows. */
  readonly native: Unary | undefined;
  readonly forms: "vector" | "scalar" | "both";
}

type Forms = Row["forms"];
const row = (name: string, U: 0 | 1, a: 0 | 1, opcode: string, operation: LaneOperation, native: Unary | undefined, forms: Forms): Row => {
  return { name, U, a, opcode, operation, native, forms };
};

type Needs = (c: Builder, lanes: FpLanes, v: V128Expr, result: V128Expr) => I32Expr;

const integral = (rounding: FPRounding, needs: Needs): Unary => (c, lanes, v) => {
  const result = c.let(roundedLanes(c, lanes, v, rounding));
  return { result, suffices: apply("i32.and", needs(c, lanes, v, result), lanes.all(lanes.areNumbers(v))) };
};

/** FRINTX is the only one that may be Inexact. */
const quietOrExact: Needs = (c, lanes, v, result) => {
  const isExact = lanes.all(apply(`${lanes.type}.eq`, v, result));
  return apply("i32.and", roundsToNearest(c), apply("i32.or", isInexactAlready(c), isExact));
};

const zeroComparison = (relation: "eq" | "ge" | "gt" | "le" | "lt"): Unary => (c, lanes, v) => comparison(relation)(c, lanes, v, ZERO);

/** A root is never tiny. */
const squareRoot: Unary = (c, lanes, v) => {
  const result = c.let(apply(`${lanes.type}.sqrt`, v));
  return { result, suffices: apply("i32.and", roundsQuietly(c), lanes.all(lanes.areFinite(result))) };
};

const ROWS: readonly Row[] = [
  row("FRINTN", 0, 0, "11000", "rintn", integral(FPRounding.TIEEVEN, keepsDenormals), "vector"),
  row("FRINTM", 0, 0, "11001", "rintm", integral(FPRounding.NEGINF, keepsDenormals), "vector"),
  row("FCMGT (zero)", 0, 1, "01100", "cmgt0", zeroComparison("gt"), "both"),
  row("FCMEQ (zero)", 0, 1, "01101", "cmeq0", zeroComparison("eq"), "both"),
  row("FCMLT (zero)", 0, 1, "01110", "cmlt0", zeroComparison("lt"), "both"),
  row("FRINTP", 0, 1, "11000", "rintp", integral(FPRounding.POSINF, keepsDenormals), "vector"),
  row("FRINTZ", 0, 1, "11001", "rintz", integral(FPRounding.ZERO, keepsDenormals), "vector"),
  row("FRECPE", 0, 1, "11101", "recpe", undefined, "both"),
  row("FRECPX", 0, 1, "11111", "recpx", undefined, "scalar"),
  row("FRINTA", 1, 0, "11000", "rinta", integral(FPRounding.TIEAWAY, keepsDenormals), "vector"),
  row("FRINTX", 1, 0, "11001", "rintx", integral(FPRounding.TIEEVEN, quietOrExact), "vector"),
  row("FCMGE (zero)", 1, 1, "01100", "cmge0", zeroComparison("ge"), "both"),
  row("FCMLE (zero)", 1, 1, "01101", "cmle0", zeroComparison("le"), "both"),
  row("FRINTI", 1, 1, "11001", "rinti", integral(FPRounding.TIEEVEN, roundsToNearest), "vector"),
  row("FRSQRTE", 1, 1, "11101", "rsqrte", undefined, "both"),
  row("FSQRT", 1, 1, "11111", "sqrt", squareRoot, "vector"),
];

function emit(c: Builder, lanes: FpLanes, { operation, native }: Row): void {
  const call = (): void => callOnLanes(c, operation, lanes.bits, lanes.count);
  if (native === undefined) return call();
  const { result, suffices } = native(c, lanes, c.let(c.v("n")));
  c.if(suffices, () => lanes.store(c, result), call);
}

const vectorEncoding = (U: 0 | 1, a: 0 | 1, opcode: string) =>
  `0 Q ${U} 01110 ${a} sz 10000 ${opcode} 10 Rn:5 Rd:5` as "0 Q 0 01110 0 sz 10000 11000 10 Rn:5 Rd:5";

/** FABS and FNEG move bits, as their scalar namesakes do. */
function signs(name: string, U: 0 | 1, compute: (lanes: FpLanes, v: V128Expr) => V128Expr): Form {
  return form({
    name: `${name} (vector)`,
    encoding: vectorEncoding(U, 1, "01111"),
    split: ["Q", "sz"],
    fp: true,
    when: isArranged,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { Q, sz }) => {
      const lanes = vectorLanes(sz, Q);
      lanes.store(c, compute(lanes, c.v("n")));
    },
  });
}

export const simdFpTwoMisc: readonly Form[] = [
  signs("FABS", 0, (lanes, v) => apply("v128.andnot", v, lanes.signs)),
  signs("FNEG", 1, (lanes, v) => apply("v128.xor", v, lanes.signs)),
  ...ROWS.filter(({ forms }) => forms !== "scalar").map((each) =>
    form({
      name: `${each.name} (vector)`,
      encoding: vectorEncoding(each.U, each.a, each.opcode),
      split: ["Q", "sz"],
      fp: true,
      when: isArranged,
      operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
      emit: (c, { Q, sz }) => emit(c, vectorLanes(sz, Q), each),
    }),
  ),
];

export const simdFpScalarTwoMisc: readonly Form[] = ROWS.filter(({ forms }) => forms !== "vector").map((each) =>
  form({
    name: `${each.name} (scalar)`,
    encoding: `01 ${each.U} 11110 ${each.a} sz 10000 ${each.opcode} 10 Rn:5 Rd:5` as "01 0 11110 0 sz 10000 11000 10 Rn:5 Rd:5",
    split: ["sz"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { sz }) => emit(c, scalarLane(sz), each),
  }),
);
