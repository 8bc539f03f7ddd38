/**
 * Advanced SIMD across lanes on integers: SADDLV, UADDLV, ADDV and the minima and maxima (Arm ARM DDI 0487, C4.1 "Advanced SIMD
 * across lanes"). Not here: those of floating-point.
 */
import type { Builder } from "../ir/builder.ts";
import { lane, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { pairSums } from "./simd-integer.ts";
import { indices, type Lanes, lanesOf, pick, type Sign } from "./simd-lanes.ts";
import { datasize, half, setElement, upperHalf } from "./simd-registers.ts";

/** Every lane combined with every other: halves, quarters … are laid over each other until one lane is left. */
function fold(c: Builder, lanes: Lanes, v: V128Expr, combine: (a: V128Expr, b: V128Expr) => V128Expr): V128Expr {
  let folded = v;
  for (let distance = 8; distance >= lanes.bytes; distance /= 2) {
    folded = c.let(folded);
    folded = combine(folded, pick(folded, indices((byte) => (byte + distance) % 16)));
  }
  return folded;
}

/** The sum of all lanes, with as many bits as the result has: 64 of words, 32 of what is smaller. */
function sum(c: Builder, lanes: Lanes, sign: Sign, v: V128Expr): V128Expr {
  if (lanes.size === 2) return fold(c, lanes.wide, pairSums(lanes, sign, c.let(v)), (a, b) => lanes.wide.add(a, b));
  const words = lanesOf(2);
  const halves = lanes.size === 0 ? pairSums(lanes, sign, v) : v;
  return fold(c, words, pairSums(lanesOf(1), sign, halves), (a, b) => words.add(a, b));
}

type Reduce = (c: Builder, lanes: Lanes) => void;

function across(name: string, U: 0 | 1, opcode: string, reduce: Reduce): Form {
  return form({
    name,
    encoding: `0 Q ${U} 01110 size:2 11000 ${opcode} 10 Rn:5 Rd:5` as "0 Q 0 01110 size:2 11000 00011 10 Rn:5 Rd:5",
    split: ["size"],
    fp: true,
    when: (f) => f.size < 2 || (f.size === 2 && f.Q === 1),
    // Sums take the lanes that do not count as zeros; for the others the upper half is `m`, or the lower one again.
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rn) + 8 * f.Q, imm: upperHalf(f.Q) }),
    emit: (c, { size }) => reduce(c, lanesOf(size)),
  });
}

const longSum = (sign: Sign): Reduce => (c, lanes) => setElement(c, lanes.wide, sum(c, lanes, sign, datasize(c, c.v("n"))));
const extreme = (sign: Sign, which: "min" | "max"): Reduce => (c, lanes) => {
  const all = lane("i64x2.replace_lane", half(c, "n"), 1, c.vPart("i64.load", "m"));
  setElement(c, lanes, fold(c, lanes, all, (a, b) => lanes[which](sign, a, b)));
};

export const simdAcross: readonly Form[] = [
  across("SADDLV", 0, "00011", longSum("s")),
  across("UADDLV", 1, "00011", longSum("u")),
  across("SMAXV", 0, "01010", extreme("s", "max")),
  across("UMAXV", 1, "01010", extreme("u", "max")),
  across("SMINV", 0, "11010", extreme("s", "min")),
  across("UMINV", 1, "11010", extreme("u", "min")),
  across("ADDV", 0, "11011", (c, lanes) => setElement(c, lanes, sum(c, lanes, "u", datasize(c, c.v("n"))))),
];
