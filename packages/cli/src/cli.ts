/** The command line: subcommands, their options, and from errors to exit statuses. docs/adr/0030-command-line.md. */
import { Command, CommanderError } from "commander";
import { devicesCommand, schemaCommand } from "./command/catalogue-commands.ts";
import { checkCommand } from "./command/check-command.ts";
import { dtbCommand } from "./command/dtb-command.ts";
import { describeError, STATUS, statusOfError } from "./command/exit-status.ts";
import type { CommandHost } from "./command/host.ts";
import { addMachineOptions } from "./command/machine-options.ts";
import { runCommand } from "./command/run-command.ts";
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
    host.stderr.write(describeError(error));
    return statusOfError(error);
  }
}

function buildProgram(host: CommandHost, done: (status: number) => void): Command {
  const program = new Command("trapline").description("Runs virtual machines made of plugins.").exitOverride();
  program.configureOutput({ writeOut: (text) => void host.stdout.write(text), writeErr: (text) => void host.stderr.write(text) });
  const subcommand = (name: string, text: string): Command => program.command(name).description(text).copyInheritedSettings(program);
  addMachineOptions(subcommand("run", "Run a machine until its guest switches it off. Ctrl-A X leaves, Ctrl-A H helps."))
    .option("--timeout <seconds>", "end with status 124 after that much real time", parseSeconds)
    .option("--trace <file>", "every event as a line of JSON, to a .jsonl file")
    .option("--json", "report how it ended, as the last line of standard output")
    .action(async (machine: string, options) => done(await runCommand(machine, options, host)));
  addMachineOptions(subcommand("dtb", "Print a machine's device tree."))
    .option("--output <file>", "write it as a blob instead")
    .action(async (machine: string, options) => done(await dtbCommand(machine, options, host)));
  addMachineOptions(subcommand("check", "Validate a machine without running it.")).action(async (machine: string, options) =>
    done(await checkCommand(machine, options, host)),
  );
  subcommand("schema", "Print the JSON Schema of machine files.").action(() => done(schemaCommand(host)));
  subcommand("devices", "List the built-in plugins and their options.")
    .option("--json", "their options as JSON Schema")
    .action((options) => done(devicesCommand(options, host)));
  return program;
}
