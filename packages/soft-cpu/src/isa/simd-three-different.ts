/**
 * Advanced SIMD and scalar instructions with registers of different types, integers: long, wide and narrow (Arm ARM DDI 0487,
 * C4.1 "Advanced SIMD three different" and its scalar counterpart). PMULL of 64 bits is of the cryptographic extension: absent.
 *
 * Long and wide forms take the lower half of their operands, or the upper half when Q (the "2" in the mnemonic) is set.
 */
import type { Builder } from "../ir/builder.ts";
import { type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { absoluteDifferenceLow, polynomialProduct } from "./simd-integer.ts";
import { B, BHS, HS, type Lanes, lanesOf, type Sign, type Sizes } from "./simd-lanes.ts";
import { element, half, setElement, setNarrowed } from "./simd-registers.ts";
import { addSaturated, doubleProductLow, subSaturated } from "./simd-saturation.ts";

/** `a` and `b` are pinned and hold in their lower halves what is to be widened. */
export type LongCompute = (c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr, d: () => V128Expr) => V128Expr;

export const product = (sign: Sign): LongCompute => (_, lanes, a, b) => lanes.mulLow(sign, a, b);
export const productAdded = (sign: Sign): LongCompute => (_, lanes, a, b, d) => lanes.wide.add(d(), lanes.mulLow(sign, a, b));
export const productSubtracted = (sign: Sign): LongCompute => (_, lanes, a, b, d) => lanes.wide.sub(d(), lanes.mulLow(sign, a, b));
/** SQDMULL, SQDMLAL, SQDMLSL: the doubled product saturates, and then the sum. */
export const doubleProduct: LongCompute = doubleProductLow;
export const doubleProductAdded: LongCompute = (c, lanes, a, b, d) =>
  addSaturated(c, lanes.wide, "s", d(), doubleProductLow(c, lanes, a, b));
export const doubleProductSubtracted: LongCompute = (c, lanes, a, b, d) =>
  subSaturated(c, lanes.wide, "s", d(), doubleProductLow(c, lanes, a, b));

const sum = (sign: Sign): LongCompute => (_, lanes, a, b) => lanes.wide.add(lanes.widenLow(sign, a), lanes.widenLow(sign, b));
const difference = (sign: Sign): LongCompute => (_, lanes, a, b) => lanes.wide.sub(lanes.widenLow(sign, a), lanes.widenLow(sign, b));
const distance = (sign: Sign): LongCompute => (_, lanes, a, b) => absoluteDifferenceLow(lanes, sign, a, b);
const distanceAdded = (sign: Sign): LongCompute => (_, lanes, a, b, d) =>
  lanes.wide.add(d(), absoluteDifferenceLow(lanes, sign, a, b));
const polynomial: LongCompute = (c, lanes, a, b) =>
  polynomialProduct(c, lanes.wide, c.let(lanes.widenLow("u", a)), c.let(lanes.widenLow("u", b)));

/** The cast names the fields; which opcode stands there makes no difference to the types. */
const encodingOf = (U: 0 | 1, opcode: string) =>
  `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5` as "0 Q 0 01110 size:2 1 Rm:5 0000 00 Rn:5 Rd:5";

function long(name: string, U: 0 | 1, opcode: string, sizes: Sizes, compute: LongCompute): Form {
  return form({
    name: `${name}, ${name}2`,
    encoding: encodingOf(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => sizes(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) + 8 * f.Q, m: vr(f.Rm) + 8 * f.Q }),
    emit: (c, { size }) => {
      const [a, b] = [c.let(half(c, "n")), c.let(half(c, "m"))];
      c.setV("d", compute(c, lanesOf(size), a, b, () => c.let(c.v("d"))));
    },
  });
}

/** The first operand is wide already. */
function wide(name: string, U: 0 | 1, opcode: string, operation: "add" | "sub", sign: Sign): Form {
  return form({
    name: `${name}, ${name}2`,
    encoding: encodingOf(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => f.size < 3,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) + 8 * f.Q }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      c.setV("d", lanes.wide[operation](c.v("n"), lanes.widenLow(sign, half(c, "m"))));
    },
  });
}

/** The upper halves of sums or differences, which are rounded in the R forms. */
function narrow(name: string, U: 0 | 1, opcode: string, operation: "add" | "sub"): Form {
  return form({
    name: `${name}, ${name}2`,
    encoding: encodingOf(U, opcode),
    split: ["Q", "size"],
    fp: true,
    when: (f) => f.size < 3,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { Q, size }) => {
      const lanes = lanesOf(size);
      const exact = lanes.wide[operation](c.v("n"), c.v("m"));
      const rounded = U === 1 ? lanes.wide.add(exact, lanes.wide.constant(1n << BigInt(lanes.bits - 1))) : exact;
      setNarrowed(c, Q, lanes.packHigh(rounded));
    },
  });
}

export const simdThreeDifferent: readonly Form[] = [
  long("SADDL", 0, "0000", BHS, sum("s")),
  long("UADDL", 1, "0000", BHS, sum("u")),
  wide("SADDW", 0, "0001", "add", "s"),
  wide("UADDW", 1, "0001", "add", "u"),
  long("SSUBL", 0, "0010", BHS, difference("s")),
  long("USUBL", 1, "0010", BHS, difference("u")),
  wide("SSUBW", 0, "0011", "sub", "s"),
  wide("USUBW", 1, "0011", "sub", "u"),
  narrow("ADDHN", 0, "0100", "add"),
  narrow("RADDHN", 1, "0100", "add"),
  long("SABAL", 0, "0101", BHS, distanceAdded("s")),
  long("UABAL", 1, "0101", BHS, distanceAdded("u")),
  narrow("SUBHN", 0, "0110", "sub"),
  narrow("RSUBHN", 1, "0110", "sub"),
  long("SABDL", 0, "0111", BHS, distance("s")),
  long("UABDL", 1, "0111", BHS, distance("u")),
  long("SMLAL", 0, "1000", BHS, productAdded("s")),
  long("UMLAL", 1, "1000", BHS, productAdded("u")),
  long("SQDMLAL", 0, "1001", HS, doubleProductAdded),
  long("SMLSL", 0, "1010", BHS, productSubtracted("s")),
  long("UMLSL", 1, "1010", BHS, productSubtracted("u")),
  long("SQDMLSL", 0, "1011", HS, doubleProductSubtracted),
  long("SMULL", 0, "1100", BHS, product("s")),
  long("UMULL", 1, "1100", BHS, product("u")),
  long("SQDMULL", 0, "1101", HS, doubleProduct),
  long("PMULL", 0, "1110", B, polynomial),
];

function scalar(name: string, opcode: string, compute: LongCompute): Form {
  return form({
    name: `${name}, scalar`,
    encoding: `01 0 11110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5` as "01 0 11110 size:2 1 Rm:5 1001 00 Rn:5 Rd:5",
    split: ["size"],
    fp: true,
    when: (f) => HS(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      const [a, b] = [c.let(element(c, "n", lanes)), c.let(element(c, "m", lanes))];
      setElement(c, lanes.wide, compute(c, lanes, a, b, () => c.let(element(c, "d", lanes.wide))));
    },
  });
}

export const simdScalarThreeDifferent: readonly Form[] = [
  scalar("SQDMLAL", "1001", doubleProductAdded),
  scalar("SQDMLSL", "1011", doubleProductSubtracted),
  scalar("SQDMULL", "1101", doubleProduct),
];
