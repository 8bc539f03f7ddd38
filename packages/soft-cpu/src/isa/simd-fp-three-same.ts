/**
 * Advanced SIMD and scalar instructions with three registers of the same type, floating-point (Arm ARM DDI 0487, C4.1 "Advanced SIMD
 * three same", "Advanced SIMD scalar three same"), pairwise ones included.
 */
import type { LaneOperation } from "../fp/lane.ts";
import { SHAPE_PAIRWISE } from "../fp/calling.ts";
import type { Builder } from "../ir/builder.ts";
import { apply, shuffle, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { callOnLanes } from "./fp-helpers.ts";
import { type FpLanes, isArranged, scalarLane, vectorLanes } from "./simd-fp-lanes.ts";
import {
  absoluteComparison, absoluteDifference, type Binary, comparison, extreme, fused, product, quotient, reciprocalRootStep, reciprocalStep,
  sum,
} from "./simd-fp-native.ts";
import { indices } from "./simd-lanes.ts";

interface Row {
  readonly name: string;
  readonly U: 0 | 1;
  /** The size field's upper bit. */
  readonly a: 0 | 1;
  readonly opcode: string;
  readonly operation: LaneOperation;
  readonly native: Binary;
  readonly kind: "vector" | "pairwise" | "accumulating" | "vector and scalar";
}

function row(
  name: string, U: 0 | 1, a: 0 | 1, opcode: string, operation: LaneOperation, native: Binary, kind: Row["kind"] = "vector",
): Row {
  return { name, U, a, opcode, operation, native, kind };
}

/** V[d] + V[n] × V[m], or minus. */
const accumulated = (negates: boolean): Binary => (c, lanes, a, b) => {
  return fused(c, lanes, c.let(c.v("d")), negates ? c.let(apply(`${lanes.type}.neg`, a)) : a, b);
};

const ROWS: readonly Row[] = [
  row("FMAXNM", 0, 0, "11000", "maxnm", extreme("max")),
  row("FMLA", 0, 0, "11001", "madd", accumulated(false), "accumulating"),
  row("FADD", 0, 0, "11010", "add", sum("add")),
  row("FMULX", 0, 0, "11011", "mulx", product, "vector and scalar"),
  row("FCMEQ", 0, 0, "11100", "cmeq", comparison("eq"), "vector and scalar"),
  row("FMAX", 0, 0, "11110", "max", extreme("max")),
  row("FRECPS", 0, 0, "11111", "recps", reciprocalStep, "vector and scalar"),
  row("FMINNM", 0, 1, "11000", "minnm", extreme("min")),
  row("FMLS", 0, 1, "11001", "msub", accumulated(true), "accumulating"),
  row("FSUB", 0, 1, "11010", "sub", sum("sub")),
  row("FMIN", 0, 1, "11110", "min", extreme("min")),
  row("FRSQRTS", 0, 1, "11111", "rsqrts", reciprocalRootStep, "vector and scalar"),
  row("FMAXNMP", 1, 0, "11000", "maxnm", extreme("max"), "pairwise"),
  row("FADDP", 1, 0, "11010", "add", sum("add"), "pairwise"),
  row("FMUL", 1, 0, "11011", "mul", product),
  row("FCMGE", 1, 0, "11100", "cmge", comparison("ge"), "vector and scalar"),
  row("FACGE", 1, 0, "11101", "acge", absoluteComparison("ge"), "vector and scalar"),
  row("FMAXP", 1, 0, "11110", "max", extreme("max"), "pairwise"),
  row("FDIV", 1, 0, "11111", "div", quotient),
  row("FMINNMP", 1, 1, "11000", "minnm", extreme("min"), "pairwise"),
  row("FABD", 1, 1, "11010", "abd", absoluteDifference, "vector and scalar"),
  row("FCMGT", 1, 1, "11100", "cmgt", comparison("gt"), "vector and scalar"),
  row("FACGT", 1, 1, "11101", "acgt", absoluteComparison("gt"), "vector and scalar"),
  row("FMINP", 1, 1, "11110", "min", extreme("min"), "pairwise"),
];

/** Bytes of every second element of the two operands' lanes in a row, from element 0 or 1 on. */
const everySecond = ({ bits, count }: FpLanes, first: 0 | 1): number[] => {
  const bytes = bits / 8;
  return indices((byte) => {
    const element = (2 * Math.floor(byte / bytes) + first) % (2 * count);
    return (element < count ? element : element - count + 16 / bytes) * bytes + (byte % bytes);
  });
};

function operands(c: Builder, lanes: FpLanes, isPairwise: boolean): readonly [V128Expr, V128Expr] {
  const [n, m] = [c.let(c.v("n")), c.let(c.v("m"))];
  if (!isPairwise) return [n, m];
  return [c.let(shuffle(n, m, everySecond(lanes, 0))), c.let(shuffle(n, m, everySecond(lanes, 1)))];
}

function emit(c: Builder, lanes: FpLanes, { kind, operation, native }: Row): void {
  const isPairwise = kind === "pairwise";
  const { result, suffices } = native(c, lanes, ...operands(c, lanes, isPairwise));
  const shape = lanes.count | (isPairwise ? SHAPE_PAIRWISE : 0);
  c.if(
    suffices,
    () => lanes.store(c, result),
    () => callOnLanes(c, operation, lanes.bits, shape, kind === "accumulating" ? "d" : undefined),
  );
}

export const simdFpThreeSame: readonly Form[] = ROWS.map((each) =>
  form({
    name: `${each.name} (vector)`,
    // The casts name the fields; which opcode stands there makes no difference to the types.
    encoding: `0 Q ${each.U} 01110 ${each.a} sz 1 Rm:5 ${each.opcode} 1 Rn:5 Rd:5` as "0 Q 0 01110 0 sz 1 Rm:5 11000 1 Rn:5 Rd:5",
    split: ["Q", "sz"],
    fp: true,
    when: isArranged,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { Q, sz }) => emit(c, vectorLanes(sz, Q), each),
  }),
);

export const simdFpScalarThreeSame: readonly Form[] = ROWS.filter(({ kind }) => kind === "vector and scalar").map((each) =>
  form({
    name: `${each.name} (scalar)`,
    encoding: `01 ${each.U} 11110 ${each.a} sz 1 Rm:5 ${each.opcode} 1 Rn:5 Rd:5` as "01 0 11110 0 sz 1 Rm:5 11000 1 Rn:5 Rd:5",
    split: ["sz"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { sz }) => emit(c, scalarLane(sz), each),
  }),
);
