/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { ConfigError, messageOf } from "@trapline/core";

export interface BenchArguments {
  /** Measure rows whose names begin with this. Absent: all. */
  readonly only?: string;
  /** Where to write the rows as JSON. */
  readonly json?: string;
  /** Where to write the rows, and when and on what they were measured, for later. */
  readonly data?: string;
  /** A file that `data` wrote: its rows are shown, and nothing is measured. */
  readonly from?: string;
  /** A Markdown file whose table to replace. */
  readonly markdown?: string;
  /** List the names instead of measuring. */
  readonly list: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run -s bench -- [--only PREFIX] [--json FILE] [--data FILE | --from FILE] [--markdown FILE] [--list]

  --only PREFIX     only the rows whose names begin with PREFIX, and what they are compared with
  --json FILE       write the rows to FILE
  --data FILE       write the rows to FILE with when and on what they were measured; for a run of all rows
  --from FILE       take the rows from FILE, which --data wrote, and measure nothing
  --markdown FILE   replace the table in FILE, between its two bench comments; for a run of all rows
  --list            print the names of the rows and measure nothing`;

/** @throws ConfigError for an unknown option, a missing value, or options that contradict each other. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const values = parse(args);
  const { list = false, help = false, ...files } = values;
  for (const [option, value] of Object.entries(files)) {
    if (value === "") throw new ConfigError(`--${option} has an empty value`, { subject: `--${option}`, remedy: `see --help` });
  }
  const { only, json, data, from, markdown } = files;
  const clash = (one: string, does: string, other: string, butDoes: string): ConfigError => {
    const remedy = "leave one of the two out";
    return new ConfigError(`--${one} ${does}, --${other} ${butDoes}`, { subject: `--${one}`, other: `--${other}`, remedy });
  };
  if (markdown !== undefined && only !== undefined) throw clash("markdown", "writes the table of all rows", "only", "measures some");
  if (data !== undefined && only !== undefined) throw clash("data", "keeps all rows", "only", "measures some");
  for (const [other, value] of Object.entries({ only, json, data })) {
    if (from !== undefined && value !== undefined) throw clash("from", "measures nothing", other, "is about what is measured");
  }
  return { ...files, list, help };
}

function parse(args: readonly string[]): Partial<BenchArguments> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string" },
        json: { type: "string" },
        data: { type: "string" },
        from: { type: "string" },
        markdown: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return { ...values }; // a plain object: parseArgs gives one without a prototype
  } catch (cause) {
    throw new ConfigError(messageOf(cause), { subject: "npm run bench", remedy: "see --help", cause });
  }
}
