/**
 * Operands for the floating-point specs: literals as a reader of the manual would write them, and arbitraries that visit the corners
 * (zeros, denormals, the smallest and largest normals, infinities, both kinds of NaN, halfway cases) as often as the interior.
 */
import fc from "fast-check";
import { FPSR, type FpEnv } from "./fp-env.ts";

const view = new DataView(new ArrayBuffer(8));

/** The pattern of a host number (no NaNs: their bits are named below). */
export function d(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

export function s(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

/** The host number of a pattern. */
export function fromD(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

export function fromS(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

export const D = {
  qnan: 0x7ff8_0000_0000_0000n,
  qnanPayload: 0xfff8_0000_0000_1234n,
  snan: 0x7ff0_0000_0000_0001n,
  snanNegative: 0xfff4_0000_0000_0000n,
  minDenormal: 1n,
  maxDenormal: 0x000f_ffff_ffff_ffffn,
  minNormal: 0x0010_0000_0000_0000n,
  maxNormal: 0x7fef_ffff_ffff_ffffn,
  infinity: 0x7ff0_0000_0000_0000n,
  minusInfinity: 0xfff0_0000_0000_0000n,
} as const;

export const S = {
  qnan: 0x7fc0_0000,
  qnanPayload: 0xffc0_1234,
  snan: 0x7f80_0001,
  snanNegative: 0xffa0_0000,
  minDenormal: 1,
  maxDenormal: 0x007f_ffff,
  minNormal: 0x0080_0000,
  maxNormal: 0x7f7f_ffff,
  infinity: 0x7f80_0000,
  minusInfinity: 0xff80_0000,
} as const;

/** Writes flags as a row does: "IXC UFC", in the order of their bits from the top; "-" for none. */
export function flagNames(fpsr: number): string {
  const names = Object.entries(FPSR).filter(([, bit]) => (fpsr & bit) !== 0);
  return names.length === 0 ? "-" : names.map(([name]) => name).join(" ");
}

export function envOf(fpcr: number): FpEnv {
  return { fpcr, fpsr: 0 };
}

const FRACTIONS64 = [
  0n, 1n, 2n, 3n, 0x7_ffff_ffff_ffffn, 0x8_0000_0000_0000n, 0x8_0000_0000_0001n, 0xf_ffff_ffff_fffen, 0xf_ffff_ffff_ffffn,
];
const EXPONENTS64 = [
  0, 1, 2, 53, 54, 511, 512, 896, 897, 970, 1021, 1022, 1023, 1024, 1053, 1054, 1075, 1085, 1086, 1150, 1534, 2045, 2046, 2047,
];
const FRACTIONS32 = [0n, 1n, 2n, 3n, 0x3f_ffffn, 0x40_0000n, 0x40_0001n, 0x7f_fffen, 0x7f_ffffn];
const EXPONENTS32 = [0, 1, 2, 24, 25, 63, 64, 102, 112, 113, 125, 126, 127, 128, 142, 150, 157, 158, 189, 190, 252, 253, 254, 255];

/** A format's fields, of which the arbitraries below are made. */
interface Shape {
  readonly width: number;
  readonly fracBits: number;
  readonly exponents: readonly number[];
  readonly fractions: readonly bigint[];
}

const DOUBLE_SHAPE: Shape = { width: 64, fracBits: 52, exponents: EXPONENTS64, fractions: FRACTIONS64 };
const SINGLE_SHAPE: Shape = { width: 32, fracBits: 23, exponents: EXPONENTS32, fractions: FRACTIONS32 };

type FieldPair = fc.Arbitrary<readonly [biased: bigint, frac: bigint]>;

function patterns({ width, fracBits }: Shape, fields: FieldPair): fc.Arbitrary<bigint> {
  return fc
    .tuple(fc.bigInt(0n, 1n), fields)
    .map(([sign, [biased, frac]]) => (sign << BigInt(width - 1)) | (biased << BigInt(fracBits)) | frac);
}

function corners({ exponents, fractions }: Shape): FieldPair {
  return fc.tuple(fc.constantFrom(...exponents).map(BigInt), fc.constantFrom(...fractions));
}

function anything({ width, fracBits }: Shape): FieldPair {
  return fc.tuple(fc.bigInt(0n, (1n << BigInt(width - 1 - fracBits)) - 1n), fc.bigInt(0n, (1n << BigInt(fracBits)) - 1n));
}

/** Near one, with few significant bits or many: operands whose sums and products are exact, halfway, or cancel. */
function everyday({ width, fracBits }: Shape): FieldPair {
  const bias = 2 ** (width - 2 - fracBits) - 1;
  const frac = fc
    .tuple(fc.bigInt(0n, (1n << BigInt(fracBits)) - 1n), fc.integer({ min: 0, max: fracBits }))
    .map(([bits, zeros]) => (bits >> BigInt(zeros)) << BigInt(zeros));
  return fc.tuple(fc.integer({ min: bias - 30, max: bias + 30 }).map(BigInt), frac);
}

function allOf(shape: Shape): fc.Arbitrary<bigint> {
  return patterns(shape, fc.oneof(corners(shape), anything(shape), everyday(shape)));
}

/** Patterns of double precision, NaNs included. */
export const anyD: fc.Arbitrary<bigint> = allOf(DOUBLE_SHAPE);
/** Patterns of single precision, NaNs included. */
export const anyS: fc.Arbitrary<number> = allOf(SINGLE_SHAPE).map(Number);
/** Numbers between 2^-30 and 2^31 in magnitude: nothing made of two of them overflows or underflows. */
export const everydayD: fc.Arbitrary<bigint> = patterns(DOUBLE_SHAPE, everyday(DOUBLE_SHAPE));
export const everydayS: fc.Arbitrary<number> = patterns(SINGLE_SHAPE, everyday(SINGLE_SHAPE)).map(Number);

/** Every combination of AHP, DN, FZ and RMode. */
export const anyFpcr: fc.Arbitrary<number> = fc.integer({ min: 0, max: 31 }).map((controls) => controls << 22);
