/**
 * The BAR of the modern interface (virtio 1.2, 4.1.4): the four structures, each in a page of its own as QEMU has them, so that a
 * guest can map them with different attributes. Hot: notifications, where no ioeventfd takes them.
 *
 *     0x0000  common configuration        0x2000  device configuration, at most a page
 *     0x1000  ISR status                  0x3000  notifications, 4 bytes for each of up to 1024 queues
 */
import { type BusDevice, RegisterFrame, type U64, type Width } from "@trapline/core";
import { commonConfigRegisters, COMMON_CONFIG_SIZE } from "./common-config.registers.ts";
import type { VirtioPci } from "./virtio-pci.ts";

export const MODERN_BAR_SIZE = 0x4000;
const PAGE = 0x1000;
export const COMMON_OFFSET = 0x0000;
export const ISR_OFFSET = 0x1000;
export const DEVICE_OFFSET = 0x2000;
export const NOTIFY_OFFSET = 0x3000;
/** notify_off_multiplier */
export const NOTIFY_MULTIPLIER = 4;
export const MAX_QUEUES: number = PAGE / NOTIFY_MULTIPLIER;

export class ModernBar implements BusDevice {
  private readonly pci: VirtioPci;
  private readonly common: RegisterFrame<VirtioPci>;

  constructor(pci: VirtioPci) {
    this.pci = pci;
    this.common = new RegisterFrame(pci, commonConfigRegisters);
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    if (offset + width <= COMMON_CONFIG_SIZE) return this.common.read(offset, width, vcpu);
    if (offset === ISR_OFFSET && width === 1) return this.pci.takeIsr();
    return this.config(offset, width);
  }

  peek(offset: number, width: Width, vcpu: number): U64 {
    if (offset + width <= COMMON_CONFIG_SIZE) return this.common.peek(offset, width, vcpu);
    if (offset === ISR_OFFSET && width === 1) return this.pci.isr;
    return this.config(offset, width);
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    const { pci } = this;
    if (offset >= NOTIFY_OFFSET) return pci.notify(Math.floor((offset - NOTIFY_OFFSET) / NOTIFY_MULTIPLIER));
    pci.speak(false);
    if (offset + width <= COMMON_CONFIG_SIZE) this.common.write(offset, width, value, vcpu);
    else if (this.isConfig(offset, width)) pci.state.writeConfig(offset - DEVICE_OFFSET, width, value);
  }

  nameAt(offset: number): string | undefined {
    const place = offset % PAGE;
    switch (offset - place) {
      case COMMON_OFFSET:
        return offset < COMMON_CONFIG_SIZE ? this.common.nameAt(offset) : undefined;
      case ISR_OFFSET:
        return place === 0 ? "ISR status" : undefined;
      case DEVICE_OFFSET:
        return place < this.pci.state.device.config.size ? "Config" : undefined;
      default:
        return place / NOTIFY_MULTIPLIER < this.pci.state.queues.length ? `Notify<${Math.floor(place / NOTIFY_MULTIPLIER)}>` : undefined;
    }
  }

  private config(offset: number, width: Width): U64 {
    return this.isConfig(offset, width) ? this.pci.state.readConfig(offset - DEVICE_OFFSET, width) : 0;
  }

  private isConfig(offset: number, width: Width): boolean {
    return offset >= DEVICE_OFFSET && offset + width <= NOTIFY_OFFSET && offset % width === 0;
  }
}
