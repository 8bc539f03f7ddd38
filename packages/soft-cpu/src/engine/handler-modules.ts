/**
 * The compiled modules of the interpreter, shared by all machines of a process: the loop, and the handlers outside it. Those come in groups where
 * they were built beforehand, and one by one where they are generated, which takes ten times as long as instantiating them.
 */
import { coldHandlersModule, coreModule } from "../interpreter/core-module.ts";
import { coldName, type Variant } from "../isa/variants.ts";
import { prebuiltModule } from "./prebuilt.ts";
import { compileModule, type WasmModule } from "./wasm-api.ts";

let core: WasmModule | undefined;
const groups = new Map<number, WasmModule | undefined>();
const singles = new Map<string, WasmModule>();

export const CORE = "core";
export const groupName = (group: number): string => `handlers${group}`;

export function compiledCore(): WasmModule {
  return (core ??= compileModule(prebuiltModule(CORE) ?? coreModule()));
}

/** A group of handlers, each exported by its name; undefined where none was built. */
export function compiledGroup(number: number): WasmModule | undefined {
  if (!groups.has(number)) {
    const bytes = prebuiltModule(groupName(number));
    groups.set(number, bytes === undefined ? undefined : compileModule(bytes));
  }
  return groups.get(number);
}

/** One handler, exported by its name. */
export function compiledHandler(variant: Variant): WasmModule {
  const name = coldName(variant);
  let module = singles.get(name);
  if (module === undefined) singles.set(name, (module = compileModule(coldHandlersModule([{ ...variant, name }]))));
  return module;
}
