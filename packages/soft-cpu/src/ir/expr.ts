/**
 * Values of instruction semantics: small trees that become WebAssembly where the statement that uses them is emitted.
 *
 * An expression reads registers, flags and memory at that place, not where it was made: what is used after a write to the
 * same state, or twice, is pinned with `Builder.let`. Constants fold, so that the same semantics gives tight code when the
 * operands are known (the JIT) and general code when they are fields of a record (the interpreter): fold.ts.
 */
import type { F32, F64, I32 } from "../wasm/opcodes.ts";
import { I64, op, type OpName, V128, type ValueType } from "../wasm/opcodes.ts";
import { fold } from "./fold.ts";
import { APPLY, applied, CALL, CONST, Expr, type I32Expr, type I64Expr, IF_ELSE, LOAD, LOCAL, NO_BIG, REGISTER, SHUFFLE, type V128Expr } from "./node.ts";

export {
  APPLY, CALL, CONST, const32, const64, Expr, type F64Expr, FLAG, type I32Expr, type I64Expr, IF_ELSE, LOAD, LOCAL, REGISTER, SHUFFLE, type V128Expr,
} from "./node.ts";

/** 128 bits, the low half first in memory as always. */
export function constV128(value: bigint): V128Expr {
  return new Expr(CONST, V128, 0, null, null, null, 0, BigInt.asUintN(128, value), null);
}

export function local<T extends ValueType>(type: T, index: number): Expr<T> {
  return new Expr(LOCAL, type, 0, null, null, null, index, NO_BIG, null);
}

export function loadFrom<T extends ValueType>(type: T, name: OpName, address: I32Expr, offset: number): Expr<T> {
  return new Expr(LOAD, type, op[name], address, null, null, offset, NO_BIG, null);
}

export function register(slot: number): I64Expr {
  return new Expr(REGISTER, I64, 0, null, null, null, slot, NO_BIG, null);
}

/** Calls a function of the core module, or a host function, by its number among the helpers. */
export function call<T extends ValueType>(type: T, helper: number, a: Expr | null = null, b: Expr | null = null, c: Expr | null = null): Expr<T> {
  return new Expr(CALL, type, 0, a, b, c, helper, NO_BIG, null);
}

export function shuffle(a: V128Expr, b: V128Expr, lanes: readonly number[]): V128Expr {
  return new Expr(SHUFFLE, V128, 0, a, b, null, 0, NO_BIG, lanes);
}

/** `condition ? yes : no`, where only one of the two is evaluated. */
export function ifElse<T extends ValueType>(condition: I32Expr, yes: Expr<T>, no: Expr<T>): Expr<T> {
  if (condition.kind === CONST) return condition.imm !== 0 ? yes : no;
  return new Expr(IF_ELSE, yes.type, 0, condition, yes, no, 0, NO_BIG, null);
}

/** `condition ? yes : no`, both evaluated: no branch. */
export function select<T extends ValueType>(condition: I32Expr, yes: Expr<T>, no: Expr<T>): Expr<T> {
  if (condition.kind === CONST) return condition.imm !== 0 ? yes : no;
  return new Expr(APPLY, yes.type, op.select, yes, no, condition, -1, NO_BIG, null);
}

/**
 * The flags, as they are kept: N and V are the sign of a 64-bit value, Z is set when its 64-bit value is 0, C is 0 or 1.
 * So a flag costs one move, and only who asks for it computes the rest.
 */
export const FLAG_N = 34;
export const FLAG_Z = 35;
export const FLAG_V = 36;
export const FLAG_C = 37;

type Result<N extends string> = N extends `${infer H}.${infer Tail}`
  ? Tail extends "eqz" | "eq" | "ne" | "lt" | "gt" | "le" | "ge" | `${"lt" | "gt" | "le" | "ge"}_${"s" | "u"}`
    ? H extends `${string}x${string}` ? typeof V128 : typeof I32
    : Tail extends "all_true" | "any_true" | "bitmask" ? typeof I32
    : Tail extends `extract_lane${string}`
      ? H extends "i64x2" ? typeof I64 : H extends "f32x4" ? typeof F32 : H extends "f64x2" ? typeof F64 : typeof I32
      : H extends "i32" ? typeof I32 : H extends "i64" ? typeof I64 : H extends "f32" ? typeof F32 : H extends "f64" ? typeof F64 : typeof V128
  : never;

/** Applies a WebAssembly operation: `apply("i64.add", a, b)`. The arguments' types are the operation's own. */
export function apply<N extends OpName>(name: N, a: Expr, b: Expr | null = null, c: Expr | null = null): Expr<Result<N>> {
  return node(op[name], a, b, c, -1) as unknown as Expr<Result<N>>;
}

/** An operation on one lane: `lane("i32x4.extract_lane", v, 2)`, `lane("i32x4.replace_lane", v, 2, value)`. */
export function lane<N extends OpName>(name: N, v: V128Expr, index: number, value: Expr | null = null): Expr<Result<N>> {
  return node(op[name], v, value, null, index) as unknown as Expr<Result<N>>;
}

function node(opcode: number, a: Expr, b: Expr | null, c: Expr | null, laneIndex: number): Expr {
  return fold(opcode, a, b) ?? applied(opcode, a, b, c, laneIndex);
}
