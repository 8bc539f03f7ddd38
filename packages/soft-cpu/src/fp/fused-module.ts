/**
 * Fused multiply-add of doubles as WebAssembly functions: `mulAdd64(addend, op1, op2)` and `mulAdd64x2` for two at a time. They are
 * pure: rounding is to nearest, there are no flags, and a NaN says that the answer is not theirs to give. Inexact must be nothing
 * new to the caller, and a result that is not above the smallest normal number in magnitude is to be taken for no answer, too.
 *
 * Engines with relaxed SIMD on a processor that can have one instruction for it; a probe tells whether it really rounds once. All
 * others take fast-fma.ts's algorithm, of which this is the transcription. Hot: every FMADD of doubles comes here.
 */
import { compileModule, instantiate } from "../engine/wasm-api.ts";
import { emitExpr, type Scope } from "../ir/emit.ts";
import { apply, const64, constV128, lane, local, type V128Expr } from "../ir/expr.ts";
import type { HelperFunctions } from "../ir/helpers.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import { ModuleWriter } from "../wasm/module-writer.ts";
import { F64, V128 } from "../wasm/opcodes.ts";
import { RESOLVABLE } from "./fast-path.ts";

/** The fused sum of three parameters, which are locals 0 to 2 (addend, op1, op2). */
type WriteFused = (code: CodeWriter, addend: V128Expr, op1: V128Expr, op2: V128Expr) => V128Expr;

const bits = new BigInt64Array(new Float64Array([RESOLVABLE, 2 ** 27 + 1, 0]).buffer);
const splatBits = (value: bigint): V128Expr => apply("i64x2.splat", const64(value));
const LEAST_PRODUCT = splatBits(bits[0]!);
const SPLITTER = splatBits(bits[1]!);
const ZERO = constV128(0n);
const ONE = splatBits(1n);

const add = (a: V128Expr, b: V128Expr): V128Expr => apply("f64x2.add", a, b);
const sub = (a: V128Expr, b: V128Expr): V128Expr => apply("f64x2.sub", a, b);
const mul = (a: V128Expr, b: V128Expr): V128Expr => apply("f64x2.mul", a, b);
const isPositive = (a: V128Expr): V128Expr => apply("f64x2.gt", a, ZERO);
const isZero = (a: V128Expr): V128Expr => apply("f64x2.eq", a, ZERO);

const relaxed: WriteFused = (_, addend, op1, op2) => apply("f64x2.relaxed_madd", op1, op2, addend);

const emulated: WriteFused = (code, addend, op1, op2) => {
  const keep = (value: V128Expr): V128Expr => {
    emitExpr({ code } as Scope, value); // made of locals and constants only
    const index = code.local(V128);
    code.set(index);
    return local(V128, index);
  };
  /** Veltkamp: the upper 26 bits. */
  const high = (x: V128Expr): V128Expr => {
    const t = keep(mul(x, SPLITTER));
    return keep(sub(t, sub(t, x)));
  };
  /** Knuth's TwoSum: a + b − s, exact. */
  const sumError = (a: V128Expr, b: V128Expr, s: V128Expr): V128Expr => {
    const bRounded = keep(sub(s, a));
    return keep(add(sub(a, sub(s, bRounded)), sub(b, bRounded)));
  };
  /** s + low rounded to odd: of an inexact sum's two neighbours the one with an odd last bit. */
  const toOdd = (s: V128Expr, low: V128Expr): V128Expr => {
    const isInexact = apply("v128.andnot", apply("f64x2.eq", low, low), isZero(low));
    const isEven = apply("i64x2.eq", apply("v128.and", s, ONE), ZERO);
    const shrinks = apply("v128.xor", isPositive(low), isPositive(s));
    const step = apply("v128.or", shrinks, ONE); // −1 or 1
    return apply("i64x2.add", s, apply("v128.and", step, apply("v128.and", isInexact, isEven)));
  };

  const p = keep(mul(op1, op2));
  const [aHigh, bHigh] = [high(op1), high(op2)];
  const [aLow, bLow] = [keep(sub(op1, aHigh)), keep(sub(op2, bHigh))];
  // Dekker: the product's error.
  const pLow = keep(add(add(add(sub(mul(aHigh, bHigh), p), mul(aHigh, bLow)), mul(aLow, bHigh)), mul(aLow, bLow)));
  const t = keep(add(addend, pLow));
  const tLow = sumError(addend, pLow, t);
  const v = keep(add(p, t));
  const vLow = sumError(p, t, v);
  const w = keep(add(tLow, vLow));
  const wLow = sumError(tLow, vLow, w);
  const result = keep(add(v, toOdd(w, wLow)));
  // A zero's product is exact; below the least product the error is not, and all ones make a NaN.
  const isTooSmall = apply("v128.not", apply("f64x2.ge", apply("f64x2.abs", p), LEAST_PRODUCT));
  const hasZero = apply("v128.or", isZero(op1), isZero(op2));
  return apply("v128.bitselect", add(p, addend), apply("v128.or", result, isTooSmall), hasZero);
};

function fusedModule(write: WriteFused): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const pair = module.function([V128, V128, V128], [V128], "mulAdd64x2");
  const one = module.function([F64, F64, F64], [F64], "mulAdd64");
  emitExpr({ code: pair.code } as Scope, write(pair.code, local(V128, 0), local(V128, 1), local(V128, 2)));
  for (const parameter of [0, 1, 2]) emitExpr({ code: one.code } as Scope, apply("f64x2.splat", local(F64, parameter)));
  const sums = ((): V128Expr => {
    const locals = [one.code.local(V128), one.code.local(V128), one.code.local(V128)];
    for (const index of locals.toReversed()) one.code.set(index);
    const [addend, op1, op2] = locals.map((index) => local(V128, index)) as [V128Expr, V128Expr, V128Expr];
    return write(one.code, addend, op1, op2);
  })();
  emitExpr({ code: one.code } as Scope, lane("f64x2.extract_lane", sums, 0));
  return module.build();
}

/** (1 + 2^-30)(1 − 2^-30) − 1: −2^-60, but 0 when the product is rounded. */
function roundsOnce({ mulAdd64 }: FusedFunctions): boolean {
  return mulAdd64(-1, 1 + 2 ** -30, 1 - 2 ** -30) === -(2 ** -60);
}

export interface FusedFunctions extends HelperFunctions {
  readonly mulAdd64: (addend: number, op1: number, op2: number) => number;
  /** Of two doubles in each operand; JavaScript cannot call it. */
  readonly mulAdd64x2: () => number;
}

function instance(write: WriteFused): FusedFunctions {
  return { ...instantiate(compileModule(fusedModule(write)), {}) } as unknown as FusedFunctions;
}

/** Undefined where the engine lacks the instruction, or the processor does. */
export function relaxedFusedFunctions(): FusedFunctions | undefined {
  try {
    const functions = instance(relaxed);
    return roundsOnce(functions) ? functions : undefined;
  } catch {
    return undefined; // a module that does not validate
  }
}

export function emulatedFusedFunctions(): FusedFunctions {
  return instance(emulated);
}

let shared: FusedFunctions | undefined;

/** The same for all machines of the process. */
export function fusedFunctions(): FusedFunctions {
  return (shared ??= relaxedFusedFunctions() ?? emulatedFusedFunctions());
}
