/**
 * Scalar floating-point comparisons: FCMP, FCMPE, FCCMP, FCCMPE (Arm ARM DDI 0487, C4.1 "Floating-point compare", "conditional
 * compare"; FPCompare()). Numbers compare natively; NaNs and flush to zero are the helper's. Hot: loops end by them.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, const64 } from "../ir/expr.ts";
import { setFlagsFromBits } from "./arithmetic.ts";
import { type Form, form, vr, xr } from "./form.ts";
import { keepsDenormals } from "./fp-controls.ts";
import { callCompare } from "./fp-helpers.ts";
import { type Precision, precisionOf } from "./fp-precision.ts";

/** The flags of V[n] and V[m]: less N, equal Z and C, greater C, unordered C and V. */
function compare(c: Builder, p: Precision, signals: boolean): void {
  const [a, b] = [c.let(p.load(c, "n")), c.let(p.load(c, "m"))];
  const areNumbers = apply("i32.and", p.isNumber(a), p.isNumber(b));
  c.if(
    apply("i32.and", keepsDenormals(c), areNumbers),
    () => {
      c.setFlags({
        n: apply("i64.sub", const64(0), apply("i64.extend_i32_u", apply(`${p.type}.lt`, a, b))),
        z: apply("i64.extend_i32_u", apply(`${p.type}.ne`, a, b)),
        c: apply(`${p.type}.ge`, a, b),
        v: const64(0),
      });
    },
    () => setFlagsFromBits(c, callCompare(c, p.bits, signals)),
  );
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
    emit: (c, { ftype, E }) => compare(c, precisionOf(ftype), E === 1),
  }),
  form({
    name: "FCMP/FCMPE (zero)",
    encoding: "0 0 0 11110 ftype:2 1 Rm:5 00 1000 Rn:5 E 1 000",
    split: ["ftype", "E"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ n: vr(f.Rn), m: xr(31) }), // the slot that reads as zero
    emit: (c, { ftype, E }) => compare(c, precisionOf(ftype), E === 1),
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
        () => compare(c, precisionOf(ftype), E === 1),
        () => setFlagsFromBits(c, c.shift32()),
      );
    },
  }),
];
