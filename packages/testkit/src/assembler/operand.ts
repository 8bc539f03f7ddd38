/**
 * Operands of A64 instructions, as they are written: registers, immediates, shifts and extensions, memory operands, `=value`.
 * Which of them an instruction takes is its own business (instructions/); here only their shape is read.
 */
import { Problem, type SourcePlace } from "./assembly-error.ts";
import type { Cursor } from "./cursor.ts";
import { type Expression, parseExpression } from "./expression.ts";

export interface RegisterOperand {
  readonly kind: "register";
  readonly place: SourcePlace;
  readonly text: string;
  /** 0 … 31; 31 is the zero register or the stack pointer. */
  readonly n: number;
  readonly is64: boolean;
  /** SP or WSP. */
  readonly isSp: boolean;
}

export type ShiftName = "lsl" | "lsr" | "asr" | "ror";
export type ExtendName = "uxtb" | "uxth" | "uxtw" | "uxtx" | "sxtb" | "sxth" | "sxtw" | "sxtx";

/** `lsl #12`, `sxtw`, `uxtx #3`. */
export interface ModifierOperand {
  readonly kind: "modifier";
  readonly place: SourcePlace;
  readonly text: string;
  readonly name: ShiftName | ExtendName;
  readonly amount?: Expression;
}

/** An expression, with or without `#`; also a symbol, a condition, the name of a system register. */
export interface ValueOperand {
  readonly kind: "value";
  readonly place: SourcePlace;
  readonly text: string;
  readonly value: Expression;
  /** It was written with `#`, so it is no name. */
  readonly hash: boolean;
  /** `:lo12:`: the low twelve bits of the value. */
  readonly lo12: boolean;
}

/** `[x1, …]`, `[x1, …]!`; `[x1], …` is a memory operand and a value. */
export interface MemoryOperand {
  readonly kind: "memory";
  readonly place: SourcePlace;
  readonly text: string;
  readonly base: RegisterOperand;
  readonly offset?: ValueOperand;
  readonly index?: RegisterOperand;
  readonly modifier?: ModifierOperand;
  readonly writeback: boolean;
}

/** `=value`: a word in the literal pool. */
export interface LiteralOperand {
  readonly kind: "literal";
  readonly place: SourcePlace;
  readonly text: string;
  readonly value: Expression;
}

export type Operand = RegisterOperand | ModifierOperand | ValueOperand | MemoryOperand | LiteralOperand;

const REGISTER = /(?:[xw](?:30|[12][0-9]|[0-9])|[xw]zr|w?sp|fp|lr)(?![\w$.])/iy;
const MODIFIER = /(?:lsl|lsr|asr|ror|[us]xt[bhwx])(?![\w$.])/iy;

/** All operands of a statement. @throws Problem */
export function parseOperands(cursor: Cursor): readonly Operand[] {
  const operands: Operand[] = [];
  if (cursor.atEnd) return operands;
  do operands.push(parseOperand(cursor));
  while (cursor.takeChar(","));
  if (!cursor.atEnd)
    throw new Problem(cursor.place(), `${cursor.found()} behind the operand`, "separate operands by commas and statements by ;");
  return operands;
}

function parseOperand(cursor: Cursor): Operand {
  if (cursor.next === "[") return parseMemory(cursor);
  const start = cursor.at;
  if (cursor.takeChar("=")) return finish(cursor, start, { kind: "literal", value: parseExpression(cursor) });
  return parseRegister(cursor) ?? parseModifier(cursor) ?? parseValue(cursor);
}

function parseRegister(cursor: Cursor): RegisterOperand | undefined {
  cursor.skipBlanks();
  const start = cursor.at;
  const name = cursor.take(REGISTER)?.toLowerCase();
  if (name === undefined) return undefined;
  const n = name === "fp" ? 29 : name === "lr" ? 30 : /\d/.test(name) ? Number(name.slice(1)) : 31;
  return finish(cursor, start, { kind: "register", n, is64: name[0] !== "w", isSp: name.endsWith("sp") });
}

function parseModifier(cursor: Cursor): ModifierOperand | undefined {
  cursor.skipBlanks();
  const start = cursor.at;
  const name = cursor.take(MODIFIER)?.toLowerCase() as ModifierOperand["name"] | undefined;
  if (name === undefined) return undefined;
  const hasAmount = cursor.takeChar("#") || /[\w(]/.test(cursor.next);
  return finish(cursor, start, { kind: "modifier", name, ...(hasAmount ? { amount: parseExpression(cursor) } : {}) });
}

function parseValue(cursor: Cursor): ValueOperand {
  cursor.skipBlanks();
  const start = cursor.at;
  const hash = cursor.takeChar("#");
  const relocation = cursor.take(/:[a-z0-9_]+:/y);
  if (relocation !== undefined && relocation !== ":lo12:") {
    throw new Problem(
      cursor.place(start),
      `relocation ${relocation}`,
      "addresses are known here: use the symbol, :lo12:symbol, or a shift of it",
    );
  }
  return finish(cursor, start, { kind: "value", value: parseExpression(cursor), hash, lo12: relocation !== undefined });
}

function parseMemory(cursor: Cursor): MemoryOperand {
  const start = cursor.at;
  cursor.expectChar("[", "a memory operand");
  const base = parseRegister(cursor);
  if (base === undefined)
    throw new Problem(cursor.place(), `${cursor.found()} where a base register belongs`, "a memory operand begins with [Xn or [sp");
  let rest: Pick<MemoryOperand, "offset" | "index" | "modifier"> = {};
  if (cursor.takeChar(",")) {
    const index = parseRegister(cursor);
    if (index === undefined) rest = { offset: parseValue(cursor) };
    else {
      const modifier = cursor.takeChar(",") ? parseModifier(cursor) : undefined;
      rest = { index, ...(modifier === undefined ? {} : { modifier }) };
    }
  }
  cursor.expectChar("]", "a memory operand");
  const writeback = cursor.takeChar("!");
  return finish(cursor, start, { kind: "memory", base, ...rest, writeback });
}

function finish<const T extends object>(
  cursor: Cursor,
  start: number,
  body: T,
): T & { readonly place: SourcePlace; readonly text: string } {
  const place = cursor.place(start);
  return { ...body, place, text: cursor.text.slice(start, start + place.length) };
}
