/**
 * Values of instruction semantics: small trees that become WebAssembly where the statement that uses them is emitted.
 *
 * An expression reads registers, flags and memory at that place, not where it was made: what is used after a write to the
 * same state, or twice, is pinned with `Builder.let`. Constants fold, so that the same semantics gives tight code when the
 * operands are known (the JIT) and general code when they are fields of a record (the interpreter).
 * Hot while code is generated: one class, so that every node has the same shape.
 */
import { F32, F64, I32, I64, op, type OpName, V128, type ValueType } from "../wasm/opcodes.ts";

/** What a node is; `imm`, `big` and the arguments mean what the comment says. */
export const CONST = 0; // i32: imm; i64: big; v128: big (128 bits)
export const LOCAL = 1; // imm: number of the local
export const APPLY = 2; // op, arguments a, b, c; imm: the lane of a lane operation, or −1
export const LOAD = 3; // op, address a, offset imm
export const REGISTER = 4; // a general-purpose register; imm: a slot (see state/layout.ts), or in the interpreter −1 − the record field's offset
export const FLAG = 5; // imm: FLAG_N …
export const CALL = 6; // imm: number of a helper; arguments a, b, c
export const SHUFFLE = 7; // a, b; lanes: 16 constants
export const IF_ELSE = 8; // a ? b : c, evaluating only one
export type ExprKind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export class Expr<T extends ValueType = ValueType> {
  readonly kind: ExprKind;
  readonly type: T;
  readonly op: number;
  readonly a: Expr | null;
  readonly b: Expr | null;
  readonly c: Expr | null;
  readonly imm: number;
  readonly big: bigint;
  readonly lanes: readonly number[] | null;

  constructor(
    kind: ExprKind, type: T, opcode: number, a: Expr | null, b: Expr | null, c: Expr | null, imm: number, big: bigint, lanes: readonly number[] | null,
  ) {
    this.kind = kind;
    this.type = type;
    this.op = opcode;
    this.a = a;
    this.b = b;
    this.c = c;
    this.imm = imm;
    this.big = big;
    this.lanes = lanes;
  }
}

export type I32Expr = Expr<typeof I32>;
export type I64Expr = Expr<typeof I64>;
export type F64Expr = Expr<typeof F64>;
export type V128Expr = Expr<typeof V128>;

const NO_BIG = 0n;

export function const32(value: number): I32Expr {
  return new Expr(CONST, I32, 0, null, null, null, value | 0, NO_BIG, null);
}

export function const64(value: bigint | number): I64Expr {
  return new Expr(CONST, I64, 0, null, null, null, 0, BigInt.asIntN(64, BigInt(value)), null);
}

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

/** The type an operation leaves, by its name. */
function resultType(name: OpName): ValueType {
  const [head, tail = ""] = name.split(".") as [string, string?];
  if (/^(eqz|eq|ne|[lg][te](_[su])?)$/.test(tail) && !head.includes("x")) return I32;
  if (/^(all_true|any_true|bitmask)$/.test(tail)) return I32;
  if (tail.startsWith("extract_lane")) return ({ i8x16: I32, i16x8: I32, i32x4: I32, i64x2: I64, f32x4: F32, f64x2: F64 } as const)[head as "i8x16"];
  return head.includes("x") || head === "v128" ? V128 : ({ i32: I32, i64: I64, f32: F32, f64: F64 } as const)[head as "i32"];
}

const resultTypes = new Map<number, ValueType>((Object.keys(op) as OpName[]).map((name) => [op[name], resultType(name)]));

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
  return fold(opcode, a, b) ?? new Expr(APPLY, resultTypes.get(opcode)!, opcode, a, b, c, laneIndex, NO_BIG, null);
}

/** The simplifications that constant operands make worthwhile. Anything more is the engine's work. */
function fold(opcode: number, a: Expr, b: Expr | null): Expr | undefined {
  if (b === null) return a.kind === CONST ? foldUnary(opcode, a) : undefined;
  if (b.kind !== CONST) {
    // MOV (register) is ORR with the zero register.
    const isZero = a.kind === CONST && (a.type === I64 ? a.big === 0n : a.type === I32 && a.imm === 0);
    return isZero && ZERO_IS_NEUTRAL.has(opcode) ? b : undefined;
  }
  if (b.type === I64) {
    if (a.kind === CONST) return foldBinary64(opcode, a.big, b.big);
    if (b.big === 0n && KEEPS_ON_ZERO_64.has(opcode)) return a;
    if (b.big === 0n && opcode === op["i64.and"]) return b;
    if (b.big === -1n && opcode === op["i64.and"]) return a;
  } else if (b.type === I32) {
    if (a.kind === CONST && a.type === I32) return foldBinary32(opcode, a.imm, b.imm);
    if (b.imm === 0 && KEEPS_ON_ZERO_32.has(opcode)) return a;
    if (b.imm === -1 && opcode === op["i32.and"]) return a;
  }
  return undefined;
}

const ZERO_IS_NEUTRAL: ReadonlySet<number> = new Set(
  (["i64.add", "i64.or", "i64.xor", "i32.add", "i32.or", "i32.xor"] as const).map((name) => op[name]),
);
const KEEPS_ON_ZERO_64: ReadonlySet<number> = new Set(
  (["i64.add", "i64.sub", "i64.or", "i64.xor", "i64.shl", "i64.shr_s", "i64.shr_u", "i64.rotr", "i64.rotl"] as const).map((name) => op[name]),
);
const KEEPS_ON_ZERO_32: ReadonlySet<number> = new Set(
  (["i32.add", "i32.sub", "i32.or", "i32.xor", "i32.shl", "i32.shr_s", "i32.shr_u", "i32.rotr", "i32.rotl"] as const).map((name) => op[name]),
);

function foldUnary(opcode: number, a: Expr): Expr | undefined {
  switch (opcode) {
    case op["i32.wrap_i64"]:
      return const32(Number(BigInt.asIntN(32, a.big)));
    case op["i64.extend_i32_u"]:
      return const64(a.imm >>> 0);
    case op["i64.extend_i32_s"]:
      return const64(a.imm);
    case op["i32.eqz"]:
      return const32(a.imm === 0 ? 1 : 0);
    case op["i64.eqz"]:
      return const32(a.big === 0n ? 1 : 0);
    default:
      return undefined;
  }
}

function foldBinary64(opcode: number, a: bigint, b: bigint): Expr | undefined {
  switch (opcode) {
    case op["i64.add"]:
      return const64(a + b);
    case op["i64.sub"]:
      return const64(a - b);
    case op["i64.and"]:
      return const64(a & b);
    case op["i64.or"]:
      return const64(a | b);
    case op["i64.xor"]:
      return const64(a ^ b);
    case op["i64.shl"]:
      return const64(a << (b & 63n));
    case op["i64.shr_u"]:
      return const64(BigInt.asUintN(64, a) >> (b & 63n));
    case op["i64.shr_s"]:
      return const64(a >> (b & 63n));
    default:
      return undefined;
  }
}

function foldBinary32(opcode: number, a: number, b: number): Expr | undefined {
  switch (opcode) {
    case op["i32.add"]:
      return const32(a + b);
    case op["i32.sub"]:
      return const32(a - b);
    case op["i32.and"]:
      return const32(a & b);
    case op["i32.or"]:
      return const32(a | b);
    case op["i32.xor"]:
      return const32(a ^ b);
    case op["i32.shl"]:
      return const32(a << (b & 31));
    case op["i32.shr_u"]:
      return const32(a >>> (b & 31));
    case op["i32.shr_s"]:
      return const32(a >> (b & 31));
    default:
      return undefined;
  }
}
