/** RAM as the test driver uses it: allocated from its start on, written as by a guest's own stores. */
import type { GuestMemory } from "@trapline/core";

export const RAM_BASE = 0x4000_0000;

export class DriverRam {
  readonly memory: GuestMemory;
  private nextFree: number = RAM_BASE;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Memory that nobody uses yet. */
  allocate(length: number, align = 16): number {
    const address = Math.ceil(this.nextFree / align) * align;
    this.nextFree = address + length;
    if (this.memory.regionAt(address, length) === undefined) throw new RangeError("the test driver's RAM is too small");
    return address;
  }

  /** Where the next allocation begins; `rewind` to it gives back what came after. */
  mark(): number {
    return this.nextFree;
  }

  rewind(mark: number): void {
    this.nextFree = mark;
  }

  /** Puts bytes into RAM, as the guest's own store: nobody is told. */
  poke(address: number, bytes: Uint8Array): void {
    const window = this.memory.window(address, bytes.length);
    if (window === undefined) throw new RangeError(`no RAM at 0x${address.toString(16)}`);
    window.set(bytes);
  }

  /** Little-endian. */
  pokeWord(address: number, width: 2 | 4 | 8, value: number): void {
    if (!this.memory.store(address, width, value)) throw new RangeError(`no RAM at 0x${address.toString(16)}`);
  }

  word(address: number, width: 2 | 4): number {
    return this.memory.read(address, width) as number;
  }
}
