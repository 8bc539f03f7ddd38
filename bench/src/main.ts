/**
 * `npm run -s bench`: measures the rows in rows/, prints one table, and writes the rows as JSON when asked to. It fails when
 * something is wrong, never because a machine is slow.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { HostError, isTraplineError, messageOf } from "@trapline/core";
import { parseArguments, USAGE } from "./cli/arguments.ts";
import { loadGroups, select } from "./harness/groups.ts";
import type { Result } from "./harness/result.ts";
import { startRow } from "./harness/row-process.ts";
import { runGroup } from "./harness/run-group.ts";
import { tableOf } from "./report/cells.ts";
import { markdownTable, replaceTable } from "./report/markdown.ts";
import { textTable } from "./report/text-table.ts";

async function main(args: readonly string[]): Promise<void> {
  const { only, json, markdown, list, help } = parseArguments(args);
  if (help) return console.log(USAGE);
  const groups = select(await loadGroups(), only);
  const rows = groups.flatMap((group) => group.rows);
  if (list) return console.log(rows.map(({ name }) => name).join("\n"));
  const page = markdown === undefined ? undefined : use("read", markdown, () => readFileSync(markdown, "utf8"));
  if (page !== undefined) replaceTable(page, "", markdown!); // refuse a page without a place before measuring, not after

  const results: Result[] = [];
  for (const group of groups) {
    console.error(`measuring ${group.file}: ${group.rows.length} rows`);
    results.push(...(await runGroup(group.rows, ({ name }) => startRow(group.file, name))));
  }
  const table = tableOf(results, rows);
  console.log(textTable(table));
  if (json !== undefined) use("write", json, () => writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`));
  if (page !== undefined) {
    const circumstances = { date: new Date(), node: process.version, cpus: availableParallelism(), platform: `${process.platform} ${process.arch}` };
    use("write", markdown!, () => writeFileSync(markdown!, replaceTable(page, markdownTable(table, circumstances), markdown!)));
  }
}

function use<T>(what: "read" | "write", file: string, access: () => T): T {
  try {
    return access();
  } catch (cause) {
    throw new HostError(`cannot ${what} ${file}: ${messageOf(cause)}`, { subject: file, cause });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(isTraplineError(error) ? `${error.name}: ${error.message}` : error);
  process.exitCode = 1;
}
