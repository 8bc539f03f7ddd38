/** A vCPU's MMU with memory, two tables and 48 bits of address in each half: what the specs of mmu.ts begin with. */
import { ACCESS_WRITE, accessOf } from "../ir/stmt.ts";
import { CpuState } from "../state/cpu-state.ts";
import { CONTEXTS, CURRENT_EL } from "../state/layout.ts";
import { MAIR_EL1, SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1 } from "../sysregs/slots.ts";
import { hi, lo, MAIR, RAM_BASE, RAM_BYTES, SCTLR, TableBuilder, tcr, TestMemory } from "./guest-tables.fixture.ts";
import { Mmu } from "./mmu.ts";

export const READ = accessOf(8, 8);
export const WRITE = accessOf(8, 8, ACCESS_WRITE);
export const KERNEL = 0xffff_0000_0000_0000n;
/** A page of RAM that no table takes. */
export const DATA = BigInt(RAM_BASE + RAM_BYTES / 2);
export const ASID = (asid: number): bigint => BigInt(asid) << 48n;

export class Machine {
  readonly memory: TestMemory = new TestMemory();
  readonly state: CpuState = new CpuState(this.memory.buffer);
  readonly mmu: Mmu = new Mmu(this.memory.buffer, this.state, this.memory);
  readonly tables: TableBuilder = new TableBuilder(this.memory);
  readonly user: number = this.tables.table();
  readonly kernel: number = this.tables.table();

  constructor(sctlr: bigint = SCTLR.M, t: bigint = tcr()) {
    const { state } = this;
    state.setSysreg(SCTLR_EL1, sctlr);
    state.setSysreg(TCR_EL1, t);
    state.setSysreg(MAIR_EL1, MAIR);
    state.setSysreg(TTBR0_EL1, BigInt(this.user));
    state.setSysreg(TTBR1_EL1, BigInt(this.kernel));
    this.level(1);
    this.mmu.enter(0, false);
  }

  level(el: number): void {
    this.state.i32[CURRENT_EL >> 2] = el;
  }

  map(va: bigint, descriptor: bigint, level = 3): void {
    this.tables.map(va >= KERNEL ? this.kernel : this.user, va, level, descriptor);
  }

  access(va: bigint, access = READ): number {
    return this.mmu.translateData(hi(va), lo(va), access);
  }

  /** Whether an entry answers, without a walk. */
  has(va: bigint, context: number = CONTEXTS): boolean {
    return this.mmu.tlb.lookup(context, hi(va), lo(va)) !== -1;
  }

  write(slot: number, value: bigint): void {
    this.state.setSysreg(slot, value);
    if (slot === TTBR0_EL1 || slot === TTBR1_EL1) this.mmu.tablesChanged();
    else this.mmu.controlsChanged();
  }

  tlbi(op2: number, asid: number, va: bigint, innerShareable = false): void {
    const operand = ASID(asid) | ((va >> 12n) & 0xfff_ffff_ffffn);
    this.mmu.invalidate(op2, innerShareable, hi(operand), lo(operand));
  }
}
