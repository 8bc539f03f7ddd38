/**
 * Instruction encodings written as the manual draws them, most significant bit first: `"sf 0 0 100010 sh imm12:12 Rn:5 Rd:5"`.
 * A token of 0s and 1s stands for itself, any other names a field, one bit wide unless `:width` follows.
 */
import { InvariantError } from "@trapline/core";

export interface EncodingField {
  readonly name: string;
  /** Bit number of its lowest bit. */
  readonly low: number;
  readonly width: number;
}

export interface Encoding {
  /** Bits that are fixed, and their values. */
  readonly mask: number;
  readonly value: number;
  readonly fields: readonly EncodingField[];
}

/** Names of the fields in an encoding's text. */
export type FieldName<S extends string> = S extends `${infer Token} ${infer Rest}` ? NameOf<Token> | FieldName<Rest> : NameOf<S>;
type NameOf<Token extends string> = Token extends "" | `${"0" | "1"}${string}` ? never : Token extends `${infer Name}:${string}` ? Name : Token;

/**
 * Called some 950 times at every start, so by characters.
 * @throws InvariantError for a text that does not make 32 bits or names a field twice
 */
export function parseEncoding(text: string): Encoding {
  let mask = 0;
  let value = 0;
  let low = 32;
  const fields: EncodingField[] = [];
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(" ", at);
    const end = space < 0 ? text.length : space;
    if (isBit(text, at)) {
      for (; at < end && isBit(text, at); at++) {
        low--;
        mask |= 1 << low;
        if (text[at] === "1") value |= 1 << low;
      }
      if (at < end) throw new InvariantError(`encoding "${text}" has ${text[at]} among its bits`);
    } else if (at < end) {
      const colon = text.indexOf(":", at);
      const name = text.slice(at, colon < 0 || colon > end ? end : colon);
      const width = colon < 0 || colon > end ? 1 : Number(text.slice(colon + 1, end));
      low -= width;
      for (const field of fields) if (field.name === name) throw new InvariantError(`encoding "${text}" names ${name} twice`);
      fields.push({ name, low, width });
    }
    at = end + 1;
  }
  if (low !== 0) throw new InvariantError(`encoding "${text}" has ${32 - low} bits`);
  return { mask: mask >>> 0, value: value >>> 0, fields };
}

function isBit(text: string, at: number): boolean {
  const character = text.charCodeAt(at);
  return character === 0x30 || character === 0x31;
}

/** The fields of one word, by name, and the word itself: read from it when asked. */
export type EncodedFields = Readonly<Record<string, number>>;

/**
 * What reads the fields of words of one encoding. Fields are getters of a class made for it, so that a word that is decoded costs one
 * small object, whatever it consists of.
 */
export function fieldReader(encoding: Encoding): (word: number) => EncodedFields {
  class Fields {
    declare readonly word: number; // declared only: a field would be defined first, and then assigned
    constructor(word: number) {
      (this as { word: number }).word = word;
    }
  }
  for (const { name, low, width } of encoding.fields) {
    const mask = 2 ** width - 1;
    Object.defineProperty(Fields.prototype, name, {
      get(this: Fields) {
        return (this.word >>> low) & mask;
      },
    });
  }
  return (word) => new Fields(word) as unknown as EncodedFields;
}

/** Sign-extends the low `bits` of `value`. */
export function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}
