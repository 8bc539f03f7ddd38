// Words and tables of generated pages. A page is named by its path below docs/reference; links out of it are relative, so that they work
// on a site, on GitHub and in an editor alike.
import path from "node:path";

/** Where generated pages stand, below the root. */
export const REFERENCE = "docs/reference";

/** Says on every page who wrote it, so that nobody mends it by hand. */
const NOTICE = "<!-- Written by `node tools/run.mjs reference`; change what it is made from, not this page. -->";

/** A whole page: its one H1, the notice, and the parts with an empty line between them. */
export function page(title: string, ...parts: readonly string[]): string {
  return `${[`# ${title}`, NOTICE, ...parts].join("\n\n")}\n`;
}

/** A table; columns that are empty in every line are left out. */
export function table(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  const kept = headings.map((_, column) => lines.some((line) => (line[column] ?? "") !== ""));
  const format = (line: readonly string[]): string => `| ${line.filter((_, column) => kept[column]).join(" | ")} |`;
  return [format(headings), format(headings.map(() => "---")), ...lines.map(format)].join("\n");
}

/** Text of a comment or a schema as the content of a cell. Angle brackets outside code would be taken for HTML. */
export function cell(text: string): string {
  const parts = text.replaceAll(/\s+/g, " ").trim().split("`");
  const quoted = parts.length % 2 === 1; // an odd number of parts: every code span is closed
  return parts.map((part, n) => (quoted && n % 2 === 1 ? part : part.replaceAll("<", "&lt;"))).join("`").replaceAll("|", "\\|");
}

/** A name as code, in a cell. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;
}

/** A link from a generated page to a file below the root. */
export function sourceLink(file: string, text: string = path.posix.basename(file)): string {
  return `[${text}](${path.posix.relative(REFERENCE, file)})`;
}

/**
 * The first sentence of a doc comment, links as plain words. A full stop ends it where a blank and a capital, a quotation mark or
 * nothing follows: "virtio 1.2" and "e.g. this" go on.
 */
export function firstSentence(comment: string): string {
  const plain = comment.replaceAll(/\{@link ([^}]+)\}/g, "`$1`");
  const paragraph = (plain.split(/\n\s*\n/)[0] ?? "").split(/\n\s*(?:[-*|@]|```| {4,}\S)/)[0]!;
  const text = paragraph.replaceAll(/\s+/g, " ").trim();
  const end = /[.!?](?=\s+[A-Z`"(0-9<{[]|$)/.exec(text);
  return (end === null ? text : text.slice(0, end.index + 1)).replace(/[.:]$/, "");
}

/** `0x0900_0000`, at least `digits` digits, in groups of four as the manuals have it. */
export function hexadecimal(value: number | bigint, digits = 1): string {
  const text = value.toString(16).padStart(digits, "0");
  return `0x${text.length > 4 ? text.replaceAll(/\B(?=([0-9a-f]{4})+$)/g, "_") : text}`;
}
