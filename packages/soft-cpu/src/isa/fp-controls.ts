/**
 * When the native operation will do, as generated code asks it: the short side of fp/fast-path.ts. What it turns down, the helper looks
 * at again. Hot: these are the tests in front of every floating-point result.
 *
 * FPSR lies above FPCR in memory, so one load of 64 bits answers for both.
 */
import { FPCR as CONTROL, FPSR as STATUS } from "../fp/fp-env.ts";
import type { Builder } from "../ir/builder.ts";
import { apply, const32, const64, type I32Expr } from "../ir/expr.ts";
import { FPCR, FPSR } from "../state/layout.ts";

const IXC_ABOVE = BigInt(STATUS.IXC) << BigInt(8 * (FPSR - FPCR));

/** Rounding is to nearest, nothing is flushed, and Inexact is set already: the state of a program that computes. */
export function roundsQuietly(c: Builder): I32Expr {
  const relevant = BigInt(CONTROL.RMode | CONTROL.FZ) | IXC_ABOVE;
  return apply("i64.eq", apply("i64.and", c.state64(FPCR), const64(relevant)), const64(IXC_ABOVE));
}

/** Denormals are numbers. */
export function keepsDenormals(c: Builder): I32Expr {
  return apply("i32.eqz", apply("i32.and", c.state32(FPCR), const32(CONTROL.FZ)));
}

/** Denormals are numbers, and FPCR says to round to nearest. */
export function roundsToNearest(c: Builder): I32Expr {
  return apply("i32.eqz", apply("i32.and", c.state32(FPCR), const32(CONTROL.RMode | CONTROL.FZ)));
}

/** Is Inexact set already? 1 or 0. */
export function isInexactAlready(c: Builder): I32Expr {
  return apply("i32.and", apply("i32.shr_u", c.state32(FPSR), const32(Math.log2(STATUS.IXC))), const32(1));
}
