/** What `assemble` gives: the bytes, where they belong, the symbols, and which line made which bytes. */
import { ConfigError, hex } from "@trapline/core";
import { nearest } from "./nearest.ts";

/** Bytes that one line of the source made. */
export interface AssembledLine {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** In the source, from 1. */
  readonly line: number;
  /** The statement, without the blanks around it. */
  readonly text: string;
}

export class Assembled {
  /** Address of the first byte. */
  readonly base: number;
  readonly bytes: Uint8Array;
  /** Labels and `.equ`s. Labels of digits are not among them. */
  readonly symbols: ReadonlyMap<string, bigint>;
  readonly lines: readonly AssembledLine[];

  constructor(base: number, bytes: Uint8Array, symbols: ReadonlyMap<string, bigint>, lines: readonly AssembledLine[]) {
    this.base = base;
    this.bytes = bytes;
    this.symbols = symbols;
    this.lines = lines;
  }

  /** The bytes as 32-bit words, little-endian; the last one is filled up with zeros. */
  get words(): readonly number[] {
    const padded = new Uint8Array(4 * Math.ceil(this.bytes.length / 4));
    padded.set(this.bytes);
    const view = new DataView(padded.buffer);
    return Array.from({ length: padded.length / 4 }, (_, n) => view.getUint32(4 * n, true));
  }

  /** @throws ConfigError for a name the program does not define */
  address(name: string): number {
    const value = this.symbols.get(name);
    if (value !== undefined) return Number(value);
    const near = nearest(name, this.symbols.keys());
    throw new ConfigError(`the program has no symbol ${name}`, {
      subject: name,
      remedy: near === undefined ? "define it by a label or .equ" : `did you mean ${near}?`,
    });
  }

  /** `40080000: d2800020  mov x0, #1`, a line for each statement that made bytes. */
  listing(): string {
    return this.lines.map(({ address, bytes, text }) => `${hex(address, 8)}: ${shown(bytes).padEnd(18)}  ${text}`).join("\n");
  }

  /** Copies the program to where it belongs: `machine.memory`. @throws ConfigError where there is no memory for it */
  loadInto(memory: { copyIn(address: number, bytes: Uint8Array): boolean }): void {
    if (memory.copyIn(this.base, this.bytes)) return;
    const place = `${hex(this.base)}+${hex(this.bytes.length)}`;
    throw new ConfigError(`the program does not fit into memory at ${place}`, {
      subject: "program",
      value: place,
      remedy: "give the machine memory there, or assemble it for another base",
    });
  }
}

/** The first eight bytes, as words where they are some. */
function shown(bytes: Uint8Array): string {
  const text: string[] = [];
  for (let at = 0; at < bytes.length && at < 8; at += 4)
    text.push(
      [...bytes.slice(at, at + 4)]
        .reverse()
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join(""),
    );
  return text.join(" ") + (bytes.length > 8 ? "…" : "");
}
