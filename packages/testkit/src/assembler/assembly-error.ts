/**
 * What is wrong with a program, all of it at once, each with line and column, as machine files report it. For whoever writes the
 * guest: `assemble` throws nothing else for a text it is given.
 */
import { ConfigError } from "@trapline/core";

/** A place in the source, from 1. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
  /** Characters, at least 1. */
  readonly length: number;
}

/** One mistake, with its place. */
export interface AssemblyProblem extends SourcePlace {
  /** What is wrong. */
  readonly text: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Problems after which no more are looked for. */
export const MAX_PROBLEMS = 50;

/** A program that cannot be assembled. */
export class AssemblyError extends ConfigError {
  /** In the order of the source. */
  readonly problems: readonly AssemblyProblem[];

  constructor(file: string, source: string, problems: readonly AssemblyProblem[]) {
    const lines = source.split("\n");
    super(problems.map((problem) => format(file, lines[problem.line - 1] ?? "", problem)).join("\n"), {
      subject: file,
      value: problems.length,
    });
    this.problems = problems;
  }
}

/** Thrown inside the assembler for one statement; the driver collects them. */
export class Problem extends Error {
  readonly found: AssemblyProblem;

  constructor(place: SourcePlace, text: string, hint: string) {
    super(text);
    this.found = { line: place.line, column: place.column, length: Math.max(1, place.length), text, hint };
  }
}

function format(file: string, line: string, { line: number, column, length, text, hint }: AssemblyProblem): string {
  const margin = `  ${number} | `;
  const marks = `^${"~".repeat(Math.max(0, Math.min(length, line.length - column + 1) - 1))}`;
  // A tab before the place stays a tab, so that the marks stand where the editor puts them.
  const before = line.slice(0, column - 1).replaceAll(/[^\t]/g, " ");
  return `${file}:${number}:${column}: ${text}\n${margin}${line}\n${" ".repeat(margin.length - 2)}| ${before}${marks}\n  hint: ${hint}`;
}
