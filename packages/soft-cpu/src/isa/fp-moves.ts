/**
 * Scalar floating-point instructions that move bits and compute nothing: FMOV, FABS, FNEG, FCSEL (Arm ARM DDI 0487, C4.1
 * "Floating-point data-processing (1 source)", "immediate", "conditional select", "conversion between floating-point and integer").
 * They raise nothing, flush nothing and leave NaNs as they are, so all of them work on integers.
 */
import type { Builder, RegisterField } from "../ir/builder.ts";
import { apply, const64, type I64Expr, select } from "../ir/expr.ts";
import { type Form, form, vr, xr, xw } from "./form.ts";
import { precisionOf } from "./fp-precision.ts";
import { expandedFloat } from "./immediates.ts";

const isSingleOrDouble = (f: { readonly ftype: number }): boolean => f.ftype < 2;
const SIGN = [const64(1n << 31n), const64(1n << 63n)] as const;
const MAGNITUDE = [const64((1n << 31n) - 1n), const64((1n << 63n) - 1n)] as const;

function ofOneSource(name: string, opcode: string, compute: (bits: I64Expr, ftype: 0 | 1) => I64Expr): Form {
  return form({
    name: `${name} (scalar)`,
    encoding: `0 0 0 11110 ftype:2 1 ${opcode} 10000 Rn:5 Rd:5` as "0 0 0 11110 ftype:2 1 000000 10000 Rn:5 Rd:5",
    split: ["ftype"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { ftype }) => c.setVLow("d", compute(bitsOf(c, ftype, "n"), ftype as 0 | 1)),
  });
}

const bitsOf = (c: Builder, ftype: number, field: RegisterField): I64Expr => precisionOf(ftype).loadBits(c, field);

export const fpMoves: readonly Form[] = [
  ofOneSource("FMOV", "000000", (bits) => bits),
  ofOneSource("FABS", "000001", (bits, ftype) => apply("i64.and", bits, MAGNITUDE[ftype])),
  ofOneSource("FNEG", "000010", (bits, ftype) => apply("i64.xor", bits, SIGN[ftype])),
  form({
    name: "FMOV (scalar, immediate)",
    encoding: "0 0 0 11110 ftype:2 1 imm8:8 100 00000 Rd:5",
    wide: true,
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => {
      const imm8 = BigInt(f.imm8);
      return { d: vr(f.Rd), imm: f.ftype === 0 ? expandedFloat(imm8, 8n, 23n) : expandedFloat(imm8, 11n, 52n) };
    },
    emit: (c) => c.setVLow("d", c.imm64()),
  }),
  form({
    name: "FCSEL",
    encoding: "0 0 0 11110 ftype:2 1 Rm:5 cond:4 11 Rn:5 Rd:5",
    split: ["ftype", "cond"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { ftype, cond }) => c.setVLow("d", select(c.condition(cond), bitsOf(c, ftype, "n"), bitsOf(c, ftype, "m"))),
  }),

  // ------------------------------------------------------------------------------------------------------- general registers
  form({
    name: "FMOV (to general, 32-bit)",
    encoding: "0 0 0 11110 00 1 00 110 000000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: xw(f.Rd), n: vr(f.Rn) }),
    emit: (c) => c.setX("d", c.vPart("i64.load32_u", "n")),
  }),
  form({
    name: "FMOV (from general, 32-bit)",
    encoding: "0 0 0 11110 00 1 00 111 000000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: xr(f.Rn) }),
    emit: (c) => c.setVLow("d", apply("i64.extend_i32_u", c.w("n"))),
  }),
  form({
    name: "FMOV (to general, 64-bit)",
    encoding: "1 0 0 11110 01 1 00 110 000000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: xw(f.Rd), n: vr(f.Rn) }),
    emit: (c) => c.setX("d", c.vPart("i64.load", "n")),
  }),
  form({
    name: "FMOV (from general, 64-bit)",
    encoding: "1 0 0 11110 01 1 00 111 000000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: xr(f.Rn) }),
    emit: (c) => c.setVLow("d", c.x("n")),
  }),
  form({
    name: "FMOV (to general, top half)",
    encoding: "1 0 0 11110 10 1 01 110 000000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: xw(f.Rd), n: vr(f.Rn) }),
    emit: (c) => c.setX("d", c.vPart("i64.load", "n", 8)),
  }),
  form({
    name: "FMOV (from general, top half)",
    encoding: "1 0 0 11110 10 1 01 111 000000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: xr(f.Rn) }),
    // V[d]'s lower half stays.
    emit: (c) => c.setVPart("i64.store", "d", 8, c.x("n")),
  }),
];
