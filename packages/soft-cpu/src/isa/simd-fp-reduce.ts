/**
 * Floating-point instructions that make one number of a vector: FMAXV, FMINV, FMAXNMV, FMINNMV of four singles, and the pairwise scalar
 * ones of two elements (Arm ARM DDI 0487, C4.1 "Advanced SIMD across lanes", "Advanced SIMD scalar pairwise"; Reduce()).
 */
import type { Reduction } from "../fp/calling.ts";
import { apply, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { emitTwoSource, type TwoSourceName } from "./fp-arithmetic.ts";
import { keepsDenormals } from "./fp-controls.ts";
import { callReduction } from "./fp-helpers.ts";
import { precisionOf } from "./fp-precision.ts";
import { scalarLane, vectorLanes } from "./simd-fp-lanes.ts";
import { indices, pick } from "./simd-lanes.ts";

const FOUR = vectorLanes(0, 1);
const ONE = scalarLane(0);

function across(name: string, a: 0 | 1, opcode: string, which: "max" | "min", reduction: Reduction): Form {
  return form({
    name,
    encoding: `0 1 1 01110 ${a} 0 11000 ${opcode} 10 Rn:5 Rd:5` as "0 1 1 01110 0 0 11000 01100 10 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c) => {
      const combine = (v: V128Expr, distance: number): V128Expr => {
        return c.let(apply(`f32x4.${which}`, v, pick(v, indices((byte) => (byte + distance) % 16))));
      };
      const result = combine(combine(c.let(c.v("n")), 4), 8); // a NaN anywhere reaches every lane
      c.if(
        apply("i32.and", keepsDenormals(c), FOUR.all(FOUR.areNumbers(result))),
        () => ONE.store(c, result),
        () => callReduction(c, reduction),
      );
    },
  });
}

export const simdFpAcross: readonly Form[] = [
  across("FMAXNMV", 0, "01100", "max", "maxnm"),
  across("FMAXV", 0, "01111", "max", "max"),
  across("FMINNMV", 1, "01100", "min", "minnm"),
  across("FMINV", 1, "01111", "min", "min"),
];

function pairwise(name: string, a: 0 | 1, opcode: string, of: TwoSourceName): Form {
  return form({
    name: `${name} (scalar)`,
    encoding: `01 1 11110 ${a} sz 11000 ${opcode} 10 Rn:5 Rd:5` as "01 1 11110 0 sz 11000 01100 10 Rn:5 Rd:5",
    split: ["sz"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rn) + (f.sz === 1 ? 8 : 4) }),
    emit: (c, { sz }) => emitTwoSource(c, precisionOf(sz), of),
  });
}

export const simdFpScalarPairwise: readonly Form[] = [
  pairwise("FMAXNMP", 0, "01100", "FMAXNM"),
  pairwise("FADDP", 0, "01101", "FADD"),
  pairwise("FMAXP", 0, "01111", "FMAX"),
  pairwise("FMINNMP", 1, "01100", "FMINNM"),
  pairwise("FMINP", 1, "01111", "FMIN"),
];
