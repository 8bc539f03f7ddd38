/** Data processing with register operands (Arm ARM DDI 0487, C4.1 "Data Processing -- Register": op0 = x101). */
import type { Builder } from "../ir/builder.ts";
import { apply, CONST, const32, const64, type Expr, type I32Expr, type I64Expr, ifElse, select } from "../ir/expr.ts";
import { addWithCarry, addWithFlags, compare, logicalFlags, setFlagsFromBits } from "./arithmetic.ts";
import { byteSwap, countLeadingSign, crc32, reverseBits, signedHigh, unsignedHigh } from "./bit-tricks.ts";
import { type Form, form, xr, xsp, xw } from "./form.ts";
import { SP } from "./stack-pointer.ts";

type Value = I64Expr | I32Expr;

const SHIFTS = ["shl", "shr_u", "shr_s", "rotr"] as const;

/** ShiftReg (shared/functions): the second operand, shifted by the record's shift. */
function shiftedM(c: Builder, wide: boolean, shift: number): Value {
  const value = c.reg("m", wide);
  return apply(`${wide ? "i64" : "i32"}.${SHIFTS[shift]!}`, value, wide ? c.shift64() : c.shift32()) as Value;
}

/** ExtendReg (shared/functions): the second operand, extended by `option` and shifted by 0 to 4. */
function extendedM(c: Builder, wide: boolean, option: number): Value {
  const w = c.w("m");
  const signed = option >= 4;
  let narrow: I32Expr = w;
  if ((option & 3) === 0) narrow = signed ? apply("i32.extend8_s", w) : apply("i32.and", w, const32(0xff));
  if ((option & 3) === 1) narrow = signed ? apply("i32.extend16_s", w) : apply("i32.and", w, const32(0xffff));
  if (!wide) return apply("i32.shl", narrow, c.shift32());
  const extended = (option & 3) === 3 ? c.x("m") : apply(signed ? "i64.extend_i32_s" : "i64.extend_i32_u", narrow);
  return apply("i64.shl", extended, c.shift64());
}

const logical = (c: Builder, sf: number, opc: number, N: number, second: Value): void => {
  const wide = sf === 1;
  const type = wide ? "i64" : "i32";
  const operand = N === 0 ? second : apply(`${type}.xor`, second, wide ? const64(-1n) : const32(-1));
  const value = apply(`${type}.${(["and", "or", "xor", "and"] as const)[opc]!}`, c.reg("n", wide), operand) as Value;
  if (opc === 3) logicalFlags(c, wide, value);
  else c.setReg("d", wide, value);
};

const addSubtract = (c: Builder, sf: number, op: number, S: number, second: Value): void => {
  const wide = sf === 1;
  if (S === 1) addWithFlags(c, wide, op === 1, c.reg("n", wide), second);
  else c.setReg("d", wide, apply(`${wide ? "i64" : "i32"}.${op === 1 ? "sub" : "add"}`, c.reg("n", wide), second) as Value);
};

