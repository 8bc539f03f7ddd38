// The command line, from the program that parses it: what commander knows of commands, arguments and options.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../gate.ts";
import { cell, code, page, table } from "./markdown.ts";

/** What the page asks of commander's Command. */
export interface CommandLike {
  name(): string;
  description(): string;
  readonly commands: readonly CommandLike[];
  readonly registeredArguments: readonly { name(): string; readonly description: string; readonly required: boolean }[];
  readonly options: readonly { readonly flags: string; readonly description: string }[];
}

export async function commandPage(): Promise<string> {
  const { buildProgram } = (await import(pathToFileURL(path.join(root, "packages/cli/src/cli.ts")).href)) as {
    readonly buildProgram: (host: unknown, done: () => void) => CommandLike;
  };
  const program = buildProgram({}, () => {});
  return page(
    "The trapline command",
    "In a checkout `npm start --silent -- <arguments>` is `trapline <arguments>`. What the commands do, keys at the terminal and exit " +
      "statuses: [the README of @trapline/cli](../../packages/cli/README.md).",
    ...program.commands.flatMap((command) => sections(command, program.name())),
  );
}

/** A section for a command, or one for each of its subcommands. */
export function sections(command: CommandLike, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((sub) => sections(sub, name));
  const { registeredArguments, options } = command;
  const places = registeredArguments.map((given) => (given.required ? `<${given.name()}>` : `[${given.name()}]`));
  const usage = [name, ...places, ...(options.length > 0 ? ["[options]"] : [])];
  const lines = [
    ...registeredArguments.map((given) => [code(`<${given.name()}>`), cell(given.description)]),
    ...options.map(({ flags, description }) => [code(flags), cell(description)]),
  ];
  const head = [`## ${name}`, code(usage.join(" ")), cell(command.description())];
  return lines.length === 0 ? head : [...head, table(["", "what it is"], lines)];
}
