/**
 * What instruction semantics are written against: operands come in as expressions, effects go out as statements.
 *
 * The same semantics serves the interpreter, where operands are fields of a record, and compiled code, where they are known;
 * a `Target` makes the difference. Rules for whoever writes semantics:
 * - an expression is evaluated where the statement that uses it stands: pin with `let` what is used twice or after a write;
 * - all memory accesses come before the first write of a register or flag, so that an abort leaves the registers as they were;
 * - registers of 32 bits are read with `w` and written with `setW`, which clears the upper half as the manual asks.
 */
import { type F32, type F64, I32, I64, op, type OpName, V128, type ValueType } from "../wasm/opcodes.ts";
import {
  apply, const32, const64, type Expr, FLAG_C, FLAG_N, FLAG_V, FLAG_Z, type I32Expr, type I64Expr, loadFrom, local, LOCAL, CONST, type V128Expr,
} from "./expr.ts";
import { ACCESS_WRITE, accessOf, type PartStore, type Stmt } from "./stmt.ts";
import { HOST_VALUE, REGISTERS, SLOT_SP } from "../state/layout.ts";

/** Names of the register operands of a record. */
export type RegisterField = "d" | "n" | "m" | "a";

/** A comparison whose operands are still at hand, so that a condition need not go through the flags. */
export interface Comparison {
  readonly kind: "sub" | "add" | "and";
  readonly wide: boolean;
  readonly a: Expr;
  readonly b: Expr;
  readonly result: Expr;
  /** Of a conditional comparison: where `holds` is 0 the flags are these bits instead. */
  readonly otherwise?: { readonly holds: I32Expr; readonly nzcv: number };
}

/** Where operands come from and flags and registers go to. */
export interface Target {
  readX(field: RegisterField): I64Expr;
  readW(field: RegisterField): I32Expr;
  writeX(field: RegisterField, value: I64Expr, out: Stmt[]): void;
  /** Any slot by number, for registers that an instruction names itself. */
  readSlot(slot: number): I64Expr;
  writeSlot(slot: number, value: I64Expr, out: Stmt[]): void;
  /** Byte offset of an operand in the register file: vectors are in memory in every target. */
  offset(field: RegisterField): I32Expr;
  imm64(): I64Expr;
  imm32(): I32Expr;
  shift64(): I64Expr;
  shift32(): I32Expr;
  /** Address of the instruction. */
  pc(): I64Expr;
  readFlag(which: number): Expr;
  writeFlag(which: number, value: Expr, out: Stmt[]): void;
  newLocal(type: ValueType, keep: boolean): number;
  /** The comparison that made the flags, where the target can know; set by `setFlags`. */
  comparison: Comparison | undefined;
}

/** N and V are the signs of 64-bit values, Z is set when its value is 0, C is 0 or 1. */
export interface Flags {
  readonly n: I64Expr;
  readonly z: I64Expr;
  readonly c: I32Expr;
  readonly v: I64Expr;
  readonly comparison?: Comparison;
}

const STATE_BASE: I32Expr = const32(0);

export class Builder {
  /** The statements so far. */
  statements: Stmt[] = [];
  readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  // ------------------------------------------------------------------------------------------------------------- operands

  x(field: RegisterField): I64Expr {
    return this.target.readX(field);
  }

  w(field: RegisterField): I32Expr {
    return this.target.readW(field);
  }

  /** X or W by the instruction's sf bit. */
  reg(field: RegisterField, wide: boolean): I64Expr | I32Expr {
    return wide ? this.x(field) : this.w(field);
  }

  imm64(): I64Expr {
    return this.target.imm64();
  }

  imm32(): I32Expr {
    return this.target.imm32();
  }

  /** The second small immediate of a record. */
  shift64(): I64Expr {
    return this.target.shift64();
  }

  shift32(): I32Expr {
    return this.target.shift32();
  }

  pc(): I64Expr {
    return this.target.pc();
  }

  sp(): I64Expr {
    return this.target.readSlot(SLOT_SP);
  }

  // -------------------------------------------------------------------------------------------------------------- effects

  setX(field: RegisterField, value: I64Expr): void {
    this.target.writeX(field, value, this.statements);
  }

  setW(field: RegisterField, value: I32Expr): void {
    this.setX(field, apply("i64.extend_i32_u", value));
  }

