/**
 * What the Advanced SIMD structure loads and stores share (Arm ARM DDI 0487, C4.1.4): the list of consecutive registers Vt, Vt+1, …,
 * where V0 follows V31, and the optional post-index, by the number of bytes or by a register.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, CONST, const32, type Expr, type I32Expr, type I64Expr, loadFrom } from "../ir/expr.ts";
import { REGISTERS, VECTORS } from "../state/layout.ts";
import { I64, op, type OpName, V128 } from "../wasm/opcodes.ts";
import { type Operands, vr, xr, xsp } from "./form.ts";
import { SP, UNALIGNED } from "./stack-pointer.ts";

const LAST = 31 * 16;

/** Byte offset in the register file of the list's register `index`, the first being operand d. */
function registerOf(c: Builder, index: number): I32Expr {
  const first = c.target.offset("d");
  if (index === 0) return first;
  const wrapped = apply("i32.and", apply("i32.add", first, const32(16 * index - VECTORS)), const32(LAST));
  return apply("i32.add", wrapped, const32(VECTORS));
}

/** All of a register of the list. */
export const listV = (c: Builder, index: number): Expr<typeof V128> => loadFrom(V128, "v128.load", registerOf(c, index), REGISTERS);

/** Part of a register of the list, which begins `byte` bytes in. */
export function listPart(c: Builder, index: number, name: `i64.load${string}` & OpName, byte: I32Expr): I64Expr {
  return loadFrom(I64, name, apply("i32.add", registerOf(c, index), byte), REGISTERS);
}

export function setListV(c: Builder, index: number, value: Expr<typeof V128>): void {
  c.statements.push({ kind: "store", op: op["v128.store"], address: registerOf(c, index), offset: REGISTERS, value });
}

export function setListPart(c: Builder, index: number, name: `i64.store${string}` & OpName, byte: I32Expr, value: I64Expr): void {
  const address = apply("i32.add", registerOf(c, index), byte);
  c.statements.push({ kind: "store", op: op[name], address, offset: REGISTERS, value });
}

interface PostIndex {
  readonly post: number;
  readonly Rm: number;
  readonly Rn: number;
  readonly Rt: number;
}

/** Without post-index Rm is no field, and 0. */
export const isAllocated = ({ post, Rm }: PostIndex): boolean => post === 1 || Rm === 0;

/** The post-index is Xm, or with 31 the bytes that are accessed; without one it is 0. */
export function listOperands({ post, Rm, Rn, Rt }: PostIndex, bytes: number): Operands {
  const byRegister = post === 1 && Rm !== 31;
  return { d: vr(Rt), n: xsp(Rn), m: xr(byRegister ? Rm : 31), imm: post === 1 && !byRegister ? bytes : 0 };
}

/** Words that write SP back, for rows of so many bytes. */
export function listStack(bytes: number): { readonly when: (f: PostIndex) => boolean; readonly value: (c: Builder) => I32Expr } {
  return {
    when: ({ post, Rm, Rn }) => Rn === SP && post === 1 && (Rm !== 31 || (bytes & UNALIGNED) !== 0),
    value: (c) => apply("i32.add", apply("i32.add", c.w("n"), c.w("m")), c.imm32()),
  };
}

/** Writes the base register back. */
export function postIndex(c: Builder, base: I64Expr): void {
  const amount = apply("i64.add", c.x("m"), c.imm64());
  if (amount.kind === CONST && amount.big === 0n) return;
  c.setX("n", apply("i64.add", base, amount));
}
