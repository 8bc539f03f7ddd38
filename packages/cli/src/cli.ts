/**
 * The command line: subcommands, their options, and from errors to exit statuses (docs/adr/0030-command-line.md). What a subcommand does is
 * imported when it is asked for: the parts of a machine take longer to load than all of this (docs/adr/0046-bundles.md).
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { describeError, STATUS, statusOfError } from "./command/exit-status.ts";
import type { CommandHost } from "./command/host.ts";
import { addMachineOptions } from "./command/machine-options.ts";
import { addTraceCommands } from "./command/trace-commands.ts";
import { parseSeconds } from "./command/units.ts";

/** @param args without the program's own name @returns the exit status */
export async function cli(args: readonly string[], host: CommandHost): Promise<number> {
  let status: number = STATUS.OK;
  const program = buildProgram(host, (done) => void (status = done));
  try {
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS.OK : STATUS.USAGE;
    host.stderr.write(await describeError(error));
    return statusOfError(error);
  }
}

export function buildProgram(host: CommandHost, done: (status: number) => void): Command {
  const program = new Command("trapline").description("Runs virtual machines made of plugins.").version(ownVersion(), "--version").exitOverride();
  program.configureOutput({ writeOut: (text) => void host.stdout.write(text), writeErr: (text) => void host.stderr.write(text) });
  const subcommand = (name: string, text: string): Command => program.command(name).description(text).copyInheritedSettings(program);
  addMachineOptions(subcommand("run", "Run a machine until its guest switches it off. Ctrl-A X leaves, Ctrl-A C opens the monitor, Ctrl-A H helps."))
    .option("--timeout <seconds>", "end with status 124 after that much real time", parseSeconds)
    .option("--load <file>", "go on from a saved machine, made with the same options")
    .option("--save-on-exit <file>", "save the machine when the user leaves, the timeout passes, or a signal ends it")
    .option("--trace <file>", "what happens, to a file: .jsonl every event, .json for Perfetto, .vcd for GTKWave")
    .option("--json", "report how it ended, as the last line of standard output")
    .action(async (machine: string, options) => done(await (await import("./command/run-command.ts")).runCommand(machine, options, host)));
  addMachineOptions(subcommand("dtb", "Print a machine's device tree."))
    .option("--output <file>", "write it as a blob instead")
    .action(async (machine: string, options) => done(await (await import("./command/dtb-command.ts")).dtbCommand(machine, options, host)));
  addMachineOptions(subcommand("check", "Validate a machine without running it.")).action(async (machine: string, options) =>
    done(await (await import("./command/check-command.ts")).checkCommand(machine, options, host)),
  );
  addTraceCommands(program, host, done);
  subcommand("schema", "Print the JSON Schema of machine files.").action(async () => done((await import("./command/catalogue-commands.ts")).schemaCommand(host)));
  subcommand("devices", "List the built-in plugins and their options.")
    .option("--json", "their options as JSON Schema")
    .action(async (options) => done((await import("./command/catalogue-commands.ts")).devicesCommand(options, host)));
  addImages(subcommand("images", "Fetch kernels to boot, and see which there are."), host, done);
  return program;
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

function addImages(images: Command, host: CommandHost, done: (status: number) => void): void {
  const commands = () => import("./command/images-command.ts");
  const subcommand = (name: string, text: string): Command => images.command(name).description(text).copyInheritedSettings(images);
  subcommand("fetch", "Get Debian's arm64 cloud kernel, its virtio modules and BusyBox, with this host's apt; changes nothing of the host.")
    .argument("<distribution>", "debian")
    .option("--suite <name>", "bookworm, trixie, …; default: the host's own")
    .option("--force", "again, though it is there")
    .action(async (distribution: string, options) => done(await (await commands()).fetchCommand(distribution, options, host)));
  subcommand("list", "Print name, kernel and folder of each image.").action(async () => done(await (await commands()).listCommand(host)));
  subcommand("path", "Print the folder of an image: vmlinuz and initrd.cpio are in it.")
    .argument("<name>", "debian, debian-trixie, …")
    .action(async (name: string) => done(await (await commands()).pathCommand(name, host)));
}
