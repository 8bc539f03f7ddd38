/**
 * From a bit pattern to a type and a real number (DDI 0487 J1.3: FPType, FPUnpack(), FPUnpackCV(), FPUnpackBase()), with flush to
 * zero of denormal operands.
 *
 * The manual's `real` is an integer significand and a power of two: exact, and never a floating-point number of the host.
 * Hot within the slow path: called for each operand.
 */
import { FPCR, FPSR, type FpEnv } from "./fp-env.ts";
import type { Format, Sign } from "./format.ts";

/** FPType of the manual; the NaNs come last. */
export const FPType = { Nonzero: 0, Zero: 1, Infinity: 2, QNaN: 3, SNaN: 4 } as const;
export type FPType = (typeof FPType)[keyof typeof FPType];

/**
 * An operand: (-1)^sign × sig × 2^exp.
 *
 * A number that is not denormal has its hidden bit in `sig`, and zeros and denormals share the exponent of the smallest normal number;
 * so among numbers of one format (exp, sig) orders magnitudes, zeros and infinities included. A NaN keeps its fraction in `sig`.
 */
export interface Unpacked {
  readonly type: FPType;
  readonly sign: Sign;
  readonly sig: number;
  readonly exp: number;
}

/** The exponent of an infinity: the manual also says 2^1000000. */
const BEYOND_ALL = 1_000_000;

/** FPUnpack(): for data processing, and for conversions to and from integers. */
export function FPUnpack<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv): Unpacked {
  return unpackBase(format, bits, env, false);
}

/** FPUnpackCV(): for conversions between formats, the only ones where FPCR.AHP counts. */
export function FPUnpackCV<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv): Unpacked {
  return unpackBase(format, bits, env, (env.fpcr & FPCR.AHP) !== 0);
}

function unpackBase<T extends number | bigint>(format: Format<T>, bits: T, env: FpEnv, alternativeHalf: boolean): Unpacked {
  const { sign, biased, frac } = format.fields(bits);
  if (biased === 0) {
    const exp = format.minExp - format.fracBits;
    if (frac === 0) return { type: FPType.Zero, sign, sig: 0, exp };
    // FZ does not concern half precision; FZ16, which does, comes with FEAT_FP16.
    if ((env.fpcr & FPCR.FZ) !== 0 && format.width !== 16) {
      env.fpsr |= FPSR.IDC;
      return { type: FPType.Zero, sign, sig: 0, exp };
    }
    return { type: FPType.Nonzero, sign, sig: frac, exp };
  }
  if (biased === format.maxBiased && !(alternativeHalf && format.width === 16)) {
    if (frac === 0) return { type: FPType.Infinity, sign, sig: 1, exp: BEYOND_ALL };
    return { type: frac >= format.hidden / 2 ? FPType.QNaN : FPType.SNaN, sign, sig: frac, exp: 0 };
  }
  return { type: FPType.Nonzero, sign, sig: frac + format.hidden, exp: biased - format.bias - format.fracBits };
}
