/**
 * Measured rows with what a reader needs to judge them, as a file that is kept: the table of a page is made from it, at once or later, and
 * a spec holds page and file together. What is read is checked: people edit these files.
 */
import { ConfigError, messageOf } from "@trapline/core";
import { checkResult, type Result } from "../harness/result.ts";
import type { Circumstances } from "./markdown.ts";

export interface Published {
  readonly measured: Circumstances;
  readonly rows: readonly Result[];
}

/** The file's text. */
export function formatPublished({ measured, rows }: Published): string {
  const { date, node, platform, cpus } = measured;
  const head = { date: date.toISOString().slice(0, 10), node: node.replace(/^v/, ""), platform, cpus };
  return `${JSON.stringify({ measured: head, rows }, null, 2)}\n`;
}

/** @throws ConfigError naming the file and what is wrong with it. */
export function parsePublished(text: string, file: string): Published {
  try {
    const { measured, rows } = JSON.parse(text) as { measured?: Partial<Record<keyof Circumstances, unknown>>; rows?: unknown };
    const date = new Date(String(measured?.date));
    if (Number.isNaN(date.getTime())) throw new Error("measured.date is no date: write 2026-02-03");
    const node = wanted("node", measured?.node, "string") as string;
    const platform = wanted("platform", measured?.platform, "string") as string;
    const cpus = wanted("cpus", measured?.cpus, "number") as number;
    if (!Array.isArray(rows)) throw new Error("rows is no list: write what --json writes");
    return { measured: { date, node, platform, cpus }, rows: rows.map(checkResult) };
  } catch (cause) {
    throw new ConfigError(`${file} holds no measured rows: ${messageOf(cause)}`, { subject: file, remedy: "write one with --data", cause });
  }
}

function wanted(name: string, value: unknown, type: "string" | "number"): unknown {
  if (typeof value === type) return value;
  throw new Error(`measured.${name} is no ${type}`);
}
