/**
 * Where a virtio device is in its machine: the options that every device plugin of this package has in common, and what a
 * transport does with them. Cold.
 */
import { ConfigError, type Vmm, type VmmPlugin } from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";
import type { VirtioDevice } from "../device/virtio-device.ts";
import type { TransportState } from "./transport-state.ts";

/** How a guest reaches a virtio device: virtio-mmio or PCI, and where. */
export interface VirtioPlacement {
  /** Default "mmio". */
  readonly transport?: "mmio" | "pci";
  /**
   * mmio: one of the 32 slots of QEMU's `virt` board, 0 … 31, which says base and GSI; by default the first that is free when the
   * plugin attaches. pci: the device number, 0 … 31; by default the host bridge chooses.
   */
  readonly slot?: number;
  /** mmio, in the place of `slot`: guest-physical address of its 512 bytes. */
  readonly base?: number;
  /** mmio, with `base`: the source number of its interrupt. */
  readonly gsi?: number;
  /** mmio: what the device tree calls the interrupt, counted from 0 (INTID 32). Default: the GSI, as the fixed and the mainline router wire it. */
  readonly spi?: number;
  /** mmio: the interface from before virtio 1.0. pci: both interfaces, and the driver chooses. Default false. */
  readonly legacy?: boolean;
  /** pci: function number, 0 … 7. Default 0. */
  readonly function?: number;
  /** pci: name of the host bridge, where there are several. */
  readonly host?: string;
}

type StatefulPart = "reset" | "quiesce" | "save" | "restore";

/** A device with its transport, as the live part of a plugin. */
export interface PlacedDevice extends Omit<VmmPlugin, StatefulPart>, Required<Pick<VmmPlugin, StatefulPart>> {
  readonly state: TransportState;
}

/** Gives a device its transport. Called while the plugin is made; the bus may be claimed in `attach` only. */
export type PlaceDevice = (vmm: Vmm, device: VirtioDevice, place: VirtioPlacement) => PlacedDevice;

const ONLY_FOR: Readonly<Record<"mmio" | "pci", readonly (keyof VirtioPlacement)[]>> = {
  mmio: ["base", "gsi", "spi"],
  pci: ["function", "host"],
};

/** The options of a placement alone, without those of the device beside them. @throws ConfigError for some that contradict each other */
export function placementOf(name: string, options: VirtioPlacement): VirtioPlacement {
  const { transport = "mmio", slot, base, gsi } = options;
  const other = transport === "mmio" ? "pci" : "mmio";
  const stray = ONLY_FOR[other].find((key) => options[key] !== undefined);
  if (stray !== undefined) throw refuse(name, `option ${stray} is for transport ${other}, and ${name} is on ${transport}`, "leave it out");
  if (slot !== undefined && (!Number.isInteger(slot) || slot < 0 || slot > 31)) throw refuse(name, `${name} wants slot ${slot}`, "use 0 to 31");
  if (base !== undefined && slot !== undefined) throw refuse(name, `${name} has both a slot and a base`, "give one of them");
  if ((base === undefined) !== (gsi === undefined)) throw refuse(name, `${name} needs both a base and a GSI, or neither`, "give the other too, or a slot");
  const keys = ["slot", "legacy", ...ONLY_FOR[transport]] as const;
  return { transport, ...Object.fromEntries(keys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]])) };
}

function refuse(name: string, message: string, remedy: string): ConfigError {
  return new ConfigError(message, { subject: name, remedy });
}

/** {@link VirtioPlacement} as properties of a machine-file schema. */
export const placementOptions: Readonly<Record<string, JsonSchema>> = {
  transport: { enum: ["mmio", "pci"], description: "how the guest reaches it; default mmio" },
  slot: { type: "integer", minimum: 0, maximum: 31, description: "mmio: slot of the virt board (base and GSI); pci: device number; default: the next free one" },
  base: { type: "integer", minimum: 0, multipleOf: 0x200, description: "mmio, in the place of slot: guest-physical address of its 512 bytes" },
  gsi: { type: "integer", minimum: 0, description: "mmio, with base: source number of its interrupt" },
  spi: { type: "integer", minimum: 0, maximum: 987, description: "mmio: its interrupt in the device tree, where the GSI is no SPI number; default: gsi" },
  legacy: { type: "boolean", description: "mmio: the interface from before virtio 1.0; pci: both, the driver chooses; default false" },
  function: { type: "integer", minimum: 0, maximum: 7, description: "pci: function number; default 0" },
  host: { type: "string", description: "pci: name of the host bridge; default: the first" },
};
