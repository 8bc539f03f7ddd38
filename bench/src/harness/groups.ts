/**
 * Finds the files of rows, and picks what `--only` asks for. A file in rows/ that exports `rows` is all it takes.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ConfigError, InvariantError } from "@trapline/core";
import { neededBy, type Row } from "./row.ts";

/** The rows of one file. */
export interface Group {
  /** Name of the file, without its ending. */
  readonly file: string;
  readonly rows: readonly Row[];
}

/** Where the sources are, seen from dist/harness/ and from src/harness/ alike: what was deleted there must not run from dist. */
const SOURCES = fileURLToPath(new URL("../../src/rows/", import.meta.url));

/** The rows of one file. @throws what the file throws when it loads, and InvariantError when it exports no rows. */
export async function loadGroup(file: string): Promise<Group> {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const { rows } = (await import(new URL(`../rows/${file}.${ending}`, import.meta.url).href)) as { rows?: readonly Row[] };
  if (!Array.isArray(rows)) throw new InvariantError(`bench/src/rows/${file}.ts exports no rows`, { subject: file, remedy: "export const rows: readonly Row[]" });
  return { file, rows };
}

/** Every file in rows/, by name. @throws InvariantError when two rows have one name or a row needs one of another file. */
export async function loadGroups(): Promise<Group[]> {
  const files = readdirSync(SOURCES).filter((name) => name.endsWith(".ts") && !name.endsWith(".spec.ts"));
  const groups = await Promise.all(files.sort().map((name) => loadGroup(name.slice(0, -".ts".length))));
  checkNames(groups);
  return groups;
}

/** @throws InvariantError as {@link loadGroups} */
export function checkNames(groups: readonly Group[]): void {
  const fileOf = new Map<string, string>();
  for (const { file, rows } of groups) {
    for (const { name } of rows) {
      const other = fileOf.get(name);
      if (other !== undefined) throw new InvariantError(`${name} is in ${other}.ts and in ${file}.ts`, { subject: file, other, value: name, remedy: "rename one" });
      fileOf.set(name, file);
    }
  }
  for (const { file, rows } of groups) {
    for (const row of rows) {
      for (const needed of neededBy(row)) {
        if (fileOf.get(needed) === file) continue;
        throw new InvariantError(`${row.name} is compared with ${needed}, which is not in ${file}.ts`, {
          subject: row.name,
          other: needed,
          remedy: "rows that are compared take turns, so they stand in one file",
        });
      }
    }
  }
}

/**
 * The rows whose names begin with `prefix`, and those they are compared with.
 * @throws ConfigError listing every name when there is none.
 */
export function select(groups: readonly Group[], prefix = ""): Group[] {
  const selected = groups.map(({ file, rows }) => {
    const wanted = new Set<string>();
    const want = (row: Row): void => {
      if (wanted.has(row.name)) return;
      wanted.add(row.name);
      for (const other of rows) if (neededBy(row).includes(other.name)) want(other);
    };
    for (const row of rows) if (row.name.startsWith(prefix)) want(row);
    return { file, rows: rows.filter((row) => wanted.has(row.name)) };
  });
  const filled = selected.filter(({ rows }) => rows.length > 0);
  if (filled.length > 0) return filled;
  const names = groups.flatMap(({ rows }) => rows.map(({ name }) => name));
  throw new ConfigError(`--only ${prefix} is the beginning of no row`, {
    subject: "--only",
    value: prefix,
    remedy: `the rows are ${names.join(", ")}`,
  });
}
