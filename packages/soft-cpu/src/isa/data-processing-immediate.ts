/** Data processing with an immediate operand (Arm ARM DDI 0487, C4.1.86 ff: op0 = 100x). Hot rows first come first served. */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, const64, type I32Expr, type I64Expr } from "../ir/expr.ts";
import { addWithFlags, logicalFlags } from "./arithmetic.ts";
import { signed } from "./encoding.ts";
import { type Form, form, xr, xsp, xw } from "./form.ts";
import { bitMask } from "./immediates.ts";
import { SP, UNALIGNED } from "./stack-pointer.ts";

const addSubtract = (c: Builder, sf: number, op: number, value: I64Expr | I32Expr): void => {
  const wide = sf === 1;
  c.setReg("d", wide, apply(`${wide ? "i64" : "i32"}.${op === 1 ? "sub" : "add"}`, c.reg("n", wide), value) as I64Expr);
};

/** AND, ORR, EOR by opc. */
const LOGICAL = ["and", "or", "xor"] as const;

export const dataProcessingImmediate: readonly Form[] = [
  form({
    name: "ADR",
    encoding: "0 immlo:2 10000 immhi:19 Rd:5",
    operands: (f) => ({ d: xw(f.Rd), imm: signed((f.immhi << 2) | f.immlo, 21) }),
    emit: (c) => c.setX("d", apply("i64.add", c.pc(), c.imm64())),
  }),
  form({
    name: "ADRP",
    encoding: "1 immlo:2 10000 immhi:19 Rd:5",
    wide: true,
    hot: true,
    operands: (f) => ({ d: xw(f.Rd), imm: BigInt(signed((f.immhi << 2) | f.immlo, 21)) << 12n }),
    emit: (c) => c.setX("d", apply("i64.add", apply("i64.and", c.pc(), const64(-4096n)), c.imm64())),
  }),
  form({
    name: "ADD/SUB (immediate)",
    encoding: "sf op 0 100010 sh imm12:12 Rn:5 Rd:5",
    split: ["sf", "op"],
    hot: true,
    operands: (f) => ({ d: xsp(f.Rd), n: xsp(f.Rn), imm: f.imm12 << (12 * f.sh) }),
    stack: {
      when: (f) => f.Rd === SP && (f.Rn !== SP || (f.sh === 0 && (f.imm12 & UNALIGNED) !== 0)),
      value: (c, { op }) => apply(op === 1 ? "i32.sub" : "i32.add", c.w("n"), c.imm32()),
    },
    emit: (c, { sf, op }) => addSubtract(c, sf, op, sf === 1 ? c.imm64() : c.imm32()),
  }),
  form({
    name: "ADDS/SUBS (immediate)",
    encoding: "sf op 1 100010 sh imm12:12 Rn:5 Rd:5",
    split: ["sf", "op"],
    hot: true,
    operands: (f) => ({ d: xw(f.Rd), n: xsp(f.Rn), imm: f.imm12 << (12 * f.sh) }),
    emit: (c, { sf, op }) => addWithFlags(c, sf === 1, op === 1, c.reg("n", sf === 1), sf === 1 ? c.imm64() : c.imm32()),
  }),
  form({
    name: "AND/ORR/EOR (immediate)",
    encoding: "sf opc:2 100100 N immr:6 imms:6 Rn:5 Rd:5",
    split: ["sf", "opc"],
    wide: true,
    hot: true,
    when: (f) => f.opc !== 3 && bitMask(f.sf, f.N, f.imms, f.immr) !== undefined,
    operands: (f) => ({ d: xsp(f.Rd), n: xr(f.Rn), imm: bitMask(f.sf, f.N, f.imms, f.immr)! }),
    stack: {
      // AND is how compilers align SP.
      when: (f) => f.Rd === SP && (f.opc !== 0 || (bitMask(f.sf, f.N, f.imms, f.immr)! & BigInt(UNALIGNED)) !== 0n),
      value: (c, { opc }) => apply(`i32.${LOGICAL[opc]!}`, c.w("n"), c.imm32()) as I32Expr,
    },
    emit: (c, { sf, opc }) => {
      const wide = sf === 1;
      const operation = LOGICAL[opc]!;
      const mask = wide ? c.imm64() : c.imm32();
      c.setReg("d", wide, apply(`${wide ? "i64" : "i32"}.${operation}`, c.reg("n", wide), mask) as I64Expr);
    },
  }),
  form({
    name: "ANDS (immediate)",
    encoding: "sf 11 100100 N immr:6 imms:6 Rn:5 Rd:5",
    split: ["sf"],
    wide: true,
    hot: true,
    when: (f) => bitMask(f.sf, f.N, f.imms, f.immr) !== undefined,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), imm: bitMask(f.sf, f.N, f.imms, f.immr)! }),
    emit: (c, { sf }) => {
      const wide = sf === 1;
      logicalFlags(c, wide, apply(wide ? "i64.and" : "i32.and", c.reg("n", wide), wide ? c.imm64() : c.imm32()));
    },
  }),
  form({
    name: "MOVZ",
    encoding: "sf 10 100101 hw:2 imm16:16 Rd:5",
    wide: true,
    hot: true,
    when: (f) => f.sf === 1 || f.hw < 2,
    operands: (f) => ({ d: xw(f.Rd), imm: BigInt(f.imm16) << BigInt(16 * f.hw) }),
    emit: (c) => c.setX("d", c.imm64()),
  }),
  form({
    name: "MOVN",
    encoding: "sf 00 100101 hw:2 imm16:16 Rd:5",
    wide: true,
    hot: true,
    when: (f) => f.sf === 1 || f.hw < 2,
    operands: (f) => ({ d: xw(f.Rd), imm: ~(BigInt(f.imm16) << BigInt(16 * f.hw)) & (f.sf === 1 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn) }),
    emit: (c) => c.setX("d", c.imm64()),
  }),
  form({
    name: "MOVK",
    encoding: "sf 11 100101 hw:2 imm16:16 Rd:5",
    split: ["sf", "hw"],
    hot: ({ sf, hw }) => sf === 1 || hw === 1,
    when: (f) => f.sf === 1 || f.hw < 2,
    // The old value is operand n: reading and writing 31 are different slots.
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rd), imm: f.imm16 }),
    emit: (c, { sf, hw }) => {
      const kept = (sf === 1 ? -1n : 0xffff_ffffn) & ~(0xffffn << BigInt(16 * hw));
      c.setX("d", apply("i64.or", apply("i64.and", c.x("n"), const64(kept)), apply("i64.shl", c.imm64(), const64(16 * hw))));
    },
  }),
  ...bitfields(),
  form({
    name: "EXTR",
    encoding: "sf 00 100111 N 0 Rm:5 imms:6 Rn:5 Rd:5",
    split: ["sf"],
    when: (f) => f.N === f.sf && (f.sf === 1 || f.imms < 32),
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm), shift: f.imms }),
    emit: (c, { sf }) => {
      if (sf === 1) {
        const low = apply("i64.shr_u", c.x("m"), c.shift64());
        // Two shifts, since one by 64 would be one by 0.
        const high = apply("i64.shl", apply("i64.shl", c.x("n"), apply("i64.sub", const64(63), c.shift64())), const64(1));
        c.setX("d", apply("i64.or", low, high));
      } else {
        const low = apply("i32.shr_u", c.w("m"), c.shift32());
        const high = apply("i32.shl", apply("i32.shl", c.w("n"), apply("i32.sub", const32(31), c.shift32())), const32(1));
        c.setW("d", apply("i32.or", low, high));
      }
    },
  }),
];

