/** The text of a machine file, and where in it things are. */
import { type Excerpt, MachineFileError, type MachineFileProblem, printable, unsteering } from "./machine-file-error.ts";

/** A machine file is written by people. */
export const MAX_FILE_BYTES: number = 1024 * 1024;

/** Characters of a source line shown with an error. */
const EXCERPT_WIDTH = 120;
/** Characters of a value shown in a sentence. */
const SHOWN_WIDTH = 40;

export class SourceText {
  readonly file: string;
  readonly text: string;
  /** What errors show; of the same length. */
  private readonly displayed: string;
  private readonly lineStarts: readonly number[];

  constructor(file: string, text: string, displayed: string = text) {
    this.file = file;
    this.text = text;
    this.displayed = displayed;
    const starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.lineStarts = starts;
  }

  /** @throws MachineFileError when the bytes are too many, or not UTF-8 */
  static decode(file: string, bytes: Uint8Array): SourceText {
    if (bytes.length > MAX_FILE_BYTES) throw tooLarge(file);
    try {
      return new SourceText(file, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (cause) {
      const source = new SourceText(file, readablePart(bytes));
      const text = "the file is not UTF-8 text from here on";
      throw new MachineFileError([{ ...source.problem(source.text.length, source.text.length, "", text, "save it as UTF-8"), cause }]);
    }
  }

  /** A finding about the characters `start` to `end`. */
  problem(start: number, end: number, path: string, text: string, hint?: string): MachineFileProblem {
    const line = this.lineAt(start);
    const lineStart = this.lineStarts[line - 1]!;
    const lineEnd = this.lineEnd(line);
    const value = this.shown(start, end);
    return {
      file: this.file,
      line,
      column: start - lineStart + 1,
      length: Math.max(1, Math.min(end, lineEnd) - start),
      path,
      text,
      ...(value === "" ? {} : { value }),
      ...(hint === undefined ? {} : { hint }),
      excerpt: excerptOf(this.displayed.slice(lineStart, lineEnd), start - lineStart),
    };
  }

  /** The characters on one line, shortened, fit to be printed. */
  shown(start: number, end: number): string {
    return shorten(this.text.slice(start, Math.min(end, start + 4 * SHOWN_WIDTH)));
  }

  /** Line of a character, counted from 1. */
  lineAt(offset: number): number {
    const { lineStarts } = this;
    let low = 0;
    let high = lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  private lineEnd(line: number): number {
    const next = this.lineStarts[line];
    const end = next === undefined ? this.text.length : next - 1;
    return this.text.charCodeAt(end - 1) === 0x0d && next !== undefined ? end - 1 : end;
  }
}

export function tooLarge(file: string): MachineFileError {
  return fileProblem(
    file,
    `the file is larger than ${MAX_FILE_BYTES} bytes`,
    "keep a machine file below 1 MiB; put data into files that it names",
  );
}

/** An error about the file as a whole, without a line. */
export function fileProblem(file: string, text: string, hint: string, cause?: unknown): MachineFileError {
  return new MachineFileError([
    { file, line: undefined, column: undefined, length: 1, path: "", text, hint, ...(cause === undefined ? {} : { cause }) },
  ]);
}

/** A value as it is shown in a sentence. */
export function shorten(text: string): string {
  return printable(text, SHOWN_WIDTH);
}

function excerptOf(line: string, column: number): Excerpt {
  const from = line.length <= EXCERPT_WIDTH ? 0 : Math.max(0, Math.min(column - EXCERPT_WIDTH / 2, line.length - EXCERPT_WIDTH));
  return { text: unsteering(line.slice(from, from + EXCERPT_WIDTH)), before: column - from };
}

/** As much of the start as is UTF-8. A prefix can be decoded as a stream exactly up to the first bad byte, hence the bisection. */
function readablePart(bytes: Uint8Array): string {
  let good = 0;
  let bad = bytes.length;
  let text = "";
  while (good < bad) {
    const middle = (good + bad + 1) >> 1;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle - 1;
    }
  }
  return text;
}
