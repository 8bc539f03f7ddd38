/**
 * Directives, by GNU as's names. Each says in the first pass how many bytes it takes and in the second what they are; those that
 * move or pad need their operands known in the first. What only matters to a linker is taken and ignored.
 */
import { Problem } from "./assembly-error.ts";
import type { Cursor } from "./cursor.ts";
import { type Expression, parseExpression, type Scope, unescape } from "./expression.ts";
import { asUnsigned } from "./immediates.ts";

/** Bytes of a statement: how many, and a way to make them once all symbols are known. */
export interface Content {
  readonly size: number;
  write(view: DataView, at: number, scope: Scope): void;
}

/** The largest program: 64 MiB. A slip in .org or .space is told, not allocated. */
export const MAX_PROGRAM = 0x400_0000;

const STRING: RegExp = /"(?:\\.|[^"\\])*"/y;
const NOP = 0xd503_201f;

const INTEGERS: Readonly<Record<string, 1 | 2 | 4 | 8>> = {
  ...{ ".byte": 1, ".hword": 2, ".short": 2, ".2byte": 2, ".word": 4, ".long": 4, ".int": 4, ".4byte": 4, ".inst": 4 },
  ...{ ".quad": 8, ".xword": 8, ".dword": 8, ".8byte": 8 },
};

/** Of sections, symbols' kinds and versions: there is one section, every symbol is seen, and the subset is what it is. */
export const IGNORED: ReadonlySet<string> = new Set([
  ".text",
  ".global",
  ".globl",
  ".local",
  ".type",
  ".size",
  ".arch",
  ".arch_extension",
  ".cpu",
  ".file",
  ".loc",
  ".hidden",
  ".p2alignl",
]);

/** Directives of GNU as that need another tool. */
const BETTER_IN_TYPESCRIPT: ReadonlySet<string> = new Set([
  ".macro",
  ".endm",
  ".rept",
  ".endr",
  ".irp",
  ".if",
  ".ifdef",
  ".ifndef",
  ".else",
  ".endif",
  ".include",
]);

/** @returns undefined for a directive that is not about bytes. @throws Problem */
export function contentOf(mnemonic: string, cursor: Cursor, scope: Scope): Content | undefined {
  const bytes = INTEGERS[mnemonic];
  if (bytes !== undefined) return integers(cursor, bytes, mnemonic);
  switch (mnemonic) {
    case ".ascii":
    case ".asciz":
    case ".string":
      return strings(cursor, mnemonic !== ".ascii");
    case ".align":
    case ".p2align":
    case ".balign":
      return alignment(cursor, scope, mnemonic);
    case ".org":
      return origin(cursor, scope);
    case ".skip":
    case ".space":
    case ".zero":
      return space(cursor, scope);
    case ".fill":
      return fill(cursor, scope);
    default:
      return undefined;
  }
}

/** @throws Problem, always: nobody knows this directive */
export function unknownDirective(mnemonic: string, cursor: Cursor, column: number): never {
  const place = { line: cursor.line, column, length: mnemonic.length };
  if (BETTER_IN_TYPESCRIPT.has(mnemonic))
    throw new Problem(
      place,
      `${mnemonic} is not part of this assembler`,
      "build the text in TypeScript: a template string repeats and decides",
    );
  throw new Problem(
    place,
    `there is no directive ${mnemonic}`,
    `the directives are ${Object.keys(INTEGERS).join(", ")}, .ascii, .asciz, .align, .balign, .org, .space, .fill, .equ, .ltorg`,
  );
}

function integers(cursor: Cursor, bytes: 1 | 2 | 4 | 8, mnemonic: string): Content {
  const values = list(cursor, () => parseExpression(cursor));
  return {
    size: bytes * values.length,
    write(view, at, scope) {
      // `.` is where each value stands, as in GNU as.
      for (const [index, value] of values.entries())
        put(view, at + bytes * index, bytes, value, { ...scope, here: scope.here + BigInt(bytes * index) }, mnemonic);
    },
  };
}

function strings(cursor: Cursor, terminated: boolean): Content {
  const texts = list(cursor, () => {
    const text = cursor.take(STRING);
    if (text === undefined)
      throw new Problem(cursor.place(), `${cursor.found()} where a string belongs`, 'write it between quotation marks: "text"');
    return unescape(text.slice(1, -1)) + (terminated ? "\0" : "");
  });
  // A character beyond ASCII is written as UTF-8; \xHH is the byte it says.
  const bytes = texts.flatMap((text) =>
    [...text].flatMap((c) => (c.codePointAt(0)! < 0x100 ? [c.charCodeAt(0)] : [...new TextEncoder().encode(c)])),
  );
  return { size: bytes.length, write: (view, at) => new Uint8Array(view.buffer).set(bytes, at) };
}