  /** Writes X or W by the instruction's sf bit. */
  setReg(field: RegisterField, wide: boolean, value: I64Expr | I32Expr): void {
    if (wide) this.setX(field, value as I64Expr);
    else this.setW(field, value as I32Expr);
  }

  setSlot(slot: number, value: I64Expr): void {
    this.target.writeSlot(slot, value, this.statements);
  }

  /** Pins a value: evaluated here, once. */
  let<T extends ValueType>(value: Expr<T>): Expr<T> {
    return this.pin(value, false);
  }

  /** As `let`, and kept beyond the instruction, so that later ones can refer to it (`Comparison`). */
  keep<T extends ValueType>(value: Expr<T>): Expr<T> {
    return this.pin(value, true);
  }

  private pin<T extends ValueType>(value: Expr<T>, keep: boolean): Expr<T> {
    if (value.kind === CONST || (value.kind === LOCAL && !keep)) return value;
    const index = this.target.newLocal(value.type, keep);
    this.statements.push({ kind: "let", local: index, value });
    return local(value.type, index);
  }

  /** A variable that several statements assign: for loops' and branches' results. */
  variable<T extends ValueType>(type: T): { readonly value: Expr<T>; set(value: Expr<T>): void } {
    const index = this.target.newLocal(type, false);
    return { value: local(type, index), set: (value) => void this.statements.push({ kind: "let", local: index, value }) };
  }

  if(condition: I32Expr, then: () => void, otherwise?: () => void): void {
    if (condition.kind === CONST) {
      if (condition.imm !== 0) then();
      else otherwise?.();
      return;
    }
    const yes = this.collect(then);
    const no = otherwise === undefined ? [] : this.collect(otherwise);
    this.statements.push({ kind: "if", condition, yes, no });
  }

  private collect(body: () => void): Stmt[] {
    const outer = this.statements;
    const inner: Stmt[] = (this.statements = []);
    body();
    this.statements = outer;
    return inner;
  }

  // ---------------------------------------------------------------------------------------------------------------- flags

  setFlags({ n, z, c, v, comparison }: Flags): void {
    const { target, statements } = this;
    target.writeFlag(FLAG_N, n, statements);
    target.writeFlag(FLAG_Z, z, statements);
    target.writeFlag(FLAG_C, c, statements);
    target.writeFlag(FLAG_V, v, statements);
    target.comparison = comparison;
  }

  /** C as 0 or 1. */
  carry(): I32Expr {
    return this.target.readFlag(FLAG_C) as I32Expr;
  }

  /** ConditionHolds (Arm ARM, shared/functions/system): 0 or 1; `cond` 14 and 15 always hold. */
  condition(cond: number): I32Expr {
    return conditionOf(this.target, cond);
  }

  // ----------------------------------------------------------------------------------------------------- the vCPU's state

  state32(address: number): I32Expr {
    return loadFrom(I32, "i32.load", STATE_BASE, address);
  }

  state64(address: number): I64Expr {
    return loadFrom(I64, "i64.load", STATE_BASE, address);
  }

  setState32(address: number, value: I32Expr): void {
    this.statements.push({ kind: "store", op: op["i32.store"], address: STATE_BASE, offset: address, value });
  }

  setState64(address: number, value: I64Expr): void {
    this.statements.push({ kind: "store", op: op["i64.store"], address: STATE_BASE, offset: address, value });
  }

  // -------------------------------------------------------------------------------------------------------------- vectors

  /** All 128 bits of a vector register. */
  v(field: RegisterField): V128Expr {
    return loadFrom(V128, "v128.load", this.target.offset(field), REGISTERS);
  }

  /** Part of a vector register: `vPart("f64.load", "n")`, `vPart("i64.load16_u", "m", 6)`. */
  vPart(name: "i32.load" | "i32.load8_u" | "i32.load8_s" | "i32.load16_u" | "i32.load16_s", field: RegisterField, byte?: number): I32Expr;
  vPart(name: `i64.load${string}` & OpName, field: RegisterField, byte?: number): I64Expr;
  vPart(name: "f32.load", field: RegisterField, byte?: number): Expr<typeof F32>;
  vPart(name: "f64.load", field: RegisterField, byte?: number): Expr<typeof F64>;
  vPart(name: OpName, field: RegisterField, byte = 0): Expr {
    const type = name.startsWith("i32") ? I32 : name.startsWith("i64") ? I64 : name.startsWith("f32") ? (0x7d as typeof F32) : (0x7c as typeof F64);
    return loadFrom(type, name, this.target.offset(field), REGISTERS + byte);
  }

