/**
 * Scalar floating-point conversions (Arm ARM DDI 0487, C4.1 "Floating-point data-processing (1 source)", "conversion between
 * floating-point and integer", "… fixed-point"): FRINT*, FCVT between formats, FCVT* to integers, SCVTF, UCVTF.
 *
 * A fixed-point number's fraction bits are the record's shift, and a power of two in `imm`: the upper word of the double.
 */
import { FPRounding } from "../fp/fp-env.ts";
import type { WidthChange } from "../fp/calling.ts";
import type { LaneOperation } from "../fp/lane.ts";
import type { Builder } from "../ir/builder.ts";
import { apply, const64, type Expr, type F64Expr, type I32Expr, type I64Expr, ifElse, select } from "../ir/expr.ts";
import type { I32, I64 } from "../wasm/opcodes.ts";
import { type Form, form, vr, xr, xw } from "./form.ts";
import { isInexactAlready, keepsDenormals, roundsQuietly, roundsToNearest } from "./fp-controls.ts";
import { callFromInteger, callOnLanes, callToInteger, callWidthChange } from "./fp-helpers.ts";
import { double, DOUBLE, type FpExpr, powerOfTwo, type Precision, precisionOf, SINGLE } from "./fp-precision.ts";

const isSingleOrDouble = (f: { readonly ftype: number }): boolean => f.ftype < 2;

/** `value` (pinned) rounded to an integral one, by the instruction's own rounding mode. */
function rounded(c: Builder, p: Precision, value: FpExpr, rounding: FPRounding): FpExpr {
  const { type } = p;
  switch (rounding) {
    case FPRounding.POSINF:
      return apply(`${type}.ceil`, value);
    case FPRounding.NEGINF:
      return apply(`${type}.floor`, value);
    case FPRounding.ZERO:
      return apply(`${type}.trunc`, value);
    case FPRounding.TIEAWAY: {
      const whole = c.let(apply(`${type}.trunc`, value));
      const rest = apply(`${type}.abs`, apply(`${type}.sub`, value, whole));
      const next = apply(`${type}.add`, whole, apply(`${type}.copysign`, p.constant(1), value));
      return select(apply(`${type}.ge`, rest, p.constant(0.5)), next, whole);
    }
    default:
      return apply(`${type}.nearest`, value);
  }
}

// -------------------------------------------------------------------------------------------------------------------- FRINT*

/** What FPCR and FPSR must say. */
type Needs = (c: Builder, p: Precision, value: FpExpr, result: FpExpr) => I32Expr;

function roundToIntegral(letter: string, opcode: string, rounding: FPRounding, needs: Needs): Form {
  return form({
    name: `FRINT${letter} (scalar)`,
    encoding: `0 0 0 11110 ftype:2 1 001${opcode} 10000 Rn:5 Rd:5` as "0 0 0 11110 ftype:2 1 001000 10000 Rn:5 Rd:5",
    split: ["ftype"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c, { ftype }) => {
      const p = precisionOf(ftype);
      const value = c.let(p.load(c, "n"));
      const result = c.let(rounded(c, p, value, rounding));
      c.if(
        apply("i32.and", needs(c, p, value, result), p.isNumber(value)),
        () => p.store(c, result),
        () => callOnLanes(c, `rint${letter.toLowerCase()}` as LaneOperation, p.bits, 1),
      );
    },
  });
}

/** FRINTX is the only one that may be Inexact. */
const quietOrExact: Needs = (c, p, value, result) => {
  return apply("i32.and", roundsToNearest(c), apply("i32.or", isInexactAlready(c), apply(`${p.type}.eq`, value, result)));
};

// ------------------------------------------------------------------------------------------------------- between the formats

function changeWidth(change: WidthChange, ftype: string, opc: string, emit: (c: Builder) => void): Form {
  return form({
    name: `FCVT (${change[0]} to ${change.at(-1)})`,
    encoding: `0 0 0 11110 ${ftype} 1 0001 ${opc} 10000 Rn:5 Rd:5` as "0 0 0 11110 00 1 0001 00 10000 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit,
  });
}

/** Half precision is rare, and WebAssembly has none. */
const halfPrecision = (change: WidthChange, ftype: string, opc: string): Form => {
  return changeWidth(change, ftype, opc, (c) => callWidthChange(c, change, 1));
};

