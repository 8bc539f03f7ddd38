/**
 * `WebAssembly.Memory` under a type of our own: its global types live in the DOM library, which neither this package nor
 * its users should have to load for one class.
 */

/** A WebAssembly.Memory: hand it to `new WebAssembly.Instance` as an import. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WasmGlobal {
  readonly WebAssembly: { readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory };
}

/** Allocates `pages` pages of 64 KiB, zeroed, never to grow: its buffer is never detached. */
export function createWasmMemory(pages: number): WasmMemory {
  const { Memory } = (globalThis as unknown as WasmGlobal).WebAssembly;
  return new Memory({ initial: pages, maximum: pages });
}
