/**
 * The lane operations (see lane.ts), of either precision. Where the native operation will do after all (exact results before anything
 * was inexact, zeros, flush to zero with nothing to flush) soft-fp.ts is spared: generated code comes here as soon as its own, shorter
 * test fails. Each of these has a text of its own, although some could share one: engines inline by text.
 */
import { FPRounding, FPRoundingMode } from "./fp-env.ts";
import type { Lane, Lanes } from "./lane.ts";
import { DOUBLE_KIT, type PrecisionKit, SINGLE_KIT } from "./precision-kit.ts";

function lanesOf<T extends number | bigint>(kit: PrecisionKit<T>): Lanes {
  const { numbers, patterns, round, mask, zero } = kit;

  const unary = (operation: PrecisionKit<T>["sqrt"]): Lane => (m, to, at, n) => {
    patterns(to)[at] = operation(patterns(m)[n]!, m);
  };
  const binary = (operation: PrecisionKit<T>["add"]): Lane => (m, to, at, n, k) => {
    patterns(to)[at] = operation(patterns(m)[n]!, patterns(m)[k]!, m);
  };

  /** Minima and maxima. */
  const extreme = (native: (a: number, b: number) => number, operation: PrecisionKit<T>["max"]): Lane => (m, to, at, n, k) => {
    const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
    if (kit.orderSuffices(a, b, m.fpcr)) numbers(to)[at] = native(a, b);
    else patterns(to)[at] = operation(patterns(m)[n]!, patterns(m)[k]!, m);
  };

  type Native = (a: number, b: number) => boolean;
  const compare = (native: Native, test: PrecisionKit<T>["compareEq"]): Lane => (m, to, at, n, k) => {
    const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
    patterns(to)[at] = mask(kit.orderSuffices(a, b, m.fpcr) ? native(a, b) : test(patterns(m)[n]!, patterns(m)[k]!, m));
  };
  const compareZero = (native: Native, test: PrecisionKit<T>["compareEq"]): Lane => (m, to, at, n) => {
    const a = numbers(m)[n]!;
    patterns(to)[at] = mask(kit.orderSuffices(a, 0, m.fpcr) ? native(a, 0) : test(patterns(m)[n]!, zero, m));
  };

  const fused = (negatesProduct: boolean, negatesAddend: boolean): Lane => (m, to, at, n, k, a) => {
    const [addend, op1] = [numbers(m)[a]!, numbers(m)[n]!];
    const r = kit.nativeMulAdd(negatesAddend ? -addend : addend, negatesProduct ? -op1 : op1, numbers(m)[k]!, m.fpcr, m.fpsr);
    if (r !== undefined) {
      numbers(to)[at] = r;
      return;
    }
    const bits = patterns(m);
    patterns(to)[at] = kit.mulAdd(
      negatesAddend ? kit.neg(bits[a]!) : bits[a]!, negatesProduct ? kit.neg(bits[n]!) : bits[n]!, bits[k]!, m,
    );
  };

  /** FRINT*; a rounding mode that is undefined is FPCR's. */
  const integral = (rounding: FPRounding | undefined, exact = false): Lane => {
    return unary((op, env) => kit.roundInt(op, rounding ?? FPRoundingMode(env.fpcr), exact, env));
  };

  return {
    add: (m, to, at, n, k) => {
      const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
      const r = round(a + b);
      if (kit.addSuffices(a, b, r, m.fpcr, m.fpsr)) numbers(to)[at] = r;
      else patterns(to)[at] = kit.add(patterns(m)[n]!, patterns(m)[k]!, m);
    },
    sub: (m, to, at, n, k) => {
      const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
      const r = round(a - b);
      if (kit.subSuffices(a, b, r, m.fpcr, m.fpsr)) numbers(to)[at] = r;
      else patterns(to)[at] = kit.sub(patterns(m)[n]!, patterns(m)[k]!, m);
    },
    mul: (m, to, at, n, k) => {
      const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
      const r = round(a * b);
      if (kit.mulSuffices(a, b, r, m.fpcr, m.fpsr)) numbers(to)[at] = r;
      else patterns(to)[at] = kit.mul(patterns(m)[n]!, patterns(m)[k]!, m);
    },
    nmul: (m, to, at, n, k) => {
      const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
      const r = round(a * b);
      if (kit.mulSuffices(a, b, r, m.fpcr, m.fpsr)) numbers(to)[at] = -r;
      else patterns(to)[at] = kit.neg(kit.mul(patterns(m)[n]!, patterns(m)[k]!, m));
    },
    div: (m, to, at, n, k) => {
      const [a, b] = [numbers(m)[n]!, numbers(m)[k]!];
      const r = round(a / b);
      if (kit.divSuffices(a, b, r, m.fpcr, m.fpsr)) numbers(to)[at] = r;
      else patterns(to)[at] = kit.div(patterns(m)[n]!, patterns(m)[k]!, m);
    },
    sqrt: (m, to, at, n) => {
      const a = numbers(m)[n]!;
      const r = round(Math.sqrt(a));
      if (kit.sqrtSuffices(a, r, m.fpcr, m.fpsr)) numbers(to)[at] = r;
      else patterns(to)[at] = kit.sqrt(patterns(m)[n]!, m);
    },
    mulx: binary(kit.mulX),
    abd: binary((op1, op2, env) => kit.abs(kit.sub(op1, op2, env))),
    madd: fused(false, false),
    msub: fused(true, false),
    nmadd: fused(true, true),
    nmsub: fused(false, true),
    max: extreme((a, b) => Math.max(a, b), kit.max),
    min: extreme((a, b) => Math.min(a, b), kit.min),
    maxnm: extreme((a, b) => Math.max(a, b), kit.maxNum),
    minnm: extreme((a, b) => Math.min(a, b), kit.minNum),
    cmeq: compare((a, b) => a === b, kit.compareEq),
    cmge: compare((a, b) => a >= b, kit.compareGe),
    cmgt: compare((a, b) => a > b, kit.compareGt),
    acge: binary((op1, op2, env) => mask(kit.compareGe(kit.abs(op1), kit.abs(op2), env))),
    acgt: binary((op1, op2, env) => mask(kit.compareGt(kit.abs(op1), kit.abs(op2), env))),
    cmeq0: compareZero((a, b) => a === b, kit.compareEq),
    cmge0: compareZero((a, b) => a >= b, kit.compareGe),
    cmgt0: compareZero((a, b) => a > b, kit.compareGt),
    cmle0: compareZero((a, b) => a <= b, (op1, op2, env) => kit.compareGe(op2, op1, env)),
    cmlt0: compareZero((a, b) => a < b, (op1, op2, env) => kit.compareGt(op2, op1, env)),
    recps: binary(kit.recipStep),
    rsqrts: binary(kit.rsqrtStep),
    recpe: unary(kit.recipEstimate),
    rsqrte: unary(kit.rsqrtEstimate),
    recpx: unary(kit.recpX),
    rintn: integral(FPRounding.TIEEVEN),
    rintp: integral(FPRounding.POSINF),
    rintm: integral(FPRounding.NEGINF),
    rintz: integral(FPRounding.ZERO),
    rinta: integral(FPRounding.TIEAWAY),
    rintx: integral(undefined, true),
    rinti: integral(undefined),
  };
}

export const lanes32: Lanes = lanesOf(SINGLE_KIT);
export const lanes64: Lanes = lanesOf(DOUBLE_KIT);