function narrow(c: Builder): void {
  const value = c.let(DOUBLE.load(c, "n"));
  const result = c.let(apply("f32.demote_f64", value));
  const isRight = apply("i32.and", roundsQuietly(c), SINGLE.isOrdinary(result));
  c.if(
    apply("i32.or", isRight, DOUBLE.isZero(value)),
    () => SINGLE.store(c, result),
    () => callWidthChange(c, "DtoS", 1),
  );
}

function widen(c: Builder): void {
  const result = c.let(apply("f64.promote_f32", SINGLE.load(c, "n")));
  c.if(
    apply("i32.and", keepsDenormals(c), DOUBLE.isNumber(result)),
    () => DOUBLE.store(c, result),
    () => callWidthChange(c, "StoD", 1),
  );
}

// ---------------------------------------------------------------------------------------------------------------- to integers

/** What `powerOfTwo` put into the record. */
const factor = (c: Builder): F64Expr => apply("f64.reinterpret_i64", apply("i64.shl", c.imm64(), const64(32)));

/** The least number that an integer type holds, and the first beyond it. */
const RANGES = {
  signed: { 32: [-(2 ** 31), 2 ** 31], 64: [-(2 ** 63), 2 ** 63] },
  unsigned: { 32: [0, 2 ** 32], 64: [0, 2 ** 64] },
} as const;

function toInteger(c: Builder, p: Precision, bits: 32 | 64, rounding: FPRounding, unsigned: boolean, isFixed: boolean): void {
  const widened = p.widened(p.load(c, "n"));
  const value = c.let(isFixed ? apply("f64.mul", widened, factor(c)) : widened) as F64Expr; // exact, or beyond every integer
  const integral = c.let(rounded(c, DOUBLE, value, rounding));
  const [least, beyond] = RANGES[unsigned ? "unsigned" : "signed"][bits];
  const fits = apply("i32.and", apply("f64.ge", integral, double(least)), apply("f64.lt", integral, double(beyond)));
  const isQuiet = apply("i32.or", isInexactAlready(c), apply("f64.eq", integral, value));
  const converted = apply(`i${bits}.trunc_f64_${unsigned ? "u" : "s"}`, integral);
  const result = ifElse<typeof I32 | typeof I64>(
    apply("i32.and", apply("i32.and", keepsDenormals(c), fits), isQuiet),
    converted,
    callToInteger(c, p.letter, bits, rounding, unsigned),
  );
  // Pinned, because a write to register 31 would be left out, flags and all.
  c.setReg("d", bits === 64, c.let(result) as I32Expr | I64Expr);
}

interface ToInteger {
  readonly name: string;
  readonly rmode: string;
  readonly opcode: string;
  readonly rounding: FPRounding;
}

const TO_INTEGER: readonly ToInteger[] = [
  { name: "FCVTNS/FCVTNU", rmode: "00", opcode: "00", rounding: FPRounding.TIEEVEN },
  { name: "FCVTPS/FCVTPU", rmode: "01", opcode: "00", rounding: FPRounding.POSINF },
  { name: "FCVTMS/FCVTMU", rmode: "10", opcode: "00", rounding: FPRounding.NEGINF },
  { name: "FCVTZS/FCVTZU", rmode: "11", opcode: "00", rounding: FPRounding.ZERO },
  { name: "FCVTAS/FCVTAU", rmode: "00", opcode: "10", rounding: FPRounding.TIEAWAY },
];

const bitsOf = (sf: number): 32 | 64 => (sf === 1 ? 64 : 32);

// -------------------------------------------------------------------------------------------------------------- from integers

/** Integers up to this many bits are numbers of the precision. */
const EXACT_BITS = { 32: 24, 64: 53 } as const;

/** Does V[d] hold every such integer without rounding? All of 32 bits as doubles, and small ones. */
function isExact(p: Precision, bits: 32 | 64, value: Expr, unsigned: boolean): I32Expr | undefined {
  if (p.bits > bits) return undefined;
  const type = `i${bits}` as const;
  const number = (n: number): Expr => (bits === 64 ? const64(n) : apply("i32.wrap_i64", const64(n)));
  const limit = 2 ** EXACT_BITS[p.bits];
  return unsigned
    ? apply(`${type}.lt_u`, value, number(limit))
    : apply(`${type}.lt_u`, apply(`${type}.add`, value, number(limit)), number(2 * limit));
}

