/**
 * From text to statements: comments go (`//` and `/* … *\/`, and lines that begin with `#`), `;` separates statements, labels are
 * taken off the front. Strings keep what looks like any of these. A line of a program is never longer than it is in the text,
 * so columns stay what the editor shows.
 */
import { Problem } from "./assembly-error.ts";
import { Cursor } from "./cursor.ts";

export interface Label {
  readonly name: string;
  readonly column: number;
}

/** One instruction or directive, with the labels before it. */
export interface Statement {
  readonly labels: readonly Label[];
  /** In lower case; "" for labels alone. */
  readonly mnemonic: string;
  /** `name = value` is the directive ".equ" with the name in front. */
  readonly mnemonicColumn: number;
  /** Stands behind the mnemonic. A fresh one for every pass. */
  operands(): Cursor;
  readonly line: number;
  readonly text: string;
}

const LABEL = /([A-Za-z_$.][\w$.]*|[0-9]+)\s*:/y;
const ASSIGNMENT = /[A-Za-z_$.][\w$.]*\s*=(?!=)/y;
const MNEMONIC = /[A-Za-z_.][\w.]*/y;

/** @throws Problem for a statement that is none; `report` is called with it and the next one is read */
export function parseSource(source: string, report: (problem: Problem) => void): Statement[] {
  const statements: Statement[] = [];
  for (const [index, line] of withoutComments(source, report).entries()) {
    for (const [start, end] of pieces(line)) {
      try {
        const statement = parseStatement(line, index + 1, start, end);
        if (statement !== undefined) statements.push(statement);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        report(error);
      }
    }
  }
  return statements;
}

function parseStatement(text: string, line: number, start: number, end: number): Statement | undefined {
  const cursor = new Cursor(text, line, start, end);
  const labels: Label[] = [];
  for (;;) {
    cursor.skipBlanks();
    const column = cursor.at + 1;
    const label = cursor.take(LABEL);
    if (label === undefined) break;
    labels.push({ name: label.replace(/\s*:$/, ""), column });
  }
  if (cursor.atEnd)
    return labels.length === 0 ? undefined : { labels, mnemonic: "", mnemonicColumn: 0, operands: () => cursor, line, text };
  const mnemonicColumn = cursor.at + 1;
  ASSIGNMENT.lastIndex = cursor.at;
  const isAssignment = ASSIGNMENT.test(text);
  const mnemonic = isAssignment ? ".equ" : cursor.take(MNEMONIC)?.toLowerCase();
  if (mnemonic === undefined)
    throw new Problem(cursor.place(), `${cursor.found()} where an instruction belongs`, "write a label, an instruction or a directive");
  const { at } = cursor;
  return { labels, mnemonic, mnemonicColumn, operands: () => new Cursor(text, line, at, end), line, text };
}

/** The lines, with blanks in the place of comments. */
function withoutComments(source: string, report: (problem: Problem) => void): string[] {
  const lines: string[] = [];
  let opened: { readonly line: number; readonly column: number } | undefined;
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    let line = "";
    for (let at = 0; at < raw.length;) {
      const two = raw.slice(at, at + 2);
      if (opened !== undefined) {
        const closes = two === "*/";
        if (closes) opened = undefined;
        line += raw.slice(at, at + (closes ? 2 : 1)).replaceAll(/[^\t]/g, " ");
        at += closes ? 2 : 1;
      } else if (two === "//" || (raw[at] === "#" && line.trim() === "")) {
        break;
      } else if (two === "/*") {
        opened = { line: index + 1, column: at + 1 };
      } else {
        const end = raw[at] === '"' ? endOfString(raw, at) : at + 1;
        line += raw.slice(at, end);
        at = end;
      }
    }
    lines.push(line);
  }
  if (opened !== undefined) report(new Problem({ ...opened, length: 2 }, "a comment that does not end", "close it with */"));
  return lines;
}

/** From where to where the statements of a line go. */
function pieces(line: string): readonly (readonly [start: number, end: number])[] {
  const found: [number, number][] = [];
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') at = endOfString(line, at) - 1;
    else if (line[at] === "'" && line[at + 1] === ";") at++;
    else if (line[at] === ";") {
      found.push([start, at]);
      start = at + 1;
    }
  }
  return [...found, [start, line.length]];
}

/** The index behind a string that begins at `start`; the end of the line when it is not closed. */
function endOfString(line: string, start: number): number {
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === "\\") at++;
    else if (line[at] === '"') return at + 1;
  }
  return line.length;
}
