/** The options that say what a machine is, shared by the subcommands, and the machine they mean. */
import { ConfigError, createMachine, type DeviceTree, type Machine, type MachineConfig, parseDtb, type PluginDefinition } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";
import type { Command } from "commander";
import { createHash } from "node:crypto";
import { virt, type VirtOptions } from "../board/virt.ts";
import type { BootValues } from "../boot/boot-loader.ts";
import { installDeviceTree } from "../boot/boot-loader.plugin.ts";
import { CATALOGUE } from "../catalogue.ts";
import { readImage } from "./read-image.ts";
import { parseChoice, parseCount, parseSeed, parseSize } from "./units.ts";

export interface MachineOptions {
  readonly firmware?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly dtb?: string;
  readonly append?: string;
  readonly cpus?: number;
  readonly memory?: number;
  readonly gic?: "2" | "3";
  readonly its?: "on" | "off";
  readonly seed?: number;
  readonly clock?: "virtual" | "host";
}

/** Options that only a built-in board has: a machine file says these things itself. */
const BOARD_ONLY = ["firmware", "kernel", "initrd", "dtb", "append", "memory", "gic", "its", "seed"] as const;

export function addMachineOptions(command: Command): Command {
  return command
    .argument("<machine>", "a machine file (.yaml, .ts), or the name of a built-in board: virt")
    .option("--firmware <file>", "starts from flash at 0, in the place of a kernel")
    .option("--kernel <file>", "arm64 Image (gzip and EFI zboot too), ELF, or raw code for RAM + 0x80000")
    .option("--initrd <file>", "passed on untouched")
    .option("--dtb <file>", "a device tree in the place of the generated one")
    .option("--append <text>", "the kernel's command line")
    .option("--cpus <n>", "vCPUs", parseCount)
    .option("--memory <size>", "RAM: 512M, 2G", parseSize)
    .option("--gic <version>", "2 or 3", parseChoice("2", "3"))
    .option("--its <on|off>", "an ITS beside the GICv3", parseChoice("on", "off"))
    .option("--seed <n>", "for the guest's random numbers", parseSeed)
    .option("--clock <virtual|host>", "virtual: by instructions, repeatable; host: real time", parseChoice("virtual", "host"));
}

/** Reads what the options name and makes the machine, its device tree in place. @throws TraplineError, MachineFileError */
export async function makeMachine(name: string, options: MachineOptions, plugins: readonly PluginDefinition[]): Promise<Machine> {
  const clock = options.clock === undefined ? {} : { clock: { kind: options.clock } as const };
  if (name !== "virt") return createMachine(await fileConfig(name, options, clock, plugins));
  const machine = await createMachine(virt({ ...(await boardOptions(options)), ...clock, plugins }));
  try {
    installDeviceTree(machine, await treeOf(machine, options));
    return machine;
  } catch (error) {
    await machine.close();
    throw error;
  }
}

async function fileConfig(file: string, options: MachineOptions, clock: Partial<MachineConfig>, plugins: readonly PluginDefinition[]): Promise<MachineConfig> {
  const given = BOARD_ONLY.find((option) => options[option] !== undefined);
  if (given !== undefined) {
    throw new ConfigError(`--${given} is for a built-in board, and ${file} is a machine file`, { subject: `--${given}`, other: file, remedy: "say it in the file, or run virt" });
  }
  const config = await loadMachineFile(file, { catalogue: CATALOGUE });
  const cpus = options.cpus === undefined ? {} : { vcpus: options.cpus };
  return { ...config, ...cpus, ...clock, plugins: [...config.plugins, ...plugins] };
}

async function boardOptions({ firmware, kernel, initrd, append, cpus, memory, gic, its, seed }: MachineOptions): Promise<VirtOptions> {
  if (kernel === undefined && initrd !== undefined) {
    throw new ConfigError("--initrd without --kernel", { subject: "--initrd", other: "--kernel", remedy: "name the kernel that takes it" });
  }
  const [firmwareFile, kernelFile, initrdFile] = await Promise.all([
    firmware === undefined ? undefined : readImage("--firmware", firmware),
    kernel === undefined ? undefined : readImage("--kernel", kernel),
    initrd === undefined ? undefined : readImage("--initrd", initrd),
  ]);
  return {
    ...(gic === undefined ? {} : { gic: gic === "2" ? 2 : 3 }),
    ...(its === undefined ? {} : { its: its === "on" }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memory }),
    ...(firmwareFile === undefined ? {} : { firmware: firmwareFile }),
    ...(kernelFile === undefined ? {} : { boot: { kernel: kernelFile, ...(initrdFile === undefined ? {} : { initrd: initrdFile }) } }),
    chosen: { ...(append === undefined ? {} : { bootargs: append }), ...seeds(seed) },
  };
}

/** The same seed, the same random numbers: the guest's own generator starts from these. */
function seeds(seed: number | undefined): BootValues {
  if (seed === undefined) return {};
  const digest = createHash("sha256").update(`trapline ${seed}`).digest();
  return { rngSeed: new Uint8Array(digest), kaslrSeed: digest.readBigUInt64LE(0) };
}

async function treeOf(machine: Machine, { dtb }: MachineOptions): Promise<DeviceTree> {
  return dtb === undefined ? machine.deviceTree() : parseDtb((await readImage("--dtb", dtb)).bytes);
}
