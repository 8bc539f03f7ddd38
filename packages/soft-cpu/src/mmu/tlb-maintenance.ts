/**
 * TLBI … E1 and E1IS (DDI 0487, C5.5 "A64 System instructions for TLB maintenance"). They take effect at once; the DSB and ISB
 * that a guest adds have nothing left to wait for. Last-level forms do what the others do: no intermediate step of a walk is
 * cached. Forms by address remove more than asked where it costs nothing: entries of any ASID, since others are not kept.
 */
import { EL0_CONTEXT } from "../state/layout.ts";
import type { ContextPool } from "./context-pool.ts";
import type { SoftTlb } from "./soft-tlb.ts";

// op2 of the instructions; op1 is 0 and CRn is 8. CRm is 3 for the Inner Shareable forms, 7 for those of this PE only.
export const TLBI_VMALLE1 = 0;
export const TLBI_VAE1 = 1;
export const TLBI_ASIDE1 = 2;
export const TLBI_VAAE1 = 3;
export const TLBI_VALE1 = 5;
export const TLBI_VAALE1 = 7;

/**
 * Carries out one instruction on one pair of contexts.
 * @param op2 one of the above
 * @param operandHi Xt: ASID in bits 63:48, VA[55:12] in bits 43:0
 */
export function invalidatePair(tlb: SoftTlb, pool: ContextPool, pair: number, op2: number, operandHi: number, operandLo: number): void {
  const el0 = pair + EL0_CONTEXT;
  switch (op2) {
    case TLBI_VMALLE1:
      tlb.invalidateAll(pair);
      tlb.invalidateAll(el0);
      return;
    case TLBI_ASIDE1:
      if (!pool.holdsAsid(pair, operandHi >>> 16)) return;
      tlb.invalidateNonGlobal(pair);
      tlb.invalidateNonGlobal(el0);
      return;
    case TLBI_VAE1:
    case TLBI_VAAE1:
    case TLBI_VALE1:
    case TLBI_VAALE1: {
      const vaHi = ((operandHi & 0xfff) << 12) | (operandLo >>> 20);
      const vaLo = operandLo << 12;
      tlb.invalidateVa(pair, vaHi, vaLo);
      tlb.invalidateVa(el0, vaHi, vaLo);
      return;
    }
  }
}
