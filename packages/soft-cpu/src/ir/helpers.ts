/**
 * Functions of the host that expressions may call (`call` in expr.ts): arithmetic that is too long to generate everywhere,
 * floating point outside the usual cases foremost. Each is declared once, beside the semantics that use it, and implemented
 * under its name for every machine (see `HelperFunctions`).
 */
import type { ModuleWriter } from "../wasm/module-writer.ts";
import type { ValueType } from "../wasm/opcodes.ts";
import { CALL, type Expr } from "./expr.ts";
import type { Stmt } from "./stmt.ts";

export interface Helper {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
}

/** What a machine gives for the names that were declared. 64-bit integers travel as bigint. */
export type HelperFunctions = Readonly<Record<string, (...operands: never[]) => number | bigint>>;

const declared: Helper[] = [];

/** Returns the number by which expressions call it. */
export function declareHelper(name: string, parameters: readonly ValueType[], result: ValueType): number {
  declared.push({ name, parameters, result });
  return declared.length - 1;
}

/**
 * Imports the helpers that statements call, and those that other expressions do, into a module. Returns its function of each, by
 * the helper's number.
 */
export function importHelpers(
  module: ModuleWriter, statements: readonly Stmt[], others: readonly Expr[] = [],
): ReadonlyMap<number, number> {
  const called = new Set<number>();
  for (const statement of statements) collectFromStatement(statement, called);
  for (const expression of others) collect(expression, called);
  const imported = new Map<number, number>();
  for (const helper of called) {
    const { name, parameters, result } = declared[helper]!;
    imported.set(helper, module.importFunction("helper", name, parameters, [result]));
  }
  return imported;
}

function collect(expression: Expr | null | undefined, called: Set<number>): void {
  if (expression === null || expression === undefined) return;
  if (expression.kind === CALL) called.add(expression.imm);
  collect(expression.a, called);
  collect(expression.b, called);
  collect(expression.c, called);
}

function collectFromStatement(statement: Stmt, called: Set<number>): void {
  switch (statement.kind) {
    case "if":
      collect(statement.condition, called);
      for (const inner of statement.yes) collectFromStatement(inner, called);
      for (const inner of statement.no) collectFromStatement(inner, called);
      return;
    case "store":
      collect(statement.address, called);
      return collect(statement.value, called);
    case "write":
      for (const { value } of statement.stores) collect(value, called);
      return;
    case "read":
      return;
    default:
      collect(statement.value, called);
  }
}
