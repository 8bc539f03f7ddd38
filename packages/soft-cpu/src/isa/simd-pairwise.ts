/**
 * Advanced SIMD pairwise instructions on integers: ADDP, SMAXP, SMINP, UMAXP, UMINP (Arm ARM DDI 0487, C4.1 "Advanced SIMD
 * three same") and the scalar ADDP ("Advanced SIMD scalar pairwise"). String functions of C libraries use UMAXP and UMINP.
 */
import { apply, shuffle, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { BHS, BHSD, indices, type Lanes, lanesOf, pick, type Sizes } from "./simd-lanes.ts";
import { join } from "./simd-registers.ts";

type Combine = (lanes: Lanes, a: V128Expr, b: V128Expr) => V128Expr;

/** Bytes of every second lane of 32 bytes, from lane 0 or lane 1 on. */
const everySecond = ({ bytes }: Lanes, first: 0 | 1): number[] =>
  indices((byte) => (2 * Math.floor(byte / bytes) + first) * bytes + (byte % bytes));

function pairwise(name: string, U: 0 | 1, opcode: string, sizes: Sizes, combine: Combine): Form {
  return form({
    name,
    encoding: `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5` as "0 Q 0 01110 size:2 1 Rm:5 10111 1 Rn:5 Rd:5",
    split: ["Q", "size"],
    fp: true,
    when: (f) => sizes(f.size) && (f.size < 3 || f.Q === 1),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { Q, size }) => {
      const lanes = lanesOf(size);
      const [even, odd] = [everySecond(lanes, 0), everySecond(lanes, 1)];
      if (Q === 1) {
        const [n, m] = [c.let(c.v("n")), c.let(c.v("m"))];
        c.setV("d", combine(lanes, shuffle(n, m, even), shuffle(n, m, odd)));
      } else {
        // The operands' halves are the 128 bits of which the pairs are made; zeros combine to zeros.
        const both = c.let(join(c.v("n"), c.v("m")));
        const low = (order: number[]): V128Expr => pick(both, order.map((from, byte) => (byte < 8 ? from : -1)));
        c.setV("d", combine(lanes, low(even), low(odd)));
      }
    },
  });
}

export const simdPairwise: readonly Form[] = [
  pairwise("SMAXP", 0, "10100", BHS, (lanes, a, b) => lanes.max("s", a, b)),
  pairwise("UMAXP", 1, "10100", BHS, (lanes, a, b) => lanes.max("u", a, b)),
  pairwise("SMINP", 0, "10101", BHS, (lanes, a, b) => lanes.min("s", a, b)),
  pairwise("UMINP", 1, "10101", BHS, (lanes, a, b) => lanes.min("u", a, b)),
  pairwise("ADDP (vector)", 0, "10111", BHSD, (lanes, a, b) => lanes.add(a, b)),
];

export const simdScalarPairwise: readonly Form[] = [
  form({
    name: "ADDP (scalar)",
    encoding: "01 0 11110 11 11000 11011 10 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c) => c.setVLow("d", apply("i64.add", c.vPart("i64.load", "n"), c.vPart("i64.load", "n", 8))),
  }),
];
