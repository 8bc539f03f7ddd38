/** The kinds of operands that rows are made of. Each says how it is written in a manual, takes one operand, and gives its value. */
import { Problem } from "./assembly-error.ts";
import { type Encoding, inRange, type Matcher, Mismatch } from "./form.ts";
import type {
  ExtendName,
  LiteralOperand,
  MemoryOperand,
  ModifierOperand,
  Operand,
  RegisterOperand,
  ShiftName,
  ValueOperand,
} from "./operand.ts";

/** How a matcher of registers is to look at them. */
interface RegisterKind {
  /** Stack pointer or zero register in the place of number 31? */
  readonly sp: boolean;
  /** 64 or 32 bits; undefined: all registers of this kind are alike in a form, and their size is the form's `sf`. */
  readonly is64?: boolean;
}

function register(syntax: string, { sp, is64 }: RegisterKind): Matcher<number> {
  return {
    syntax,
    take(operand, encoding) {
      const found = asKind(operand, "register");
      if (found.n === 31 && found.isSp !== sp) throw new Mismatch();
      if (is64 === undefined) encoding.sf ??= Number(found.is64);
      if (found.is64 !== (is64 ?? encoding.sf === 1)) throw new Mismatch();
      return found.n;
    },
  };
}

/** Registers of the form's size, 31 is the zero register; `Rsp`: 31 is the stack pointer. */
export const Rd: Matcher<number> = register("Rd", { sp: false });
export const Rn: Matcher<number> = register("Rn", { sp: false });
export const Rm: Matcher<number> = register("Rm", { sp: false });
export const Ra: Matcher<number> = register("Ra", { sp: false });
export const Rt: Matcher<number> = register("Rt", { sp: false });
export const Rt2: Matcher<number> = register("Rt2", { sp: false });
export const RdSp: Matcher<number> = register("Rd|sp", { sp: true });
export const RnSp: Matcher<number> = register("Rn|sp", { sp: true });
export const Xd: Matcher<number> = register("Xd", { sp: false, is64: true });
export const Xn: Matcher<number> = register("Xn", { sp: false, is64: true });
export const Xm: Matcher<number> = register("Xm", { sp: false, is64: true });
export const Xa: Matcher<number> = register("Xa", { sp: false, is64: true });
export const Xt: Matcher<number> = register("Xt", { sp: false, is64: true });
export const Xt2: Matcher<number> = register("Xt2", { sp: false, is64: true });
export const Wd: Matcher<number> = register("Wd", { sp: false, is64: false });
export const Wn: Matcher<number> = register("Wn", { sp: false, is64: false });
export const Wm: Matcher<number> = register("Wm", { sp: false, is64: false });
export const Ws: Matcher<number> = register("Ws", { sp: false, is64: false });
export const Wt: Matcher<number> = register("Wt", { sp: false, is64: false });

/** A register of either size. */
export const anyRm: Matcher<RegisterOperand> = {
  syntax: "Rm",
  take(operand) {
    const found = asKind(operand, "register");
    if (found.isSp) throw new Mismatch();
    return found;
  },
};

/** `#imm`, whatever its value. */
export const anyImm: Matcher<ValueOperand> = { syntax: "#imm", take: (operand) => asKind(operand, "value") };

/** `#imm` between two bounds. */
export function imm(what: string, low: number, high: number, multiple = 1): Matcher<number> {
  return {
    syntax: "#imm",
    take: (operand, encoding) => Number(inRange(encoding, plain(asKind(operand, "value")), low, high, what, multiple)),
  };
}

/** A bit number of the form's registers, 0 … 31 or 63. */
export function bit(what: string, low = 0): Matcher<number> {
  return {
    syntax: `#${what}`,
    take: (operand, encoding) => Number(inRange(encoding, plain(asKind(operand, "value")), low, encoding.sf === 1 ? 63 : 31, what)),
  };
}

/** As it, or `otherwise` when the operand is left out. */
export function optional<T, U>(matcher: Matcher<T>, otherwise: U): Matcher<T | U> {
  return {
    syntax: matcher.syntax,
    optional: true,
    take: (operand, encoding) => (operand === undefined ? otherwise : matcher.take(operand, encoding)),
  };
}

const SHIFTS: readonly ShiftName[] = ["lsl", "lsr", "asr", "ror"];
const EXTENDS: readonly ExtendName[] = ["uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"];

/** `lsl #n` and its like as bits 23:22 and 15:10, less than the register's size; left out it is `lsl #0`. */
export function shift(last: "asr" | "ror"): Matcher<number> {
  const allowed = SHIFTS.slice(0, SHIFTS.indexOf(last) + 1);
  return {
    syntax: `${allowed.join("|")} #n`,
    optional: true,
    take(operand, encoding) {
      if (operand === undefined) return 0;
      const { name, amount } = asKind(operand, "modifier");
      const type = allowed.indexOf(name as ShiftName);
      if (type < 0) throw new Mismatch();
      if (amount === undefined) throw new Problem(operand.place, `${name} without an amount`, `write ${name} #n`);
      return (type << 22) | (Number(inRange(encoding, amount, 0, encoding.sf === 1 ? 63 : 31, `the shift`)) << 10);
    },
  };
}

/** An extension, with how far it shifts; `lsl` stands for the extension that changes nothing. */
export interface Extension {
  /** As the `option` field; 8 for lsl. */
  readonly option: number;
  readonly amount: number | undefined;
}

