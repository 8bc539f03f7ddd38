/**
 * What the MMU asks of guest-physical memory: where bytes lie in the WebAssembly memory. GuestMemory of the core package is
 * one; a test needs three lines.
 */
export interface PhysicalMemory {
  /** Offset of `address` in the WebAssembly memory; −1 unless all `length` bytes lie together in RAM or ROM. */
  wasmOffset(address: number, length?: number): number;
  /** The region that holds all `length` bytes. */
  regionAt(address: number, length?: number): { readonly readOnly: boolean } | undefined;
}
