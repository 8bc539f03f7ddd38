// Draws instruction words of a form: registers that alias now and then, immediates from their corners, small fields from all their values.
import type { EncodingField } from "../src/isa/encoding.ts";
import type { Prng } from "../src/testing/prng.fixture.ts";
import { type A64Form, isAllocated, isUnpredictable } from "./forms/a64-forms.ts";

const isRegister = (name: string): boolean => /^[RV][a-z]\d?$/.test(name);
const isShouldBe = (name: string): boolean => name.startsWith("sb");

/** Fields of up to this width are control fields or small immediates: every value is as good as any other. */
const SMALL = 4;
const ATTEMPTS = 2000;

/** How many values the form's small fields have together: that many words, drawn with consecutive `index`, show them all. */
export function smallCombinations(form: A64Form): number {
  return form.bits.fields.filter(isEnumerated).reduce((product, { width }) => product * 2 ** width, 1);
}

/** Has it an immediate that no few words show all values of? */
export const hasImmediate = (form: A64Form): boolean =>
  form.bits.fields.some(({ name, width }) => width > SMALL && !isRegister(name) && !isShouldBe(name));

const isEnumerated = ({ name, width }: EncodingField): boolean => width <= SMALL && !isRegister(name) && !isShouldBe(name);

/**
 * A word of the form whose result the manual defines.
 * @param index decides the small fields, as a mixed-radix number; they are drawn where it is not given, or gives an unallocated word
 */
export function drawWord(form: A64Form, prng: Prng, index?: number): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const word = drawAnyWord(form, prng, attempt < ATTEMPTS / 100 ? index : undefined);
    if (isAllocated(form, word) && !isUnpredictable(form, word)) return word;
  }
  throw new Error(`${ATTEMPTS} words of ${form.name} were all unallocated or unpredictable; mend its row`);
}

/** A word of the form that Armv8.0 does not allocate, or undefined when all are. */
export function drawUnallocatedWord(form: A64Form, prng: Prng): number | undefined {
  if (form.where === undefined) return undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const word = drawAnyWord(form, prng);
    if (!isAllocated(form, word) && !isUnpredictable(form, word)) return word;
  }
  return undefined;
}

function drawAnyWord(form: A64Form, prng: Prng, index?: number): number {
  let word = form.bits.value;
  let rest = index;
  const registers: number[] = [];
  for (const field of form.bits.fields) {
    let value: number;
    if (isRegister(field.name)) {
      value = drawRegister(prng, field, registers);
      registers.push(value);
    } else if (rest !== undefined && isEnumerated(field)) {
      value = rest % 2 ** field.width;
      rest = Math.floor(rest / 2 ** field.width);
    } else value = drawField(prng, field);
    word = (word | (value << field.low)) >>> 0;
  }
  return word;
}

/** Mostly registers of their own; one in five repeats another operand, one in seven is 31 (SP, ZR, or the last vector register). */
function drawRegister(prng: Prng, { width }: EncodingField, others: readonly number[]): number {
  const limit = 2 ** width;
  if (others.length > 0 && prng.oneIn(5)) return prng.pick(others) % limit;
  if (prng.oneIn(7)) return limit - 1;
  return prng.below(limit);
}

function drawField(prng: Prng, { name, width }: EncodingField): number {
  const limit = 2 ** width;
  if (name.startsWith("sbo")) return limit - 1;
  if (name.startsWith("sbz")) return 0;
  if (width <= SMALL || prng.oneIn(2)) return prng.below(limit);
  return prng.pick([0, 1, limit / 2 - 1, limit / 2, limit / 2 + 1, limit - 2, limit - 1, 2 ** prng.below(width)]);
}
