/**
 * YAML text → a value with places. What YAML can do beyond a machine file's needs is refused, each with its reason:
 * tags, merge keys, keys that are no words, several documents.
 *
 * Bounds, so that no file hangs or fills the host, whatever it is: 1 MiB of text (source-text.ts), 100 000 tokens and
 * 64 levels (checked while reading, before anything recurses), 10 000 values with every alias counted as often as it is
 * used ("billion laughs"). The yaml package does the syntax; it resolves no values: what a word means is decided in
 * scalar.ts, and duplicate keys are found here in linear time, where the package compares each key with all others.
 */
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  type Pair,
  Parser,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Located, LocatedEntry, Step } from "./located.ts";
import { formatPath } from "./located.ts";
import { MachineFileError, type MachineFileProblem } from "./machine-file-error.ts";
import { type JsonValue, plainScalar } from "./scalar.ts";
import type { SourceText } from "./source-text.ts";

/** Tokens of a machine file, at most. */
export const MAX_TOKENS = 100_000;
/** Levels of nesting in a machine file, at most. */
export const MAX_DEPTH = 64;
/** Values of a machine file, at most; an alias counts as often as it is used. */
export const MAX_VALUES = 10_000;

type Token = Parameters<Composer["next"]>[0];

/** @throws MachineFileError with every finding */
export function parseYaml(source: SourceText): Located {
  const documents = [
    ...new Composer({ schema: "failsafe", uniqueKeys: false, prettyErrors: false, resolveKnownTags: false }).compose(
      tokensOf(source),
      true,
      source.text.length,
    ),
  ];
  const problems = documents.flatMap((document) => syntaxProblems(document, source));
  if (problems.length > 0) throw new MachineFileError(problems);
  const [document, second] = documents;
  if (second !== undefined) {
    const start = second.range?.[0] ?? 0;
    throw new MachineFileError([
      source.problem(start, start, "", "a second document begins here", "write one machine per file, without ---"),
    ]);
  }
  const reader = new NodeReader(source);
  const root = reader.read(document!.contents, [], { start: 0, end: 0 });
  if (reader.problems.length > 0) throw new MachineFileError(reader.problems);
  return root;
}

