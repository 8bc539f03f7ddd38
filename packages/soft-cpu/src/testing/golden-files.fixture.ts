// Reads the committed golden vectors, oracle/vectors/*.txt: "# " begins a comment, "= " the name of a form or a sequence, and every other
// line is a vector of the name above it.
import { readFileSync, readdirSync } from "node:fs";

/** The vectors of one form, as lines. */
export interface GoldenSection {
  readonly name: string;
  readonly lines: readonly string[];
}

export interface GoldenFile {
  /** Without its ending. */
  readonly file: string;
  readonly sections: readonly GoldenSection[];
}

const FOLDER = new URL("../../oracle/vectors/", import.meta.url);

/** All files, in the order of their names. */
export function readGoldenFiles(): GoldenFile[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));
  return names.sort().map((name) => ({ file: name.slice(0, -".txt".length), sections: sectionsOf(name) }));
}

function sectionsOf(file: string): GoldenSection[] {
  const sections: { name: string; lines: string[] }[] = [];
  for (const line of readFileSync(new URL(file, FOLDER), "utf8").split("\n")) {
    if (line === "" || line.startsWith("# ")) continue;
    if (line.startsWith("= ")) sections.push({ name: line.slice(2), lines: [] });
    else if (sections.length > 0) sections.at(-1)!.lines.push(line);
    else throw new Error(`${file} has a vector before the first "= name": ${line}`);
  }
  return sections;
}
