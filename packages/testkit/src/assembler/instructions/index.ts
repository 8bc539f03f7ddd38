/** All instructions by mnemonic, and what to say of those that are not here. */
import { Problem, type SourcePlace } from "../assembly-error.ts";
import type { Form } from "../form.ts";
import { nearest } from "../nearest.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { BRANCHES } from "./branches.ts";
import { CONDITIONAL } from "./conditional.ts";
import { LOADS } from "./loads.ts";
import { LOGICAL } from "./logical.ts";
import { PAIRS } from "./pairs.ts";
import { SYSTEM } from "./system.ts";

export const INSTRUCTIONS: ReadonlyMap<string, readonly Form[]> = new Map(
  [ARITHMETIC, LOGICAL, CONDITIONAL, BRANCHES, LOADS, PAIRS, SYSTEM].flatMap((table) => Object.entries(table)),
);

/** The problem of a mnemonic that no table has. */
export function whyNot(mnemonic: string, place: SourcePlace): Problem {
  const near = nearest(mnemonic, INSTRUCTIONS.keys());
  const elsewhere = "floating point, SIMD and later extensions are not here: assemble them elsewhere and use .inst";
  return new Problem(place, `there is no instruction ${mnemonic}`, near === undefined ? elsewhere : `did you mean ${near}? ${elsewhere}`);
}