/** `.align` and `.p2align` take a power of two, `.balign` bytes. Code is padded with NOPs, unless a filler is named. */
function alignment(cursor: Cursor, scope: Scope, mnemonic: string): Content {
  const [amount, filler] = upTo(cursor, 2, () => parseExpression(cursor));
  const value = known(amount!, scope, 0n, mnemonic === ".balign" ? 65_536n : 16n, "alignment");
  const unit = mnemonic === ".balign" ? value : 1n << value;
  if (unit !== 0n && (unit & (unit - 1n)) !== 0n)
    throw new Problem(amount!.place, `alignment ${unit} is no power of two`, "use 1, 2, 4, 8, …");
  const size = unit === 0n ? 0 : Number((unit - (scope.here % unit)) % unit);
  return {
    size,
    write(view, at, final) {
      for (let done = 0; done < size; done++) if (filler !== undefined) put(view, at + done, 1, filler, final, mnemonic);
      if (filler !== undefined) return;
      const odd = Number((4n - (final.here % 4n)) % 4n);
      for (let done = odd; done + 4 <= size; done += 4) view.setUint32(at + done, NOP, true);
    },
  };
}

function origin(cursor: Cursor, scope: Scope): Content {
  const [to] = upTo(cursor, 1, () => parseExpression(cursor));
  const distance = to!.evaluate(scope) - scope.here;
  if (distance < 0n)
    throw new Problem(to!.place, `.org goes back by ${-distance} bytes`, "it only moves on: what stands before it is too long");
  return zeros(distance, to!);
}

function space(cursor: Cursor, scope: Scope): Content {
  const [size, filler] = upTo(cursor, 2, () => parseExpression(cursor));
  const content = zeros(known(size!, scope, 0n, BigInt(MAX_PROGRAM), "size"), size!);
  if (filler === undefined) return content;
  return { size: content.size, write: (view, at, final) => repeat(content.size, (n) => put(view, at + n, 1, filler, final, ".space")) };
}

/** `.fill repeat, size, value`. */
function fill(cursor: Cursor, scope: Scope): Content {
  const [count, width, value] = upTo(cursor, 3, () => parseExpression(cursor));
  const times = Number(known(count!, scope, 0n, BigInt(MAX_PROGRAM), "count"));
  const bytes = width === undefined ? 1 : Number(known(width, scope, 1n, 8n, "width"));
  if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8)
    throw new Problem(width!.place, `a width of ${bytes} bytes`, "use 1, 2, 4 or 8");
  const size = zeros(BigInt(times * bytes), count!).size;
  return {
    size,
    write: (view, at, final) => value !== undefined && repeat(times, (n) => put(view, at + n * bytes, bytes, value, final, ".fill")),
  };
}

function zeros(size: bigint, cause: Expression): Content {
  if (size <= BigInt(MAX_PROGRAM)) return { size: Number(size), write: () => {} };
  throw new Problem(cause.place, `${size} bytes are more than a program has`, `keep it below ${MAX_PROGRAM}`);
}

function put(view: DataView, at: number, bytes: 1 | 2 | 4 | 8, value: Expression, scope: Scope, mnemonic: string): void {
  const found = value.evaluate(scope);
  const whole = asUnsigned(found, 8 * bytes);
  if (whole === undefined)
    throw new Problem(
      value.place,
      `value ${found} of ${mnemonic} does not fit ${8 * bytes} bits`,
      "use a wider directive, or cut it with &",
    );
  if (bytes === 8) view.setBigUint64(at, whole, true);
  else if (bytes === 4) view.setUint32(at, Number(whole), true);
  else if (bytes === 2) view.setUint16(at, Number(whole), true);
  else view.setUint8(at, Number(whole));
}

function known(value: Expression, scope: Scope, low: bigint, high: bigint, what: string): bigint {
  const found = value.evaluate(scope);
  if (found >= low && found <= high) return found;
  throw new Problem(value.place, `${what} ${found} is out of range`, `use ${low} to ${high}`);
}

function repeat(times: number, body: (n: number) => void): void {
  for (let n = 0; n < times; n++) body(n);
}

function list<T>(cursor: Cursor, item: () => T): readonly T[] {
  return upTo(cursor, Infinity, item);
}

/** One item at least. */
function upTo<T>(cursor: Cursor, most: number, item: () => T): readonly T[] {
  const items = [item()];
  while (items.length < most && cursor.takeChar(",")) items.push(item());
  if (!cursor.atEnd)
    throw new Problem(
      cursor.place(),
      `${cursor.found()} behind the operands`,
      most === Infinity ? "separate them by commas" : `the directive takes ${most} at most`,
    );
  return items;
}
