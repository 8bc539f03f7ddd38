/**
 * Advanced SIMD and scalar instructions with two registers, integers and bits (Arm ARM DDI 0487, C4.1 "Advanced SIMD two-register
 * miscellaneous" and its scalar counterpart). Not here: floating-point and its conversions.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import {
  countLeadingSigns, countLeadingZeros, pairSums, reciprocalEstimate, reciprocalRootEstimate, reverseBits, reverseLanes,
} from "./simd-integer.ts";
import { B, BH, BHS, BHSD, D, type Lanes, lanesOf, NONE, S, type Sign, type Sizes, ZERO } from "./simd-lanes.ts";
import { datasize, element, half, setDatasize, setElement, setNarrowed, upperHalf } from "./simd-registers.ts";
import { absSaturated, addSignedToUnsigned, addUnsignedToSigned, clampToNarrow, negSaturated } from "./simd-saturation.ts";

/** The operand is pinned; so is the destination's old value, which only accumulating rows look at. */
type Compute = (c: Builder, lanes: Lanes, v: V128Expr, d: () => V128Expr) => V128Expr;

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
const saturating = (name: string, U: 0 | 1, opcode: string, compute: Compute): Row => {
  return { name, U, opcode, sizes: BHSD, scalarSizes: BHSD, compute, saturates: true };
};
const sumOfPairs = (sign: Sign): Compute => (_, lanes, v) => pairSums(lanes, sign, v);
const accumulatedPairs = (sign: Sign): Compute => (c, lanes, v) => lanes.wide.add(c.v("d"), pairSums(lanes, sign, v));

const ROWS: readonly Row[] = [
  plain("REV64", 0, "00000", BHS, NONE, (_, lanes, v) => reverseLanes(lanes, 8, v)),
  plain("REV32", 1, "00000", BH, NONE, (_, lanes, v) => reverseLanes(lanes, 4, v)),
  plain("REV16", 0, "00001", B, NONE, (_, lanes, v) => reverseLanes(lanes, 2, v)),
  plain("SADDLP", 0, "00010", BHS, NONE, sumOfPairs("s")),
  plain("UADDLP", 1, "00010", BHS, NONE, sumOfPairs("u")),
  saturating("SUQADD", 0, "00011", (c, lanes, v, d) => addUnsignedToSigned(c, lanes, d(), v)),
  saturating("USQADD", 1, "00011", (c, lanes, v, d) => addSignedToUnsigned(c, lanes, d(), v)),
  plain("CLS (vector)", 0, "00100", BHS, NONE, countLeadingSigns),
  plain("CLZ (vector)", 1, "00100", BHS, NONE, countLeadingZeros),
  plain("CNT", 0, "00101", B, NONE, (_c, _lanes, v) => apply("i8x16.popcnt", v)),
  // The size field tells these two apart.
  plain("NOT", 1, "00101", B, NONE, (_c, _lanes, v) => apply("v128.not", v)),
  plain("RBIT (vector)", 1, "00101", (size) => size === 1, NONE, (_c, _lanes, v) => reverseBits(v)),
  plain("SADALP", 0, "00110", BHS, NONE, accumulatedPairs("s")),
  plain("UADALP", 1, "00110", BHS, NONE, accumulatedPairs("u")),
  saturating("SQABS", 0, "00111", absSaturated),
  saturating("SQNEG", 1, "00111", negSaturated),
  plain("CMGT (zero)", 0, "01000", BHSD, D, (_, lanes, v) => lanes.gt("s", v, ZERO)),
  plain("CMGE (zero)", 1, "01000", BHSD, D, (_, lanes, v) => lanes.ge("s", v, ZERO)),
  plain("CMEQ (zero)", 0, "01001", BHSD, D, (_, lanes, v) => lanes.eq(v, ZERO)),
  plain("CMLE (zero)", 1, "01001", BHSD, D, (_, lanes, v) => lanes.ge("s", ZERO, v)),
  plain("CMLT (zero)", 0, "01010", BHSD, D, (_, lanes, v) => lanes.gt("s", ZERO, v)),
  plain("ABS", 0, "01011", BHSD, D, (_, lanes, v) => lanes.abs(v)),
  plain("NEG (vector)", 1, "01011", BHSD, D, (_, lanes, v) => lanes.neg(v)),
  plain("URECPE", 0, "11100", S, NONE, (c, _, v) => reciprocalEstimate(c, v)),
  plain("URSQRTE", 1, "11100", S, NONE, (c, _, v) => reciprocalRootEstimate(c, v)),
];