export const dataProcessingRegister: readonly Form[] = [
  // ------------------------------------------------------------------------------------------------ logical (shifted register)
  form({
    name: "AND/ORR/EOR/ANDS (register), without shift or inversion",
    encoding: "sf opc:2 01010 00 0 Rm:5 000000 Rn:5 Rd:5",
    split: ["sf", "opc"],
    hot: true,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { sf, opc }) => logical(c, sf, opc, 0, c.reg("m", sf === 1)),
  }),
  form({
    name: "AND/BIC/ORR/ORN/EOR/EON/ANDS/BICS (shifted register)",
    encoding: "sf opc:2 01010 shift:2 N Rm:5 imm6:6 Rn:5 Rd:5",
    split: ["sf", "opc", "shift", "N"],
    hot: ({ N, opc, shift }) => opc < 3 && shift < 2 && N === 0,
    when: (f) => f.sf === 1 || f.imm6 < 32,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm), shift: f.imm6 }),
    emit: (c, { sf, opc, shift, N }) => logical(c, sf, opc, N, shiftedM(c, sf === 1, shift)),
  }),

  // ---------------------------------------------------------------------------------------------- add/subtract (shifted register)
  form({
    name: "ADD/ADDS/SUB/SUBS (register), without shift",
    encoding: "sf op S 01011 00 0 Rm:5 000000 Rn:5 Rd:5",
    split: ["sf", "op", "S"],
    hot: true,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { sf, op, S }) => addSubtract(c, sf, op, S, c.reg("m", sf === 1)),
  }),
  form({
    name: "ADD/ADDS/SUB/SUBS (shifted register)",
    encoding: "sf op S 01011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5",
    split: ["sf", "op", "S", "shift"],
    hot: ({ sf, S, shift }) => sf === 1 && S === 0 && shift < 2,
    when: (f) => f.shift < 3 && (f.sf === 1 || f.imm6 < 32),
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm), shift: f.imm6 }),
    emit: (c, { sf, op, S, shift }) => addSubtract(c, sf, op, S, shiftedM(c, sf === 1, shift)),
  }),
  form({
    name: "ADD/SUB (extended register)",
    encoding: "sf op 0 01011 00 1 Rm:5 option:3 imm3:3 Rn:5 Rd:5",
    split: ["sf", "op", "option"],
    hot: ({ sf, op, option }) => sf === 1 && op === 0 && (option & 3) === 2,
    when: (f) => f.imm3 <= 4,
    operands: (f) => ({ d: xsp(f.Rd), n: xsp(f.Rn), m: xr(f.Rm), shift: f.imm3 }),
    stack: {
      when: (f) => f.Rd === SP,
      value: (c, { op, option }) => apply(op === 1 ? "i32.sub" : "i32.add", c.w("n"), extendedM(c, false, option)),
    },
    emit: (c, { sf, op, option }) => addSubtract(c, sf, op, 0, extendedM(c, sf === 1, option)),
  }),
  form({
    name: "ADDS/SUBS (extended register)",
    encoding: "sf op 1 01011 00 1 Rm:5 option:3 imm3:3 Rn:5 Rd:5",
    split: ["sf", "op", "option"],
    when: (f) => f.imm3 <= 4,
    operands: (f) => ({ d: xw(f.Rd), n: xsp(f.Rn), m: xr(f.Rm), shift: f.imm3 }),
    emit: (c, { sf, op, option }) => addSubtract(c, sf, op, 1, extendedM(c, sf === 1, option)),
  }),

  // -------------------------------------------------------------------------------------------------- add/subtract (with carry)
  form({
    name: "ADC/ADCS/SBC/SBCS",
    encoding: "sf op S 11010000 Rm:5 000000 Rn:5 Rd:5",
    split: ["sf", "op", "S"],
    hot: ({ sf }) => sf === 1,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { sf, op, S }) => {
      const wide = sf === 1;
      const m = c.reg("m", wide);
      const second = op === 0 ? m : (apply(`${wide ? "i64" : "i32"}.xor`, m, wide ? const64(-1n) : const32(-1)) as Value);
      addWithCarry(c, wide, c.reg("n", wide), second, S === 1);
    },
  }),

  // ------------------------------------------------------------------------------------------------------- conditional compare
  form({
    name: "CCMN/CCMP (register)",
    encoding: "sf op 1 11010010 Rm:5 cond:4 0 0 Rn:5 0 nzcv:4",
    split: ["sf", "op", "cond"],
    hot: ({ op, cond }) => op === 1 && cond < 14,
    operands: (f) => ({ n: xr(f.Rn), m: xr(f.Rm), shift: f.nzcv }),
    emit: (c, { sf, op, cond }) => conditionalCompare(c, sf, op, cond, c.reg("m", sf === 1)),
  }),
  form({
    name: "CCMN/CCMP (immediate)",
    encoding: "sf op 1 11010010 imm5:5 cond:4 1 0 Rn:5 0 nzcv:4",
    split: ["sf", "op", "cond"],
    hot: ({ op, cond }) => op === 1 && cond < 14,
    operands: (f) => ({ n: xr(f.Rn), imm: f.imm5, shift: f.nzcv }),
    emit: (c, { sf, op, cond }) => conditionalCompare(c, sf, op, cond, sf === 1 ? c.imm64() : c.imm32()),
  }),

  // --------------------------------------------------------------------------------------------------------- conditional select
  form({
    name: "CSEL/CSINC/CSINV/CSNEG",
    encoding: "sf op 0 11010100 Rm:5 cond:4 0 o2 Rn:5 Rd:5",
    split: ["sf", "op", "cond", "o2"],
    hot: ({ op, cond }) => op === 0 && cond < 14,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { sf, op, cond, o2 }) => {
      const wide = sf === 1;
      const type = wide ? "i64" : "i32";
      const number = (value: number): Expr => (wide ? const64(value) : const32(value));
      let no: Expr = c.reg("m", wide);
      if (op === 1 && o2 === 0) no = apply(`${type}.xor`, no, number(-1));
      else if (op === 1) no = apply(`${type}.sub`, number(0), no);
      else if (o2 === 1) no = apply(`${type}.add`, no, number(1));
      c.setReg("d", wide, select(c.condition(cond), c.reg("n", wide) as Expr, no) as Value);
    },
  }),

  // ------------------------------------------------------------------------------------------------------------------- 3 source
  form({
    name: "MADD/MSUB",
    encoding: "sf 00 11011 000 Rm:5 o0 Ra:5 Rn:5 Rd:5",
    split: ["sf", "o0"],
    hot: true,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm), a: xr(f.Ra) }),
    emit: (c, { sf, o0 }) => {
      const wide = sf === 1;
      const type = wide ? "i64" : "i32";
      const product = apply(`${type}.mul`, c.reg("n", wide), c.reg("m", wide));
      c.setReg("d", wide, apply(`${type}.${o0 === 1 ? "sub" : "add"}`, c.reg("a", wide), product) as Value);
    },
  }),
  form({
    name: "SMADDL/SMSUBL/UMADDL/UMSUBL",
    encoding: "1 00 11011 U 01 Rm:5 o0 Ra:5 Rn:5 Rd:5",
    split: ["U", "o0"],
    hot: ({ o0 }) => o0 === 0,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm), a: xr(f.Ra) }),
    emit: (c, { U, o0 }) => {
      const extend = U === 1 ? "i64.extend_i32_u" : "i64.extend_i32_s";
      const product = apply("i64.mul", apply(extend, c.w("n")), apply(extend, c.w("m")));
      c.setX("d", apply(o0 === 1 ? "i64.sub" : "i64.add", c.x("a"), product));
    },
  }),
  form({
    name: "SMULH/UMULH",
    encoding: "1 00 11011 U 10 Rm:5 0 Ra:5 Rn:5 Rd:5", // Ra should be 11111 and is ignored
    split: ["U"],
    hot: ({ U }) => U === 1,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { U }) => c.setX("d", (U === 1 ? unsignedHigh : signedHigh)(c, c.x("n"), c.x("m"))),
  }),

  // ------------------------------------------------------------------------------------------------------------------- 2 source
  form({
    name: "UDIV",
    encoding: "sf 0 0 11010110 Rm:5 000010 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { sf }) => {
      const wide = sf === 1;
      const type = wide ? "i64" : "i32";
      const m = c.let(c.reg("m", wide) as Expr);
      const zero = wide ? const64(0) : const32(0);
      c.setReg("d", wide, ifElse(apply(`${type}.eqz`, m), zero as Expr, apply(`${type}.div_u`, c.reg("n", wide), m)) as Value);
    },
  }),
  form({
    name: "SDIV",
    encoding: "sf 0 0 11010110 Rm:5 000011 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { sf }) => {
      const wide = sf === 1;
      const type = wide ? "i64" : "i32";
      const n = c.let(c.reg("n", wide) as Expr);
      const m = c.let(c.reg("m", wide) as Expr);
      const [zero, minusOne] = wide ? [const64(0), const64(-1n)] : [const32(0), const32(-1)];
      // WebAssembly traps where the quotient overflows; a division by −1 is a negation anyway.
      const quotient = ifElse(apply(`${type}.eq`, m, minusOne), apply(`${type}.sub`, zero, n) as Expr, apply(`${type}.div_s`, n, m));
      c.setReg("d", wide, ifElse(apply(`${type}.eqz`, m), zero as Expr, quotient) as Value);
    },
  }),
  form({
    name: "LSLV/LSRV/ASRV/RORV",
    encoding: "sf 0 0 11010110 Rm:5 0010 op2:2 Rn:5 Rd:5",
    split: ["sf", "op2"],
    hot: ({ op2 }) => op2 < 3,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    // WebAssembly takes shift amounts modulo the size, as A64 does.
    emit: (c, { sf, op2 }) =>
      c.setReg("d", sf === 1, apply(`${sf === 1 ? "i64" : "i32"}.${SHIFTS[op2]!}`, c.reg("n", sf === 1), c.reg("m", sf === 1)) as Value),
  }),
  form({
    name: "CRC32B/H/W, CRC32CB/CH/CW",
    encoding: "0 0 0 11010110 Rm:5 010 C sz:2 Rn:5 Rd:5",
    split: ["C", "sz"],
    when: (f) => f.sz < 3,
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { C, sz }) => c.setW("d", crc32(c, C === 1, 1 << sz, c.w("n"), apply("i64.extend_i32_u", c.w("m")))),
  }),
  form({
    name: "CRC32X, CRC32CX",
    encoding: "1 0 0 11010110 Rm:5 010 C 11 Rn:5 Rd:5",
    split: ["C"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn), m: xr(f.Rm) }),
    emit: (c, { C }) => c.setW("d", crc32(c, C === 1, 8, c.w("n"), c.x("m"))),
  }),

  // ------------------------------------------------------------------------------------------------------------------- 1 source
  form({
    name: "RBIT",
    encoding: "sf 1 0 11010110 00000 000000 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn) }),
    emit: (c, { sf }) => {
      const reversed = reverseBits(c, sf === 1 ? c.x("n") : apply("i64.shl", c.x("n"), const64(32)));
      c.setX("d", reversed); // bits that were shifted in come out at the top, as the zeros they are
    },
  }),
  form({
    name: "REV16",
    encoding: "sf 1 0 11010110 00000 000001 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn) }),
    emit: (c, { sf }) => c.setX("d", byteSwap(c, sf === 1 ? c.x("n") : apply("i64.extend_i32_u", c.w("n")), 2)),
  }),
  form({
    name: "REV (32-bit), REV32",
    encoding: "sf 1 0 11010110 00000 000010 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn) }),
    emit: (c, { sf }) => c.setX("d", byteSwap(c, sf === 1 ? c.x("n") : apply("i64.extend_i32_u", c.w("n")), 4)),
  }),
  form({
    name: "REV (64-bit)",
    encoding: "1 1 0 11010110 00000 000011 Rn:5 Rd:5",
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn) }),
    emit: (c) => c.setX("d", byteSwap(c, c.x("n"), 8)),
  }),
  form({
    name: "CLZ",
    encoding: "sf 1 0 11010110 00000 000100 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn) }),
    emit: (c, { sf }) => c.setReg("d", sf === 1, apply(sf === 1 ? "i64.clz" : "i32.clz", c.reg("n", sf === 1)) as Value),
  }),
  form({
    name: "CLS",
    encoding: "sf 1 0 11010110 00000 000101 Rn:5 Rd:5",
    split: ["sf"],
    operands: (f) => ({ d: xw(f.Rd), n: xr(f.Rn) }),
    emit: (c, { sf }) => c.setReg("d", sf === 1, countLeadingSign(c, sf === 1, c.reg("n", sf === 1))),
  }),
];

/** The comparison where the condition holds, the immediate flags where it does not. */
function conditionalCompare(c: Builder, sf: number, op: number, cond: number, second: Value): void {
  const nzcv = c.shift32();
  if (nzcv.kind === CONST) return compareUnless(c, sf, op, cond, second, nzcv.imm);
  const condition = c.let(c.condition(cond));
  c.if(
    condition,
    () => void compare(c, sf === 1, op === 1, c.reg("n", sf === 1), second),
    () => setFlagsFromBits(c, nzcv),
  );
  c.target.comparison = undefined; // either of two
}

/** The same where the flags are known: compiled code compares in any case, and keeps which of the two it was. */
function compareUnless(c: Builder, sf: number, op: number, cond: number, second: Value, nzcv: number): void {
  const holds = c.keep(c.condition(cond));
  compare(c, sf === 1, op === 1, c.reg("n", sf === 1), second);
  const { comparison } = c.target;
  if (comparison !== undefined && holds.kind !== CONST) c.target.comparison = { ...comparison, otherwise: { holds, nzcv } };
}
