/**
 * Instructions that generated code cannot go on to by itself: their page is not in the context, or an exception led somewhere. Gives the
 * record to go on with, or 0 when another exception was taken. Hot where many pages are executed, so addresses are two words, no bigints.
 */
import { branchHigh } from "../exceptions/branch-address.ts";
import type { DecodedPages } from "../engine/decoded-pages.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import { NO_FAULT } from "../mmu/fault-status.ts";
import type { Mmu } from "../mmu/mmu.ts";
import type { CpuState } from "../state/cpu-state.ts";
import {
  ACCESS_VA, BUDGET, CODE_ENTRIES, CODE_ENTRY_BYTES, CODE_TRANSLATIONS, CONTEXT, DIVERTED, IP, NEXT_PC, PAGE_RECORDS, PAGE_VA, RECORD_BYTES,
} from "../state/layout.ts";

const PAGE = 4096;
const INSTRUCTION = 4;

export class FetchPath {
  private readonly state: CpuState;
  private readonly mmu: Mmu;
  private readonly pages: DecodedPages;
  private readonly exceptions: Exceptions;

  constructor(state: CpuState, mmu: Mmu, pages: DecodedPages, exceptions: Exceptions) {
    this.state = state;
    this.mmu = mmu;
    this.pages = pages;
    this.exceptions = exceptions;
  }

  /** The record of the instruction at ACCESS_VA. */
  miss(): number {
    return this.fetch(ACCESS_VA);
  }

  /** The record of the instruction at NEXT_PC, after all exceptions on the way there; 0 when the budget ended first. */
  settle(): number {
    const { i32 } = this.state;
    while (i32[DIVERTED >> 2] !== 0) {
      if (i32[BUDGET >> 2]! <= 0) return 0;
      const record = this.fetch(NEXT_PC);
      if (record !== 0) {
        i32[DIVERTED >> 2] = 0;
        i32[IP >> 2] = record;
        return record;
      }
      // The abort led to a vector that aborts as well: that takes time, like everything else.
      i32[BUDGET >> 2]!--;
    }
    return i32[IP >> 2]!;
  }

  /** Is the page that is executed still in the context? */
  isCurrent(): boolean {
    const { i32 } = this.state;
    const page = i32[PAGE_VA >> 2]!;
    const entry = (i32[CONTEXT >> 2]! + CODE_TRANSLATIONS + ((page >>> 12) & (CODE_ENTRIES - 1)) * CODE_ENTRY_BYTES) >> 2;
    return i32[entry] === page && i32[entry + 1] === i32[(PAGE_VA >> 2) + 1];
  }

  /** The record of the instruction whose address stands at `address` of the state, its page current. */
  private fetch(address: number): number {
    const { mmu, pages, state, exceptions } = this;
    const { i32 } = state;
    const low = i32[address >> 2]!;
    const high = branchHigh(state, i32[(address >> 2) + 1]!);
    if ((low & (INSTRUCTION - 1)) !== 0) return exceptions.takePcAlignment(high, low);
    const fault = mmu.translateFetch(high, low);
    if (fault !== NO_FAULT) return exceptions.takeInstructionAbort(fault, high, low);
    const physical = Math.floor(mmu.found.pa / PAGE);
    const isNew = !pages.has(physical);
    const records = pages.recordsFor(physical);
    if (isNew) mmu.tlb.demoteWrites(physical * PAGE);
    mmu.tlb.fillCode(i32[CONTEXT >> 2]!, high, low, mmu.found, records);
    if (exceptions.illegalState()) return exceptions.takeIllegalState(high, low);
    i32[PAGE_VA >> 2] = low & -PAGE;
    i32[(PAGE_VA >> 2) + 1] = high;
    i32[PAGE_RECORDS >> 2] = records;
    return records + (low & (PAGE - 1)) * (RECORD_BYTES / INSTRUCTION);
  }
}