/** The casts name the fields; which opcode stands there makes no difference to the types. */
const vectorEncoding = (U: 0 | 1, opcode: string) =>
  `0 Q ${U} 01110 size:2 10000 ${opcode} 10 Rn:5 Rd:5` as "0 Q 0 01110 size:2 10000 00000 10 Rn:5 Rd:5";
const scalarEncoding = (U: 0 | 1, opcode: string) =>
  `01 ${U} 11110 size:2 10000 ${opcode} 10 Rn:5 Rd:5` as "01 0 11110 size:2 10000 00000 10 Rn:5 Rd:5";

function vector({ name, U, opcode, sizes, saturates, compute }: Row): Form {
  return form({
    name,
    encoding: vectorEncoding(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => sizes(f.size) && (f.size < 3 || f.Q === 1),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), imm: upperHalf(f.Q) }),
    emit: (c, { size }) => {
      const read = (field: "d" | "n"): V128Expr => c.let(saturates ? datasize(c, c.v(field)) : c.v(field));
      setDatasize(c, compute(c, lanesOf(size), read("n"), () => read("d")));
    },
  });
}

function scalar({ name, U, opcode, scalarSizes, compute }: Row): Form {
  return form({
    name: `${name}, scalar`,
    encoding: scalarEncoding(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => scalarSizes(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      const read = (field: "d" | "n"): V128Expr => c.let(element(c, field, lanes));
      setElement(c, lanes, compute(c, lanes, read("n"), () => read("d")));
    },
  });
}

// ------------------------------------------------------------------------------------------------------ to half the size

interface Narrowing {
  readonly name: string;
  readonly U: 0 | 1;
  readonly opcode: string;
  readonly from: Sign;
  readonly to: Sign;
}

const NARROWINGS: readonly Narrowing[] = [
  { name: "SQXTUN", U: 1, opcode: "10010", from: "s", to: "u" },
  { name: "SQXTN", U: 0, opcode: "10100", from: "s", to: "s" },
  { name: "UQXTN", U: 1, opcode: "10100", from: "u", to: "u" },
];

function narrowing(name: string, U: 0 | 1, opcode: string, inRange: (c: Builder, lanes: Lanes, v: V128Expr) => V128Expr): Form {
  return form({
    name,
    encoding: vectorEncoding(U, opcode),
    split: ["Q", "size"],
    fp: true,
    when: (f) => f.size < 3,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { Q, size }) => {
      const lanes = lanesOf(size);
      setNarrowed(c, Q, lanes.packLow(inRange(c, lanes, c.v("n"))));
    },
  });
}

function scalarNarrowing({ name, U, opcode, from, to }: Narrowing): Form {
  return form({
    name: `${name}, scalar`,
    encoding: scalarEncoding(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => f.size < 3,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      setElement(c, lanes, clampToNarrow(c, lanes, from, to, c.let(element(c, "n", lanes.wide))));
    },
  });
}

export const simdTwoMisc: readonly Form[] = [
  ...ROWS.map(vector),
  narrowing("XTN", 0, "10010", (_c, _lanes, v) => v),
  ...NARROWINGS.map(({ name, U, opcode, from, to }) =>
    narrowing(name, U, opcode, (c, lanes, v) => clampToNarrow(c, lanes, from, to, c.let(v))),
  ),
  form({
    name: "SHLL",
    encoding: "0 Q 1 01110 size:2 10000 10011 10 Rn:5 Rd:5",
    split: ["size"],
    fp: true,
    when: (f) => f.size < 3,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) + 8 * f.Q }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      c.setV("d", lanes.wide.shl(lanes.widenLow("u", half(c, "n")), lanes.bits));
    },
  }),
];

export const simdScalarTwoMisc: readonly Form[] = [
  ...ROWS.filter(({ scalarSizes }) => scalarSizes !== NONE).map(scalar),
  ...NARROWINGS.map(scalarNarrowing),
];