  setV(field: RegisterField, value: V128Expr): void {
    this.statements.push({ kind: "store", op: op["v128.store"], address: this.target.offset(field), offset: REGISTERS, value });
  }

  /** Writes the low 64 bits and clears the rest. */
  setVLow(field: RegisterField, value: I64Expr): void {
    this.setVHalves(field, value, const64(0));
  }

  setVHalves(field: RegisterField, low: I64Expr, high: I64Expr): void {
    const [l, h] = [this.let(low), this.let(high)];
    const address = this.target.offset(field);
    this.statements.push({ kind: "store", op: op["i64.store"], address, offset: REGISTERS, value: l });
    this.statements.push({ kind: "store", op: op["i64.store"], address, offset: REGISTERS + 8, value: h });
  }

  /** Stores part of a vector register and leaves the rest of it alone: `setVPart("i64.store16", "d", 6, value)`. */
  setVPart(name: OpName & `${"i32" | "i64" | "f32" | "f64"}.store${string}`, field: RegisterField, byte: number, value: Expr): void {
    this.statements.push({ kind: "store", op: op[name], address: this.target.offset(field), offset: REGISTERS + byte, value });
  }

  // --------------------------------------------------------------------------------------------------------- guest memory

  /**
   * The host address of `bytes` bytes at guest address `va`, for loads that follow; the exception is taken when there are none.
   * A device has been read by then, its bytes lie at the address returned.
   */
  forReading(va: I64Expr, bytes: number, element: number = bytes, bits = 0): I32Expr {
    const address = this.let(va);
    const host = this.target.newLocal(I32, false);
    this.statements.push({ kind: "read", va: this.localOf(address), access: accessOf(bytes, element, bits), host });
    return local(I32, host);
  }

  /** One load, pinned: `read("i64.load32_s", va, 4)`. */
  read(name: `i32.load${string}` & OpName, va: I64Expr, bytes: number, bits?: number): I32Expr;
  read(name: `i64.load${string}` & OpName, va: I64Expr, bytes: number, bits?: number): I64Expr;
  read(name: "v128.load", va: I64Expr, bytes: number, bits?: number): V128Expr;
  read(name: OpName, va: I64Expr, bytes: number, bits = 0): Expr {
    const host = this.forReading(va, bytes, bytes, bits);
    return this.let(loadFrom(name.startsWith("i32") ? I32 : name.startsWith("i64") ? I64 : V128, name, host, 0));
  }

  /** Stores at a guest address: `write(va, 8, 8, [["i64.store", 0, value]])`. Values are evaluated after the address resolved. */
  write(va: I64Expr, bytes: number, element: number, stores: readonly (readonly [OpName, number, Expr])[], bits = 0): void {
    const address = this.let(va);
    const parts: PartStore[] = stores.map(([name, offset, value]) => ({ op: op[name], offset, value }));
    this.statements.push({ kind: "write", va: this.localOf(address), access: accessOf(bytes, element, bits | ACCESS_WRITE), stores: parts });
  }

  /** Accesses name a local: constants (a literal's address in compiled code) get one too. */
  private localOf(value: Expr): number {
    if (value.kind === LOCAL) return value.imm;
    const index = this.target.newLocal(value.type, false);
    this.statements.push({ kind: "let", local: index, value });
    return index;
  }

  /**
   * The host address of guest memory that may be written, without writing; exceptions are taken. For a device it is SCRATCH,
   * and what is stored there is lost. For stores that depend on what is there (exclusives): see `storeAt`.
   */
  forWriting(va: I64Expr, bytes: number, element: number = bytes, bits = 0): I32Expr {
    const address = this.let(va);
    const host = this.target.newLocal(I32, false);
    this.statements.push({ kind: "read", va: this.localOf(address), access: accessOf(bytes, element, bits | ACCESS_WRITE), host });
    return local(I32, host);
  }

  /** A store at an address that `forWriting` gave. */
  storeAt(name: OpName, host: I32Expr, offset: number, value: Expr): void {
    this.statements.push({ kind: "store", op: op[name], address: host, offset, value });
  }

  // ------------------------------------------------------------------------------------------------------------- the host

