/** What may be typed in the monitor: a table of commands, each a text for an answer. The terminal is monitor.ts. */
import { ConfigError, messageOf } from "@trapline/core";
import type { Session } from "../command/session.ts";
import { digits } from "./digits.ts";
import { explainIrq, infoGsi, infoIrq } from "./info-irq.ts";
import { infoMtree, infoRegisters, infoStatus, infoVcpus } from "./info-machine.ts";

interface MonitorCommand {
  /** Words that call it, the first one is shown. */
  readonly names: readonly string[];
  readonly usage: string;
  readonly help: string;
  run(words: readonly string[], session: Session): string | Promise<string>;
}

const INFO: readonly MonitorCommand[] = [
  { names: ["info status"], usage: "", help: "does it run, and what time is it there", run: (_words, { machine, running }) => infoStatus(machine, running) },
  { names: ["info irq"], usage: "[INTID [VCPU]]", help: "interrupts in use, and why pending ones wait; or why one does not arrive", run: irq },
  { names: ["info gsi"], usage: "", help: "who drives which source, and where it leads", run: (_words, { machine }) => infoGsi(machine) },
  { names: ["info vcpus"], usage: "", help: "vCPUs and where they are", run: (_words, { machine }) => infoVcpus(machine) },
  { names: ["info registers"], usage: "[VCPU] [all]", help: "registers of a vCPU", run: registers },
  { names: ["info mtree"], usage: "", help: "who has which addresses", run: (_words, { machine }) => infoMtree(machine) },
];

const COMMANDS: readonly MonitorCommand[] = [
  { names: ["help", "?"], usage: "", help: "this list", run: () => help() },
  ...INFO,
  { names: ["stop"], usage: "", help: "let no vCPU run", run: async (_words, session) => (await session.pause(), infoStatus(session.machine, false)) },
  { names: ["cont", "c"], usage: "", help: "go on", run: (_words, session) => (session.resume(), "") },
  { names: ["system_reset"], usage: "", help: "reset the machine, as a guest that reboots", run: (_words, session) => (session.reset(), "") },
  { names: ["system_powerdown", "powerdown"], usage: "", help: "press the power button", run: (_words, session) => (session.powerdown() ? "" : "the machine has no power button") },
  { names: ["save", "savevm"], usage: "FILE", help: "save the machine", run: save },
  { names: ["load", "loadvm"], usage: "FILE", help: "go on from a saved machine", run: load },
  { names: ["quit", "q"], usage: "", help: "end the run", run: (_words, session) => (session.quit(), "") },
];

/** The answer to a line; "" when there is nothing to say. Never rejects. */
export async function runMonitorCommand(line: string, session: Session): Promise<string> {
  const words = line.trim().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return "";
  const command = commandOf(words);
  if (command === undefined) return unknown(words);
  try {
    return await command.run(words.slice(words[0] === "info" ? 2 : 1), session);
  } catch (error) {
    return messageOf(error);
  }
}

/** What a line may go on with, for the tabulator key. */
export function completions(line: string): readonly string[] {
  const names = COMMANDS.flatMap(({ names: [first] }) => [first!]);
  return names.filter((name) => name.startsWith(line.trimStart()));
}

function commandOf(words: readonly string[]): MonitorCommand | undefined {
  const called = words[0] === "info" ? words.slice(0, 2).join(" ") : words[0]!;
  return COMMANDS.find(({ names }) => names.includes(called));
}

function unknown(words: readonly string[]): string {
  if (words[0] !== "info") return `there is no command ${JSON.stringify(words[0])}; try help`;
  const topics = INFO.map(({ names: [name] }) => name!.slice("info ".length)).join(", ");
  return words[1] === undefined ? `info tells of: ${topics}` : `info does not tell of ${JSON.stringify(words[1])}; it does of ${topics}`;
}

function help(): string {
  const calls = COMMANDS.map(({ names, usage, help: text }) => [`${names.join(", ")} ${usage}`.trim(), text] as const);
  const widest = Math.max(...calls.map(([call]) => call.length));
  return [...calls.map(([call, text]) => `${call.padEnd(widest)}  ${text}`), "Ctrl-A C, or Ctrl-D, goes back to the guest."].join("\n");
}

function irq([intid, vcpu = "0"]: readonly string[], { machine }: Session): string {
  return intid === undefined ? infoIrq(machine) : explainIrq(machine, numberOf("INTID", intid), numberOf("vCPU", vcpu));
}

function registers(words: readonly string[], { machine }: Session): string {
  const id = numberOf("vCPU", words.find((word) => word !== "all") ?? "0");
  const vcpu = machine.vcpus[id];
  return vcpu === undefined ? `there is no vCPU ${id}: there are ${machine.vcpus.length}, counted from 0` : infoRegisters(vcpu, words.includes("all"));
}

async function save(words: readonly string[], session: Session): Promise<string> {
  const file = fileOf("save", words);
  return `${file}: ${digits(await session.save("save", file))} bytes`;
}

async function load(words: readonly string[], session: Session): Promise<string> {
  await session.load("load", fileOf("load", words));
  return infoStatus(session.machine, session.running);
}

/** A path with blanks stays one. */
function fileOf(command: string, words: readonly string[]): string {
  if (words.length > 0) return words.join(" ");
  throw new ConfigError(`${command} needs a file`, { subject: command, remedy: `write ${command} FILE` });
}

function numberOf(what: string, text: string): number {
  const value = /^(\d+|0x[\da-fA-F]+)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new ConfigError(`${JSON.stringify(text)} is no ${what}`, { subject: what, value: text, remedy: "write a number" });
}
