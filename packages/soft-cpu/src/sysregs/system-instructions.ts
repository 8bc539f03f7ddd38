/**
 * Cache maintenance, address translation and TLB maintenance: the SYS encodings of Armv8.0 at EL1 and EL0 (Arm ARM DDI 0487,
 * C5.3 to C5.5; D5.10.2 for the forms of TLBI). What is not here is UNDEFINED: EL2's and EL3's forms, later versions' (DC CVAP,
 * TLBI by range, AT S1E1RP), IMPLEMENTATION DEFINED ones, and every SYSL. What they do is the vCPU's and the MMU's business.
 */
import { sysregEncoding as sys } from "@trapline/core";
import type { CpuState } from "../state/cpu-state.ts";
import { type El0Gate, mayMaintainCaches, mayZeroBlocks } from "./el0-gates.ts";
import { DONE, type Outcome, TRAPPED, UNDEFINED } from "./outcome.ts";

interface Row {
  readonly name: string;
  /** op0 is 1. */
  readonly encoding: number;
  /** EL0 may where this allows, and is trapped where not. Absent: UNDEFINED at EL0. */
  readonly gate?: El0Gate;
}

/** By virtual address, in Xt. */
export type CacheLineOperation = "invalidate-instructions" | "invalidate" | "clean" | "clean-invalidate" | "zero";

export interface CacheInstruction extends Row {
  /** `line`: the one at Xt; `all`: all instruction caches; `set-way`: what Xt names in a way that only real caches have. */
  readonly kind: "line" | "all-instructions" | "set-way";
  /** For `line`. */
  readonly operation?: CacheLineOperation;
}

/** The result goes to PAR_EL1. */
export interface TranslateInstruction extends Row {
  readonly kind: "translate";
  readonly isWrite: boolean;
  /** Whose permissions count. */
  readonly el: 0 | 1;
}

export interface TlbInstruction extends Row {
  readonly kind: "tlb";
  /** `va` and `asid` take ASID in Xt[63:48]; `va` and `va-any-asid` take VA[55:12] in Xt[43:0]. */
  readonly scope: "all" | "va" | "asid" | "va-any-asid";
  /** Only entries of the last level need go. */
  readonly lastLevel: boolean;
  /** For all vCPUs, not only this one. */
  readonly innerShareable: boolean;
}

export type SystemInstruction = CacheInstruction | TranslateInstruction | TlbInstruction;

/** Both forms of a TLBI. */
function tlbi(name: string, op2: number, scope: TlbInstruction["scope"], lastLevel = false): readonly SystemInstruction[] {
  return [
    { name: `TLBI ${name}IS`, encoding: sys(1, 0, 8, 3, op2), kind: "tlb", scope, lastLevel, innerShareable: true },
    { name: `TLBI ${name}`, encoding: sys(1, 0, 8, 7, op2), kind: "tlb", scope, lastLevel, innerShareable: false },
  ];
}

export const SYSTEM_INSTRUCTIONS: readonly SystemInstruction[] = [
  { name: "IC IALLUIS", encoding: sys(1, 0, 7, 1, 0), kind: "all-instructions" },
  { name: "IC IALLU", encoding: sys(1, 0, 7, 5, 0), kind: "all-instructions" },
  { name: "DC IVAC", encoding: sys(1, 0, 7, 6, 1), kind: "line", operation: "invalidate" },
  { name: "DC ISW", encoding: sys(1, 0, 7, 6, 2), kind: "set-way" },
  { name: "AT S1E1R", encoding: sys(1, 0, 7, 8, 0), kind: "translate", isWrite: false, el: 1 },
  { name: "AT S1E1W", encoding: sys(1, 0, 7, 8, 1), kind: "translate", isWrite: true, el: 1 },
  { name: "AT S1E0R", encoding: sys(1, 0, 7, 8, 2), kind: "translate", isWrite: false, el: 0 },
  { name: "AT S1E0W", encoding: sys(1, 0, 7, 8, 3), kind: "translate", isWrite: true, el: 0 },
  { name: "DC CSW", encoding: sys(1, 0, 7, 10, 2), kind: "set-way" },
  { name: "DC CISW", encoding: sys(1, 0, 7, 14, 2), kind: "set-way" },
  { name: "DC ZVA", encoding: sys(1, 3, 7, 4, 1), gate: mayZeroBlocks, kind: "line", operation: "zero" },
  { name: "IC IVAU", encoding: sys(1, 3, 7, 5, 1), gate: mayMaintainCaches, kind: "line", operation: "invalidate-instructions" },
  { name: "DC CVAC", encoding: sys(1, 3, 7, 10, 1), gate: mayMaintainCaches, kind: "line", operation: "clean" },
  { name: "DC CVAU", encoding: sys(1, 3, 7, 11, 1), gate: mayMaintainCaches, kind: "line", operation: "clean" },
  { name: "DC CIVAC", encoding: sys(1, 3, 7, 14, 1), gate: mayMaintainCaches, kind: "line", operation: "clean-invalidate" },
  ...tlbi("VMALLE1", 0, "all"),
  ...tlbi("VAE1", 1, "va"),
  ...tlbi("ASIDE1", 2, "asid"),
  ...tlbi("VAAE1", 3, "va-any-asid"),
  ...tlbi("VALE1", 5, "va", true),
  ...tlbi("VAALE1", 7, "va-any-asid", true),
];

const BY_ENCODING: ReadonlyMap<number, SystemInstruction> = new Map(SYSTEM_INSTRUCTIONS.map((row) => [row.encoding, row]));

/** Undefined for what is UNDEFINED at every level. */
export function systemInstruction(encoding: number): SystemInstruction | undefined {
  return BY_ENCODING.get(encoding);
}

/** May this level execute it? */
export function systemInstructionAccess(instruction: SystemInstruction, state: CpuState, el: number): Outcome {
  if (el !== 0) return DONE;
  if (instruction.gate === undefined) return UNDEFINED;
  return instruction.gate(state) ? DONE : TRAPPED;
}
