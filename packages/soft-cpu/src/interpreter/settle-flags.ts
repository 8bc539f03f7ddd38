/** The flags of a comparison that compiled code left pending: a function of the core module, and the numbers it goes by. */
import type { Comparison } from "../ir/builder.ts";
import { apply, const32, const64, type I64Expr, local } from "../ir/expr.ts";
import { emitExpr, type Scope } from "../ir/emit.ts";
import {
  FLAG_C_ADDRESS, FLAG_N_ADDRESS, FLAG_V_ADDRESS, FLAG_Z_ADDRESS, PENDING_A, PENDING_B, PENDING_FLAGS,
} from "../state/layout.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import type { ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64, op } from "../wasm/opcodes.ts";

const KINDS = ["sub", "add", "and"] as const;
/** No comparison: the flags are bits 3:0 of the first operand. */
export const PENDING_BITS = 7;

/** 1 … 6: subtraction, addition, conjunction, each of 64 and of 32 bits. Operands of 32 bits are zero-extended. */
export function pendingKind({ kind, wide }: Pick<Comparison, "kind" | "wide">): number {
  return 1 + 2 * KINDS.indexOf(kind) + (wide ? 0 : 1);
}

/** `settleFlags()`: the four flags from PENDING_FLAGS, which becomes 0. */
export function writeSettleFlags(module: ModuleWriter): number {
  const { code, index } = module.function([], [], "settleFlags");
  const [kind, a, b, result, overflow] = [code.local(I32), code.local(I64), code.local(I64), code.local(I64), code.local(I64)];
  const scope = { code } as Scope; // expressions below are made of locals and constants only
  const put = (address: number, value: I64Expr): void => {
    code.i32(0);
    emitExpr(scope, value);
    code.memory(op["i64.store"], address);
  };
  load(code, op["i32.load"], PENDING_FLAGS, kind);
  load(code, op["i64.load"], PENDING_A, a);
  load(code, op["i64.load"], PENDING_B, b);
  code.i32(0);
  code.i32(0);
  code.memory(op["i32.store"], PENDING_FLAGS);
  code.get(kind);
  code.i32(PENDING_BITS);
  code.op(op["i32.eq"]);
  code.if();
  const bits = local(I64, a);
  put(FLAG_N_ADDRESS, apply("i64.shl", bits, const64(60)));
  put(FLAG_Z_ADDRESS, apply("i64.xor", apply("i64.and", bits, const64(4)), const64(4)));
  put(FLAG_V_ADDRESS, apply("i64.shl", bits, const64(63)));
  code.i32(0);
  emitExpr(scope, apply("i32.and", apply("i32.wrap_i64", apply("i64.shr_u", bits, const64(1))), const32(1)));
  code.memory(op["i32.store"], FLAG_C_ADDRESS);
  code.return();
  code.end();
  for (const which of KINDS) {
    for (const wide of [true, false]) {
      code.get(kind);
      code.i32(pendingKind({ kind: which, wide }));
      code.op(op["i32.eq"]);
      code.if();
      const [x, y, r] = [local(I64, a), local(I64, b), local(I64, result)];
      // In 32 bits sums and differences of zero-extended operands wrap, and are sign-extended like every flag's value.
      const value = which === "and" ? x : apply(`i64.${which}`, x, y);
      emitExpr(scope, wide ? value : apply("i64.extend32_s", value));
      code.set(result);
      const signs = apply("i64.xor", x, y);
      const mayOverflow = which === "sub" ? signs : apply("i64.xor", signs, const64(-1n));
      const v = apply("i64.and", mayOverflow, apply("i64.xor", x, r));
      emitExpr(scope, which === "and" ? const64(0) : wide ? v : apply("i64.extend32_s", v));
      code.set(overflow);
      code.i32(0);
      const unsignedResult = wide ? r : apply("i64.and", r, const64(0xffff_ffffn));
      emitExpr(scope, which === "and" ? const32(0) : which === "sub" ? apply("i64.ge_u", x, y) : apply("i64.lt_u", unsignedResult, x));
      code.memory(op["i32.store"], FLAG_C_ADDRESS);
      code.end();
    }
  }
  put(FLAG_N_ADDRESS, local(I64, result));
  put(FLAG_Z_ADDRESS, local(I64, result));
  put(FLAG_V_ADDRESS, local(I64, overflow));
  return index;
}

function load(code: CodeWriter, opcode: number, address: number, into: number): void {
  code.loadAt(opcode, address);
  code.set(into);
}
