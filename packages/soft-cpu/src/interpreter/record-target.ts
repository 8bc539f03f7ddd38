/** Operands as fields of a record, registers and flags in memory: how semantics become handlers of the interpreter. */
import { apply, const32, type Expr, FLAG_C, FLAG_N, FLAG_V, FLAG_Z, type I32Expr, type I64Expr, loadFrom, local } from "../ir/expr.ts";
import type { Comparison, RegisterField, Target } from "../ir/builder.ts";
import type { Stmt } from "../ir/stmt.ts";
import {
  FIELD_A, FIELD_D, FIELD_IMM, FIELD_M, FIELD_N, FIELD_SHIFT, FLAG_C_ADDRESS, FLAG_N_ADDRESS, FLAG_V_ADDRESS, FLAG_Z_ADDRESS, PAGE_RECORDS,
  PAGE_VA, REGISTERS,
} from "../state/layout.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import { I32, I64, op, type ValueType } from "../wasm/opcodes.ts";

const FIELDS = { d: FIELD_D, n: FIELD_N, m: FIELD_M, a: FIELD_A } as const;

export const FLAG_ADDRESSES: Readonly<Record<number, number>> = {
  [FLAG_N]: FLAG_N_ADDRESS,
  [FLAG_Z]: FLAG_Z_ADDRESS,
  [FLAG_V]: FLAG_V_ADDRESS,
  [FLAG_C]: FLAG_C_ADDRESS,
};

const STATE_BASE = const32(0);

export class RecordTarget implements Target {
  comparison: Comparison | undefined = undefined;
  private readonly ip: I32Expr;
  private readonly code: CodeWriter;
  private readonly wide: boolean;
  /** Locals already declared in the function, by type; shared by all of its handlers. */
  private readonly pool: Map<ValueType, number[]>;
  private readonly used = new Map<ValueType, number>();

  constructor(code: CodeWriter, ipLocal: number, wide: boolean, pool: Map<ValueType, number[]>) {
    this.code = code;
    this.ip = local(I32, ipLocal);
    this.wide = wide;
    this.pool = pool;
  }

  offset(field: RegisterField): I32Expr {
    return loadFrom(I32, "i32.load16_u", this.ip, FIELDS[field]);
  }

  readX(field: RegisterField): I64Expr {
    return loadFrom(I64, "i64.load", this.offset(field), REGISTERS);
  }

  readW(field: RegisterField): I32Expr {
    return loadFrom(I32, "i32.load", this.offset(field), REGISTERS);
  }

  writeX(field: RegisterField, value: I64Expr, out: Stmt[]): void {
    out.push({ kind: "store", op: op["i64.store"], address: this.offset(field), offset: REGISTERS, value });
  }

  readSlot(slot: number): I64Expr {
    return loadFrom(I64, "i64.load", STATE_BASE, REGISTERS + 8 * slot);
  }

  writeSlot(slot: number, value: I64Expr, out: Stmt[]): void {
    out.push({ kind: "store", op: op["i64.store"], address: STATE_BASE, offset: REGISTERS + 8 * slot, value });
  }

  imm64(): I64Expr {
    return loadFrom(I64, this.wide ? "i64.load" : "i64.load32_s", this.ip, FIELD_IMM);
  }

  imm32(): I32Expr {
    return loadFrom(I32, "i32.load", this.ip, FIELD_IMM);
  }

  shift64(): I64Expr {
    return loadFrom(I64, "i64.load16_u", this.ip, FIELD_SHIFT);
  }

  shift32(): I32Expr {
    return loadFrom(I32, "i32.load16_u", this.ip, FIELD_SHIFT);
  }

  pc(): I64Expr {
    const records = loadFrom(I32, "i32.load", STATE_BASE, PAGE_RECORDS);
    const offset = apply("i32.shr_u", apply("i32.sub", this.ip, records), const32(2));
    return apply("i64.add", loadFrom(I64, "i64.load", STATE_BASE, PAGE_VA), apply("i64.extend_i32_u", offset));
  }

  readFlag(which: number): Expr {
    const address = FLAG_ADDRESSES[which]!;
    return which === FLAG_C ? loadFrom(I32, "i32.load", STATE_BASE, address) : loadFrom(I64, "i64.load", STATE_BASE, address);
  }

  writeFlag(which: number, value: Expr, out: Stmt[]): void {
    const store = which === FLAG_C ? op["i32.store"] : op["i64.store"];
    out.push({ kind: "store", op: store, address: STATE_BASE, offset: FLAG_ADDRESSES[which]!, value });
  }

  newLocal(type: ValueType): number {
    let locals = this.pool.get(type);
    if (locals === undefined) this.pool.set(type, (locals = []));
    const next = this.used.get(type) ?? 0;
    this.used.set(type, next + 1);
    return (locals[next] ??= this.code.local(type));
  }
}
