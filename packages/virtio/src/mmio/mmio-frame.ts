/** What the bus sees of a virtio-mmio device: 256 bytes of registers, then the device's configuration. */
import { type BusDevice, RegisterFrame, type U64, type Width } from "@trapline/core";
import { CONFIG_OFFSET, legacyRegisters, modernRegisters } from "./virtio-mmio.registers.ts";
import type { VirtioMmio } from "./virtio-mmio.ts";

export class MmioFrame implements BusDevice {
  private readonly registers: RegisterFrame<VirtioMmio>;
  private readonly mmio: VirtioMmio;

  constructor(mmio: VirtioMmio) {
    this.mmio = mmio;
    this.registers = new RegisterFrame<VirtioMmio>(mmio, mmio.state.legacy ? legacyRegisters : modernRegisters);
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    return offset < CONFIG_OFFSET ? this.registers.read(offset, width, vcpu) : this.config(offset, width);
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    if (offset < CONFIG_OFFSET) this.registers.write(offset, width, value, vcpu);
    else if (offset % width === 0) this.mmio.state.writeConfig(offset - CONFIG_OFFSET, width, value);
  }

  peek(offset: number, width: Width, vcpu: number): U64 {
    return offset < CONFIG_OFFSET ? this.registers.peek(offset, width, vcpu) : this.config(offset, width);
  }

  nameAt(offset: number): string | undefined {
    return offset < CONFIG_OFFSET ? this.registers.nameAt(offset) : "Config";
  }

  private config(offset: number, width: Width): U64 {
    return offset % width === 0 ? this.mmio.state.readConfig(offset - CONFIG_OFFSET, width) : 0;
  }
}
