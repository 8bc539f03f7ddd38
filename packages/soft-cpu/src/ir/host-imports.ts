/** Which host functions (isa/host-functions.ts) statements call, and the imports for them. */
import type { ModuleWriter } from "../wasm/module-writer.ts";
import { I32 } from "../wasm/opcodes.ts";
import type { Stmt } from "./stmt.ts";

/** Imports host functions into a module. Returns its function of each, by number. */
export function importHostFunctions(module: ModuleWriter, numbers: Iterable<number>): ReadonlyMap<number, number> {
  return new Map([...new Set(numbers)].map((fn) => [fn, module.importFunction("host", String(fn), [I32], [I32])]));
}

/** The host functions that statements call, those inside others included. */
export function hostFunctionsOf(statements: readonly Stmt[]): number[] {
  return statements.flatMap((statement) => {
    if (statement.kind === "host") return [statement.fn];
    if (statement.kind === "if") return hostFunctionsOf([...statement.yes, ...statement.no]);
    return [];
  });
}
