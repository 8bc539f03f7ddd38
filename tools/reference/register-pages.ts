// Register maps, from the rows that are the devices (docs/adr/0004-rows-as-devices.md). register-sections.ts says which rows stand on which
// page; a file *.registers.ts that is in no section is a problem, so a new bank cannot be forgotten.
import { readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../gate.ts";
import { cell, code, hexadecimal, page, sourceLink, table } from "./markdown.ts";
import { REGISTER_PAGES, type Row, type Rows, type Section, SHOWN_ELSEWHERE } from "./register-sections.ts";
import { resetCell, type ResetMachines, withResetMachines } from "./reset-values.ts";

const LEGEND =
  "`NAME<n>`: as many registers as the column *count* says, a *size* apart unless the offset says another stride. *Widths* are the legal " +
  "accesses in bytes, where the size is not the only one; others are RAZ/WI. W1C and W1S registers act on ones. What is not listed is " +
  "reserved: RAZ/WI. ";
const LIVE =
  "*Reset* is what a machine with one vCPU and the default options reads after power-on; *differs* where the registers of a row do, " +
  "empty where nothing can be read.";
const DECLARED = "*Reset* is empty where the value follows from what the device is, or cannot be read.";

/** The pages, and what is wrong with the list of them. */
export async function registerPages(): Promise<{ readonly pages: ReadonlyMap<string, string>; readonly problems: readonly string[] }> {
  const pages = new Map<string, string>();
  await withResetMachines(async (machines) => {
    for (const { file, title, about, sections } of REGISTER_PAGES) {
      const parts: string[] = [];
      for (const section of sections) parts.push(await renderSection(section, machines));
      pages.set(file, page(title, about, LEGEND + (sections[0]?.at === undefined ? DECLARED : LIVE), ...parts));
    }
  });
  return { pages, problems: forgotten() };
}

async function renderSection({ title, file, name, make, at, intro }: Section, machines: ResetMachines): Promise<string> {
  const module = (await import(pathToFileURL(path.join(root, "packages", file)).href)) as Readonly<Record<string, unknown>>;
  const exported = module[name];
  if (exported === undefined) throw new Error(`packages/${file} exports no ${name}; mend tools/reference/register-sections.ts`);
  const rows = make === undefined ? (exported as Rows) : make(exported as (...args: never[]) => Rows);
  const reset = at === undefined ? declaredReset : (row: FullRow): string => resetCell(machines[at[0]], at[1], row);
  const source = sourceLink(`packages/${file}`);
  return [`## ${title}`, `${sizeOf(rows)}${source}.${intro === undefined ? "" : ` ${intro}`}`, registerTable(rowsOf(rows), reset)].join("\n\n");
}

function sizeOf(rows: Rows): string {
  if ("frameSize" in rows) return `${hexadecimal(rows.frameSize)} bytes, `;
  return "registers" in rows ? `${rows.length} bytes, ` : "";
}

function rowsOf(rows: Rows): readonly Row[] {
  return "rows" in rows ? rows.rows : "registers" in rows ? rows.registers : rows;
}

/** A row with its defaults, as compile-registers.ts of core fills them in. */
interface FullRow extends Row {
  readonly size: number;
  readonly count: number;
  readonly stride: number;
  readonly widths: readonly number[];
}

function full(row: Row): FullRow {
  const { size = 4 } = row;
  return { count: 1, stride: size, widths: size === 8 ? [4, 8] : [size], ...row, size };
}

/** @param reset the cell for a row that can be read */
export function registerTable(rows: readonly Row[], reset: (row: FullRow) => string): string {
  const digits = Math.max(3, ...rows.map(({ offset }) => offset.toString(16).length));
  return table(
    ["offset", "name", "count", "access", "size", "widths", "reset", "fields", ""],
    rows.map(full).map((row) => [
      `${code(hexadecimal(row.offset, digits))}${row.stride === row.size ? "" : ` + ${hexadecimal(row.stride)}·n`}`,
      code(row.count === 1 ? row.name : `${row.name}<n>`),
      row.count === 1 ? "" : String(row.count),
      row.access,
      String(row.size),
      row.widths.length === 1 && row.widths[0] === row.size ? "" : row.widths.join(", "),
      UNREADABLE.has(row.access) ? "" : reset(row),
      Object.entries(row.fields ?? {}).map(([field, at]) => `${field} [${[at].flat().join(":")}]`).join(", "),
      cell(row.note ?? ""),
    ]),
  );
}

const UNREADABLE: ReadonlySet<string> = new Set(["WO", "RAZ/WI", "RES0"]);

/** What the row says; a row that computes nothing and says nothing is 0. */
export function declaredReset({ reset, read }: Row): string {
  if (reset !== undefined) return code(hexadecimal(reset));
  return read === undefined ? code("0x0") : "";
}

/** Files of rows that are on no page. */
function forgotten(): string[] {
  const shown = new Set([...SHOWN_ELSEWHERE, ...REGISTER_PAGES.flatMap(({ sections }) => sections.map(({ file }) => file))]);
  return registerFiles("packages")
    .filter((file) => !shown.has(file.slice("packages/".length)))
    .map((file) => `${file} is on no page of registers; add it to tools/reference/register-sections.ts`);
}

function registerFiles(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return /^(\..*|node_modules|dist|template)$/.test(entry.name) ? [] : registerFiles(file);
    return entry.name.endsWith(".registers.ts") ? [file] : [];
  });
}
