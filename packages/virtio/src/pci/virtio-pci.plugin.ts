/** A virtio device of yours on PCI, as a plugin. The devices of this package bring their transport with them. */
import type { PluginDefinition, Vmm } from "@trapline/core";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { virtioDevicePlugin } from "../transport/virtio-plugin.ts";

/** Where a device on PCI is, and which interfaces it has. */
export interface VirtioPciOptions {
  /** Unique in its machine, and the device's name as well. */
  readonly name: string;
  /** Device number, 0 … 31. Default: the host bridge chooses. */
  readonly slot?: number;
  /** Function number, 0 … 7. Default 0. */
  readonly function?: number;
  /** Name of the host bridge. Default: the machine's first. */
  readonly host?: string;
  /** Offers the interface from before virtio 1.0 too, in an I/O BAR. Default false. */
  readonly legacy?: boolean;
  readonly device: (vmm: Vmm) => VirtioDevice;
}

/**
 * Composing it without a PCI host bridge, or with `legacy` for a type that came with 1.0, fails with a ConfigError as the cause.
 *
 * @example
 * virtioPci({ name: "dice0", slot: 4, device: () => new Dice("dice0") })
 */
export function virtioPci({ name, device, ...place }: VirtioPciOptions): PluginDefinition {
  return virtioDevicePlugin({ name, place: { transport: "pci", ...place }, make: device });
}
