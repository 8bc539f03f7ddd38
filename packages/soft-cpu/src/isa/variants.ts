/**
 * The handlers of the interpreter: one for each row and combination of its split fields, twice for direct branches (whose target
 * lies in the page or does not). Two numbers are the interpreter's own; then come the hot handlers, which are all made when the
 * first machine starts, and then the others, numbered when an instruction first needs them; `coldGroups` names them all.
 */
import { InvariantError } from "@trapline/core";
import type { EncodedFields } from "./encoding.ts";
import type { Form } from "./form.ts";
import { instructionForms } from "./index.ts";

export interface Variant {
  /** Number of its handler. */
  readonly handler: number;
  /** Number of its row. */
  readonly row: number;
  readonly form: Form;
  readonly split: Record<string, number>;
  /** A direct branch, or call. */
  readonly isDirect: boolean;
  /** A direct branch to another page. */
  readonly leavesPage: boolean;
  /** A direct call within its page. */
  readonly callsInPage: boolean;
  readonly hot: boolean;
}

/** The record is not decoded yet. */
export const HANDLER_DECODE = 0;
/** The record behind a page's last. */
export const HANDLER_PAGE_END = 1;
const FIRST_VARIANT = 2;
/** Handlers end here; compiled code has the numbers above. */
export const HANDLERS_END = 8192;

export interface Variants {
  readonly hot: readonly Variant[];
  /** Handlers below this have a place in the interpreter's loop. */
  readonly hotEnd: number;
  find(form: Form, fields: EncodedFields, leavesPage: boolean): Variant;
}

/** Where a row's split fields are, in the order of `split`. */
interface SplitField {
  readonly name: string;
  readonly low: number;
  readonly width: number;
}

interface FormVariants {
  readonly row: number;
  readonly split: readonly SplitField[];
  readonly byKey: Map<number, Variant>;
}

const isDirect = (form: Form): boolean => form.flow !== undefined && form.flow.kind !== "indirect";

/** One constructor, and so one shape: the decoder looks at variants of all rows. */
function variantOf(handler: number, row: number, form: Form, split: Record<string, number>, leavesPage: boolean, hot: boolean): Variant {
  const callsInPage = form.flow?.kind === "jump" && form.flow.link === true && !leavesPage;
  return { handler, row, form, split, isDirect: isDirect(form), leavesPage, callsInPage, hot };
}

function* combinations(split: readonly SplitField[]): Generator<Record<string, number>> {
  const total = split.reduce((bits, { width }) => bits + width, 0);
  for (let key = 0; key < 2 ** total; key++) {
    const values: Record<string, number> = {};
    let rest = key;
    for (const { name, width } of split) {
      values[name] = rest & (2 ** width - 1);
      rest >>= width;
    }
    yield values;
  }
}

function keyOf(split: readonly SplitField[], fields: EncodedFields, leavesPage: boolean): number {
  let key = Number(leavesPage);
  let shift = 1;
  for (const { name, width } of split) {
    key |= fields[name]! << shift;
    shift += width;
  }
  return key;
}

/** Is there any word of this row with these split fields? Decided by trying: `when` looks at few bits. */
function occurs(form: Form, split: readonly SplitField[], values: Record<string, number>): boolean {
  if (form.when === undefined) return true;
  let word = 0;
  for (let attempt = 0; attempt < 512; attempt++) {
    // A multiplicative generator with a fixed seed: the same handlers on every machine. All zeros and all ones come first.
    word = attempt === 0 ? 0 : attempt === 1 ? 0xffff_ffff : Math.imul(word ^ (word >>> 15), 0x2c1b_3c6d) + 0x297a_2d39 + attempt;
    let candidate = ((word & ~form.bits.mask) | form.bits.value) >>> 0;
    for (const { name, low, width } of split) candidate = (candidate & ~((2 ** width - 1) << low)) | (values[name]! << low);
    if (form.when(form.fieldsOf(candidate >>> 0))) return true;
  }
  return false;
}

/** All rows, each followed by itself for words that may leave SP misaligned. */
function everyForm(forms: readonly Form[]): readonly Form[] {
  return forms.flatMap((each) => (each.stack === undefined ? [each] : [each, each.stack.form]));
}

const splitOf = (form: Form): readonly SplitField[] => form.split.map((name) => form.bits.fields.find((field) => field.name === name)!);

/** What a handler outside the interpreter's loop is made of. */
export interface ColdHandler {
  /** The number of its row and its split fields: the same in every process. */
  readonly name: string;
  readonly form: Form;
  readonly split: Record<string, number>;
}

/** Rows of a group: those who use one of them use others, and a group is made in a few milliseconds. */
const GROUP_ROWS = 32;

export const coldName = ({ row, split }: Pick<Variant, "row" | "split">): string => [row, ...Object.values(split)].join(".");
export const coldGroup = ({ row }: Pick<Variant, "row">): number => Math.floor(row / GROUP_ROWS);

/** All handlers outside the loop that any word can need, by their groups. Takes a second. */
export function coldGroups(): readonly (readonly ColdHandler[])[] {
  const groups: ColdHandler[][] = [];
  for (const [row, form] of everyForm(instructionForms).entries()) {
    const group = (groups[coldGroup({ row })] ??= []);
    if (form.flow !== undefined) continue;
    const split = splitOf(form);
    for (const values of combinations(split)) {
      if (!form.hot(values) && (split.length === 0 || occurs(form, split, values))) group.push({ name: coldName({ row, split: values }), form, split: values });
    }
  }
  return groups;
}

function enumerate(forms: readonly Form[]): Variants {
  const byForm = new Map<Form, FormVariants>();
  const hot: Variant[] = [];
  for (const [row, form] of everyForm(forms).entries()) {
    const split = splitOf(form);
    const byKey = new Map<number, Variant>();
    byForm.set(form, { row, split, byKey });
    for (const values of combinations(split)) {
      if (!(form.flow !== undefined || form.hot(values)) || !occurs(form, split, values)) continue;
      for (const leavesPage of isDirect(form) ? [false, true] : [false]) {
        const variant = variantOf(FIRST_VARIANT + hot.length, row, form, values, leavesPage, true);
        hot.push(variant);
        byKey.set(keyOf(split, values, leavesPage), variant);
      }
    }
  }
  let next = FIRST_VARIANT + hot.length;
  return {
    hot,
    hotEnd: next,
    find(form, fields, leavesPage) {
      const { row, split, byKey } = byForm.get(form)!;
      const key = keyOf(split, fields, leavesPage);
      let variant = byKey.get(key);
      if (variant === undefined) {
        if (next === HANDLERS_END) throw new InvariantError(`the instruction tables make more than ${HANDLERS_END} handlers`);
        const values = Object.fromEntries(split.map(({ name }) => [name, fields[name]!]));
        variant = variantOf(next++, row, form, values, leavesPage, false);
        byKey.set(key, variant);
      }
      return variant;
    },
  };
}

let shared: Variants | undefined;

/** Made once per process. */
export function variants(): Variants {
  return (shared ??= enumerate(instructionForms));
}
