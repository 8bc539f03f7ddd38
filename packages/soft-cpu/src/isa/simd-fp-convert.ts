/**
 * Conversions of Advanced SIMD (Arm ARM DDI 0487, C4.1 "Advanced SIMD two-register miscellaneous", "… shift by immediate" and their
 * scalar counterparts): FCVT* to integers, SCVTF, UCVTF, with fraction bits too, and FCVTL, FCVTN, FCVTXN between the formats.
 */
import { SHAPE_KEEP, type WidthChange } from "../fp/calling.ts";
import { FPRounding } from "../fp/fp-env.ts";
import type { Builder } from "../ir/builder.ts";
import { apply, type I64Expr, lane, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { isInexactAlready, keepsDenormals, roundsQuietly } from "./fp-controls.ts";
import { callFromFixedLanes, callToFixedLanes, callWidthChange } from "./fp-helpers.ts";
import { powerOfTwo } from "./fp-precision.ts";
import { type FpLanes, isArranged, scalarLane, vectorLanes } from "./simd-fp-lanes.ts";
import { roundedLanes } from "./simd-fp-rounding.ts";
import { half } from "./simd-registers.ts";

// ---------------------------------------------------------------------------------------------------------------- to integers

function toIntegers(c: Builder, lanes: FpLanes, rounding: FPRounding, unsigned: boolean, isFixed: boolean): void {
  const { type, bits } = lanes;
  const v = c.let(isFixed ? apply(`${type}.mul`, c.v("n"), lanes.factor(c)) : c.v("n")); // exact, or beyond every integer
  const integral = c.let(roundedLanes(c, lanes, v, rounding));
  const [least, beyond] = unsigned ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  const areAtLeast = apply(`${type}.ge`, integral, lanes.constant(least));
  const fit = apply("v128.and", areAtLeast, apply(`${type}.lt`, integral, lanes.constant(beyond)));
  const isQuiet = apply("i32.or", isInexactAlready(c), lanes.all(apply(`${type}.eq`, integral, v)));
  c.if(
    apply("i32.and", apply("i32.and", keepsDenormals(c), isQuiet), lanes.all(fit)),
    () => lanes.store(c, truncated(lanes, integral, unsigned)),
    () => callToFixedLanes(c, bits, lanes.count, rounding, unsigned),
  );
}

/** Lanes that count are known to fit; only of those may doubles be truncated. */
function truncated(lanes: FpLanes, integral: V128Expr, unsigned: boolean): V128Expr {
  const sign = unsigned ? "u" : "s";
  if (lanes.bits === 32) return apply(`i32x4.trunc_sat_f32x4_${sign}`, integral);
  const one = (index: number): I64Expr => apply(`i64.trunc_f64_${sign}`, lane("f64x2.extract_lane", integral, index));
  const low = apply("i64x2.splat", one(0));
  return lanes.count === 1 ? low : lane("i64x2.replace_lane", low, 1, one(1));
}

// -------------------------------------------------------------------------------------------------------------- from integers

function fromIntegers(c: Builder, lanes: FpLanes, unsigned: boolean, isFixed: boolean): void {
  c.if(
    roundsQuietly(c),
    () => {
      const numbers = converted(lanes, c.let(c.v("n")), unsigned);
      // Scaling is exact: no result is below 2^-64.
      lanes.store(c, isFixed ? apply(`${lanes.type}.mul`, numbers, lanes.factor(c)) : numbers);
    },
    () => callFromFixedLanes(c, lanes.bits, lanes.count, unsigned),
  );
}

function converted(lanes: FpLanes, v: V128Expr, unsigned: boolean): V128Expr {
  const sign = unsigned ? "u" : "s";
  if (lanes.bits === 32) return apply(`f32x4.convert_i32x4_${sign}`, v);
  const one = (index: number) => apply(`f64.convert_i64_${sign}`, lane("i64x2.extract_lane", v, index));
  const low = apply("f64x2.splat", one(0));
  return lanes.count === 1 ? low : lane("f64x2.replace_lane", low, 1, one(1));
}

// ------------------------------------------------------------------------------------------------------------ rows of integers

type Convert = (c: Builder, lanes: FpLanes, unsigned: boolean, isFixed: boolean) => void;

interface IntegerRow {
  readonly name: string;
  /** The size field's upper bit. */
  readonly a: 0 | 1;
  readonly opcode: string;
  readonly convert: Convert;
}

const rounding = (mode: FPRounding): Convert => (c, lanes, unsigned, isFixed) => toIntegers(c, lanes, mode, unsigned, isFixed);

const INTEGER_ROWS: readonly IntegerRow[] = [
  { name: "FCVTNS/FCVTNU", a: 0, opcode: "11010", convert: rounding(FPRounding.TIEEVEN) },
  { name: "FCVTMS/FCVTMU", a: 0, opcode: "11011", convert: rounding(FPRounding.NEGINF) },
  { name: "FCVTAS/FCVTAU", a: 0, opcode: "11100", convert: rounding(FPRounding.TIEAWAY) },
  { name: "SCVTF/UCVTF", a: 0, opcode: "11101", convert: fromIntegers },
  { name: "FCVTPS/FCVTPU", a: 1, opcode: "11010", convert: rounding(FPRounding.POSINF) },
  { name: "FCVTZS/FCVTZU", a: 1, opcode: "11011", convert: rounding(FPRounding.ZERO) },
];

/** Fixed-point, among the shifts: the position of immh's leading one is the size, what immh:immb lacks to twice that the fraction bits. */
interface FixedRow {
  readonly name: string;
  readonly opcode: string;
  readonly convert: Convert;
  /** Of the scale: to integers up, from integers down. */
  readonly sign: 1 | -1;
}

const FIXED_ROWS: readonly FixedRow[] = [
  { name: "SCVTF/UCVTF", opcode: "11100", convert: fromIntegers, sign: -1 },
  { name: "FCVTZS/FCVTZU", opcode: "11111", convert: rounding(FPRounding.ZERO), sign: 1 },
];

/** Sizes by immh; what is below is no floating-point number of this CPU's. */
const sizeOf = (immh: number): 0 | 1 => (immh >= 8 ? 1 : 0);
const isFpSize = (immh: number): boolean => immh >= 4;

/** The fraction bits and their power of two: in the upper word of a double, or as a single. */
function scaleOperands({ immh, immb }: { readonly immh: number; readonly immb: number }, sign: 1 | -1): { shift: number; imm: number } {
  const size = sizeOf(immh);
  const fbits = (size === 1 ? 128 : 64) - ((immh << 3) | immb);
  return { shift: fbits, imm: size === 1 ? powerOfTwo(sign * fbits) : (127 + sign * fbits) << 23 };
}

// --------------------------------------------------------------------------------------------------------- between the formats

/** FCVTL, FCVTL2: the operand is the half that Q says. */
function lengthen(c: Builder, sz: number): void {
  const change: WidthChange = sz === 1 ? "StoD" : "HtoS";
  const call = (): void => callWidthChange(c, change, sz === 1 ? 2 : 4);
  if (sz === 0) return call();
  const result = c.let(apply("f64x2.promote_low_f32x4", half(c, "n")));
  const areNumbers = vectorLanes(1, 1).all(apply("f64x2.eq", result, result));
  c.if(apply("i32.and", keepsDenormals(c), areNumbers), () => c.setV("d", result), call);
}

/** FCVTN, FCVTN2: the destination is the half that Q says. */
function narrow(c: Builder, Q: number, sz: number): void {
  const change: WidthChange = sz === 1 ? "DtoS" : "StoH";
  const call = (): void => callWidthChange(c, change, (sz === 1 ? 2 : 4) | (Q === 1 ? SHAPE_KEEP : 0));
  if (sz === 0) return call();
  const doubles = vectorLanes(1, 1);
  const v = c.let(c.v("n"));
  const result = c.let(apply("f32x4.demote_f64x2_zero", v));
  const again = c.let(apply("f64x2.abs", apply("f64x2.promote_low_f32x4", result)));
  const areNormal = apply("f64x2.gt", again, doubles.constant(2 ** -126));
  const areOrdinary = apply("v128.and", areNormal, apply("f64x2.lt", again, doubles.constant(Infinity)));
  c.if(
    apply("i32.and", roundsQuietly(c), doubles.all(apply("v128.or", areOrdinary, doubles.areZero(v)))),
    () => {
      if (Q === 0) c.setV("d", result);
      else c.setVPart("i64.store", "d", 0, lane("i64x2.extract_lane", result, 0));
    },
    call,
  );
}

// ----------------------------------------------------------------------------------------------------------------------- rows

// The casts name the fields; which opcode stands there makes no difference to the types.
const vectorEncoding = (U: "U" | 0 | 1, a: 0 | 1, opcode: string) =>
  `0 Q ${U} 01110 ${a} sz 10000 ${opcode} 10 Rn:5 Rd:5` as "0 Q U 01110 0 sz 10000 11000 10 Rn:5 Rd:5";
const scalarEncoding = (a: 0 | 1, opcode: string) =>
  `01 U 11110 ${a} sz 10000 ${opcode} 10 Rn:5 Rd:5` as "01 U 11110 0 sz 10000 11000 10 Rn:5 Rd:5";

export const simdFpConvert: readonly Form[] = [
  ...INTEGER_ROWS.map(({ name, a, opcode, convert }) =>
    form({
      name: `${name} (vector, integer)`,
      encoding: vectorEncoding("U", a, opcode),
      split: ["Q", "U", "sz"],
      fp: true,
      when: isArranged,
      operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
      emit: (c, { Q, U, sz }) => convert(c, vectorLanes(sz, Q), U === 1, false),
    }),
  ),
  ...FIXED_ROWS.map(({ name, opcode, convert, sign }) =>
    form({
      name: `${name} (vector, fixed-point)`,
      encoding: `0 Q U 011110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5` as "0 Q U 011110 immh:4 immb:3 11100 1 Rn:5 Rd:5",
      split: ["Q", "U", "immh"],
      fp: true,
      when: (f) => isFpSize(f.immh) && isArranged({ sz: sizeOf(f.immh), Q: f.Q }),
      operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), ...scaleOperands(f, sign) }),
      emit: (c, { Q, U, immh }) => convert(c, vectorLanes(sizeOf(immh), Q), U === 1, true),
    }),
  ),
  form({
    name: "FCVTN, FCVTN2",
    encoding: "0 Q 0 01110 0 sz 10000 10110 10 Rn:5 Rd:5",
    split: ["Q", "sz"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd) + 8 * f.Q, n: vr(f.Rn) }),
    emit: (c, { Q, sz }) => narrow(c, Q, sz),
  }),
  form({
    name: "FCVTL, FCVTL2",
    encoding: "0 Q 0 01110 0 sz 10000 10111 10 Rn:5 Rd:5",
    split: ["sz"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) + 8 * f.Q }),
    emit: (c, { sz }) => lengthen(c, sz),
  }),
  form({
    name: "FCVTXN, FCVTXN2",
    encoding: "0 Q 1 01110 01 10000 10110 10 Rn:5 Rd:5",
    split: ["Q"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd) + 8 * f.Q, n: vr(f.Rn) }),
    emit: (c, { Q }) => callWidthChange(c, "DtoSXN", 2 | (Q === 1 ? SHAPE_KEEP : 0)),
  }),
];

export const simdFpScalarConvert: readonly Form[] = [
  ...INTEGER_ROWS.map(({ name, a, opcode, convert }) =>
    form({
      name: `${name} (vector register, scalar)`,
      encoding: scalarEncoding(a, opcode),
      split: ["U", "sz"],
      fp: true,
      operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
      emit: (c, { U, sz }) => convert(c, scalarLane(sz), U === 1, false),
    }),
  ),
  ...FIXED_ROWS.map(({ name, opcode, convert, sign }) =>
    form({
      name: `${name} (vector register, fixed-point, scalar)`,
      encoding: `01 U 111110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5` as "01 U 111110 immh:4 immb:3 11100 1 Rn:5 Rd:5",
      split: ["U", "immh"],
      fp: true,
      when: (f) => isFpSize(f.immh),
      operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), ...scaleOperands(f, sign) }),
      emit: (c, { U, immh }) => convert(c, scalarLane(sizeOf(immh)), U === 1, true),
    }),
  ),
  form({
    name: "FCVTXN (scalar)",
    encoding: "01 1 11110 01 10000 10110 10 Rn:5 Rd:5",
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) }),
    emit: (c) => callWidthChange(c, "DtoSXN", 1),
  }),
];
