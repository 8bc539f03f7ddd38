/**
 * A BAR that holds the structures of MSI-X, perhaps beside something of the function's own: the host answers what lies in its
 * structures, the function the rest. An access that crosses a border is RAZ/WI. Warm.
 */
import { type BusDevice, contains, type PciBar, RegisterFrame, type U64, type Width } from "@trapline/core";
import type { Msix } from "./msix.ts";
import { msixPending, msixTable } from "./msix.registers.ts";

/** A BAR, or the part of one, that has nothing in it. */
export const RAZ_WI: BusDevice = { read: () => 0, write: () => {}, peek: () => 0 };

interface Part {
  readonly base: number;
  readonly size: number;
  readonly frame: RegisterFrame<Msix>;
}

export class MsixBar implements BusDevice {
  private readonly parts: readonly Part[];
  private readonly own: BusDevice;

  constructor(bar: PciBar, msix: Msix, places: { readonly table: number; readonly pending: number }) {
    const part = (base: number, frame: RegisterFrame<Msix>): Part => ({ base, size: frame.bank.frameSize, frame });
    this.parts = [
      part(places.table, new RegisterFrame(msix, msixTable(msix.vectors))),
      part(places.pending, new RegisterFrame(msix, msixPending(msix.vectors))),
    ];
    this.own = bar.device ?? RAZ_WI;
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    const part = this.touched(offset, width);
    if (part === undefined) return this.own.read(offset, width, vcpu);
    return contains(part, offset, width) ? part.frame.read(offset - part.base, width, vcpu) : 0;
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void | number {
    const part = this.touched(offset, width);
    if (part === undefined) return this.own.write(offset, width, value, vcpu);
    if (contains(part, offset, width)) part.frame.write(offset - part.base, width, value, vcpu);
  }

  peek(offset: number, width: Width, vcpu: number): U64 | undefined {
    const part = this.touched(offset, width);
    if (part === undefined) return this.own.peek?.(offset, width, vcpu);
    return contains(part, offset, width) ? part.frame.peek(offset - part.base, width, vcpu) : 0;
  }

  nameAt(offset: number): string | undefined {
    const part = this.touched(offset, 1);
    return part === undefined ? this.own.nameAt?.(offset) : part.frame.nameAt(offset - part.base);
  }

  private touched(offset: number, width: number): Part | undefined {
    return this.parts.find(({ base, size }) => offset < base + size && base < offset + width);
  }
}
