/**
 * Scalar floating-point comparisons: FCMP, FCMPE, FCCMP, FCCMPE (Arm ARM DDI 0487, C4.1 "Floating-point compare", "conditional
 * compare"; FPCompare()). Numbers compare natively; NaNs and flush to zero are the helper's. Hot: loops end by them.
 */
import type { Builder } from "../ir/builder.ts";
import { COMPARED_LESS } from "../fp/calling.ts";
import { apply, const32 } from "../ir/expr.ts";
import { I32 } from "../wasm/opcodes.ts";
import { compare as subtract, setFlagsFromBits } from "./arithmetic.ts";
import { type Form, form, vr, xr } from "./form.ts";
import { keepsDenormals } from "./fp-controls.ts";
import { callCompare } from "./fp-helpers.ts";
import { type Precision, precisionOf } from "./fp-precision.ts";

/**
 * The flags of V[n] and V[m], or zero: less N, equal Z and C, greater C, unordered C and V. They are those of SUBS of two words, of
 * which the first says "greater" and the second "less": so compiled code goes on with them as with any comparison. What comes to
 * "unordered" is INT_MIN − 1.
 */
function compare(c: Builder, p: Precision, signals: boolean, withZero: boolean): void {
  const [a, b] = [c.let(p.load(c, "n")), withZero ? p.constant(0) : c.let(p.load(c, "m"))];
  const greater = c.variable(I32);
  const less = c.variable(I32);
  greater.set(apply(`${p.type}.gt`, a, b));
  less.set(apply(`${p.type}.lt`, a, b));
  const isOrdered = apply("i32.or", apply("i32.or", greater.value, less.value), apply(`${p.type}.eq`, a, b));
  c.if(apply("i32.eqz", apply("i32.and", keepsDenormals(c), isOrdered)), () => {
    const answer = c.let(callCompare(c, p.bits, signals));
    greater.set(apply("i32.and", answer, const32(~COMPARED_LESS)));
    less.set(apply("i32.and", answer, const32(COMPARED_LESS)));
  });
  subtract(c, false, true, greater.value, less.value);
}

const isSingleOrDouble = (f: { readonly ftype: number }): boolean => f.ftype < 2;

export const fpCompare: readonly Form[] = [
  form({
    name: "FCMP/FCMPE",
    encoding: "0 0 0 11110 ftype:2 1 Rm:5 00 1000 Rn:5 E 0 000",
    split: ["ftype", "E"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { ftype, E }) => compare(c, precisionOf(ftype), E === 1, false),
  }),
  form({
    name: "FCMP/FCMPE (zero)",
    encoding: "0 0 0 11110 ftype:2 1 Rm:5 00 1000 Rn:5 E 1 000",
    split: ["ftype", "E"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ n: vr(f.Rn), m: xr(31) }), // the slot that reads as zero
    emit: (c, { ftype, E }) => compare(c, precisionOf(ftype), E === 1, true),
  }),
  form({
    name: "FCCMP/FCCMPE",
    encoding: "0 0 0 11110 ftype:2 1 Rm:5 cond:4 01 Rn:5 E nzcv:4",
    split: ["ftype", "cond", "E"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ n: vr(f.Rn), m: vr(f.Rm), shift: f.nzcv }),
    emit: (c, { ftype, cond, E }) => {
      const condition = c.let(c.condition(cond));
      c.if(
        condition,
        () => compare(c, precisionOf(ftype), E === 1, false),
        () => setFlagsFromBits(c, c.shift32()),
      );
      c.target.comparison = undefined; // either of two
    },
  }),
];
