/**
 * What is wrong with a machine file: every finding with its place, all of them in one error.
 *
 * A finding is plain data, so that an editor, the command line and a test can use it without parsing a sentence. The
 * positions are those of the YAML source; what a machine file in TypeScript exports has a path but no line.
 */
import { ConfigError, isTraplineError } from "../errors.ts";

/** Findings kept in one error; a file of garbage has thousands. What was left out is counted in `omitted`. */
export const MAX_PROBLEMS = 1000;

/** One finding. */
export interface MachineFileProblem {
  /** The machine file, as the caller named it. */
  readonly file: string;
  /** Counted from 1; undefined where there is no source text to point into. */
  readonly line: number | undefined;
  /** Counted from 1 in UTF-16 units, as editors count; undefined together with `line`. */
  readonly column: number | undefined;
  /** How many characters of that line are meant, at least 1. */
  readonly length: number;
  /** Where in the machine: "plugins[1].uart0.base"; "" for the file itself. */
  readonly path: string;
  /** What is wrong, without place and without remedy. */
  readonly text: string;
  /** What stands there, as written, shortened. */
  readonly value?: string;
  /** What to do. */
  readonly hint?: string;
  /** The source line, shortened around the column. */
  readonly excerpt?: Excerpt;
  /** The original error, where another one is behind it: a module that does not load. */
  readonly cause?: unknown;
}

/** A piece of a source line, free of control characters. */
export interface Excerpt {
  readonly text: string;
  /** How many characters of `text` stand before the column of the problem. */
  readonly before: number;
}

/**
 * The machine file cannot be made into a machine. `problems` holds every finding in file order; the fields are those of
 * the first one, for callers that show only one.
 */
export class MachineFileError extends ConfigError {
  readonly file: string;
  readonly problems: readonly MachineFileProblem[];
  /** How many further findings there were beyond {@link MAX_PROBLEMS}. */
  readonly omitted: number;

  /** @param problems at least one, in any order */
  constructor(problems: readonly MachineFileProblem[]) {
    const sorted = [...problems].sort(inFileOrder);
    const kept = sorted.slice(0, MAX_PROBLEMS).map(onOneLine);
    const first = kept[0]!;
    const omitted = sorted.length - kept.length;
    const lines = kept.map(sentence);
    if (omitted > 0) lines.push(`${first.file}: ${omitted} more`);
    super(lines.join("\n"), {
      subject: first.path === "" ? first.file : first.path,
      ...(first.value === undefined ? {} : { value: first.value }),
      ...(first.cause === undefined ? {} : { cause: first.cause }),
    });
    this.file = first.file;
    this.problems = kept;
    this.omitted = omitted;
  }

  get line(): number | undefined {
    return this.problems[0]!.line;
  }
  get column(): number | undefined {
    return this.problems[0]!.column;
  }
  get path(): string {
    return this.problems[0]!.path;
  }
  get value(): string | undefined {
    return this.problems[0]!.value;
  }
  get hint(): string | undefined {
    return this.problems[0]!.hint;
  }
}

/** True for a {@link MachineFileError} of any copy of this package. */
export function isMachineFileError(error: unknown): error is MachineFileError {
  return isTraplineError(error, "config") && Array.isArray((error as Partial<MachineFileError>).problems);
}

/** "demo.yaml:9:14", or the file alone where there is no line. */
export function placeOf(problem: MachineFileProblem): string {
  return problem.line === undefined ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
}

/** Path and text: "plugins[1].uart0.base: abc is not a whole number". */
export function statementOf(problem: MachineFileProblem): string {
  return problem.path === "" ? problem.text : `${problem.path}: ${problem.text}`;
}

/** Longest text or hint: they may quote a file, or the message of somebody's exception. */
const LONGEST = 500;

/** One finding, one line, nothing that steers a terminal, whatever its text quotes. */
function onOneLine(problem: MachineFileProblem): MachineFileProblem {
  const { text, hint } = problem;
  return { ...problem, text: printable(text, LONGEST), ...(hint === undefined ? {} : { hint: printable(hint, LONGEST) }) };
}

/**
 * `text` in one line of at most `longest` characters. Control characters (an escape sequence would steer the terminal),
 * bidirectional overrides and lone surrogates become U+FFFD.
 */
export function printable(text: string, longest: number): string {
  const line = unsteering(
    text
      .slice(0, 4 * longest)
      .trim()
      .replace(/\s+/g, " "),
  );
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** The same without any change of length or of tabs, for source lines. */
export function unsteering(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, "\ufffd");
}

function sentence(problem: MachineFileProblem): string {
  return `${placeOf(problem)}: ${statementOf(problem)}${problem.hint === undefined ? "" : `; ${problem.hint}`}`;
}

function inFileOrder(a: MachineFileProblem, b: MachineFileProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
