/**
 * The vendor-specific capabilities that say where a modern device has its structures (virtio 1.2, 4.1.4). The window of
 * VIRTIO_PCI_CAP_PCI_CFG is the only one that does something. Cold.
 */
import { lo32, type PciCapability, type RegisterSpec } from "@trapline/core";
import { COMMON_CONFIG_SIZE } from "./common-config.registers.ts";
import { COMMON_OFFSET, DEVICE_OFFSET, ISR_OFFSET, NOTIFY_MULTIPLIER, NOTIFY_OFFSET } from "./modern-bar.ts";
import type { VirtioPci } from "./virtio-pci.ts";

const VENDOR_SPECIFIC = 0x09;
/** cfg_type */
const TYPE = { COMMON: 1, NOTIFY: 2, ISR: 3, DEVICE: 4, PCI: 5 } as const;
const LENGTH = 16;
/** With one more register behind the structure's place. */
const LONG = 20;

/** @param bar index of the BAR with the structures */
export function virtioCapabilities(pci: VirtioPci, bar: number): readonly PciCapability[] {
  const { config, queueSizes } = pci.state.device;
  return [
    place(TYPE.COMMON, bar, COMMON_OFFSET, COMMON_CONFIG_SIZE),
    place(TYPE.NOTIFY, bar, NOTIFY_OFFSET, NOTIFY_MULTIPLIER * Math.max(1, queueSizes.length), [
      { name: "notify_off_multiplier", offset: LENGTH, access: "RO", reset: NOTIFY_MULTIPLIER },
    ]),
    place(TYPE.ISR, bar, ISR_OFFSET, 1),
    // 4.1.4.6.1: one for any device type that has a configuration
    ...(config.size === 0 ? [] : [place(TYPE.DEVICE, bar, DEVICE_OFFSET, Math.min(config.size, NOTIFY_OFFSET - DEVICE_OFFSET))]),
    windowCapability(pci),
  ];
}

function head(type: number, length: number): readonly RegisterSpec<unknown>[] {
  return [
    { name: "cap_len", offset: 0x2, access: "RO", size: 1, reset: length },
    { name: "cfg_type", offset: 0x3, access: "RO", size: 1, reset: type },
  ];
}

function place(type: number, bar: number, offset: number, length: number, more: readonly RegisterSpec<unknown>[] = []): PciCapability {
  const bytes = more.length === 0 ? LENGTH : LONG;
  return {
    id: VENDOR_SPECIFIC,
    length: bytes,
    registers: [
      ...head(type, bytes),
      { name: "bar", offset: 0x4, access: "RO", size: 1, reset: bar },
      { name: "offset", offset: 0x8, access: "RO", reset: offset },
      { name: "length", offset: 0xc, access: "RO", reset: length },
      ...more,
    ],
  };
}

function windowCapability({ window }: VirtioPci): PciCapability {
  return {
    id: VENDOR_SPECIFIC,
    length: LONG,
    registers: [
      ...head(TYPE.PCI, LONG),
      { name: "bar", offset: 0x4, access: "RW", size: 1, read: () => window.bar, write: (_device, value) => void (window.bar = lo32(value)) },
      { name: "offset", offset: 0x8, access: "RW", read: () => window.offset, write: (_device, value) => void (window.offset = lo32(value)) },
      { name: "length", offset: 0xc, access: "RW", read: () => window.length, write: (_device, value) => void (window.length = lo32(value)) },
      {
        name: "pci_cfg_data",
        offset: LENGTH,
        access: "RW",
        read: (_device, _n, vcpu) => window.read(vcpu),
        peek: (_device, _n, vcpu) => window.peek(vcpu),
        write: (_device, value, _n, vcpu) => window.write(lo32(value), vcpu),
      },
    ],
  };
}
