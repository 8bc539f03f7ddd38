/**
 * Functions of the host that expressions may call (`call` in expr.ts): arithmetic that is too long to generate everywhere,
 * floating point outside the usual cases foremost. Each is declared once, beside the semantics that use it, and implemented
 * under its name for every machine (see `HelperFunctions`).
 */
import type { ValueType } from "../wasm/opcodes.ts";

export interface Helper {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
}

/** What a machine gives for the names that were declared. 64-bit integers travel as bigint. */
export type HelperFunctions = Readonly<Record<string, (...operands: never[]) => number | bigint>>;

const declared: Helper[] = [];

/** Returns the number by which expressions call it. */
export function declareHelper<T extends ValueType>(name: string, parameters: readonly ValueType[], result: T): number {
  declared.push({ name, parameters, result });
  return declared.length - 1;
}

/** In the order of their numbers. */
export function declaredHelpers(): readonly Helper[] {
  return declared;
}
