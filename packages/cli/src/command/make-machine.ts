/**
 * From the command line to a machine: a built-in board or a machine file, with the files that options name, the device tree in place.
 * What a machine file says itself can be overridden where that makes sense (docs/adr/0037-one-run.md); the rest is refused.
 */
import { ConfigError, createMachine, type DeviceTree, type Machine, type MachineConfig, parseDtb, type PluginDefinition } from "@trapline/core";
import type { MachineSetting } from "@trapline/core/machine-file";
import path from "node:path";
import type { VirtOptions } from "../board/virt.ts";
import { seeds } from "../boot/boot-loader.ts";
import { finishLoading, installDeviceTree } from "../boot/boot-loader.plugin.ts";
import type { BootFiles } from "../boot/boot-plan.ts";
import { ImageCache } from "../images/image-cache.ts";
import { type ImageHost, imageNamed } from "./images-command.ts";
import { importModule } from "./import-module.ts";
import type { MachineOptions } from "./machine-options.ts";
import { readImage } from "./read-image.ts";

export interface MakeOptions {
  readonly host: ImageHost;
  /** Images that are missing are fetched; otherwise nothing is booted from them. */
  readonly fetch: boolean;
  /** Where neither the options nor a machine file say. Default: virtual. */
  readonly clock?: "virtual" | "host";
  /** The terminal and the like; behind the machine's own. */
  readonly plugins?: readonly PluginDefinition[];
}

/** What a machine file says by its list of plugins. */
const BOARD_ONLY = { firmware: "name a flash with contents in the file", gic: "list vgic-v2 or vgic-v3 in the file", its: "list gic-its in the file, or leave it out" } as const;
/** What the file's boot loader takes from the command line. */
const BOOT = ["image", "kernel", "initrd", "append", "seed"] as const;

/** @throws TraplineError, MachineFileError */
export async function makeMachine(name: string, options: MachineOptions, how: MakeOptions): Promise<Machine> {
  const config = name === "virt" ? await boardConfig(options, how) : await fileConfig(name, options, how);
  const machine = await createMachine(config);
  try {
    installDeviceTree(machine, await treeOf(machine, options));
    await finishLoading(machine);
    return machine;
  } catch (error) {
    await machine.close();
    throw error;
  }
}

async function fileConfig(file: string, options: MachineOptions, { host, fetch, clock, plugins = [] }: MakeOptions): Promise<MachineConfig> {
  for (const [option, remedy] of Object.entries(BOARD_ONLY)) {
    if (options[option as keyof typeof BOARD_ONLY] === undefined) continue;
    throw new ConfigError(`--${option} is for a built-in board, and ${file} is a machine file`, { subject: `--${option}`, other: file, remedy });
  }
  const [{ DEFAULT_RAM_BASE, loadMachineFile }, { catalogueWith }] = await Promise.all([import("@trapline/core/machine-file"), import("../catalogue.ts")]);
  const catalogue = catalogueWith((image) => imageFor(image, host, fetch));
  const config = await loadMachineFile(file, { catalogue, importModule, settings: settingsOf(options) });
  const kind = options.clock ?? (config.clock === undefined ? clock : undefined);
  return {
    ...config,
    ...(options.cpus === undefined ? {} : { vcpus: options.cpus }),
    ...(options.memory === undefined ? {} : { memory: resized(config.memory ?? [], options.memory, DEFAULT_RAM_BASE) }),
    ...(kind === undefined ? {} : { clock: { kind } }),
    plugins: [...config.plugins, ...plugins],
  };
}

/** Paths of the command line are relative to where one is, those of the file to the file. */
function settingsOf(options: MachineOptions): readonly MachineSetting[] {
  const boot = BOOT.filter((option) => options[option] !== undefined).map((option) => {
    const given = options[option]!;
    const value = option === "kernel" || option === "initrd" ? path.resolve(String(given)) : given;
    return { origin: `--${option}`, text: `plugins.boot.${option}=${JSON.stringify(value)}` };
  });
  return [...(options.set ?? []).map((text) => ({ text })), ...boot];
}

/** The first RAM with another size; a machine without memory gets one at `base`. */
function resized(memory: NonNullable<MachineConfig["memory"]>, size: number, base: number): NonNullable<MachineConfig["memory"]> {
  const ram = memory.findIndex(({ readOnly }) => readOnly !== true);
  return ram < 0 ? [...memory, { name: "ram", base, size }] : memory.with(ram, { ...memory[ram]!, size });
}

/** The files come in while the board's parts are loaded, which takes as long. */
async function boardConfig(options: MachineOptions, how: MakeOptions): Promise<MachineConfig> {
  const [board, { virt }] = await Promise.all([boardOptions(options, how), import("../board/virt.ts")]);
  return virt(board);
}

async function boardOptions(options: MachineOptions, { host, fetch, clock, plugins = [] }: MakeOptions): Promise<VirtOptions> {
  const { firmware, append, cpus, memory, gic, its, seed, set } = options;
  if (set !== undefined) {
    throw new ConfigError(`--set ${set[0]} is for machine files, and virt is a built-in board`, { subject: "--set", other: "virt", remedy: "use the board's own options, or a machine file" });
  }
  const kind = options.clock ?? clock;
  const files = await bootFiles(options, host, fetch);
  return {
    ...(gic === undefined ? {} : { gic: gic === "2" ? 2 : 3 }),
    ...(its === undefined ? {} : { its: its === "on" }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memory }),
    ...(kind === undefined ? {} : { clock: { kind } }),
    ...(firmware === undefined ? {} : { firmware: await readImage("--firmware", firmware) }),
    ...(files === undefined ? {} : { boot: files }),
    chosen: { ...(append === undefined ? {} : { bootargs: append }), ...seeds(seed) },
    plugins,
  };
}

/** A kernel of one's own comes without the image's initrd, whose modules are for another. */
async function bootFiles({ image, kernel, initrd }: MachineOptions, host: ImageHost, fetch: boolean): Promise<BootFiles | undefined> {
  if (kernel === undefined && image === undefined && initrd !== undefined) {
    throw new ConfigError("--initrd without --kernel", { subject: "--initrd", other: "--kernel", remedy: "name the kernel that takes it" });
  }
  const found = image === undefined || kernel !== undefined ? undefined : await imageFor(image, host, fetch);
  const [kernelFile, initrdFile] = [kernel ?? found?.kernelFile, initrd ?? found?.initrdFile];
  if (kernelFile === undefined) return undefined;
  return { kernel: await readImage("--kernel", kernelFile), ...(initrdFile === undefined ? {} : { initrd: await readImage("--initrd", initrdFile) }) };
}

async function imageFor(name: string, host: ImageHost, fetch: boolean): ReturnType<ImageCache["find"]> {
  return fetch ? imageNamed(name, host) : new ImageCache(host.env).find(name);
}

async function treeOf(machine: Machine, { dtb }: MachineOptions): Promise<DeviceTree> {
  return dtb === undefined ? machine.deviceTree() : parseDtb((await readImage("--dtb", dtb)).bytes);
}
