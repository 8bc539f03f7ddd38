/**
 * What every device plugin of this package is made with: a device, a place, and the services and life of its backend. The
 * transport's part is the same for all of them. Cold.
 */
import { definePlugin, type PlainData, type PluginDefinition, provide, provideAlso, type Provision, token, type Vmm, type VmmPlugin } from "@trapline/core";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { placeOnMmio } from "../mmio/place-on-mmio.ts";
import { placeOnPci } from "../pci/place-on-pci.ts";
import { VirtioTransportToken } from "../tokens.ts";
import { type PlacedDevice, type PlaceDevice, placementOf, type VirtioPlacement } from "./placement.ts";

/** What makes a plugin of a device: its name, its place, and how it is made. */
export interface VirtioPluginSpec<D extends VirtioDevice> {
  /** Name of the plugin and of the device: "disk0". */
  readonly name: string;
  /** The plugin's options; those of a placement are picked out. */
  readonly place: VirtioPlacement;
  /** Makes the device, once a machine, while the plugin is made. */
  readonly make: (vmm: Vmm) => D;
  /** What a snapshot must agree on beside the placement: the size of a disk. */
  readonly fingerprint?: PlainData;
  readonly provides?: readonly Provision<never>[];
  /** Opens and closes what the device stands for. `attach` comes before the transport's, the others after it. */
  readonly life?: (device: D, vmm: Vmm) => Pick<VmmPlugin, "attach" | "start" | "stop" | "reset">;
}

const TRANSPORTS: Readonly<Record<"mmio" | "pci", PlaceDevice>> = { mmio: placeOnMmio, pci: placeOnPci };

/**
 * @throws ConfigError for a placement that contradicts itself
 *
 * @example
 * export function rng(options: RngOptions = {}): PluginDefinition {
 *   const { name = "rng0" } = options;
 *   return virtioDevicePlugin({ name, place: options, make: (vmm) => new EntropyDevice(name, hostEntropy) });
 * }
 */
export function virtioDevicePlugin<D extends VirtioDevice>({ name, place, make, fingerprint, provides = [], life }: VirtioPluginSpec<D>): PluginDefinition {
  const placement = placementOf(name, place);
  const placeDevice = TRANSPORTS[placement.transport!];
  const deviceToken = token<D>(`VirtioDevice/${name}`);
  const placedToken = token<PlacedDevice>(`PlacedVirtioDevice/${name}`);
  return definePlugin({
    name,
    fingerprint: { placement: { ...placement }, ...(fingerprint === undefined ? {} : { device: fingerprint }) },
    provides: [
      provide(deviceToken, make),
      provide(placedToken, (vmm) => placeDevice(vmm, vmm.get(deviceToken), placement)),
      provideAlso(VirtioTransportToken, (vmm) => vmm.get(placedToken).state),
      ...provides,
    ],
    create(vmm) {
      const placed = vmm.get(placedToken);
      const backend = life?.(vmm.get(deviceToken), vmm) ?? {};
      return {
        reset(kind) {
          placed.reset(kind);
          backend.reset?.(kind);
        },
        quiesce: () => placed.quiesce(),
        save: () => placed.save(),
        restore: (state) => placed.restore(state),
        deviceTree: (tree) => placed.deviceTree?.(tree),
        async attach(scope) {
          await backend.attach?.(scope);
          await placed.attach?.(scope);
        },
        async start() {
          await placed.start?.();
          await backend.start?.();
        },
        async stop() {
          await placed.stop?.();
          await backend.stop?.();
        },
      };
    },
  });
}
