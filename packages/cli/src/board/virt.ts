/**
 * QEMU's `virt` board (hw/arm/virt.c): its memory map, interrupts and device tree, so that guests built for it boot unmodified.
 * A list of plugins and a place for each; everything else is theirs. Cold.
 */
import { type ClockConfig, ConfigError, type MachineConfig, type PluginDefinition } from "@trapline/core";
import { cfiFlash, fwCfg, pcieHost, pl011, pl031, pl061, powerButton } from "@trapline/devices";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { softCpu } from "@trapline/soft-cpu";
import { gicIts, gicV2m, vgicV2, vgicV3 } from "@trapline/vgic-plugin";
import { virtioMmioSlots } from "@trapline/virtio";
import type { BootValues } from "../boot/boot-loader.ts";
import { bootLoader } from "../boot/boot-loader.plugin.ts";
import { type BootFiles, type BootPlan, planBoot, planFirmware } from "../boot/boot-plan.ts";
import type { ImageFile } from "../boot/image-error.ts";
import { virtNodes } from "./virt-nodes.plugin.ts";

const MIB = 0x10_0000;
/** Where RAM begins on the `virt` board (QEMU, hw/arm/virt.c). */
export const VIRT_RAM_BASE = 0x4000_0000;
/** The most RAM that the board takes, in bytes: 3 GiB. */
export const VIRT_MAX_RAM: number = 3072 * MIB;
/** Two NOR flashes, blank as QEMU's (zero): firmware and the start of the CPU are in the first, its variables in the second. */
const FLASH = { base: 0, size: 64 * MIB } as const;
const VIRT_MIN_RAM = 4 * MIB;
/** Redistributors: 123 fit below the UART, the others stand above all RAM that there can be. */
const GICR = { base: 0x080a_0000, size: 0x00f6_0000 } as const;
const GICR_HIGH = { base: 0x40_0000_0000, size: 0x0400_0000 } as const;
const GICR_COUNT = GICR.size / 0x2_0000;
const MAX_CPUS = { 2: 8, 3: 512 } as const;

/** What may differ from one `virt` board to the next; all of it has a default. */
export interface VirtOptions {
  /** Default 3. */
  readonly gic?: 2 | 3;
  /** GICv3 only. Default true. */
  readonly its?: boolean;
  /** 1 … 8 with a GICv2, 1 … 512 with a GICv3. Default 1. */
  readonly cpus?: number;
  /** Bytes of RAM: whole MiB, 4 MiB … 3 GiB. Default 512 MiB. */
  readonly memory?: number;
  /** Default: virtual. */
  readonly clock?: ClockConfig;
  /** What to start. Without it vCPU 0 starts in empty memory: good for the device tree only. */
  readonly boot?: BootFiles;
  /** Starts first, from flash at 0. In the place of `boot`. */
  readonly firmware?: ImageFile;
  readonly chosen?: BootValues;
  /** The machine's terminal, disks and the like; after the board's own. Virtio devices take its slots from 0 up. */
  readonly plugins?: readonly PluginDefinition[];
}

/**
 * The board as a machine. Hand the machine made from it to `installDeviceTree` before it runs.
 *
 * @example
 * const machine = await createMachine(virt({ cpus: 2, boot: { kernel } }));
 * installDeviceTree(machine);
 * @throws ConfigError for options out of range, and for images that do not fit
 */
export function virt(options: VirtOptions = {}): MachineConfig {
  const { gic = 3, its = true, cpus = 1, memory = 512 * MIB, clock = { kind: "virtual" }, chosen, plugins = [] } = options;
  check(`--cpus ${cpus}`, Number.isInteger(cpus) && cpus >= 1 && cpus <= MAX_CPUS[gic], cpus, `1 to ${MAX_CPUS[gic]} with a GICv${gic}`);
  check(`--memory ${memory}`, memory % MIB === 0 && memory >= VIRT_MIN_RAM && memory <= VIRT_MAX_RAM, memory, "whole MiB from 4M to 3G");
  const ram = { name: "ram", base: VIRT_RAM_BASE, size: memory };
  const plan = planOf(ram, options);
  const start = plan === undefined ? {} : { start: { pc: plan.entry, x: [plan.deviceTree.address] } };
  return {
    name: "virt",
    memory: [ram],
    vcpus: cpus,
    clock,
    plugins: [
      softCpu(start),
      cfiFlash({ base: FLASH.base, bankSize: FLASH.size, banks: [options.firmware === undefined ? {} : { image: options.firmware.bytes }, {}] }),
      ...irqchips(gic, its, cpus),
      ...kvmInterrupts({ profile: "mainline" }),
      pl011(),
      pl031(),
      fwCfg(),
      pl061({ irqchip: true }),
      powerButton(),
      pcieHost({ msi: gic === 2 ? "gicv2m" : its ? "its" : null }),
      virtNodes(),
      ...plugins,
      virtioMmioSlots(),
      ...(plan === undefined ? [] : [bootLoader(plan, chosen)]),
    ],
  };
}

function planOf(ram: { readonly base: number; readonly size: number }, { boot, firmware }: VirtOptions): BootPlan | undefined {
  if (firmware === undefined) return boot === undefined ? undefined : planBoot(ram, boot);
  if (boot === undefined) return planFirmware(ram, FLASH, firmware);
  throw new ConfigError(`both firmware ${firmware.name} and kernel ${boot.kernel.name} would start`, {
    subject: firmware.name,
    other: boot.kernel.name,
    remedy: "leave one out; firmware finds its kernel itself",
  });
}

function irqchips(gic: 2 | 3, its: boolean, cpus: number): readonly PluginDefinition[] {
  if (gic === 2) return [vgicV2(), gicV2m()];
  const redistributors = cpus > GICR_COUNT ? [GICR, GICR_HIGH] : [GICR];
  return [vgicV3({ redistributors }), ...(its ? [gicIts({ base: 0x0808_0000 })] : [])];
}

function check(what: string, fits: boolean, value: number, limit: string): void {
  if (!fits) throw new ConfigError(`the virt board cannot have ${what}`, { subject: "virt", value, limit, remedy: `use ${limit}` });
}
