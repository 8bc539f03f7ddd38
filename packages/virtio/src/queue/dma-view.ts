/**
 * Guest memory as a queue uses it: bytes in place, and where in them a buffer lies. Memory never moves, so what was found once
 * stays good. Hot: `locate`, once a buffer.
 */
import type { GuestMemory, MemoryRegion } from "@trapline/core";

export class DmaView {
  readonly memory: GuestMemory;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the last buffer lay: most lie in the same region. */
  private last: MemoryRegion | undefined;

  constructor(memory: GuestMemory) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory.wasm.buffer);
    this.view = new DataView(memory.wasm.buffer);
  }

  /** Offset of a buffer in `bytes`; −1 for one that is empty, not whole in one region of memory, or to be written and in ROM. */
  locate(address: number, length: number, isWritable: boolean): number {
    let region = this.last;
    if (region === undefined || address < region.base || address + length > region.base + region.size) {
      region = this.memory.regionAt(address, length);
      if (region === undefined) return -1;
      this.last = region;
    }
    if (length === 0 || (isWritable && region.readOnly)) return -1;
    return region.wasmOffset + (address - region.base);
  }
}
