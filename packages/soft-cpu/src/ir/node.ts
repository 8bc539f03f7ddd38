/** The nodes of expressions, see expr.ts. One class, so that every node has the same shape: hot while code is generated. */
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

export const NO_BIG = 0n;

export function const32(value: number): I32Expr {
  return new Expr(CONST, I32, 0, null, null, null, value | 0, NO_BIG, null);
}

export function const64(value: bigint | number): I64Expr {
  return new Expr(CONST, I64, 0, null, null, null, 0, BigInt.asIntN(64, BigInt(value)), null);
}

/** The type an operation leaves, by its name. */
function resultType(name: OpName): ValueType {
  const [head, tail = ""] = name.split(".") as [string, string?];
  if (/^(eqz|eq|ne|[lg][te](_[su])?)$/.test(tail) && !head.includes("x")) return I32;
  if (/^(all_true|any_true|bitmask)$/.test(tail)) return I32;
  if (tail.startsWith("extract_lane")) return ({ i8x16: I32, i16x8: I32, i32x4: I32, i64x2: I64, f32x4: F32, f64x2: F64 } as const)[head as "i8x16"];
  return head.includes("x") || head === "v128" ? V128 : ({ i32: I32, i64: I64, f32: F32, f64: F64 } as const)[head as "i32"];
}

const resultTypes = new Map<number, ValueType>((Object.keys(op) as OpName[]).map((name) => [op[name], resultType(name)]));

/** An operation as it stands; `apply` of expr.ts simplifies first. @param lane of a lane operation, or −1 */
export function applied(opcode: number, a: Expr, b: Expr | null = null, c: Expr | null = null, lane = -1): Expr {
  return new Expr(APPLY, resultTypes.get(opcode)!, opcode, a, b, c, lane, NO_BIG, null);
}
