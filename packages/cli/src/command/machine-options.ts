/** The options that say what a machine is, shared by the subcommands. */
import { Argument, type Command } from "commander";
import { parseChoice, parseCount, parseSeed, parseSize } from "./units.ts";

export interface MachineOptions {
  readonly firmware?: string;
  readonly image?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly dtb?: string;
  readonly append?: string;
  readonly cpus?: number;
  readonly memory?: number;
  readonly gic?: "2" | "3";
  readonly its?: "on" | "off";
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly clock?: "virtual" | "host";
}

const MACHINE = new Argument("<machine>", "a machine file (.yaml, .ts), or the name of a built-in board: virt");

/** @param machine what may be named */
export function addMachineOptions(command: Command, machine: Argument = MACHINE): Command {
  return command
    .addArgument(machine)
    .option("--firmware <file>", "starts from flash at 0, in the place of a kernel")
    .option("--image <name>", "kernel and initrd of a distribution, fetched when missing: debian, debian-trixie")
    .option("--kernel <file>", "arm64 Image (gzip and EFI zboot too), ELF, or raw code for RAM + 0x80000")
    .option("--initrd <file>", "passed on untouched")
    .option("--dtb <file>", "a device tree in the place of the generated one")
    .option("--append <text>", "the kernel's command line")
    .option("--cpus <n>", "vCPUs", parseCount)
    .option("--memory <size>", "RAM: 512M, 2G", parseSize)
    .option("--gic <version>", "2 or 3", parseChoice("2", "3"))
    .option("--its <on|off>", "an ITS beside the GICv3", parseChoice("on", "off"))
    .option("--set <path=value>", "over a value of the machine file: plugins.uart0.base=0x0902_0000; may be repeated", collect)
    .option("--seed <n>", "for the guest's random numbers", parseSeed)
    .option("--clock <virtual|host>", "virtual: by instructions, repeatable; host: real time", parseChoice("virtual", "host"));
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
