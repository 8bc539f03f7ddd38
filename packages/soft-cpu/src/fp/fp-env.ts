/**
 * FPCR and FPSR as floating-point instructions see them, and the rounding modes (DDI 0487 C5.2.7, C5.2.8; J1.3 FPRounding,
 * FPDecodeRounding(), FPRoundingMode(), FPProcessException()).
 *
 * Armv8.0 without FEAT_FP16 and FEAT_AFP: FPCR.FZ16, AH, FIZ and NEP are RES0 and not looked at. Trapped exceptions are not
 * implemented, so the enable bits 15:8 are RAZ and every exception only accumulates. Constants: nothing here is hot.
 */

/**
 * What an operation reads and writes beside its operands. `fpsr` is only ever OR-ed into: the exception bits are cumulative.
 * Accessor properties are fine, so an environment may be a view of the register file.
 */
export interface FpEnv {
  readonly fpcr: number;
  fpsr: number;
}

/** Control bits of FPCR that change a result. */
export const FPCR = {
  /** Alternative half precision: binary16 has no infinities and NaNs, its top exponent is one more binade. */
  AHP: 0x0400_0000,
  /** Default NaN: a NaN result is never one of the operands. */
  DN: 0x0200_0000,
  /** Flush to zero: denormal operands (IDC) and results (UFC) of single and double precision are zeros. */
  FZ: 0x0100_0000,
  /** RMode, bits 23:22: values 0 to 3 of {@link FPRounding}. */
  RMode: 0x00c0_0000,
} as const;

/** Cumulative bits of FPSR. QC belongs to the saturating integer instructions; nothing in this folder sets it. */
export const FPSR = {
  QC: 0x0800_0000,
  IDC: 0x80,
  IXC: 0x10,
  UFC: 0x08,
  OFC: 0x04,
  DZC: 0x02,
  IOC: 0x01,
} as const;

/** Rounding modes; 0 to 3 are encoded as in FPCR.RMode, the others exist only where an instruction asks for them. */
export const FPRounding = {
  TIEEVEN: 0,
  POSINF: 1,
  NEGINF: 2,
  ZERO: 3,
  /** FCVTA*, FRINTA. */
  TIEAWAY: 4,
  /** FCVTXN: inexact results get an odd last bit, so that a second rounding cannot go wrong. */
  ODD: 5,
} as const;

export type FPRounding = (typeof FPRounding)[keyof typeof FPRounding];

const BY_RMODE = [FPRounding.TIEEVEN, FPRounding.POSINF, FPRounding.NEGINF, FPRounding.ZERO] as const;

/** FPRoundingMode(): the mode FPCR.RMode selects. */
export function FPRoundingMode(fpcr: number): FPRounding {
  return BY_RMODE[((fpcr >>> 22) & 3) as 0 | 1 | 2 | 3];
}
