/**
 * The symbols of a program. Labels and `.equ`s have one meaning for the whole of it; a label of digits may be defined again and
 * again and is referred to as `1b`, the last one before, or `1f`, the next one behind.
 */
import { Problem, type SourcePlace } from "./assembly-error.ts";
import type { Expression, Scope } from "./expression.ts";
import type { Statement } from "./source-line.ts";

/** A label of digits. */
interface Local {
  readonly value: bigint;
  readonly place: SourcePlace;
}

/** What a name means from a place on. */
type Meaning = { readonly place: SourcePlace } & (
  { readonly value: bigint; readonly isAddress: boolean } | { readonly expression: Expression; readonly scope: Scope }
);

const MAX_EQUATES = 64;

export class SymbolTable {
  /** In the order of the source; more than one for what `.equ` says anew. */
  private readonly meanings = new Map<string, Meaning[]>();
  private readonly locals = new Map<string, Local[]>();
  private depth = 0;

  constructor(outside: Readonly<Record<string, number | bigint>>) {
    for (const [name, value] of Object.entries(outside))
      this.meanings.set(name, [{ value: BigInt(value), isAddress: false, place: BEFORE_ALL }]);
  }

  label(name: string, value: bigint, place: SourcePlace): void {
    if (/^\d/.test(name)) {
      const all = this.locals.get(name) ?? [];
      all.push({ value, place });
      this.locals.set(name, all);
      return;
    }
    this.refuseTwice(name, place);
    this.meanings.set(name, [{ value, isAddress: true, place }]);
  }

  /** `.equ` may say it anew, as in GNU as; `.equiv` may not. What is known is kept as a value: a later change does not reach back. */
  equate(name: string, expression: Expression, scope: Scope, place: SourcePlace, once: boolean): void {
    const before = this.meanings.get(name) ?? [];
    if (once || before.some((meaning) => "isAddress" in meaning && meaning.isAddress)) this.refuseTwice(name, place);
    const value = this.constant(expression, scope.here);
    before.push(value === undefined ? { expression, scope, place } : { value, isAddress: false, place });
    this.meanings.set(name, before);
  }

  /** Seen from a statement: the last meaning before it, or else the last of all. Undefined when there is none (yet). */
  value(name: string, from: Statement): bigint | undefined {
    const local = /^(\d+)([bf])$/.exec(name);
    if (local !== null) return this.local(local[1]!, local[2] === "f", from);
    const all = this.meanings.get(name);
    const meaning = all === undefined || all.length === 1 ? all?.[0] : (all.findLast((each) => !isAfter(each, from)) ?? all.at(-1));
    if (meaning === undefined || "value" in meaning) return meaning?.value;
    if (this.depth > MAX_EQUATES) throw new Problem(meaning.expression.place, `${name} is defined by itself`, "break the circle of .equ");
    this.depth++;
    try {
      return meaning.expression.evaluate(meaning.scope);
    } finally {
      this.depth--;
    }
  }

  /** The value of an expression that is known already and is no address; undefined for others. */
  constant(expression: Expression, here: bigint): bigint | undefined {
    let isConstant = true;
    const symbol = (name: string): bigint => {
      const meaning = this.meanings.get(name)?.at(-1);
      if (meaning !== undefined && "value" in meaning && !meaning.isAddress) return meaning.value;
      isConstant = false;
      return 1n; // not 0, by which somebody may divide
    };
    if (expression.text.includes(".")) return undefined;
    try {
      const value = expression.evaluate({ here, symbol });
      return isConstant ? value : undefined;
    } catch (error) {
      if (error instanceof Problem) return undefined; // it will be told where the value is needed
      throw error;
    }
  }

  get names(): Iterable<string> {
    return this.meanings.keys();
  }

  /** What a name of the program means in the end. @throws Problem for one that is defined by what is not there */
  finally(name: string): bigint {
    return this.value(name, BEHIND_ALL)!;
  }

  private local(name: string, isBehind: boolean, from: Statement): bigint | undefined {
    const all = this.locals.get(name) ?? [];
    return (isBehind ? all.find((each) => isAfter(each, from)) : all.findLast((each) => !isAfter(each, from)))?.value;
  }

  private refuseTwice(name: string, place: SourcePlace): void {
    if (this.meanings.has(name))
      throw new Problem(place, `${name} is defined a second time`, "give one of the two another name; labels of digits may repeat");
  }
}

function isAfter({ place }: { readonly place: SourcePlace }, from: Statement): boolean {
  return place.line > from.line || (place.line === from.line && place.column > from.mnemonicColumn);
}

const BEFORE_ALL: SourcePlace = { line: 0, column: 0, length: 1 };
/** From where one sees what everything is in the end. */
const BEHIND_ALL: Statement = { labels: [], mnemonic: "", mnemonicColumn: 0, operands: () => undefined as never, line: Infinity, text: "" };