/** The tokens of the text. The bounds are checked here because everything after this recurses. */
function tokensOf(source: SourceText): Token[] {
  const parser = new Parser();
  const tokens: Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    const deep = parser.stack.length > MAX_DEPTH;
    if (deep || ++count > MAX_TOKENS) {
      const at = parser.offset;
      const text = deep ? `the file nests deeper than ${MAX_DEPTH} levels` : `the file has more than ${MAX_TOKENS} tokens`;
      throw new MachineFileError([source.problem(at, at, "", text, "a machine file needs far less; put data into files that it names")]);
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

/** The first finding of each line: further ones are its consequences, and point at things that are right. */
function syntaxProblems(document: Document.Parsed, source: SourceText): MachineFileProblem[] {
  const firsts = new Map<number, MachineFileProblem>();
  // An unknown tag is only a warning there; here it is as wrong as the rest.
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    const hint = code === "TAB_AS_INDENT" ? "indent with spaces" : code === "TAG_RESOLVE_FAILED" ? TAG_HINT : undefined;
    const problem = source.problem(pos[0], pos[1], "", message.charAt(0).toLowerCase() + message.slice(1), hint);
    if (!firsts.has(problem.line!)) firsts.set(problem.line!, problem);
  }
  return [...firsts.values()];
}

const TAG_HINT = "machine files use no tags: leave it out";
const MERGE_HINT = "machine files have no merge keys: write the keys out, or use an alias for the whole mapping";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Turns the nodes of one document into located values, collecting what is wrong. */
class NodeReader {
  readonly problems: MachineFileProblem[] = [];
  private readonly source: SourceText;
  private readonly anchors = new Map<string, Located>();
  private values = 0;
  private full = false;

  constructor(source: SourceText) {
    this.source = source;
  }

  /** @param at where the node would stand, for one that is not written: `key:` without a value */
  read(node: unknown, path: readonly Step[], at: Span): Located {
    if (isAlias(node)) return this.alias(node, path, at);
    const span = spanOf(node, at);
    const { tag, anchor } = (node ?? {}) as { tag?: string; anchor?: string };
    if (tag !== undefined) this.refuse(span, path, `the tag ${tag} has no meaning here`, TAG_HINT);
    if (!this.admit(1, path.length, path, span)) return nothing(span);
    let located = nothing(span);
    if (isScalar(node)) located = this.scalar(node, path, span);
    else if (isSeq(node)) located = this.list(node, path, span);
    else if (isMap(node)) located = this.mapping(node, path, span);
    if (anchor !== undefined) this.anchors.set(anchor, located);
    return located;
  }

  private alias(node: Alias, path: readonly Step[], at: Span): Located {
    const span = spanOf(node, at);
    const target = this.anchors.get(node.source);
    if (target === undefined) {
      this.refuse(span, path, `nothing before this is anchored as &${node.source}`, "an alias repeats something that ended before it");
      return nothing(span);
    }
    return this.admit(target.size, path.length + target.height, path, span) ? target : nothing(span);
  }

  private scalar(node: { value: unknown; type?: string | undefined }, path: readonly Step[], span: Span): Located {
    const text = typeof node.value === "string" ? node.value : "";
    if (/\p{Surrogate}/u.test(text)) {
      this.refuse(span, path, "half a character (a lone surrogate)", "write the character itself, or \\U with its eight digits");
      return nothing(span);
    }
    if (node.type !== "PLAIN") return { ...nothing(span), value: text };
    const meaning = plainScalar(text);
    if ("value" in meaning) return { ...nothing(span), value: meaning.value };
    this.refuse(span, path, `${this.source.shown(span.start, span.end)}: ${meaning.problem}`, meaning.hint);
    return nothing(span);
  }

  private list(node: YAMLSeq, path: readonly Step[], span: Span): Located {
    const items: Located[] = [];
    for (const [index, item] of node.items.entries()) {
      if (this.full) break;
      // `[a: 1]` has a bare pair as its item: YAML's short form of a mapping.
      items.push(this.read(item, [...path, index], span));
    }
    return { ...nothing(span), ...totalsOf(items), value: items.map(({ value }) => value), items };
  }

  private mapping(node: YAMLMap, path: readonly Step[], span: Span): Located {
    const entries = new Map<string, LocatedEntry>();
    const value: { [key: string]: JsonValue } = {};
    for (const pair of node.items) {
      if (this.full) break;
      const entry = this.entry(pair, path, span, entries);
      if (entry === undefined) continue;
      const [key, located] = entry;
      entries.set(key, located);
      // Assignment would set the prototype for the key __proto__.
      Object.defineProperty(value, key, { value: located.value.value, enumerable: true, configurable: true, writable: true });
    }
    return { ...nothing(span), ...totalsOf([...entries.values()].map((entry) => entry.value)), value, entries };
  }

  private entry(pair: Pair, path: readonly Step[], map: Span, seen: ReadonlyMap<string, LocatedEntry>): [string, LocatedEntry] | undefined {
    const span = spanOf(pair.key, map);
    if (!isPair(pair) || !isScalar(pair.key) || typeof pair.key.value !== "string" || pair.key.value === "" || pair.key.tag !== undefined) {
      this.refuse(span, path, "a key must be a plain word", "write `key: value`, without ? and tags");
      return undefined;
    }
    const key = pair.key.value;
    const { anchor } = pair.key;
    if (anchor !== undefined) this.anchors.set(anchor, { ...nothing(span), value: key });
    const before = seen.get(key);
    if (before !== undefined) {
      const first = `the first one is in line ${this.source.lineAt(before.start)}`;
      this.refuse(span, [...path, key], `the key ${this.source.shown(span.start, span.end)} is given twice; ${first}`, "keep one of them");
      return undefined;
    }
    if (key === "<<" || /\p{Surrogate}/u.test(key)) {
      this.refuse(span, path, "this key has no meaning", key === "<<" ? MERGE_HINT : "write it without surrogate escapes");
      return undefined;
    }
    return [key, { ...span, value: this.read(pair.value, [...path, key], { start: span.end, end: span.end }) }];
  }

  /** Counts values against the bounds; false, once reported, when they are exceeded. */
  private admit(count: number, depth: number, path: readonly Step[], span: Span): boolean {
    if (this.full) return false;
    this.values += count;
    const many = this.values > MAX_VALUES;
    if (!many && depth <= MAX_DEPTH) return true;
    this.full = true;
    const text = many
      ? `the file has more than ${MAX_VALUES} values, aliases counted as often as used`
      : `the file nests deeper than ${MAX_DEPTH} levels`;
    this.refuse(span, path, text, "a machine file needs far less; put data into files that it names");
    return false;
  }

  private refuse(span: Span, path: readonly Step[], text: string, hint: string): void {
    this.problems.push(this.source.problem(span.start, span.end, formatPath(path), text, hint));
  }
}

function spanOf(node: unknown, fallback: Span): Span {
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
  return range === null || range === undefined ? fallback : { start: range[0], end: range[1] };
}

function nothing(span: Span): Located {
  return { value: null, start: span.start, end: span.end, size: 1, height: 0 };
}

function totalsOf(parts: readonly Located[]): { size: number; height: number } {
  let size = 1;
  let height = 0;
  for (const part of parts) {
    size += part.size;
    height = Math.max(height, part.height);
  }
  return { size, height: height + 1 };
}
