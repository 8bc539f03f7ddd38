/**
 * Advanced SIMD modified immediate: MOVI, MVNI, ORR, BIC and FMOV (Arm ARM DDI 0487, C4.1 "Advanced SIMD modified immediate",
 * AdvSIMDExpandImm()). Not here: half-precision FMOV, which this CPU lacks.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, CONST, constV128, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { expandedFloat } from "./immediates.ts";
import { setVq } from "./simd-registers.ts";

interface Fields {
  readonly op: number;
  readonly cmode: number;
  readonly abc: number;
  readonly defgh: number;
}

const ALL = (1n << 64n) - 1n;

/** `bits` repeated through 64 bits. */
function replicated(value: bigint, bits: number): bigint {
  let all = 0n;
  for (let at = 0; at < 64; at += bits) all |= value << BigInt(at);
  return all;
}

/** AdvSIMDExpandImm(), before the inversion that MVNI and BIC do. */
function expanded({ op, cmode, abc, defgh }: Fields): bigint {
  const imm8 = BigInt((abc << 5) | defgh);
  const bytes = BigInt((cmode >> 1) & 3);
  switch (cmode >> 1) {
    case 0: case 1: case 2: case 3:
      return replicated(imm8 << (8n * bytes), 32);
    case 4: case 5:
      return replicated(imm8 << (8n * (bytes & 1n)), 16);
    case 6: // ones are shifted in
      return replicated((cmode & 1) === 0 ? (imm8 << 8n) | 0xffn : (imm8 << 16n) | 0xffffn, 32);
    default:
      if (cmode === 14) return op === 0 ? replicated(imm8, 8) : eachBitAByte(imm8);
      return op === 0 ? replicated(expandedFloat(imm8, 8n, 23n), 32) : expandedFloat(imm8, 11n, 52n);
  }
}

function eachBitAByte(imm8: bigint): bigint {
  let all = 0n;
  for (let bit = 0n; bit < 8n; bit++) all |= ((imm8 >> bit) & 1n) * (0xffn << (8n * bit));
  return all;
}

/** The odd cmodes below 12 combine with the destination, all others move. */
const combines = (cmode: number): boolean => cmode < 12 && (cmode & 1) === 1;
/** With op = 1 the immediate is inverted, but for the two forms that use op to tell sizes apart. */
const inverts = ({ op, cmode }: Fields): boolean => op === 1 && cmode < 14;
const imm = (f: Fields): bigint => (inverts(f) ? expanded(f) ^ ALL : expanded(f));

function replicatedImmediate(c: Builder): V128Expr {
  const value = c.imm64();
  if (value.kind === CONST) return constV128(BigInt.asUintN(64, value.big) * ((1n << 64n) | 1n));
  return apply("i64x2.splat", value);
}

export const simdImmediate: readonly Form[] = [
  form({
    name: "MOVI, MVNI, FMOV (vector, immediate)",
    encoding: "0 Q op 0111100000 abc:3 cmode:4 0 1 defgh:5 Rd:5",
    split: ["Q"],
    wide: true,
    fp: true,
    // FMOV of a double has no form with one element.
    when: (f) => !combines(f.cmode) && !(f.cmode === 15 && f.op === 1 && f.Q === 0),
    operands: (f) => ({ d: vr(f.Rd), imm: imm(f) }),
    emit: (c, { Q }) => setVq(c, Q, replicatedImmediate(c)),
  }),
  form({
    name: "ORR, BIC (vector, immediate)",
    encoding: "0 Q op 0111100000 abc:3 cmode:4 0 1 defgh:5 Rd:5",
    split: ["Q", "op"],
    wide: true,
    fp: true,
    when: (f) => combines(f.cmode),
    operands: (f) => ({ d: vr(f.Rd), imm: imm(f) }),
    emit: (c, { Q, op }) => setVq(c, Q, apply(op === 1 ? "v128.and" : "v128.or", c.v("d"), replicatedImmediate(c))),
  }),
];
