/**
 * `npm run -s bench`: measures the rows in rows/, prints one table, and writes the rows as JSON when asked to; or shows rows that
 * were written before. It fails when something is wrong, never because a machine is slow.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { HostError, isTraplineError, messageOf } from "@trapline/core";
import { parseArguments, USAGE } from "./cli/arguments.ts";
import { type Group, loadGroups, select } from "./harness/groups.ts";
import type { Result } from "./harness/result.ts";
import { startRow } from "./harness/row-process.ts";
import { runGroup } from "./harness/run-group.ts";
import { tableOf } from "./report/cells.ts";
import { type Circumstances, markdownTable, replaceTable } from "./report/markdown.ts";
import { formatPublished, parsePublished, type Published } from "./report/published.ts";
import { textTable } from "./report/text-table.ts";

async function main(args: readonly string[]): Promise<void> {
  const { only, json, data, from, markdown, list, help } = parseArguments(args);
  if (help) return console.log(USAGE);
  const groups = select(await loadGroups(), only);
  const rows = groups.flatMap((group) => group.rows);
  if (list) return console.log(rows.map(({ name }) => name).join("\n"));
  const page = markdown === undefined ? undefined : use("read", markdown, () => readFileSync(markdown, "utf8"));
  if (page !== undefined) replaceTable(page, "", markdown!); // refuse a page without a place before measuring, not after

  const published = from === undefined ? { measured: circumstances(), rows: await measure(groups) } : readPublished(from);
  const table = tableOf(published.rows, rows, published.measured.node);
  console.log(textTable(table));
  if (json !== undefined) use("write", json, () => writeFileSync(json, `${JSON.stringify(published.rows, null, 2)}\n`));
  if (data !== undefined) use("write", data, () => writeFileSync(data, formatPublished(published)));
  if (page === undefined) return;
  const renewed = replaceTable(page, markdownTable(table, published.measured), markdown!);
  use("write", markdown!, () => writeFileSync(markdown!, renewed));
}

function readPublished(file: string): Published {
  return parsePublished(use("read", file, () => readFileSync(file, "utf8")), file);
}

async function measure(groups: readonly Group[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const group of groups) {
    const possible = group.rows.filter(({ impossible }) => impossible === undefined);
    for (const { name, impossible } of group.rows) if (impossible !== undefined) console.error(`${name} is left out: ${impossible}`);
    if (possible.length === 0) continue;
    console.error(`measuring ${group.file}: ${possible.length} rows`);
    results.push(...(await runGroup(possible, ({ name }) => startRow(group.file, name))));
  }
  return results;
}

function circumstances(): Circumstances {
  return { date: new Date(), node: process.version, cpus: availableParallelism(), platform: `${process.platform} ${process.arch}` };
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
