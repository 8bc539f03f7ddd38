// The public interface of every package: what its entries export, one line each, in groups by where it is written.
import path from "node:path";
import { root, type WorkspacePackage, workspacePackages } from "../gate.ts";
import { cell, code, page, sourceLink, table } from "./markdown.ts";
import { type Entry, type Export, readExports } from "./read-exports.ts";

const SOURCE_CONDITION = "@trapline/source";

const ABOUT = "Each line has the first sentence of the doc comment; the rest, with units, ranges and errors, is beside the code.";

/** A page for each package, and the lines that the index has for them. */
export function apiPages(): { readonly pages: ReadonlyMap<string, string>; readonly index: readonly (readonly string[])[] } {
  const packages = workspacePackages();
  const entries = new Map(packages.map((one) => [one.folder, entriesOf(one)]));
  const exported = readExports(root, entries);
  const pages = new Map<string, string>();
  const index: string[][] = [];
  for (const { folder, manifest } of packages) {
    const file = `api-${path.posix.basename(folder)}.md`;
    const all = entries.get(folder)!;
    const sections = all.map((entry) => entrySection(manifest.name, folder, entry, exported.get(entry)!));
    pages.set(file, page(manifest.name, `${sourceLink(`${folder}/README.md`, "What it is and how to use it")}. ${ABOUT}`, ...sections));
    index.push([`[${manifest.name}](${file})`, all.map(({ subpath }) => code(subpath)).join(", ")]);
  }
  return { pages, index };
}

/** The entries that are TypeScript; a schema or a template is none. */
export function entriesOf({ folder, manifest }: WorkspacePackage): Entry[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const source = (target as Readonly<Record<string, string>> | string | null)?.[SOURCE_CONDITION as never] as string | undefined;
    return source === undefined ? [] : [{ subpath, file: path.posix.join(folder, source) }];
  });
}

function entrySection(name: string, folder: string, { subpath }: Entry, exports: readonly Export[]): string {
  const groups = new Map<string, Export[]>();
  for (const one of exports) {
    const group = groupOf(folder, one.file);
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  const lines = (group: readonly Export[]): string =>
    table(
      ["name", "kind", "", "in"],
      group.map(({ name: exported, kind, sentence, file }) => [code(exported), kind, cell(sentence), sourceLink(file)]),
    );
  const heading = `## ${subpath === "." ? name : `${name}${subpath.slice(1)}`}`;
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 1) return `${heading}\n\n${lines(sorted[0]![1])}`;
  return [heading, ...sorted.map(([group, some]) => `### ${group === "" ? "In general" : group}\n\n${lines(some)}`)].join("\n\n");
}

/** The folder below src; another package's name for what comes from there. */
function groupOf(folder: string, file: string): string {
  const inside = path.posix.relative(`${folder}/src`, file);
  if (!inside.startsWith("..")) return path.posix.dirname(inside) === "." ? "" : inside.split("/")[0]!;
  return `from ${/^packages\/[^/]+/.exec(file)?.[0].replace("packages/", "@trapline/") ?? "elsewhere"}`;
}