export const LSL = 8;

/** The extension of an index or of a second source. */
export function extensionOf({ name, amount, place, text }: ModifierOperand, encoding: Encoding, most: number): Extension {
  const option = name === "lsl" ? LSL : EXTENDS.indexOf(name as ExtendName);
  if (option < 0) throw new Problem(place, `${text} is no extension`, `use ${EXTENDS.join(", ")} or lsl`);
  if (amount === undefined && name === "lsl") throw new Problem(place, "lsl without an amount", "write lsl #n");
  return { option, amount: amount === undefined ? undefined : Number(inRange(encoding, amount, 0, most, "the shift")) };
}

/** `lsl #0|12` of an immediate; undefined when left out. */
export const lsl12: Matcher<0 | 12 | undefined> = {
  syntax: "lsl #0|12",
  optional: true,
  take(operand, encoding) {
    if (operand === undefined) return undefined;
    const { name, amount } = asKind(operand, "modifier");
    if (name !== "lsl" || amount === undefined) throw new Mismatch();
    return Number(inRange(encoding, amount, 0, 12, "the shift", 12)) as 0 | 12;
  },
};

/** `lsl #0|16|32|48` of a wide move, as its `hw` field; undefined when left out. */
export const lslHalfword: Matcher<number | undefined> = {
  syntax: "lsl #0|16|32|48",
  optional: true,
  take(operand, encoding) {
    if (operand === undefined) return undefined;
    const { name, amount } = asKind(operand, "modifier");
    if (name !== "lsl" || amount === undefined) throw new Mismatch();
    return Number(inRange(encoding, amount, 0, encoding.sf === 1 ? 48 : 16, "the shift", 16)) / 16;
  },
};

export const extension: Matcher<ModifierOperand> = { syntax: "uxtb…sxtx {#n}", take: (operand) => asKind(operand, "modifier") };
export const memory: Matcher<MemoryOperand> = { syntax: "[Xn|sp…]", take: (operand) => asKind(operand, "memory") };
export const literal: Matcher<LiteralOperand> = { syntax: "=value", take: (operand) => asKind(operand, "literal") };

/** `[Xn|sp]` alone. */
export const baseOnly: Matcher<number> = {
  syntax: "[Xn|sp]",
  take(operand, encoding) {
    const found = asKind(operand, "memory");
    if (found.index !== undefined || found.writeback) throw new Mismatch();
    if (found.offset !== undefined) inRange(encoding, found.offset.value, 0, 0, "the offset");
    return baseOf(found);
  },
};

/** The base register of a memory operand: always 64 bits, 31 is the stack pointer. */
export function baseOf({ base }: MemoryOperand): number {
  if (base.is64 && (base.n !== 31 || base.isSp)) return base.n;
  throw new Problem(base.place, `${base.text} is no base register`, "use x0 … x30 or sp");
}

/** An address in the program: the target of a branch, of adr, of a literal load. Gives the distance in bytes. */
export function target(bits: number, unit: 1 | 4): Matcher<number> {
  return {
    syntax: "label",
    take(operand, encoding) {
      const found = asKind(operand, "value");
      const distance = plain(found).evaluate(encoding.scope) - encoding.scope.here;
      return distanceIn(distance, bits, unit, found, encoding);
    },
  };
}

/** @throws Problem for a distance that an immediate of so many units cannot hold */
export function distanceIn(distance: bigint, bits: number, unit: number, operand: Operand, { mnemonic }: Encoding): number {
  const reach = BigInt(unit) << BigInt(bits - 1);
  if (distance % BigInt(unit) !== 0n)
    throw new Problem(operand.place, `${operand.text} is ${distance} bytes away, not a multiple of ${unit}`, "align it: .balign 4");
  if (distance >= -reach && distance < reach) return Number(distance);
  throw new Problem(
    operand.place,
    `${operand.text} is ${distance} bytes away, out of reach of ${mnemonic}`,
    `bring it within ${reach} bytes, or load its address`,
  );
}

/** A bare word: an option, a condition, a register of the system. In lower case. */
export function word<T>(syntax: string, look: (name: string) => T | undefined): Matcher<T> {
  return {
    syntax,
    take(operand) {
      const found = asKind(operand, "value");
      const value = found.value.word === undefined || found.hash ? undefined : look(found.value.word.toLowerCase());
      if (value === undefined) throw new Mismatch();
      return value;
    },
  };
}

export const CONDITIONS: Readonly<Record<string, number>> = {
  ...{ eq: 0, ne: 1, cs: 2, hs: 2, cc: 3, lo: 3, mi: 4, pl: 5, vs: 6, vc: 7 },
  ...{ hi: 8, ls: 9, ge: 10, lt: 11, gt: 12, le: 13, al: 14, nv: 15 },
};
export const condition: Matcher<number> = word("cond", (name) => CONDITIONS[name]);

/** The immediate of a `value` operand that is not `:lo12:`. */
export function plain({ value, lo12, place, text }: ValueOperand): ValueOperand["value"] {
  if (!lo12) return value;
  throw new Problem(place, `${text} is no operand of this instruction`, ":lo12: stands in add and in loads and stores");
}

function asKind<K extends Operand["kind"]>(operand: Operand | undefined, kind: K): Extract<Operand, { kind: K }> {
  if (operand?.kind !== kind) throw new Mismatch();
  return operand as Extract<Operand, { kind: K }>;
}
