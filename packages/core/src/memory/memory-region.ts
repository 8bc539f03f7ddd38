/** A range of guest-physical addresses with bytes behind it: as it is asked for, and as it was laid out. */
import type { AddressRange } from "../bus/address-range.ts";

/** A piece of RAM or ROM: where it is, how large, and who may write it. */
export interface MemoryRegionConfig extends AddressRange {
  /** Default: "ram", "ram1", … */
  readonly name?: string;
  /** Guests cannot write it; host and loaders can. Default false. */
  readonly readOnly?: boolean;
}

export interface MemoryRegion extends AddressRange {
  readonly name: string;
  readonly readOnly: boolean;
  /** Where it starts inside the WebAssembly.Memory, bytes. */
  readonly wasmOffset: number;
}