/**
 * SBFM, BFM and UBFM: a field is moved down (`imms >= immr`: the extracts and right shifts) or up (the inserts and left
 * shifts). In records `imm` is the field's width and `shift` how far it moves.
 */
function bitfields(): Form[] {
  const encoding = "sf opc:2 100110 N immr:6 imms:6 Rn:5 Rd:5" as const;
  interface F {
    readonly sf: number;
    readonly opc: number;
    readonly N: number;
    readonly immr: number;
    readonly imms: number;
    readonly Rn: number;
    readonly Rd: number;
  }
  const allocated = (f: F): boolean => f.N === f.sf && (f.sf === 1 || (f.immr < 32 && f.imms < 32));
  const down = (f: F): boolean => allocated(f) && f.imms >= f.immr;
  const up = (f: F): boolean => allocated(f) && f.imms < f.immr;
  const size = (f: F): number => (f.sf === 1 ? 64 : 32);
  const ones = (width: I64Expr): I64Expr => apply("i64.shr_u", const64(-1n), apply("i64.sub", const64(64), width));
  return [
    form({
      name: "UBFM (UBFX, LSR)",
      encoding,
      split: ["sf"],
      hot: true,
      when: (f) => f.opc === 2 && down(f),
      operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), imm: f.imms - f.immr + 1, shift: f.immr }),
      emit: (c, { sf }) => {
        const field = sf === 1 ? c.x("n") : apply("i64.extend_i32_u", c.w("n"));
        c.setX("d", apply("i64.and", apply("i64.shr_u", field, c.shift64()), ones(c.imm64())));
      },
    }),
    form({
      name: "UBFM (UBFIZ, LSL)",
      encoding,
      hot: true,
      when: (f) => f.opc === 2 && up(f),
      operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), imm: f.imms + 1, shift: size(f) - f.immr }),
      emit: (c) => c.setX("d", apply("i64.shl", apply("i64.and", c.x("n"), ones(c.imm64())), c.shift64())),
    }),
    form({
      name: "SBFM (SBFX, ASR, SXTB, SXTH, SXTW)",
      encoding,
      split: ["sf"],
      hot: true,
      when: (f) => f.opc === 0 && down(f),
      // Up so that the field's top bit is bit 63, then down to its place.
      operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), imm: 63 - f.imms, shift: 63 - f.imms + f.immr }),
      emit: (c, { sf }) => signedField(c, sf),
    }),
    form({
      name: "SBFM (SBFIZ)",
      encoding,
      split: ["sf"],
      when: (f) => f.opc === 0 && up(f),
      operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), imm: 63 - f.imms, shift: 63 - f.imms - (size(f) - f.immr) }),
      emit: (c, { sf }) => signedField(c, sf),
    }),
    form({
      name: "BFM (BFXIL)",
      encoding,
      split: ["sf"],
      when: (f) => f.opc === 1 && down(f),
      operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), a: xr(f.Rd), imm: f.imms - f.immr + 1, shift: f.immr }),
      emit: (c, { sf }) => {
        const mask = c.let(ones(c.imm64()));
        const field = apply("i64.and", apply("i64.shr_u", c.x("n"), c.shift64()), mask);
        insert(c, sf, mask, field);
      },
    }),
    form({
      name: "BFM (BFI, BFC)",
      encoding,
      split: ["sf"],
      when: (f) => f.opc === 1 && up(f),
      operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), a: xr(f.Rd), imm: f.imms + 1, shift: size(f) - f.immr }),
      emit: (c, { sf }) => {
        const mask = c.let(apply("i64.shl", ones(c.imm64()), c.shift64()));
        insert(c, sf, mask, apply("i64.and", apply("i64.shl", c.x("n"), c.shift64()), mask));
      },
    }),
  ];
}

function signedField(c: Builder, sf: number): void {
  const field = apply("i64.shr_s", apply("i64.shl", c.x("n"), c.imm64()), c.shift64());
  if (sf === 1) c.setX("d", field);
  else c.setW("d", apply("i32.wrap_i64", field));
}

function insert(c: Builder, sf: number, mask: I64Expr, field: I64Expr): void {
  const merged = apply("i64.or", apply("i64.and", c.x("a"), apply("i64.xor", mask, const64(-1n))), field);
  if (sf === 1) c.setX("d", merged);
  else c.setW("d", apply("i32.wrap_i64", merged));
}
