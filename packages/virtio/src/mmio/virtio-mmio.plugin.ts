/**
 * A virtio-mmio transport as a plugin of its own: for a device of yours, or for no device, as an empty slot. The devices of this
 * package bring their transport with them.
 */
import { definePlugin, type PluginDefinition, RegisterFrame, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { virtioDevicePlugin } from "../transport/virtio-plugin.ts";
import { isFree, mmioNode, type MmioSite, SLOT_COUNT, siteOfSlot } from "./place-on-mmio.ts";
import { emptyRegisters, MMIO_FRAME_SIZE } from "./virtio-mmio.registers.ts";

/** Where a device on virtio-mmio is, and which version of the interface it has. */
export interface VirtioMmioOptions {
  /** Unique in its machine, and the device's name as well. */
  readonly name: string;
  /** Guest-physical address of its 512 bytes, with `gsi`. Default: the first free slot of the `virt` board. */
  readonly base?: number;
  readonly gsi?: number;
  /** What the device tree calls the interrupt. Default: the GSI. */
  readonly spi?: number;
  /** The interface from before virtio 1.0. Default false. */
  readonly legacy?: boolean;
  readonly device: (vmm: Vmm) => VirtioDevice;
}

/**
 * @throws ConfigError for a base without a GSI
 *
 * @example
 * virtioMmio({ name: "dice0", base: 0x0a00_0000, gsi: 16, device: () => new Dice("dice0") })
 */
export function virtioMmio({ name, device, ...place }: VirtioMmioOptions): PluginDefinition {
  return virtioDevicePlugin({ name, place, make: device });
}

/**
 * Fills the slots of the `virt` board that are free when it attaches with transports without a device, as QEMU has them. List it
 * after the devices.
 */
export function virtioMmioSlots(name = "virtio-mmio"): PluginDefinition {
  return definePlugin({
    name,
    create(vmm) {
      let empty: readonly MmioSite[] = [];
      return {
        attach(scope) {
          empty = Array.from({ length: SLOT_COUNT }, (_, slot) => siteOfSlot(slot)).filter((site) => isFree(vmm, site));
          for (const { base } of empty) scope.add(vmm.bus.claim({ name, base, size: MMIO_FRAME_SIZE }, new RegisterFrame(null, emptyRegisters)));
        },
        deviceTree(tree) {
          for (const site of empty) mmioNode(tree, name, site);
        },
      };
    },
  });
}

/** For machine files: it takes no options. */
export const options: JsonSchema = { type: "object", additionalProperties: false };
/** The slots of the `virt` board that no device has taken, for machine files; it has no options. */
export const plugin: PluginFactory<object> = (_given, { name }) => virtioMmioSlots(name);
