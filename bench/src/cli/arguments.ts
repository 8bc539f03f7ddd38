/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { ConfigError, messageOf } from "@trapline/core";

export interface BenchArguments {
  /** Measure rows whose names begin with this. Absent: all. */
  readonly only?: string;
  /** Where to write the rows as JSON. */
  readonly json?: string;
  /** A Markdown file whose table to replace. */
  readonly markdown?: string;
  /** List the names instead of measuring. */
  readonly list: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run -s bench -- [--only PREFIX] [--json FILE] [--markdown FILE] [--list]

  --only PREFIX     only the rows whose names begin with PREFIX, and what they are compared with
  --json FILE       write the rows to FILE
  --markdown FILE   replace the table in FILE, between its two bench comments; for a run of all rows
  --list            print the names of the rows and measure nothing`;

/** @throws ConfigError for an unknown option, a missing value, or options that contradict each other. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const values = parse(args);
  const { only, json, markdown, list = false, help = false } = values;
  for (const [option, value] of Object.entries({ only, json, markdown })) {
    if (value === "") throw new ConfigError(`--${option} has an empty value`, { subject: `--${option}`, remedy: `see --help` });
  }
  if (markdown !== undefined && only !== undefined) {
    throw new ConfigError("--markdown writes the table of all rows, --only measures some", {
      subject: "--markdown",
      other: "--only",
      remedy: "leave one of the two out",
    });
  }
  return {
    ...(only === undefined ? {} : { only }),
    ...(json === undefined ? {} : { json }),
    ...(markdown === undefined ? {} : { markdown }),
    list,
    help,
  };
}

function parse(args: readonly string[]): { only?: string; json?: string; markdown?: string; list?: boolean; help?: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string" },
        json: { type: "string" },
        markdown: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (cause) {
    throw new ConfigError(messageOf(cause), { subject: "npm run bench", remedy: "see --help", cause });
  }
}
