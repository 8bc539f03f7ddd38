// Links in Markdown that lead somewhere: every relative link names a file or folder of the tree, every fragment a heading of that page.
// Links to the web are left alone: they need a network, and break without anybody's doing.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./gate.ts";

const LINK = /\]\(([^)\s]+)\)/g;

/** A link as it stands in a page. */
export interface DocLink {
  /** From 1. */
  readonly line: number;
  readonly target: string;
}

/** The lines of a page, with code taken out: fenced blocks whole, spans as they come. */
function proseLines(markdown: string): string[] {
  let fence: string | undefined;
  return markdown.split(/\r?\n/).map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence) === true) fence = undefined;
      return "";
    }
    fence = mark;
    return fence === undefined ? line : "";
  });
}

/** Every relative link of a page; `#fragment` alone is one, too. */
export function relativeLinks(markdown: string): DocLink[] {
  return proseLines(markdown).flatMap((line, index) =>
    [...line.replaceAll(/`[^`]*`/g, "``").matchAll(LINK)]
      .map(([, target = ""]) => ({ line: index + 1, target }))
      .filter(({ target }) => !/^[a-z]+:/i.test(target)),
  );
}

/** The fragments by which a page's headings can be linked to, as GitHub makes them. */
export function headingFragments(markdown: string): string[] {
  const seen = new Map<string, number>();
  return proseLines(markdown).flatMap((line) => {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) return [];
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, "").replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return [count === 0 ? slug : `${slug}-${count}`];
  });
}

/** `document:line: message` for each link of the pages that leads nowhere. Pages are paths below `folder`. */
export function checkLinks(documents: readonly string[], folder: string = root): string[] {
  return documents.flatMap((document) =>
    relativeLinks(readFileSync(path.join(folder, document), "utf8")).flatMap(({ line, target }) => {
      const why = brokenBecause(document, target, folder);
      return why === undefined ? [] : [`${document}:${line}: ${target} leads nowhere: ${why}`];
    }),
  );
}

function brokenBecause(document: string, target: string, folder: string): string | undefined {
  const [file = "", fragment] = target.split("#");
  const named = file === "" ? document : path.posix.join(path.posix.dirname(document), decodeURI(file));
  if (named.startsWith("..")) return "it leaves the repository";
  if (!existsSync(path.join(folder, named))) return `there is no ${named}`;
  if (fragment === undefined || !named.endsWith(".md")) return undefined;
  const fragments = headingFragments(readFileSync(path.join(folder, named), "utf8"));
  return fragments.includes(fragment) ? undefined : `${named} has no heading for #${fragment}`;
}
