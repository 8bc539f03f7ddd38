/**
 * The shapes an instruction can be written in. A form is a row: matchers, one for each operand, and what makes a word of their
 * values. The first form that takes all operands wins; when none does, the message is about the one that came farthest, and a
 * value out of range counts for more than an operand of another kind.
 */
import { Problem, type SourcePlace } from "./assembly-error.ts";
import type { Expression, Scope } from "./expression.ts";
import type { Operand } from "./operand.ts";

/** What a word is made in. */
export interface Encoding {
  readonly scope: Scope;
  readonly place: SourcePlace;
  readonly mnemonic: string;
  /** Address of the literal of this statement, where it has one. */
  readonly literalAddress?: bigint;
  /** 1 for X registers, 0 for W, once a sized register was taken; all sized registers of a form agree. */
  sf: number | undefined;
}

/** Takes one operand. An optional one is asked with undefined when the operands have ended, and only then. */
export interface Matcher<T> {
  readonly syntax: string;
  readonly optional?: boolean;
  /** @throws Mismatch for another kind of operand, Problem for one of the right kind with a bad value */
  take(operand: Operand | undefined, encoding: Encoding): T;
}

/** This operand is of another kind: another form may want it. */
export class Mismatch extends Error {}

type Taken<P extends readonly Matcher<unknown>[]> = { [K in keyof P]: P[K] extends Matcher<infer T> ? T : never };

export interface Form {
  readonly matchers: readonly Matcher<unknown>[];
  readonly encode: (encoding: Encoding, ...values: never[]) => number;
}

/** One row. */
export function form<const P extends readonly Matcher<unknown>[]>(
  matchers: P,
  encode: (encoding: Encoding, ...values: Taken<P>) => number,
): Form {
  return { matchers, encode: encode as Form["encode"] };
}

/** Mnemonics, and the forms of each. */
export type InstructionTable = Readonly<Record<string, readonly Form[]>>;

/** The word of a statement. @throws Problem */
export function encodeBy(forms: readonly Form[], operands: readonly Operand[], encoding: Encoding): number {
  let farthest = -1;
  let best: Problem | undefined;
  for (const each of forms) {
    const attempt = tryForm(each, operands, encoding);
    if (typeof attempt === "number") return attempt >>> 0;
    if (best === undefined || attempt.rank > farthest) [best, farthest] = [attempt.problem, attempt.rank];
  }
  if (farthest % 2 === 1) throw best!; // it is about a value: the form was the right one
  const { text, ...place } = best!.found;
  throw new Problem(place, text, `write ${forms.map((each) => syntaxOf(encoding.mnemonic, each)).join(" or ")}`);
}

interface Failed {
  readonly problem: Problem;
  /** Twice the operand that failed, plus 1 for a bad value. */
  readonly rank: number;
}

function tryForm({ matchers, encode }: Form, operands: readonly Operand[], encoding: Encoding): number | Failed {
  const values: unknown[] = [];
  encoding.sf = undefined;
  for (const [index, matcher] of matchers.entries()) {
    const operand = operands[index];
    if (operand === undefined && matcher.optional !== true)
      return failed(2 * index, encoding.place, `${encoding.mnemonic} wants more operands`);
    try {
      values.push(matcher.take(operand, encoding));
    } catch (error) {
      if (error instanceof Problem) return { problem: error, rank: 2 * index + 1 };
      if (!(error instanceof Mismatch)) throw error;
      return failed(2 * index, operand!.place, `${operand!.text} is not what ${encoding.mnemonic} takes as its operand ${index + 1}`);
    }
  }
  const more = operands[matchers.length];
  if (more !== undefined) return failed(2 * matchers.length, more.place, `${encoding.mnemonic} takes no operand ${more.text} there`);
  try {
    return encode(encoding, ...(values as never[]));
  } catch (error) {
    if (error instanceof Problem) return { problem: error, rank: 2 * matchers.length + 1 };
    throw error;
  }
}

function failed(rank: number, place: SourcePlace, text: string): Failed {
  return { problem: new Problem(place, text, ""), rank } as Failed;
}

/** `add Xd|SP, Xn|SP, #imm{, lsl #0|12}`. */
function syntaxOf(mnemonic: string, { matchers }: Form): string {
  let text = mnemonic;
  for (const [index, { syntax, optional }] of matchers.entries()) {
    const separator = index === 0 ? " " : ", ";
    text += optional === true ? `{${separator}${syntax}}` : `${separator}${syntax}`;
  }
  return text;
}

/** What is CONSTRAINED UNPREDICTABLE, of which GNU as warns: `.inst` makes it for who wants it. @throws Problem when `a` is `b` */
export function refuseSame(encoding: Encoding, a: number, b: number, what: string): void {
  if (a !== b) return;
  throw new Problem(
    encoding.place,
    `${encoding.mnemonic} with the same register for ${what} is unpredictable`,
    "use another register, or .inst with the word you want",
  );
}

/** The value of an expression that must lie in a range. @throws Problem naming it */
export function inRange(
  encoding: Encoding,
  value: Expression,
  low: bigint | number,
  high: bigint | number,
  what: string,
  multiple = 1,
): bigint {
  const found = value.evaluate(encoding.scope);
  if (found >= BigInt(low) && found <= BigInt(high) && found % BigInt(multiple) === 0n) return found;
  const number = multiple === 1 ? "a value" : `a multiple of ${multiple}`;
  throw new Problem(value.place, `${what} ${found} of ${encoding.mnemonic} is out of range`, `use ${number} from ${low} to ${high}`);
}
