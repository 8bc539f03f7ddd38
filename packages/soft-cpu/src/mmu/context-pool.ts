/**
 * Which vCPU's translations each pair of contexts holds (one context per exception level, state/layout.ts). A vCPU always uses
 * the pair at its number modulo 16; when another vCPU wants it, the pair is emptied. So up to 16 vCPUs keep what they have
 * translated while others run, and 512 work. Also keeps each pair's ASID, for invalidation by vCPUs that do not run.
 */
import { CONTEXT_COUNT, CONTEXT_PAIR, CONTEXTS, EL0_CONTEXT } from "../state/layout.ts";
import type { SoftTlb } from "./soft-tlb.ts";

const NOBODY = -1;

export class ContextPool {
  private readonly tlb: SoftTlb;
  private readonly owners: Int32Array = new Int32Array(CONTEXT_COUNT).fill(NOBODY);
  /** ASID of the non-global entries, and which bits of one count (TCR_EL1.AS). */
  private readonly asids: Int32Array = new Int32Array(CONTEXT_COUNT);
  private readonly asidMasks: Int32Array = new Int32Array(CONTEXT_COUNT);

  constructor(tlb: SoftTlb) {
    this.tlb = tlb;
  }

  /** The pair for a vCPU that begins to run: the address of its EL1 context, EL0's being EL0_CONTEXT further. */
  acquire(vcpu: number): number {
    const index = vcpu % CONTEXT_COUNT;
    const pair = CONTEXTS + index * CONTEXT_PAIR;
    if (this.owners[index] !== vcpu) {
      this.owners[index] = vcpu;
      this.tlb.invalidateAll(pair);
      this.tlb.invalidateAll(pair + EL0_CONTEXT);
    }
    return pair;
  }

  /** The pair that a vCPU has already; 0 when it has none. */
  held(vcpu: number): number {
    const index = vcpu % CONTEXT_COUNT;
    return this.owners[index] === vcpu ? CONTEXTS + index * CONTEXT_PAIR : 0;
  }

  /** Forgets one: its registers changed while it did not run. */
  release(vcpu: number): void {
    const index = vcpu % CONTEXT_COUNT;
    if (this.owners[index] === vcpu) this.owners[index] = NOBODY;
  }

  /** Says whose entries the pair holds from now on, besides global ones. */
  setAsid(pair: number, asid: number, mask: number): void {
    const index = (pair - CONTEXTS) / CONTEXT_PAIR;
    this.asids[index] = asid;
    this.asidMasks[index] = mask;
  }

  /** True when the pair's non-global entries are those of the ASID of a TLBI operand. */
  holdsAsid(pair: number, asid: number): boolean {
    const index = (pair - CONTEXTS) / CONTEXT_PAIR;
    return this.asids[index] === (asid & this.asidMasks[index]!);
  }

  /** Calls back for each pair that somebody owns. */
  forEachOwned(visit: (pair: number) => void): void {
    for (let index = 0; index < CONTEXT_COUNT; index++) {
      if (this.owners[index] !== NOBODY) visit(CONTEXTS + index * CONTEXT_PAIR);
    }
  }
}
