/**
 * Scalar floating-point data processing (Arm ARM DDI 0487, C4.1 "Floating-point data-processing" with one, two and three sources):
 * arithmetic, square roots, minima, maxima and fused operations. Not here: moves, conversions, rounding to integrals. Hot rows.
 *
 * Each computes natively and asks whether that is the architecture's result; a helper does the rest (see fp-helpers.ts).
 */
import type { LaneOperation } from "../fp/lane.ts";
import type { Builder, RegisterField } from "../ir/builder.ts";
import { apply, const32, const64, type Expr, type F64Expr, type I32Expr, ifElse } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { keepsDenormals, roundsQuietly } from "./fp-controls.ts";
import { callOnLanes, fusedDouble } from "./fp-helpers.ts";
import { type FpExpr, type Precision, precisionOf, SINGLE } from "./fp-precision.ts";

/** A native result, pinned, and whether it will do. */
interface Native {
  readonly result: FpExpr;
  readonly suffices: I32Expr;
}

/** V[d] = the native result, or what the helper makes of V[n], V[m] and the addend. */
function finish(c: Builder, p: Precision, { result, suffices }: Native, operation: LaneOperation, addend?: RegisterField): void {
  c.if(
    suffices,
    () => p.store(c, result),
    () => callOnLanes(c, operation, p.bits, 1, addend),
  );
}

type Compute = (c: Builder, p: Precision) => Native;

const sum = (which: "add" | "sub"): Compute => (c, p) => {
  const result = c.let(apply(`${p.type}.${which}`, p.load(c, "n"), p.load(c, "m")));
  // A sum that is tiny is exact.
  return { result, suffices: apply("i32.and", roundsQuietly(c), p.isFinite(result)) };
};

/** A product or a quotient; `explains` says when a result of zero is one. */
const scaled = (which: "mul" | "div", negates: boolean, explains: (p: Precision, a: FpExpr, b: FpExpr) => I32Expr): Compute => (c, p) => {
  const [a, b] = [c.let(p.load(c, "n")), c.let(p.load(c, "m"))];
  const value = apply(`${p.type}.${which}`, a, b);
  const result = c.let(negates ? apply(`${p.type}.neg`, value) : value);
  const isRight = apply("i32.or", p.isOrdinary(result), apply("i32.and", p.isZero(result), explains(p, a, b)));
  return { result, suffices: apply("i32.and", roundsQuietly(c), isRight) };
};
const zeroFactor = (p: Precision, a: FpExpr, b: FpExpr): I32Expr => apply("i32.or", p.isZero(a), p.isZero(b));
const zeroDividend = (p: Precision, a: FpExpr): I32Expr => p.isZero(a);

/** Without NaNs FMAXNM is FMAX, and zeros are ordered natively as they are here. */
const extreme = (which: "max" | "min"): Compute => (c, p) => {
  const result = c.let(apply(`${p.type}.${which}`, p.load(c, "n"), p.load(c, "m")));
  return { result, suffices: apply("i32.and", keepsDenormals(c), p.isNumber(result)) };
};

export type TwoSourceName = "FMUL" | "FDIV" | "FADD" | "FSUB" | "FMAX" | "FMIN" | "FMAXNM" | "FMINNM" | "FNMUL";

interface TwoSource {
  readonly opcode: string;
  readonly compute: Compute;
  readonly operation: LaneOperation;
}

const TWO_SOURCE: Readonly<Record<TwoSourceName, TwoSource>> = {
  FMUL: { opcode: "0000", compute: scaled("mul", false, zeroFactor), operation: "mul" },
  FDIV: { opcode: "0001", compute: scaled("div", false, zeroDividend), operation: "div" },
  FADD: { opcode: "0010", compute: sum("add"), operation: "add" },
  FSUB: { opcode: "0011", compute: sum("sub"), operation: "sub" },
  FMAX: { opcode: "0100", compute: extreme("max"), operation: "max" },
  FMIN: { opcode: "0101", compute: extreme("min"), operation: "min" },
  FMAXNM: { opcode: "0110", compute: extreme("max"), operation: "maxnm" },
  FMINNM: { opcode: "0111", compute: extreme("min"), operation: "minnm" },
  FNMUL: { opcode: "1000", compute: scaled("mul", true, zeroFactor), operation: "nmul" },
};

/** V[d] = one of these of the elements at operands n and m: also what pairwise and indexed scalar instructions do. */
export function emitTwoSource(c: Builder, p: Precision, name: TwoSourceName, operation?: LaneOperation): void {
  const { compute, operation: own } = TWO_SOURCE[name];
  finish(c, p, compute(c, p), operation ?? own);
}

