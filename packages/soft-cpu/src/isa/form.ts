/**
 * One row of the instruction tables: an encoding as the manual draws it, what its operands are, and what it does.
 *
 * Rows stand in the manual's order (DDI 0487, C4.1 and C6); the first that matches a word and whose `when` agrees is its
 * meaning, and a word that no row matches is UNDEFINED. A row becomes one handler of the interpreter for each combination of
 * its `split` fields, the fields on which the shape of the code depends; all else is an operand, kept in the record. Words that move SP
 * to where it may be misaligned have handlers apart (`stack`).
 */
import { SLOT_SINK, SLOT_ZERO, VECTORS } from "../state/layout.ts";
import type { Builder } from "../ir/builder.ts";
import type { I32Expr, I64Expr } from "../ir/expr.ts";
import { type EncodedFields, type Encoding, type FieldName, fieldReader, parseEncoding } from "./encoding.ts";
import { tellIfMisaligned } from "./stack-pointer.ts";

/** Operands of one instruction. Registers are byte offsets into the register file: made with `xr`, `xw`, `xsp`, `vr`. */
export interface Operands {
  readonly d?: number;
  readonly n?: number;
  readonly m?: number;
  readonly a?: number;
  /** 32 bits, sign-extended where 64 are asked for; all 64 in rows that say `wide` (which then have no `a` and no `shift`). */
  readonly imm?: number | bigint;
  /** A small second immediate, 0 … 65535. */
  readonly shift?: number;
}

/** A register that is read: 31 reads as zero. */
export const xr = (n: number): number => (n === 31 ? SLOT_ZERO : n) * 8;
/** A register that is written: a write of 31 is lost. */
export const xw = (n: number): number => (n === 31 ? SLOT_SINK : n) * 8;
/** A register where 31 is the stack pointer. */
export const xsp = (n: number): number => n * 8;
/** A vector register. */
export const vr = (n: number): number => VECTORS + n * 16;

/**
 * How an instruction leaves the straight line. The target of direct branches is `imm`, in bytes from the instruction.
 * A `link` writes the address of the next instruction to X30.
 */
export type Flow =
  | { readonly kind: "jump"; readonly link?: true }
  | { readonly kind: "conditional" }
  | { readonly kind: "indirect"; readonly link?: true; readonly isReturn?: true };

type Values<Names extends string> = { readonly [K in Names]: number };

export interface FormSpec<E extends string, S extends FieldName<E> = never> {
  /** As the manual titles it: "ADD (immediate)". */
  readonly name: string;
  readonly encoding: E;
  readonly split?: readonly S[];
  /** Combinations of fields that are allocated to this row; default all. */
  readonly when?: (fields: Values<FieldName<E> | "word">) => boolean;
  /** `word` is the whole instruction. */
  readonly operands?: (fields: Values<FieldName<E> | "word">) => Operands;
  /** `imm` has 64 bits. */
  readonly wide?: true;
  /** Uses FP or Advanced SIMD registers: trapped by CPACR_EL1.FPEN. */
  readonly fp?: true;
  /** The words that may leave SP misaligned, and the low word of what they leave in it; see stack-pointer.ts. */
  readonly stack?: {
    readonly when: (fields: Values<FieldName<E> | "word">) => boolean;
    readonly value: (c: Builder, split: Values<S>) => I32Expr;
  };
  /** Executed often enough for a place in the interpreter's main loop: all variants, or those for which it says so. Branches always are. */
  readonly hot?: true | ((split: Values<S>) => boolean);
  readonly flow?: Flow;
  /** What a straight instruction does. */
  readonly emit?: (c: Builder, split: Values<S>) => void;
  /** When a conditional branch is taken. */
  readonly condition?: (c: Builder, split: Values<S>) => I32Expr;
  /** Where an indirect branch goes. */
  readonly target?: (c: Builder, split: Values<S>) => I64Expr;
}

/** A row with its encoding read. */
export interface Form {
  readonly name: string;
  readonly encoding: string;
  readonly bits: Encoding;
  readonly fieldsOf: (word: number) => EncodedFields;
  readonly split: readonly string[];
  readonly when: ((fields: EncodedFields) => boolean) | undefined;
  readonly operands: (fields: EncodedFields) => Operands;
  readonly wide: boolean;
  readonly fp: boolean;
  /** The same row for words that may leave SP misaligned, and which those are. */
  readonly stack: { readonly when: (fields: EncodedFields) => boolean; readonly form: Form } | undefined;
  readonly hot: (split: Record<string, number>) => boolean;
  readonly flow: Flow | undefined;
  readonly emit: (c: Builder, split: Record<string, number>) => void;
  readonly condition: (c: Builder, split: Record<string, number>) => I32Expr;
  readonly target: (c: Builder, split: Record<string, number>) => I64Expr;
}

const NO_OPERANDS: Operands = {};

export function form<const E extends string, const S extends FieldName<E> = never>(spec: FormSpec<E, S>): Form {
  const { name, encoding, split = [], when, operands, wide = false, fp = false, stack, hot = false, flow, emit, condition, target } = spec;
  const absent = (): never => {
    throw new TypeError(`${name}: a row of this flow has no such part`);
  };
  // Field values are looked up by the names in the encoding's text, which the types of `FormSpec` have checked.
  const bits = parseEncoding(encoding);
  let read: Form["fieldsOf"] | undefined;
  const general: Form = {
    name,
    encoding,
    bits,
    fieldsOf: (word) => (read ??= fieldReader(bits))(word), // most rows are never asked
    split,
    when: when as Form["when"],
    operands: (operands as Form["operands"] | undefined) ?? (() => NO_OPERANDS),
    wide,
    fp,
    stack: undefined,
    hot: typeof hot === "function" ? (hot as Form["hot"]) : () => hot,
    flow,
    emit: (emit as Form["emit"] | undefined) ?? absent,
    condition: (condition as Form["condition"] | undefined) ?? absent,
    target: (target as Form["target"] | undefined) ?? absent,
  };
  if (stack === undefined) return general;
  const value = stack.value as (c: Builder, split: Record<string, number>) => I32Expr;
  const asking: Form = {
    ...general,
    name: `${name}, of SP`,
    hot: () => false,
    emit: (c, fields) => {
      tellIfMisaligned(c, value(c, fields));
      general.emit(c, fields);
    },
  };
  return { ...general, stack: { when: stack.when as NonNullable<Form["stack"]>["when"], form: asking } };
}
