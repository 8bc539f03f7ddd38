/**
 * The I/O BAR of a transitional device (virtio 1.2, 4.1.4.8): the legacy header, then the device's configuration, which begins 4
 * bytes later while MSI-X is enabled. Cold but for notifications, where no ioeventfd takes them.
 */
import { type BusDevice, RegisterFrame, type U64, type Width } from "@trapline/core";
import { legacyHeaderRegisters, LEGACY_HEADER_SIZE, legacyMsixHeaderRegisters, LEGACY_MSIX_HEADER_SIZE } from "./legacy-header.registers.ts";
import type { VirtioPci } from "./virtio-pci.ts";

const MAX_IO_BAR = 256;

/** Bytes of the BAR for a device with `configSize` bytes of configuration; what is beyond 256 in all cannot be reached. */
export function legacyBarSize(configSize: number): number {
  return Math.min(MAX_IO_BAR, 2 ** Math.ceil(Math.log2(LEGACY_MSIX_HEADER_SIZE + configSize)));
}

export class LegacyBar implements BusDevice {
  private readonly pci: VirtioPci;
  private readonly plain: RegisterFrame<VirtioPci>;
  private readonly withVectors: RegisterFrame<VirtioPci>;

  constructor(pci: VirtioPci) {
    this.pci = pci;
    this.plain = new RegisterFrame(pci, legacyHeaderRegisters);
    this.withVectors = new RegisterFrame(pci, legacyMsixHeaderRegisters);
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    const { header, headerSize } = this;
    if (offset >= headerSize) return this.pci.state.readConfig(offset - headerSize, width);
    return offset + width <= headerSize ? header.read(offset, width, vcpu) : 0;
  }

  peek(offset: number, width: Width, vcpu: number): U64 {
    const { header, headerSize } = this;
    if (offset >= headerSize) return this.pci.state.readConfig(offset - headerSize, width);
    return offset + width <= headerSize ? header.peek(offset, width, vcpu) : 0;
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    const { header, headerSize, pci } = this;
    pci.speak(true);
    if (offset >= headerSize) pci.state.writeConfig(offset - headerSize, width, value);
    else if (offset + width <= headerSize) header.write(offset, width, value, vcpu);
  }

  nameAt(offset: number): string | undefined {
    return offset < this.headerSize ? this.header.nameAt(offset) : "Config";
  }

  private get header(): RegisterFrame<VirtioPci> {
    return this.headerSize === LEGACY_HEADER_SIZE ? this.plain : this.withVectors;
  }

  private get headerSize(): number {
    return this.pci.slot?.interrupts === "msix" ? LEGACY_MSIX_HEADER_SIZE : LEGACY_HEADER_SIZE;
  }
}
