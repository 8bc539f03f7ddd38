/**
 * Expressions: numbers, characters, symbols, `.`, and GNU as's operators with GNU as's precedences, which are not those of C:
 * `* / % << >>` bind tightest, then `| & ^`, then `+ -`. Values are exact; what leaves 64 bits is refused, never cut.
 */
import { Problem, type SourcePlace } from "./assembly-error.ts";
import type { Cursor } from "./cursor.ts";

/** What names mean where an expression is evaluated. */
export interface Scope {
  /** Address of the statement. */
  readonly here: bigint;
  /** Value of a symbol; undefined when there is none (yet). `place` is where it is named. */
  symbol(name: string, place: SourcePlace): bigint | undefined;
}

export interface Expression {
  readonly place: SourcePlace;
  /** As written, for keys and messages. */
  readonly text: string;
  /** The name, when it is a bare word and so may be a register, a condition, an option … */
  readonly word?: string;
  /** @throws Problem for a symbol there is none of */
  evaluate(scope: Scope): bigint;
}

/** Operators from tight to loose. */
const LEVELS: readonly RegExp[] = [/<<|>>|[*/%]/y, /[|&^]/y, /[+-]/y];
const NUMBER = /0[xX][0-9a-fA-F_]+|0[bB][01_]+(?![0-9a-zA-Z])|[0-9][0-9_]*(?![0-9a-zA-Z_$.])/y;
const LOCAL_REFERENCE = /[0-9]+[bf](?![\w$.])/y;
export const NAME: RegExp = /[A-Za-z_$.][\w$.]*/y;
const CHARACTER = /'(?:\\.|[^\\])'?/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "\\": "\\", '"': '"', "'": "'" };

const LIMIT = 1n << 64n;
const MAX_DEPTH = 64;
const MAX_TERMS = 256;

/** @throws Problem unless an expression begins here */
export function parseExpression(cursor: Cursor, depth = 0): Expression {
  return parseLevel(cursor, LEVELS.length - 1, depth);
}

function parseLevel(cursor: Cursor, level: number, depth: number): Expression {
  if (level < 0) return parseUnary(cursor, depth);
  const start = startOf(cursor);
  let left = parseLevel(cursor, level - 1, depth);
  for (let terms = 1; ; terms++) {
    const operator = cursor.take(LEVELS[level]!);
    if (operator === undefined) return left;
    if (terms > MAX_TERMS)
      throw new Problem(cursor.place(start), `an expression of more than ${MAX_TERMS} terms`, "name its parts with .equ");
    left = binary(operator, left, parseLevel(cursor, level - 1, depth), cursor, start);
  }
}

function parseUnary(cursor: Cursor, depth: number): Expression {
  const start = startOf(cursor);
  if (depth > MAX_DEPTH) throw new Problem(cursor.place(), `an expression of more than ${MAX_DEPTH} levels`, "name its parts with .equ");
  const operator = cursor.take(/[-+~]/y);
  if (operator !== undefined) {
    const operand = parseUnary(cursor, depth + 1);
    const apply = { "-": (v: bigint) => -v, "+": (v: bigint) => v, "~": (v: bigint) => ~v }[operator]!;
    return whole(cursor, start, (scope) => apply(operand.evaluate(scope)));
  }
  if (cursor.takeChar("(")) {
    const inner = parseExpression(cursor, depth + 1);
    cursor.expectChar(")", "an expression in parentheses");
    return whole(cursor, start, (scope) => inner.evaluate(scope));
  }
  return parsePrimary(cursor, start);
}

function parsePrimary(cursor: Cursor, start: number): Expression {
  const local = cursor.take(LOCAL_REFERENCE);
  if (local !== undefined) return named(cursor, start, local);
  const number = cursor.take(NUMBER);
  if (number !== undefined) {
    const value = BigInt(number.replaceAll("_", ""));
    if (value >= LIMIT) throw new Problem(cursor.place(start), `${number} has more than 64 bits`, "use a smaller number");
    return whole(cursor, start, () => value);
  }
  const character = cursor.take(CHARACTER);
  if (character !== undefined) {
    const value = BigInt(unescape(character.slice(1).replace(/(.)'$/, "$1")).codePointAt(0)!);
    return whole(cursor, start, () => value);
  }
  const name = cursor.take(NAME);
  if (name === ".") return whole(cursor, start, (scope) => scope.here);
  if (name !== undefined) return { ...named(cursor, start, name), word: name };
  throw new Problem(cursor.place(), `${cursor.found()} where a value belongs`, "write a number, a symbol or an expression");
}

function named(cursor: Cursor, start: number, name: string): Expression {
  const place = cursor.place(start);
  return whole(cursor, start, (scope) => {
    const value = scope.symbol(name, place);
    if (value !== undefined) return value;
    throw new Problem(place, `there is no symbol ${name}`, "define it by a label or .equ, or pass it in `symbols`");
  });
}

function binary(operator: string, left: Expression, right: Expression, cursor: Cursor, start: number): Expression {
  return whole(cursor, start, (scope) => {
    const [a, b] = [left.evaluate(scope), right.evaluate(scope)];
    switch (operator) {
      case "+":
        return a + b;
      case "-":
        return a - b;
      case "*":
        return a * b;
      case "|":
        return a | b;
      case "&":
        return a & b;
      case "^":
        return a ^ b;
      case "<<":
      case ">>":
        if (b < 0n || b > 63n) throw new Problem(right.place, `a shift by ${b}`, "shift by 0 to 63");
        return operator === "<<" ? a << b : a >> b;
      default:
        if (b === 0n) throw new Problem(right.place, "a division by zero", "divide by something else");
        return operator === "/" ? a / b : a % b;
    }
  });
}

function whole(cursor: Cursor, start: number, compute: (scope: Scope) => bigint): Expression {
  const place = cursor.place(start);
  return {
    place,
    text: cursor.text.slice(start, start + place.length),
    evaluate(scope) {
      const value = compute(scope);
      if (value < LIMIT && value > -LIMIT) return value;
      throw new Problem(place, `the value has more than 64 bits`, "use a smaller one");
    },
  };
}

function startOf(cursor: Cursor): number {
  cursor.skipBlanks();
  return cursor.at;
}

/** The text between quotes, with \n, \r, \t, \b, \f, \\, \", \', \xHH and octal \NNN replaced; other backslashes stand for what follows. */
export function unescape(text: string): string {
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))/gs, (_, hex?: string, octal?: string, other = "") => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return octal === undefined ? (ESCAPES[other] ?? other) : String.fromCharCode(parseInt(octal, 8) & 0xff);
  });
}