  /**
   * Lets the host carry out what is too rare to generate. It looks at the instruction's word itself, and finds `value` in
   * HOST_VALUE. Comes before any other effect: compiled code leaves the whole instruction to the interpreter here.
   * @param word the instruction's word, where the record has it: the host need not look for it then
   */
  host(fn: number, value?: I64Expr, word?: I32Expr): void {
    this.statements.push({ kind: "host", fn, value, word });
  }

  /** What the host left in HOST_VALUE. */
  hostResult(): I64Expr {
    return this.state64(HOST_VALUE);
  }
}

function conditionOf(target: Target, cond: number): I32Expr {
  if (cond >= 14) return const32(1);
  const inverted = (cond & 1) === 1;
  const fused = target.comparison === undefined ? undefined : fusedCondition(target.comparison, cond >> 1, inverted);
  if (fused !== undefined) return fused;
  const n = (): I64Expr => target.readFlag(FLAG_N) as I64Expr;
  const z = (): I64Expr => target.readFlag(FLAG_Z) as I64Expr;
  const v = (): I64Expr => target.readFlag(FLAG_V) as I64Expr;
  const c = (): I32Expr => target.readFlag(FLAG_C) as I32Expr;
  const zero = const64(0);
  const unless = (value: I32Expr): I32Expr => (inverted ? apply("i32.eqz", value) : value);
  switch (cond >> 1) {
    case 0:
      return inverted ? apply("i64.ne", z(), zero) : apply("i64.eqz", z());
    case 1:
      return unless(c());
    case 2:
      return apply(inverted ? "i64.ge_s" : "i64.lt_s", n(), zero);
    case 3:
      return apply(inverted ? "i64.ge_s" : "i64.lt_s", v(), zero);
    case 4: // HI: C set and Z clear
      return unless(apply("i32.and", c(), apply("i64.ne", z(), zero)));
    case 5: // GE: N equals V
      return apply(inverted ? "i64.lt_s" : "i64.ge_s", apply("i64.xor", n(), v()), zero);
    default: // GT: Z clear and N equals V
      return unless(apply("i32.and", apply("i64.ge_s", apply("i64.xor", n(), v()), zero), apply("i64.ne", z(), zero)));
  }
}

/** The condition straight from the operands that were compared; undefined when that is no shorter. */
function fusedCondition(comparison: Comparison, pair: number, inverted: boolean): I32Expr | undefined {
  const { otherwise } = comparison;
  const fused = comparedCondition(comparison, pair, inverted);
  if (otherwise === undefined || fused === undefined) return fused;
  const { holds, nzcv } = otherwise;
  return bitsHold(nzcv, pair) === inverted ? apply("i32.and", holds, fused) : apply("i32.or", apply("i32.eqz", holds), fused);
}

/** ConditionHolds for flags that are known, without the condition's last bit. */
function bitsHold(nzcv: number, pair: number): boolean {
  const [n, z, c, v] = [8, 4, 2, 1].map((bit) => (nzcv & bit) !== 0) as [boolean, boolean, boolean, boolean];
  return [z, c, n, v, c && !z, n === v, n === v && !z][pair]!;
}

function comparedCondition({ kind, wide, a, b, result }: Comparison, pair: number, inverted: boolean): I32Expr | undefined {
  const type = wide ? "i64" : "i32";
  const zero = wide ? const64(0) : const32(0);
  if (pair === 0) {
    // After a subtraction EQ compares the operands, which spares the engine the difference.
    if (kind === "sub") return apply(`${type}.${inverted ? "ne" : "eq"}`, a, b);
    return inverted ? apply(`${type}.ne`, result, zero) : apply(`${type}.eqz`, result);
  }
  if (pair === 2) return apply(`${type}.${inverted ? "ge_s" : "lt_s"}`, result, zero);
  if (kind !== "sub") return undefined;
  switch (pair) {
    case 1:
      return apply(`${type}.${inverted ? "lt_u" : "ge_u"}`, a, b);
    case 4:
      return apply(`${type}.${inverted ? "le_u" : "gt_u"}`, a, b);
    case 5:
      return apply(`${type}.${inverted ? "lt_s" : "ge_s"}`, a, b);
    case 6:
      return apply(`${type}.${inverted ? "le_s" : "gt_s"}`, a, b);
    default:
      return undefined;
  }
}
