/**
 * Advanced SIMD and scalar instructions with three registers of the same type, integers and bits (Arm ARM DDI 0487, C4.1
 * "Advanced SIMD three same" and "Advanced SIMD scalar three same"). Not here: floating-point, and the pairwise ones.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import {
  absoluteDifference, halvingAdd, halvingSub, polynomialProduct, roundingHalvingAdd, testBits,
} from "./simd-integer.ts";
import { B, BHS, BHSD, D, HS, type Lanes, lanesOf, NONE, type Sign, type Sizes } from "./simd-lanes.ts";
import { datasize, element, setDatasize, setElement, upperHalf } from "./simd-registers.ts";
import { addSaturated, doubleProductHigh, subSaturated } from "./simd-saturation.ts";
import { shiftByRegister } from "./simd-shift-register.ts";

/** Operands are pinned. */
type Compute = (c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr) => V128Expr;

interface Row {
  readonly name: string;
  readonly U: 0 | 1;
  readonly opcode: string;
  /** Element sizes of the vector form; 64 bits need Q = 1. */
  readonly sizes: Sizes;
  /** Those of the scalar form. */
  readonly scalarSizes: Sizes;
  readonly compute: Compute;
  /** Sets FPSR.QC: must not see lanes that do not count. */
  readonly saturates: boolean;
}

const plain = (name: string, U: 0 | 1, opcode: string, sizes: Sizes, scalarSizes: Sizes, compute: Compute): Row => {
  return { name, U, opcode, sizes, scalarSizes, compute, saturates: false };
};
const saturating = (name: string, U: 0 | 1, opcode: string, sizes: Sizes, compute: Compute): Row => {
  return { name, U, opcode, sizes, scalarSizes: sizes, compute, saturates: true };
};
const signed = (compute: (lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr) => V128Expr): Compute => {
  return (_, lanes, a, b) => compute(lanes, "s", a, b);
};
const unsigned = (compute: (lanes: Lanes, sign: Sign, a: V128Expr, b: V128Expr) => V128Expr): Compute => {
  return (_, lanes, a, b) => compute(lanes, "u", a, b);
};
const shift = (sign: Sign, how: "plain" | "rounding" | "saturating" | "rounding and saturating"): Compute => {
  const shape = { sign, rounding: how.startsWith("rounding"), saturating: how.endsWith("saturating") };
  return (c, lanes, a, b) => shiftByRegister(c, lanes, shape, a, b);
};
const accumulated = (c: Builder, lanes: Lanes, value: V128Expr): V128Expr => lanes.add(c.v("d"), value);

const ROWS: readonly Row[] = [
  plain("SHADD", 0, "00000", BHS, NONE, signed(halvingAdd)),
  plain("UHADD", 1, "00000", BHS, NONE, unsigned(halvingAdd)),
  saturating("SQADD", 0, "00001", BHSD, (c, lanes, a, b) => addSaturated(c, lanes, "s", a, b)),
  saturating("UQADD", 1, "00001", BHSD, (c, lanes, a, b) => addSaturated(c, lanes, "u", a, b)),
  plain("SRHADD", 0, "00010", BHS, NONE, signed(roundingHalvingAdd)),
  plain("URHADD", 1, "00010", BHS, NONE, unsigned(roundingHalvingAdd)),
  plain("SHSUB", 0, "00100", BHS, NONE, signed(halvingSub)),
  plain("UHSUB", 1, "00100", BHS, NONE, unsigned(halvingSub)),
  saturating("SQSUB", 0, "00101", BHSD, (c, lanes, a, b) => subSaturated(c, lanes, "s", a, b)),
  saturating("UQSUB", 1, "00101", BHSD, (c, lanes, a, b) => subSaturated(c, lanes, "u", a, b)),
  plain("CMGT (register)", 0, "00110", BHSD, D, signed((lanes, sign, a, b) => lanes.gt(sign, a, b))),
  plain("CMHI (register)", 1, "00110", BHSD, D, unsigned((lanes, sign, a, b) => lanes.gt(sign, a, b))),
  plain("CMGE (register)", 0, "00111", BHSD, D, signed((lanes, sign, a, b) => lanes.ge(sign, a, b))),
  plain("CMHS (register)", 1, "00111", BHSD, D, unsigned((lanes, sign, a, b) => lanes.ge(sign, a, b))),
  plain("SSHL", 0, "01000", BHSD, D, shift("s", "plain")),
  plain("USHL", 1, "01000", BHSD, D, shift("u", "plain")),
  saturating("SQSHL (register)", 0, "01001", BHSD, shift("s", "saturating")),
  saturating("UQSHL (register)", 1, "01001", BHSD, shift("u", "saturating")),
  plain("SRSHL", 0, "01010", BHSD, D, shift("s", "rounding")),
  plain("URSHL", 1, "01010", BHSD, D, shift("u", "rounding")),
  saturating("SQRSHL", 0, "01011", BHSD, shift("s", "rounding and saturating")),
  saturating("UQRSHL", 1, "01011", BHSD, shift("u", "rounding and saturating")),
  plain("SMAX", 0, "01100", BHS, NONE, signed((lanes, sign, a, b) => lanes.max(sign, a, b))),
  plain("UMAX", 1, "01100", BHS, NONE, unsigned((lanes, sign, a, b) => lanes.max(sign, a, b))),
  plain("SMIN", 0, "01101", BHS, NONE, signed((lanes, sign, a, b) => lanes.min(sign, a, b))),
  plain("UMIN", 1, "01101", BHS, NONE, unsigned((lanes, sign, a, b) => lanes.min(sign, a, b))),
  plain("SABD", 0, "01110", BHS, NONE, signed(absoluteDifference)),
  plain("UABD", 1, "01110", BHS, NONE, unsigned(absoluteDifference)),
  plain("SABA", 0, "01111", BHS, NONE, (c, lanes, a, b) => accumulated(c, lanes, absoluteDifference(lanes, "s", a, b))),
  plain("UABA", 1, "01111", BHS, NONE, (c, lanes, a, b) => accumulated(c, lanes, absoluteDifference(lanes, "u", a, b))),
  plain("ADD (vector)", 0, "10000", BHSD, D, (_, lanes, a, b) => lanes.add(a, b)),
  plain("SUB (vector)", 1, "10000", BHSD, D, (_, lanes, a, b) => lanes.sub(a, b)),
  plain("CMTST", 0, "10001", BHSD, D, (_, lanes, a, b) => testBits(lanes, a, b)),
  plain("CMEQ (register)", 1, "10001", BHSD, D, (_, lanes, a, b) => lanes.eq(a, b)),
  plain("MLA (vector)", 0, "10010", BHS, NONE, (c, lanes, a, b) => accumulated(c, lanes, lanes.mul(a, b))),
  plain("MLS (vector)", 1, "10010", BHS, NONE, (c, lanes, a, b) => lanes.sub(c.v("d"), lanes.mul(a, b))),
  plain("MUL (vector)", 0, "10011", BHS, NONE, (_, lanes, a, b) => lanes.mul(a, b)),
  plain("PMUL", 1, "10011", B, NONE, polynomialProduct),
  saturating("SQDMULH (vector)", 0, "10110", HS, (c, lanes, a, b) => doubleProductHigh(c, lanes, false, a, b)),
  saturating("SQRDMULH (vector)", 1, "10110", HS, (c, lanes, a, b) => doubleProductHigh(c, lanes, true, a, b)),
];

