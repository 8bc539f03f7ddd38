// The oracle's own list of A64 instruction forms, complete for what Armv8.0 with CRC32 gives an EL0 program, and its reading.
import { type Encoding, parseEncoding } from "../../src/isa/encoding.ts";
import { branchGroups } from "./branch-forms.ts";
import { floatingPointGroups } from "./floating-point-forms.ts";
import { integerGroups } from "./integer-forms.ts";
import { loadStoreGroups } from "./load-store-forms.ts";
import type { Fields, OracleForm } from "./oracle-form.ts";
import { simdFpGroups } from "./simd-fp-forms.ts";
import { simdIntegerGroups } from "./simd-integer-forms.ts";

/** A form with its encoding read. */
export interface A64Form extends OracleForm {
  readonly bits: Encoding;
}

export interface A64Group {
  /** Name of the file of golden vectors, without its ending. */
  readonly file: string;
  readonly forms: readonly A64Form[];
}

export const a64Groups: readonly A64Group[] = [
  ...integerGroups,
  ...branchGroups,
  ...loadStoreGroups,
  ...floatingPointGroups,
  ...simdIntegerGroups,
  ...simdFpGroups,
].map(({ file, forms }) => ({ file, forms: forms.map((form) => ({ ...form, bits: parseEncoding(form.encoding) })) }));

export const a64Forms: readonly A64Form[] = a64Groups.flatMap(({ forms }) => forms);

/** Reads fields of `word` as an instruction of this form. */
export function fieldsOfForm(form: A64Form, word: number): Fields {
  return (name) => {
    const field = form.bits.fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`${form.name} has no field ${name}; mend its row`);
    return (word >>> field.low) & (2 ** field.width - 1);
  };
}

/** True for the words of the form that Armv8.0 allocates. */
export const isAllocated = (form: A64Form, word: number): boolean => form.where?.(fieldsOfForm(form, word)) ?? true;

/** True for words of the form whose result the manual leaves open. */
export function isUnpredictable(form: A64Form, word: number): boolean {
  const fields = fieldsOfForm(form, word);
  const breaksShouldBe = form.bits.fields.some(({ name, width }) => {
    if (name.startsWith("sbo")) return fields(name) !== 2 ** width - 1;
    return name.startsWith("sbz") && fields(name) !== 0;
  });
  return breaksShouldBe || (form.unpredictable?.(fields) ?? false);
}

/** The form that allocates the word; undefined: none does, so it is UNDEFINED (or of the system instructions that are not listed). */
export const formOfWord = (word: number): A64Form | undefined =>
  BY_TOP_BYTE[word >>> 24]!.find((form) => (word & form.bits.mask) >>> 0 === form.bits.value && isAllocated(form, word));

const BY_TOP_BYTE: readonly (readonly A64Form[])[] = Array.from({ length: 256 }, (_, top) =>
  a64Forms.filter(({ bits }) => ((top << 24) & bits.mask & 0xff00_0000) >>> 0 === (bits.value & 0xff00_0000) >>> 0),
);
