/**
 * The operations on lanes that floating-point instructions fall back on, by name: one list for both precisions. A lane reads elements
 * `n`, `k` and the addend `a` of `m`, whichever its operation has, and writes element `at` of `to`; elements are counted in the
 * lane's size from address 0. Flags accumulate in `m`. Instructions that share an operation share its name.
 */
import type { FpMemory } from "./fp-memory.ts";

export type Lane = (m: FpMemory, to: FpMemory, at: number, n: number, k: number, a: number) => void;

export const LANE_OPERATIONS = [
  "add", "sub", "mul", "nmul", "div", "sqrt", "mulx", "abd",
  // FMADD and FMLA, FMSUB and FMLS, FNMADD, FNMSUB.
  "madd", "msub", "nmadd", "nmsub",
  "max", "min", "maxnm", "minnm",
  // Comparisons leave ones or zeros; those that end in 0 are with zero.
  "cmeq", "cmge", "cmgt", "acge", "acgt", "cmeq0", "cmge0", "cmgt0", "cmle0", "cmlt0",
  "recps", "rsqrts", "recpe", "rsqrte", "recpx",
  // FRINT*, by the letter behind it.
  "rintn", "rintp", "rintm", "rintz", "rinta", "rintx", "rinti",
] as const;

export type LaneOperation = (typeof LANE_OPERATIONS)[number];
export type Lanes = Readonly<Record<LaneOperation, Lane>>;
