/** From an instruction word to its row, its handler and its operands. Hot when code is seen for the first time: about 1 µs. */
import type { EncodedFields } from "./encoding.ts";
import type { Form, Operands } from "./form.ts";
import { instructionForms } from "./index.ts";
import { isPassing } from "./stack-lookahead.ts";
import { type Variant, variants } from "./variants.ts";

/** Traits of a decoded instruction: its handler has no place in the interpreter's loop; it is a direct call within its page; a direct branch; one that leaves its page. */
export const COLD = 1;
export const CALL_IN_PAGE = 2;
const DIRECT = 4;
const LEAVES_PAGE = 8;

/** Most words were decoded before, and of those only this object is looked at: everything else would be a miss of the host's caches. */
export class Decoded {
  readonly variant: Variant;
  readonly operands: Operands;
  /** A bit each, see above. */
  readonly traits: number;
  /** Of direct branches: the distance in bytes. */
  readonly distance: number;
  /** The record that the interpreter has for it, once it has one: four words, and the first is never 0 (interpreter/record.ts). */
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  constructor(variant: Variant, operands: Operands) {
    this.variant = variant;
    this.operands = operands;
    this.traits = (variant.hot ? 0 : COLD) | (variant.callsInPage ? CALL_IN_PAGE : 0) | (variant.isDirect ? DIRECT : 0) | (variant.leavesPage ? LEAVES_PAGE : 0);
    this.distance = variant.isDirect ? (operands.imm as number) : 0;
  }
}

/** Rows are found by bits 31:21, which tell most of them apart; the few that share those are tried in order. */
const KEY_SHIFT = 21;

let table: readonly (readonly Form[])[] | undefined;

function rowTable(): readonly (readonly Form[])[] {
  const rows: Form[][] = Array.from({ length: 2 ** (32 - KEY_SHIFT) }, () => []);
  const all = rows.length - 1;
  for (const form of instructionForms) {
    const value = form.bits.value >>> KEY_SHIFT;
    const free = ~(form.bits.mask >>> KEY_SHIFT) & all;
    // Every subset of the bits that the row leaves open, from all of them down to none.
    for (let bits = free; ; bits = (bits - 1) & free) {
      rows[value | bits]!.push(form);
      if (bits === 0) break;
    }
  }
  return rows;
}

/** The row that gives `word` its meaning; the last row matches every word. */
export function findForm(word: number): { readonly form: Form; readonly fields: EncodedFields } {
  for (const form of (table ??= rowTable())[word >>> KEY_SHIFT]!) {
    if ((word & form.bits.mask) >>> 0 !== form.bits.value) continue;
    const fields = form.fieldsOf(word);
    if (form.when === undefined || form.when(fields)) return { form, fields };
  }
  throw new RangeError(`no row for ${word}`); // unreachable: see above
}

/** Words decoded lately, by their hash. Programs repeat themselves: two thirds of what a kernel decodes are here. Bound: some 2 MiB. */
const CACHE_BITS = 14;
const cachedWords = new Uint32Array(2 ** CACHE_BITS);
const cached: (Decoded | undefined)[] = new Array<Decoded | undefined>(2 ** CACHE_BITS).fill(undefined);

/**
 * @param pageOffset of the instruction, bytes: tells whether a branch stays in its page
 * @param wordAt other words of the page, where there is one; who gives them decodes anew when they change
 */
export function decode(word: number, pageOffset: number, wordAt?: (pageOffset: number) => number): Decoded {
  const place = Math.imul(word, 0x9e37_79b1) >>> (32 - CACHE_BITS);
  const known = cachedWords[place] === word ? cached[place] : undefined;
  if (known !== undefined && ((known.traits & DIRECT) === 0 || leavesPage(known.distance, pageOffset) === ((known.traits & LEAVES_PAGE) !== 0))) return known;
  const { form, fields } = findForm(word);
  const operands = form.operands(fields);
  if (form.stack?.when(fields) === true) {
    // Depends on where it stands, and is not kept.
    const passing = wordAt !== undefined && isPassing(pageOffset + 4, wordAt, findForm);
    return new Decoded(variants().find(passing ? form : form.stack.form, fields, false), operands);
  }
  const isDirect = form.flow !== undefined && form.flow.kind !== "indirect";
  const decoded = new Decoded(variants().find(form, fields, isDirect && leavesPage(operands.imm as number, pageOffset)), operands);
  cachedWords[place] = word;
  cached[place] = decoded;
  return decoded;
}

function leavesPage(distance: number, pageOffset: number): boolean {
  const target = pageOffset + distance;
  return target < 0 || target >= 4096;
}
