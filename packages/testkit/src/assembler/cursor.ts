/** Reads one statement from left to right and knows at which column it stands. */
import { Problem, type SourcePlace } from "./assembly-error.ts";

export class Cursor {
  readonly text: string;
  readonly line: number;
  at: number;
  readonly end: number;

  /** Reads `text` from index `at` up to index `end`. */
  constructor(text: string, line: number, at: number, end: number) {
    this.text = text;
    this.line = line;
    this.at = at;
    this.end = end;
  }

  skipBlanks(): void {
    while (this.at < this.end && /\s/.test(this.text[this.at]!)) this.at++;
  }

  get atEnd(): boolean {
    this.skipBlanks();
    return this.at >= this.end;
  }

  /** The next character behind blanks; "" at the end. */
  get next(): string {
    return this.atEnd ? "" : this.text[this.at]!;
  }

  /** Takes what matches here, behind blanks. `pattern` must be sticky. */
  take(pattern: RegExp): string | undefined {
    this.skipBlanks();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined || this.at + found.length > this.end) return undefined;
    this.at += found.length;
    return found;
  }

  /** Takes that character if it comes next. */
  takeChar(character: string): boolean {
    if (this.next !== character) return false;
    this.at++;
    return true;
  }

  /** @throws Problem unless that character comes next */
  expectChar(character: string, where: string): void {
    if (this.takeChar(character)) return;
    throw new Problem(this.place(), `${this.found()} where a ${character} belongs`, `${where} has a ${character} here`);
  }

  /** From `start` to where it stands, without trailing blanks; at least one character. */
  place(start: number = this.at): SourcePlace {
    let end = Math.max(this.at, start + 1);
    while (end > start + 1 && /\s/.test(this.text[end - 1]!)) end--;
    return { line: this.line, column: start + 1, length: end - start };
  }

  /** What comes next, for messages. */
  found(): string {
    if (this.atEnd) return "the statement ends";
    return `there is ${JSON.stringify(/\w+|./y.exec(this.text.slice(this.at, this.end))?.[0] ?? this.next)}`;
  }
}