/** Which operands FMADD and its kin negate first. */
const FUSED = {
  madd: { product: false, addend: false },
  msub: { product: true, addend: false },
  nmadd: { product: true, addend: true },
  nmsub: { product: false, addend: true },
} as const;
export type FusedOperation = keyof typeof FUSED;

/** V[d] = ±V[addend] ± V[n] × V[m], rounded once. */
export function emitFused(c: Builder, p: Precision, operation: FusedOperation, addend: RegisterField): void {
  const negates = FUSED[operation];
  const signed = (value: FpExpr, negate: boolean): FpExpr => (negate ? apply(`${p.type}.neg`, value) : value);
  const a = c.let(signed(p.load(c, addend), negates.addend));
  const n = c.let(signed(p.load(c, "n"), negates.product));
  const m = c.let(p.load(c, "m"));
  const { result, suffices } = p === SINGLE ? fusedSingle(c, a, n, m) : fusedInDouble(c, a, n, m);
  const isRight = apply("i32.or", p.isOrdinary(result), apply("i32.and", p.isZero(result), zeroFactor(p, n, m)));
  finish(c, p, { result, suffices: apply("i32.and", suffices, isRight) }, operation, addend);
}

/** What a double has beyond a single, and the one value of it where rounding twice can go wrong: halfway between two singles. */
const BEYOND_SINGLE = const64(0x1fff_ffff);
const HALFWAY = const64(0x1000_0000);

/**
 * The product of singles is exact as a double; so only the sum is rounded, and then to single: harmlessly, unless it looks halfway and
 * was not exact (see sumIsExact in fp/fast-path.ts), which sums of short numbers often are.
 */
function fusedSingle(c: Builder, a: FpExpr, n: FpExpr, m: FpExpr): Native {
  const product = c.let(apply("f64.mul", SINGLE.widened(n), SINGLE.widened(m)));
  const addend = c.let(SINGLE.widened(a));
  const inDouble = c.let(apply("f64.add", product, addend));
  const result = c.let(apply("f32.demote_f64", inDouble));
  const isHalfway = apply("i64.eq", apply("i64.and", apply("i64.reinterpret_f64", inDouble), BEYOND_SINGLE), HALFWAY);
  const leaves = (x: Expr, y: Expr): I32Expr => apply("f64.eq", apply("f64.sub", inDouble, x), y);
  const isExact = apply("i32.and", leaves(product, addend), leaves(addend, product));
  return { result, suffices: apply("i32.and", roundsQuietly(c), ifElse(isHalfway, isExact, const32(1))) };
}

function fusedInDouble(c: Builder, a: FpExpr, n: FpExpr, m: FpExpr): Native {
  return { result: c.let(fusedDouble(a as F64Expr, n as F64Expr, m as F64Expr)), suffices: roundsQuietly(c) };
}

const isSingleOrDouble = (f: { readonly ftype: number }): boolean => f.ftype < 2;

export const fpArithmetic: readonly Form[] = [
  form({
    name: "FSQRT (scalar)",
    encoding: "0 0 0 11110 ftype:2 1 000011 10000 Rn:5 Rd:5",
    split: ["ftype"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { ftype }) => {
      const p = precisionOf(ftype);
      const result = c.let(apply(`${p.type}.sqrt`, p.load(c, "n")));
      // A root is never tiny.
      finish(c, p, { result, suffices: apply("i32.and", roundsQuietly(c), p.isFinite(result)) }, "sqrt");
    },
  }),
  ...(Object.keys(TWO_SOURCE) as TwoSourceName[]).map((name) =>
    form({
      name: `${name} (scalar)`,
      encoding: `0 0 0 11110 ftype:2 1 Rm:5 ${TWO_SOURCE[name].opcode} 10 Rn:5 Rd:5` as "0 0 0 11110 ftype:2 1 Rm:5 0000 10 Rn:5 Rd:5",
      split: ["ftype"],
      fp: true,
      when: isSingleOrDouble,
      operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
      emit: (c, { ftype }) => emitTwoSource(c, precisionOf(ftype), name),
    }),
  ),
  form({
    name: "FMADD/FMSUB/FNMADD/FNMSUB",
    encoding: "0 0 0 11111 ftype:2 o1 Rm:5 o0 Ra:5 Rn:5 Rd:5",
    split: ["ftype", "o1", "o0"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm), a: vr(f.Ra) }),
    emit: (c, { ftype, o1, o0 }) => emitFused(c, precisionOf(ftype), (["madd", "msub", "nmadd", "nmsub"] as const)[(o1 << 1) | o0]!, "a"),
  }),
];
