// Executes one instruction of some rows by itself, compiled as the interpreter compiles it, without a CPU around it: for tests of what rows
// compute. V0 is the destination in these tests, V1 and V2 the operands, X1 the general-purpose operand.
import { compileModule, instantiate } from "../engine/wasm-api.ts";
import { Builder } from "../ir/builder.ts";
import { emitStatements, type Scope } from "../ir/emit.ts";
import { RecordTarget } from "../interpreter/record-target.ts";
import { FIELD_A, FIELD_D, FIELD_IMM, FIELD_M, FIELD_N, FIELD_SHIFT, FPSR, REGISTERS, SCRATCH, SLOT_ZERO } from "../state/layout.ts";
import { createWasmMemory } from "../testing/wasm-memory.fixture.ts";
import { ModuleWriter } from "../wasm/module-writer.ts";
import { I32 } from "../wasm/opcodes.ts";
import { type Form, vr } from "./form.ts";

/** What an instruction may have changed: X0 for those that write a general-purpose register. */
export interface After {
  readonly v0: bigint;
  readonly x0: bigint;
  readonly fpsr: number;
}

/** FPSR.QC. */
export const QC: number = 1 << 27;

// Rows of vectors, by the operands that the instructions have.
export type ImmediateRow = readonly [text: string, word: number, v0: bigint, result: bigint, fpsr?: number];
export type OneOperandRow = readonly [text: string, word: number, v0: bigint, v1: bigint, result: bigint, fpsr?: number];
export type TwoOperandRow = readonly [text: string, word: number, v0: bigint, v1: bigint, v2: bigint, result: bigint, fpsr?: number];

/** X0 and X1 before every instruction; the specs quote X1. */
const X0 = 0xaaaa_aaaa_aaaa_aaaan;
const X1 = 0x1122_3344_5566_7788n;
const RECORD_AT = SCRATCH;

/** A function for each combination of split fields that was asked for. */
const compiled = new Map<string, (record: number) => void>();
const memory = createWasmMemory(1);
const view = new DataView(memory.buffer);

/** What is expected of an instruction that writes V0. */
export const after = (v0: bigint, fpsr = 0): After => ({ v0, x0: X0, fpsr });

/** Is `word` an instruction of these? */
export const isAllocated = (forms: readonly Form[], word: number): boolean => find(forms, word) !== undefined;

/**
 * The state after `word`.
 * @param v V0 and up; those not named are 0.
 */
export function execute(forms: readonly Form[], word: number, v: readonly bigint[], fpsr = 0): After {
  const form = find(forms, word);
  if (form === undefined) throw new Error(`${word.toString(16)} is UNDEFINED`);
  const fields = form.fieldsOf(word);

  for (let n = 0; n < 32; n++) setVector(n, v[n] ?? 0n);
  view.setBigUint64(REGISTERS, X0, true);
  view.setBigUint64(REGISTERS + 8, X1, true);
  view.setBigUint64(REGISTERS + 8 * SLOT_ZERO, 0n, true);
  view.setInt32(FPSR, fpsr, true);
  writeRecord(form, fields);
  handlerOf(form, fields)(RECORD_AT);
  return { v0: vector(0), x0: view.getBigUint64(REGISTERS, true), fpsr: view.getInt32(FPSR, true) };
}

function find(forms: readonly Form[], word: number): Form | undefined {
  return forms.find(({ bits, when, fieldsOf }) => (word & bits.mask) >>> 0 === bits.value && (when === undefined || when(fieldsOf(word))));
}

function setVector(n: number, value: bigint): void {
  view.setBigUint64(REGISTERS + vr(n), BigInt.asUintN(64, value), true);
  view.setBigUint64(REGISTERS + vr(n) + 8, value >> 64n, true);
}

function vector(n: number): bigint {
  return (view.getBigUint64(REGISTERS + vr(n) + 8, true) << 64n) | view.getBigUint64(REGISTERS + vr(n), true);
}

function writeRecord(form: Form, fields: Record<string, number>): void {
  const { d = 0, n = 0, m = 0, a = 0, imm = 0, shift = 0 } = form.operands(fields);
  view.setUint16(RECORD_AT + FIELD_A, a, true);
  view.setUint16(RECORD_AT + FIELD_SHIFT, shift, true);
  if (form.wide) view.setBigInt64(RECORD_AT + FIELD_IMM, BigInt.asIntN(64, BigInt(imm)), true);
  else view.setInt32(RECORD_AT + FIELD_IMM, Number(imm), true);
  view.setUint16(RECORD_AT + FIELD_D, d, true);
  view.setUint16(RECORD_AT + FIELD_N, n, true);
  view.setUint16(RECORD_AT + FIELD_M, m, true);
}

function handlerOf(form: Form, fields: Record<string, number>): (record: number) => void {
  const split = Object.fromEntries(form.split.map((name) => [name, fields[name]!]));
  const key = `${form.encoding} ${JSON.stringify(split)}`;
  let handler = compiled.get(key);
  if (handler === undefined) {
    handler = compile(form, split);
    compiled.set(key, handler);
  }
  return handler;
}

function compile(form: Form, split: Record<string, number>): (record: number) => void {
  const writer = new ModuleWriter();
  writer.importMemory("test", "memory");
  const { code } = writer.function([I32], [], "handler");
  const builder = new Builder(new RecordTarget(code, 0, form.wide, new Map()));
  form.emit(builder, split);
  emitStatements({ code } as Scope, builder.statements); // rows that only compute need nothing else of a scope
  const exports = instantiate(compileModule(writer.build()), { test: { memory } });
  return exports["handler"] as (record: number) => void;
}
