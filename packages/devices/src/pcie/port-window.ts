/**
 * The window through which a CPU without port instructions reaches PCI's I/O space: an access at offset n is one at port n. What
 * no function claims reads as all ones; an access of 8 bytes is two of 4. Warm.
 */
import { type Bus, type BusDevice, EXTERNAL_ABORT, hi32, lo32, type U64, u64, type Width } from "@trapline/core";
import { allOnes } from "./open-bus.ts";

export class PortWindow implements BusDevice {
  private readonly ports: Bus;

  constructor(ports: Bus) {
    this.ports = ports;
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    if (width === 8) return u64(lo32(this.read(offset + 4, 4, vcpu)), lo32(this.read(offset, 4, vcpu)));
    if (!this.claimed(offset, width)) return allOnes(width);
    const value = this.ports.read(offset, width, vcpu);
    return value === EXTERNAL_ABORT ? allOnes(width) : value;
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    if (width === 8) {
      this.write(offset, 4, lo32(value), vcpu);
      this.write(offset + 4, 4, hi32(value), vcpu);
    } else if (this.claimed(offset, width)) {
      this.ports.write(offset, width, value, vcpu);
    }
  }

  peek(offset: number, width: Width, vcpu: number): U64 | undefined {
    return this.claimed(offset, width) ? this.ports.peek(offset, width, vcpu) : allOnes(width);
  }

  nameAt(offset: number): string | undefined {
    return this.ports.claimAt(offset)?.name;
  }

  /** A range of ports covers it whole; what it does not is nobody's, whatever the machine's policy for other accesses. */
  private claimed(offset: number, width: Width): boolean {
    const claim = this.ports.claimAt(offset);
    return claim !== undefined && offset + width <= claim.base + claim.size;
  }
}
