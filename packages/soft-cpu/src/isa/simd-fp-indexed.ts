/**
 * Advanced SIMD and scalar floating-point instructions of vectors with one element: FMLA, FMLS, FMUL, FMULX (Arm ARM DDI 0487, C4.1
 * "Advanced SIMD vector x indexed element" and its scalar counterpart). The element's place in memory is operand m, so its index makes
 * no handlers.
 */
import { SHAPE_BY_ELEMENT } from "../fp/calling.ts";
import type { LaneOperation } from "../fp/lane.ts";
import type { Builder } from "../ir/builder.ts";
import { apply } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { emitFused, emitTwoSource } from "./fp-arithmetic.ts";
import { callOnLanes } from "./fp-helpers.ts";
import { type Precision, precisionOf } from "./fp-precision.ts";
import { isArranged, vectorLanes } from "./simd-fp-lanes.ts";
import { fused, product } from "./simd-fp-native.ts";
import { lanesOf } from "./simd-lanes.ts";
import { splatElement } from "./simd-registers.ts";

interface Row {
  readonly name: string;
  readonly U: 0 | 1;
  readonly opcode: string;
  readonly operation: LaneOperation;
  readonly scalar: (c: Builder, p: Precision) => void;
}

const ROWS: readonly Row[] = [
  { name: "FMLA", U: 0, opcode: "0001", operation: "madd", scalar: (c, p) => emitFused(c, p, "madd", "d") },
  { name: "FMLS", U: 0, opcode: "0101", operation: "msub", scalar: (c, p) => emitFused(c, p, "msub", "d") },
  { name: "FMUL", U: 0, opcode: "1001", operation: "mul", scalar: (c, p) => emitTwoSource(c, p, "FMUL") },
  { name: "FMULX", U: 1, opcode: "1001", operation: "mulx", scalar: (c, p) => emitTwoSource(c, p, "FMUL", "mulx") },
];

/** Words: index H:L; doublewords: H, and L must be 0. */
const hasIndex = (f: { readonly sz: number; readonly L: number }): boolean => f.sz === 0 || f.L === 0;
const elementAt = (f: { readonly sz: number; readonly L: number; readonly H: number; readonly Rm: number }): number => {
  return vr(f.Rm) + (f.sz === 0 ? 4 * ((f.H << 1) | f.L) : 8 * f.H);
};

function emitVector(c: Builder, Q: number, sz: number, operation: LaneOperation): void {
  const lanes = vectorLanes(sz, Q);
  const a = c.let(c.v("n"));
  const b = c.let(splatElement(c, "m", lanesOf(sz === 0 ? 2 : 3)));
  const accumulates = operation === "madd" || operation === "msub";
  const first = operation === "msub" ? c.let(apply(`${lanes.type}.neg`, a)) : a;
  const { result, suffices } = accumulates ? fused(c, lanes, c.let(c.v("d")), first, b) : product(c, lanes, first, b);
  c.if(
    suffices,
    () => lanes.store(c, result),
    () => callOnLanes(c, operation, lanes.bits, lanes.count | SHAPE_BY_ELEMENT, accumulates ? "d" : undefined),
  );
}

export const simdFpIndexed: readonly Form[] = ROWS.map(({ name, U, opcode, operation }) =>
  form({
    name: `${name} (by element)`,
    // The casts name the fields; which opcode stands there makes no difference to the types.
    encoding: `0 Q ${U} 011111 sz L Rm:5 ${opcode} H 0 Rn:5 Rd:5` as "0 Q 0 011111 1 sz L Rm:5 0001 H 0 Rn:5 Rd:5",
    split: ["Q", "sz"],
    fp: true,
    when: (f) => hasIndex(f) && isArranged(f),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: elementAt(f) }),
    emit: (c, { Q, sz }) => emitVector(c, Q, sz, operation),
  }),
);

export const simdFpScalarIndexed: readonly Form[] = ROWS.map(({ name, U, opcode, scalar }) =>
  form({
    name: `${name} (by element), scalar`,
    encoding: `01 ${U} 111111 sz L Rm:5 ${opcode} H 0 Rn:5 Rd:5` as "01 0 11111 1 sz L Rm:5 0001 H 0 Rn:5 Rd:5",
    split: ["sz"],
    fp: true,
    when: hasIndex,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: elementAt(f) }),
    emit: (c, { sz }) => scalar(c, precisionOf(sz)),
  }),
);