/** The casts name the fields; which opcode stands there makes no difference to the types. */
const vectorEncoding = ({ U, opcode }: Row) =>
  `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5` as "0 Q 0 01110 size:2 1 Rm:5 00000 1 Rn:5 Rd:5";
const scalarEncoding = ({ U, opcode }: Row) =>
  `01 ${U} 11110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5` as "01 0 11110 size:2 1 Rm:5 00000 1 Rn:5 Rd:5";

function vector(row: Row): Form {
  return form({
    name: row.name,
    encoding: vectorEncoding(row),
    split: ["size"],
    fp: true,
    when: (f) => row.sizes(f.size) && (f.size < 3 || f.Q === 1),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm), imm: upperHalf(f.Q) }),
    emit: (c, { size }) => {
      const read = (field: "n" | "m"): V128Expr => c.let(row.saturates ? datasize(c, c.v(field)) : c.v(field));
      setDatasize(c, row.compute(c, lanesOf(size), read("n"), read("m")));
    },
  });
}

function scalar(row: Row): Form {
  return form({
    name: `${row.name}, scalar`,
    encoding: scalarEncoding(row),
    split: ["size"],
    fp: true,
    when: (f) => row.scalarSizes(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      setElement(c, lanes, row.compute(c, lanes, c.let(element(c, "n", lanes)), c.let(element(c, "m", lanes))));
    },
  });
}

/** AND … BIF: the size field is part of the opcode, and one wide operation does. */
function bitwise(name: string, U: 0 | 1, size: string, compute: (d: V128Expr, n: V128Expr, m: V128Expr) => V128Expr): Form {
  return form({
    name,
    encoding: `0 Q ${U} 01110 ${size} 1 Rm:5 00011 1 Rn:5 Rd:5` as "0 Q 0 01110 00 1 Rm:5 00011 1 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm), imm: upperHalf(f.Q) }),
    emit: (c) => setDatasize(c, compute(c.v("d"), c.v("n"), c.v("m"))),
  });
}

export const simdThreeSame: readonly Form[] = [
  ...ROWS.map(vector),
  bitwise("AND (vector)", 0, "00", (_, n, m) => apply("v128.and", n, m)),
  bitwise("BIC (vector, register)", 0, "01", (_, n, m) => apply("v128.andnot", n, m)),
  bitwise("ORR (vector, register)", 0, "10", (_, n, m) => apply("v128.or", n, m)),
  bitwise("ORN (vector)", 0, "11", (_, n, m) => apply("v128.or", n, apply("v128.not", m))),
  bitwise("EOR (vector)", 1, "00", (_, n, m) => apply("v128.xor", n, m)),
  bitwise("BSL", 1, "01", (d, n, m) => apply("v128.bitselect", n, m, d)),
  bitwise("BIT", 1, "10", (d, n, m) => apply("v128.bitselect", n, d, m)),
  bitwise("BIF", 1, "11", (d, n, m) => apply("v128.bitselect", d, n, m)),
];

export const simdScalarThreeSame: readonly Form[] = ROWS.filter((row) => row.scalarSizes !== NONE).map(scalar);
