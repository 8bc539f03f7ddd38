/** From an instruction word to its row, its handler and its operands. Hot when code is seen for the first time: about 1 µs. */
import type { EncodedFields } from "./encoding.ts";
import type { Form, Operands } from "./form.ts";
import { instructionForms } from "./index.ts";
import { isPassing } from "./stack-lookahead.ts";
import { type Variant, variants } from "./variants.ts";

export interface Decoded {
  readonly variant: Variant;
  readonly operands: Operands;
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

/** Words decoded lately, by their hash. Programs repeat themselves: more than half of what a kernel decodes is here. */
const CACHE_ENTRIES = 0x4000;
const cachedWords = new Uint32Array(CACHE_ENTRIES);
const cached: (Decoded | undefined)[] = new Array<Decoded | undefined>(CACHE_ENTRIES).fill(undefined);

/**
 * @param pageOffset of the instruction, bytes: tells whether a branch stays in its page
 * @param wordAt other words of the page, where there is one; who gives them decodes anew when they change
 */
export function decode(word: number, pageOffset: number, wordAt?: (pageOffset: number) => number): Decoded {
  const place = Math.imul(word, 0x9e37_79b1) >>> 18;
  const known = cachedWords[place] === word ? cached[place] : undefined;
  if (known !== undefined) return known;
  const { form, fields } = findForm(word);
  const operands = form.operands(fields);
  if (form.flow !== undefined && form.flow.kind !== "indirect") {
    // Depends on where it stands, and is not kept.
    const target = pageOffset + (operands.imm as number);
    return { variant: variants().find(form, fields, target < 0 || target >= 4096), operands };
  }
  if (form.stack?.when(fields) === true) {
    const passing = wordAt !== undefined && isPassing(pageOffset + 4, wordAt, findForm);
    return { variant: variants().find(passing ? form : form.stack.form, fields, false), operands }; // so does this
  }
  const decoded = { variant: variants().find(form, fields, false), operands };
  cachedWords[place] = word;
  cached[place] = decoded;
  return decoded;
}
