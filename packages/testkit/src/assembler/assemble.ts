/**
 * An assembler for guests of tests and examples: A64 without floating point and SIMD, in GNU as's syntax, one section, no linker.
 * Two passes: the first places every statement, for which it needs sizes only, the second makes the bytes. See
 * docs/adr/0036-guest-assembler.md.
 *
 * What is not there: macros and conditions (the text is a TypeScript string), other sections, relocations, debug information.
 */
import { ConfigError } from "@trapline/core";
import { Assembled, type AssembledLine } from "./assembled.ts";
import { AssemblyError, MAX_PROBLEMS, Problem, type SourcePlace } from "./assembly-error.ts";
import { type Content, contentOf, IGNORED, MAX_PROGRAM, unknownDirective } from "./directives.ts";
import { NAME, parseExpression, type Scope } from "./expression.ts";
import { encodeBy } from "./form.ts";
import { INSTRUCTIONS, whyNot } from "./instructions/index.ts";
import { type Literal, LiteralPool } from "./literal-pool.ts";
import { parseOperands } from "./operand.ts";
import { parseSource, type Statement } from "./source-line.ts";
import { SymbolTable } from "./symbol-table.ts";

/** Where a program goes, and what it knows from outside. */
export interface AssembleOptions {
  /** Address of the first byte, a multiple of 4. Default 0. */
  readonly base?: number;
  /** Symbols from outside, as if by `.equ` before the first line. */
  readonly symbols?: Readonly<Record<string, number | bigint>>;
  /** For messages: "guest.s". Default "program". */
  readonly file?: string;
}

/** A statement where it belongs. */
interface Placed {
  readonly statement: Statement;
  readonly at: number;
  readonly content: Content;
}

/**
 * @throws AssemblyError with everything that is wrong, at most 50 problems
 *
 * @example
 * const { bytes, symbols } = assemble("start: mov x0, #1\n       ret", { base: 0x4008_0000 });
 */
export function assemble(source: string, options: AssembleOptions = {}): Assembled {
  const { base = 0, symbols = {}, file = "program" } = options;
  if (!Number.isSafeInteger(base) || base < 0 || base % 4 !== 0) {
    throw new ConfigError(`a program cannot begin at ${base}`, {
      subject: file,
      value: base,
      remedy: "use an address that is a multiple of 4",
    });
  }
  return new Assembly(source, BigInt(base), file, symbols).result();
}

class Assembly {
  private readonly source: string;
  private readonly base: bigint;
  private readonly file: string;
  private readonly problems: Problem[] = [];
  private readonly symbols: SymbolTable;
  private readonly placed: Placed[] = [];
  private pool = new LiteralPool();
  private size = 0;

  constructor(source: string, base: bigint, file: string, symbols: Readonly<Record<string, number | bigint>>) {
    this.source = source;
    this.base = base;
    this.file = file;
    this.symbols = new SymbolTable(symbols);
  }

  result(): Assembled {
    const statements = parseSource(this.source, (problem) => this.report(problem));
    for (const statement of statements) this.attempt(() => this.place(statement));
    this.placePool(statements.at(-1));
    this.stopIfWrong();
    const bytes = new Uint8Array(this.size);
    const view = new DataView(bytes.buffer);
    const lines: AssembledLine[] = [];
    for (const { statement, at, content } of this.placed) {
      this.attempt(() => content.write(view, at, this.scope(at, statement)));
      const text = statement.text.trim();
      lines.push({ address: Number(this.base) + at, bytes: bytes.subarray(at, at + content.size), line: statement.line, text });
    }
    const symbols = new Map<string, bigint>();
    for (const name of this.symbols.names) this.attempt(() => void symbols.set(name, this.symbols.finally(name)));
    this.stopIfWrong();
    return new Assembled(Number(this.base), bytes, symbols, lines);
  }

  /** The first pass: labels get their addresses, statements their places. */
  private place(statement: Statement): void {
    for (const { name, column } of statement.labels) {
      this.symbols.label(name, this.base + BigInt(this.size), { line: statement.line, column, length: name.length });
    }
    if (statement.mnemonic === "") return;
    const content = this.contentOf(statement);
    if (content !== undefined) this.append(statement, content);
  }

