/**
 * Operands as constants, registers in locals: how semantics become compiled code. While an instruction's statements are made,
 * the target notes which registers they read and write.
 *
 * Flags are lazy here. Most comparisons are asked once, by the branch behind them, so the operands are kept instead of the flags
 * (PENDING_FLAGS in state/layout.ts), see flag-needs.ts. A condition in the same straight line compares the operands.
 */
import { apply, const32, const64, type Expr, FLAG_C, type I32Expr, type I64Expr, loadFrom, register } from "../ir/expr.ts";
import type { Comparison, RegisterField, Target } from "../ir/builder.ts";
import type { Stmt } from "../ir/stmt.ts";
import { FLAG_ADDRESSES } from "../interpreter/record-target.ts";
import type { Operands } from "../isa/form.ts";
import { PAGE_VA, SLOT_SINK, SLOT_ZERO } from "../state/layout.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import { I32, I64, type ValueType } from "../wasm/opcodes.ts";

const STATE_BASE = const32(0);

export class CompiledTarget implements Target {
  comparison: Comparison | undefined = undefined;
  /** Registers that the instruction reads and writes, a bit each; SP is bit 31. */
  reads = 0;
  writes = 0;
  /** The instruction looks at flags whose comparison is not at hand. */
  readsFlags = false;
  writesFlags = false;

  private readonly code: CodeWriter;
  private readonly pool = new Map<ValueType, number[]>();
  private readonly used = new Map<ValueType, number>();
  private operands: Operands = {};
  private offsetInPage = 0;

  constructor(code: CodeWriter) {
    this.code = code;
  }

  /** Begins an instruction. */
  begin(operands: Operands, offsetInPage: number): void {
    this.operands = operands;
    this.offsetInPage = offsetInPage;
    this.reads = this.writes = 0;
    this.readsFlags = this.writesFlags = false;
    this.used.clear();
  }

  private slot(field: RegisterField): number {
    return (this.operands[field] ?? 0) >> 3;
  }

  offset(field: RegisterField): I32Expr {
    return const32(this.operands[field] ?? 0);
  }

  readX(field: RegisterField): I64Expr {
    return this.readSlot(this.slot(field));
  }

  readW(field: RegisterField): I32Expr {
    return apply("i32.wrap_i64", this.readX(field));
  }

  readSlot(slot: number): I64Expr {
    if (slot === SLOT_ZERO) return const64(0);
    this.reads |= 1 << slot;
    return register(slot);
  }

  writeX(field: RegisterField, value: I64Expr, out: Stmt[]): void {
    this.writeSlot(this.slot(field), value, out);
  }

  writeSlot(slot: number, value: I64Expr, out: Stmt[]): void {
    if (slot === SLOT_SINK) return;
    this.writes |= 1 << slot;
    out.push({ kind: "register", slot, value });
  }

  imm64(): I64Expr {
    return const64(this.operands.imm ?? 0);
  }

  imm32(): I32Expr {
    const { imm = 0 } = this.operands;
    return const32(typeof imm === "number" ? imm : Number(BigInt.asIntN(32, imm)));
  }

  shift64(): I64Expr {
    return const64(this.operands.shift ?? 0);
  }

  shift32(): I32Expr {
    return const32(this.operands.shift ?? 0);
  }

  pc(): I64Expr {
    // The page may be mapped at several addresses: the current one is looked up.
    return apply("i64.add", loadFrom(I64, "i64.load", STATE_BASE, PAGE_VA), const64(this.offsetInPage));
  }

  /** From memory, where the region's writer puts them before an instruction that says `readsFlags`. */
  readFlag(which: number): Expr {
    this.readsFlags = true;
    const address = FLAG_ADDRESSES[which]!;
    return which === FLAG_C ? loadFrom(I32, "i32.load", STATE_BASE, address) : loadFrom(I64, "i64.load", STATE_BASE, address);
  }

  writeFlag(which: number, value: Expr, out: Stmt[]): void {
    this.writesFlags = true;
    out.push({ kind: "flag", which, value });
  }

  newLocal(type: ValueType, keep: boolean): number {
    if (keep) return this.code.local(type);
    let locals = this.pool.get(type);
    if (locals === undefined) this.pool.set(type, (locals = []));
    const next = this.used.get(type) ?? 0;
    this.used.set(type, next + 1);
    return (locals[next] ??= this.code.local(type));
  }
}
