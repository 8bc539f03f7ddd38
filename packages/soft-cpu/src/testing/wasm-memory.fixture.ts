/** Memory for a CPU under test, outside any machine. */
import { GuestMemory, type WasmMemory, WireOrder } from "@trapline/core";

/** @param pages of 64 KiB */
export function createWasmMemory(pages: number): WasmMemory {
  return new GuestMemory(new WireOrder(), [], { reserveBytes: pages * 0x1_0000 }).wasm;
}
