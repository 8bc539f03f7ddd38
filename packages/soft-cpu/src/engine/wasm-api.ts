/**
 * The parts of the WebAssembly JavaScript interface that this package uses, under types of our own: the global ones live in the
 * DOM library, which neither this package nor its users should have to load.
 */
import type { WasmMemory } from "@trapline/core";

export interface WasmModule {
  readonly wasmModule: unique symbol;
}

export interface WasmTable {
  get(index: number): unknown;
  set(index: number, fn: unknown): void;
}

export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface WasmNamespace {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Table: new (limits: { element: "anyfunc"; initial: number }) => WasmTable;
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WasmNamespace };

export function compileModule(bytes: Uint8Array<ArrayBuffer>): WasmModule {
  return new WebAssembly.Module(bytes);
}

/** The exports of a new instance. */
export function instantiate(module: WasmModule, imports: WasmImports): Readonly<Record<string, unknown>> {
  return new WebAssembly.Instance(module, imports).exports;
}

export function createTable(slots: number): WasmTable {
  return new WebAssembly.Table({ element: "anyfunc", initial: slots });
}

/** @param pages of 64 KiB */
export function createMemory(pages: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}