  private contentOf(statement: Statement): Content | undefined {
    const { mnemonic, mnemonicColumn, line } = statement;
    const cursor = statement.operands();
    const scope = this.scope(this.size, statement);
    if (!mnemonic.startsWith(".")) return this.instruction(statement);
    if (IGNORED.has(mnemonic)) return undefined;
    if (mnemonic === ".ltorg" || mnemonic === ".pool") {
      this.placePool(statement);
      return undefined;
    }
    if (mnemonic === ".equ" || mnemonic === ".set" || mnemonic === ".equiv") {
      const name = cursor.take(NAME);
      if (name === undefined || name === ".")
        throw new Problem(cursor.place(), `${mnemonic} without a name`, `write ${mnemonic} NAME, value; .org moves on`);
      const place = { line, column: cursor.at - name.length + 1, length: name.length };
      if (!cursor.takeChar("=")) cursor.expectChar(",", mnemonic);
      const value = parseExpression(cursor);
      if (!cursor.atEnd) throw new Problem(cursor.place(), `${cursor.found()} behind the value`, "a symbol has one value");
      this.symbols.equate(name, value, scope, place, mnemonic === ".equiv");
      return undefined;
    }
    return contentOf(mnemonic, cursor, scope) ?? unknownDirective(mnemonic, cursor, mnemonicColumn);
  }

  private instruction(statement: Statement): Content {
    const { mnemonic, mnemonicColumn, line } = statement;
    const place: SourcePlace = { line, column: mnemonicColumn, length: mnemonic.length };
    const forms = INSTRUCTIONS.get(mnemonic);
    if (forms === undefined) throw whyNot(mnemonic, place);
    if (this.size % 4 !== 0)
      throw new Problem(place, `${mnemonic} stands at an address that is no multiple of 4`, "write .balign 4 before it");
    const operands = parseOperands(statement.operands());
    const [first, second] = operands;
    let literal: Literal | undefined;
    if (second?.kind === "literal" && first?.kind === "register") {
      // ldrsw loads a word into an X register.
      const bytes = first.is64 && mnemonic !== "ldrsw" ? 8 : 4;
      literal = this.pool.add(second.value, bytes, this.symbols.constant(second.value, this.base + BigInt(this.size)));
    }
    return {
      size: 4,
      write(view, at, scope) {
        const encoding = { scope, place, mnemonic, ...(literal === undefined ? {} : { literalAddress: literal.address }), sf: undefined };
        view.setUint32(at, encodeBy(forms, operands, encoding), true);
      },
    };
  }

  /** Puts the literals down where it stands. */
  private placePool(statement: Statement | undefined): void {
    if (statement === undefined) return;
    for (const { value, bytes, address } of this.pool.takeFrom(this.base + BigInt(this.size))) {
      const gap = Number(address - this.base) - this.size;
      const write: Content["write"] = (view, at, scope) => {
        const found = value.evaluate(scope);
        const limit = 1n << BigInt(8 * bytes);
        if (found >= limit || found < -limit / 2n)
          throw new Problem(value.place, `value ${found} does not fit ${8 * bytes} bits`, "load it into an X register");
        if (bytes === 8) view.setBigUint64(at + gap, BigInt.asUintN(64, found), true);
        else view.setUint32(at + gap, Number(BigInt.asUintN(32, found)), true);
      };
      this.append({ ...statement, text: `=${value.text}` }, { size: gap + bytes, write });
    }
  }

  private append(statement: Statement, content: Content): void {
    if (content.size === 0) return;
    if (this.size + content.size > MAX_PROGRAM) {
      throw new Problem(
        { line: statement.line, column: 1, length: 1 },
        `the program has more than ${MAX_PROGRAM} bytes`,
        "mind .org and .space",
      );
    }
    this.placed.push({ statement, at: this.size, content });
    this.size += content.size;
  }

  private scope(at: number, statement: Statement): Scope {
    return { here: this.base + BigInt(at), symbol: (name) => this.symbols.value(name, statement) };
  }

  private attempt(work: () => void): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.report(error);
    }
  }

  private report(problem: Problem): void {
    const { line, column, text } = problem.found;
    const isTold = this.problems.some(({ found }) => found.line === line && found.column === column && found.text === text);
    if (!isTold && this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  private stopIfWrong(): void {
    if (this.problems.length === 0) return;
    const found = this.problems.map((problem) => problem.found).sort((a, b) => a.line - b.line || a.column - b.column);
    throw new AssemblyError(this.file, this.source, found);
  }
}