function fromInteger(c: Builder, p: Precision, bits: 32 | 64, unsigned: boolean, isFixed: boolean): void {
  const value = c.let(c.reg("n", bits === 64) as Expr);
  const convert = (): void => {
    const number = apply(`${p.type}.convert_i${bits}_${unsigned ? "u" : "s"}`, value);
    // Scaling is exact: no result is below 2^-64.
    const scale = p === SINGLE ? apply("f32.demote_f64", factor(c)) : factor(c);
    p.store(c, isFixed ? apply(`${p.type}.mul`, number, scale) : number);
  };
  const exact = isExact(p, bits, value, unsigned);
  if (exact === undefined) return convert();
  c.if(apply("i32.or", exact, roundsQuietly(c)), convert, () => callFromInteger(c, p.letter, bits, value, unsigned));
}

const fixedFits = (f: { readonly sf: number; readonly ftype: number; readonly scale: number }): boolean => {
  return f.ftype < 2 && (f.sf === 1 || f.scale >= 32);
};

export const fpConvert: readonly Form[] = [
  changeWidth("StoD", "00", "01", widen),
  halfPrecision("StoH", "00", "11"),
  changeWidth("DtoS", "01", "00", narrow),
  halfPrecision("DtoH", "01", "11"),
  halfPrecision("HtoS", "11", "00"),
  halfPrecision("HtoD", "11", "01"),
  roundToIntegral("N", "000", FPRounding.TIEEVEN, keepsDenormals),
  roundToIntegral("P", "001", FPRounding.POSINF, keepsDenormals),
  roundToIntegral("M", "010", FPRounding.NEGINF, keepsDenormals),
  roundToIntegral("Z", "011", FPRounding.ZERO, keepsDenormals),
  roundToIntegral("A", "100", FPRounding.TIEAWAY, keepsDenormals),
  roundToIntegral("X", "110", FPRounding.TIEEVEN, quietOrExact),
  roundToIntegral("I", "111", FPRounding.TIEEVEN, roundsToNearest),
  ...TO_INTEGER.map(({ name, rmode, opcode, rounding }) =>
    form({
      name: `${name} (scalar, integer)`,
      encoding: `sf 0 0 11110 ftype:2 1 ${rmode} ${opcode} U 000000 Rn:5 Rd:5` as "sf 0 0 11110 ftype:2 1 00 00 U 000000 Rn:5 Rd:5",
      split: ["sf", "ftype", "U"],
      fp: true,
      when: isSingleOrDouble,
      operands: (f) => ({ d: xw(f.Rd), n: vr(f.Rn) }),
      emit: (c, { sf, ftype, U }) => toInteger(c, precisionOf(ftype), bitsOf(sf), rounding, U === 1, false),
    }),
  ),
  form({
    name: "FCVTZS/FCVTZU (scalar, fixed-point)",
    encoding: "sf 0 0 11110 ftype:2 0 11 00 U scale:6 Rn:5 Rd:5",
    split: ["sf", "ftype", "U"],
    fp: true,
    when: fixedFits,
    operands: (f) => ({ d: xw(f.Rd), n: vr(f.Rn), shift: 64 - f.scale, imm: powerOfTwo(64 - f.scale) }),
    emit: (c, { sf, ftype, U }) => toInteger(c, precisionOf(ftype), bitsOf(sf), FPRounding.ZERO, U === 1, true),
  }),
  form({
    name: "SCVTF/UCVTF (scalar, integer)",
    encoding: "sf 0 0 11110 ftype:2 1 00 01 U 000000 Rn:5 Rd:5",
    split: ["sf", "ftype", "U"],
    fp: true,
    when: isSingleOrDouble,
    operands: (f) => ({ d: vr(f.Rd), n: xr(f.Rn) }),
    emit: (c, { sf, ftype, U }) => fromInteger(c, precisionOf(ftype), bitsOf(sf), U === 1, false),
  }),
  form({
    name: "SCVTF/UCVTF (scalar, fixed-point)",
    encoding: "sf 0 0 11110 ftype:2 0 00 01 U scale:6 Rn:5 Rd:5",
    split: ["sf", "ftype", "U"],
    fp: true,
    when: fixedFits,
    operands: (f) => ({ d: vr(f.Rd), n: xr(f.Rn), shift: 64 - f.scale, imm: powerOfTwo(f.scale - 64) }),
    emit: (c, { sf, ftype, U }) => fromInteger(c, precisionOf(ftype), bitsOf(sf), U === 1, true),
  }),
];
