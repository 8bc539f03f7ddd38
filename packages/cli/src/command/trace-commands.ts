/** The part of the command line that is about traces: `irq top|latency|journeys|why` and `convert`. */
import { Argument, type Command } from "commander";
import { parseIntid } from "../trace/intid.ts";
import type { CommandHost } from "./host.ts";
import { addMachineOptions } from "./machine-options.ts";
import { parseCount, parseSeconds } from "./units.ts";

const SOURCE = new Argument("<trace|machine>", "a trace of every event (.jsonl), a machine file, or the name of a built-in board");

export function addTraceCommands(program: Command, host: CommandHost, done: (status: number) => void): void {
  const irq = program
    .command("irq")
    .description("What became of interrupts, and why: in a trace file, or on a machine.")
    .copyInheritedSettings(program);
  const commands = () => import("./irq-commands.ts");
  const subcommand = (name: string, text: string, first?: Argument): Command => {
    const command = irq.command(name).description(text).copyInheritedSettings(program);
    if (first !== undefined) command.addArgument(first);
    return addMachineOptions(command, SOURCE)
      .option("--timeout <seconds>", "run a machine for at most that much real time", parseSeconds)
      .option("--json", "for programs; times in nanoseconds");
  };
  subcommand(
    "top",
    "A line for each interrupt: raised, taken, merged, lost; how long it waits. Shown while a machine runs, on a terminal.",
  ).action(async (source: string, options) => done(await (await commands()).topCommand(source, options, host)));
  subcommand("latency", "How long interrupts waited to be taken, and were handled, as distributions.")
    .option("--intid <intid>", "only that one: 33, spi1, ppi11", parseIntid)
    .action(async (source: string, options) => done(await (await commands()).latencyCommand(source, options, host)));
  subcommand("journeys", "Each interrupt step by step, from its source to the end in the guest.")
    .option("--intid <intid>", "only that one: 33, spi1, ppi11", parseIntid)
    .action(async (source: string, options) => done(await (await commands()).journeysCommand(source, options, host)));
  subcommand(
    "why",
    "Why an interrupt did or did not arrive; a machine is run first, and its chip asked.",
    new Argument("<intid>", "33, spi1, ppi11, sgi3, lpi5").argParser(parseIntid),
  )
    .option("--vcpu <n>", "for that vCPU; default: the one that it last went to, or 0", parseCountFrom0)
    .action(async (intid: number, source: string, options) => done(await (await commands()).whyCommand(intid, source, options, host)));
  program
    .command("convert")
    .description("A trace of every event as a picture for Perfetto (.json) or as waves for GTKWave (.vcd).")
    .copyInheritedSettings(program)
    .argument("<from>", "a .jsonl file")
    .argument("<to>", "a .json or .vcd file")
    .action(async (from: string, to: string) => done(await (await import("./convert-command.ts")).convertCommand(from, to, host)));
}

const parseCountFrom0 = (text: string): number => (text === "0" ? 0 : parseCount(text));
