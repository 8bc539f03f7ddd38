/**
 * The MMU of the running vCPU: registers in, translations out. Holds the walk, the translations that generated code looks up and
 * the rules of when they go stale. Whoever changes a register that translation depends on says so; whoever runs another vCPU
 * says so too, after its state is in place.
 *
 * Order of checks as in AArch64.MemSingle() and AArch64.FirstStageTranslate(): alignment that does not depend on memory,
 * translation, alignment that does, permission. Hot where generated code finds no fast tag.
 */
import { ACCESS_ALIGNED, ACCESS_MAINTENANCE, ACCESS_UNPRIVILEGED, ACCESS_WRITE, elementOf } from "../ir/stmt.ts";
import type { CpuState } from "../state/cpu-state.ts";
import { CONTEXT, EL0_CONTEXT, EL0_CONTEXT_BASE, SYSREGS } from "../state/layout.ts";
import { addressTranslation } from "./address-translation.ts";
import { ContextPool } from "./context-pool.ts";
import { ALIGNED_ONLY, DEVICE, READABLE, WATCHED, WRITABLE } from "./entry-flags.ts";
import { FSC_ALIGNMENT, FSC_SYNC_EXTERNAL, NO_FAULT } from "./fault-status.ts";
import type { PhysicalMemory } from "./physical-memory.ts";
import { SoftTlb } from "./soft-tlb.ts";
import { Stage1 } from "./stage1.ts";
import { SCTLR_A, SCTLR_M } from "./stage1-controls.ts";
import { invalidatePair } from "./tlb-maintenance.ts";
import { RIGHT_EXECUTE, RIGHT_READ, RIGHT_WRITE, Translation } from "./translation.ts";
import { CONTROLS, TABLES, TRANSLATION_REGISTERS } from "./translation-registers.ts";

const PAGE_BYTES = 4096;

export class Mmu {
  readonly tlb: SoftTlb;
  readonly stage1: Stage1;
  readonly contexts: ContextPool;
  /** The walk that was done last: after `translateFetch`, and after `addressTranslate` returned undefined. */
  readonly found: Translation = new Translation();
  /** Walks that data accesses and fetches needed; for statistics. */
  dataWalks = 0;
  fetchWalks = 0;
  /** Flags of the entry that `translateData` came upon. */
  flags = 0;
  /** Its context. */
  private context = 0;
  private pair = 0;
  private strictAlignment = false;
  private watching = false;
  private readonly state: CpuState;
  private readonly memory: PhysicalMemory;
  /** The registers that are in force, two words each, low first, in the order of TRANSLATION_REGISTERS. */
  private readonly inForce: Int32Array = new Int32Array(2 * TRANSLATION_REGISTERS.length);

  /** @param buffer the WebAssembly memory that holds the state, the contexts and guest memory */
  constructor(buffer: ArrayBuffer, state: CpuState, memory: PhysicalMemory) {
    this.state = state;
    this.memory = memory;
    this.tlb = new SoftTlb(buffer, memory);
    this.stage1 = new Stage1(buffer, memory);
    this.contexts = new ContextPool(this.tlb);
    this.configure();
  }

  /**
   * Another vCPU runs from now on; its state has been copied in.
   * @param watching see setWatching
   */
  enter(vcpu: number, watching: boolean): void {
    this.pair = this.contexts.acquire(vcpu);
    this.watching = watching;
    const el0 = this.pair + EL0_CONTEXT;
    this.state.i32[EL0_CONTEXT_BASE >> 2] = el0;
    this.state.i32[CONTEXT >> 2] = this.state.el === 0 ? el0 : this.pair;
    this.load();
  }

  /**
   * The same for a vCPU that ran before, whose registers have not changed since but by itself: what its state says of contexts holds again.
   * @param differs whether its registers are others than those in force
   * @returns false when another had its contexts meanwhile, or its registers were replaced: `enter` is needed
   */
  resume(vcpu: number, differs: boolean): boolean {
    const pair = this.contexts.held(vcpu);
    if (pair === 0) return false;
    this.pair = pair;
    if (differs) this.load();
    return true;
  }

  /** SCTLR_EL1, TCR_EL1 or MAIR_EL1 was written. */
  controlsChanged(): void {
    if ((this.load() & CONTROLS) !== 0) this.forget();
  }

  /**
   * TTBR0_EL1 or TTBR1_EL1 was written. Global translations stay, as they may: a guest that replaces what they stem from
   * invalidates them.
   */
  tablesChanged(): void {
    if ((this.load() & TABLES) === 0) return;
    this.tlb.invalidateNonGlobal(this.pair);
    this.tlb.invalidateNonGlobal(this.pair + EL0_CONTEXT);
  }

  /** Must all data accesses be aligned: SCTLR_EL1.A, or memory that is Device memory because the MMU is off? */
  get alignsAll(): boolean {
    return (this.inForce[0]! & (SCTLR_A | SCTLR_M)) !== SCTLR_M;
  }

  /** The running vCPU's debug registers changed: whether each access has to be shown to the watchpoints. */
  setWatching(watching: boolean): void {
    if (watching === this.watching) return;
    this.watching = watching;
    this.forget();
  }

  /**
   * Resolves an access to one page, for the current exception level or, if `access` says so, as EL0. An access over the end of
   * a page is asked for twice: with its own address, then with the next page's; the first call judges its alignment.
   * @param access as in ir/stmt.ts
   * @returns NO_FAULT, then `flags`, `physicalAddress` and `wasmAddress` tell the rest; or the fault status code
   */
  translateData(vaHi: number, vaLo: number, access: number): number {
    const aligned = (access & ACCESS_MAINTENANCE) !== 0 || (vaLo & (elementOf(access) - 1)) === 0;
    if (!aligned && (this.strictAlignment || (access & ACCESS_ALIGNED) !== 0)) return FSC_ALIGNMENT;
    const el = (access & ACCESS_UNPRIVILEGED) !== 0 ? 0 : this.state.el;
    const context = el === 0 ? this.pair + EL0_CONTEXT : this.pair;
    const write = (access & ACCESS_WRITE) !== 0;
    let flags = this.tlb.lookup(context, vaHi, vaLo);
    // An entry may deny what the tables have granted since; the tables decide.
    if (flags === -1 || (flags & (write ? WRITABLE : READABLE)) === 0) {
      const { found } = this;
      this.dataWalks++;
      const fault = this.stage1.translate(vaHi, vaLo, found);
      if (fault !== NO_FAULT) return fault;
      if (found.device && !aligned) return FSC_ALIGNMENT;
      const denied = found.check(el, write ? RIGHT_WRITE : RIGHT_READ);
      if (denied !== NO_FAULT) return denied;
      flags = this.tlb.fill(context, vaHi, vaLo, found, (this.strictAlignment ? ALIGNED_ONLY : 0) | (this.watching ? WATCHED : 0));
    } else if (!aligned && (flags & DEVICE) !== 0) {
      return FSC_ALIGNMENT;
    }
    this.flags = flags;
    this.context = context;
    return NO_FAULT;
  }

  /** Where an address of the page that `translateData` came upon lies in guest-physical memory. */
  physicalAddress(vaLo: number): number {
    return this.tlb.physicalAddress(this.context, vaLo);
  }

  /** Where it lies in the WebAssembly memory, unless `flags` has MMIO. */
  wasmAddress(vaLo: number): number {
    return this.tlb.wasmAddress(this.context, vaLo);
  }

  /**
   * Translates the page of an instruction at the current exception level.
   * @returns NO_FAULT, then `found` holds the translation; or the fault status code of the Instruction Abort
   */
  translateFetch(vaHi: number, vaLo: number): number {
    const { found } = this;
    this.fetchWalks++;
    const fault = this.stage1.translate(vaHi, vaLo, found);
    if (fault !== NO_FAULT) return fault;
    const denied = found.check(this.state.el, RIGHT_EXECUTE);
    if (denied !== NO_FAULT) return denied;
    const page = found.pa - (found.pa % PAGE_BYTES);
    return this.memory.wasmOffset(page, PAGE_BYTES) < 0 ? FSC_SYNC_EXTERNAL : NO_FAULT;
  }

  /** AT S1E<el>R or W: see address-translation.ts. */
  addressTranslate(el: number, write: boolean, vaHi: number, vaLo: number): bigint | undefined {
    return addressTranslation(this.stage1, this.found, el, write, vaHi, vaLo);
  }

  /**
   * TLBI, by its op2 (tlb-maintenance.ts) and operand.
   * @param innerShareable for all vCPUs, not only the running one
   */
  invalidate(op2: number, innerShareable: boolean, operandHi: number, operandLo: number): void {
    if (innerShareable) this.contexts.forEachOwned((pair) => invalidatePair(this.tlb, this.contexts, pair, op2, operandHi, operandLo));
    else invalidatePair(this.tlb, this.contexts, this.pair, op2, operandHi, operandLo);
  }

  /** Drops all translations of the running vCPU. */
  forget(): void {
    this.tlb.invalidateAll(this.pair);
    this.tlb.invalidateAll(this.pair + EL0_CONTEXT);
  }

  /** Puts the running vCPU's registers in force. Returns which are others than before: bits as in TRANSLATION_REGISTERS. */
  private load(): number {
    const { inForce } = this;
    const { i32 } = this.state;
    let changed = 0;
    for (let i = 0; i < TRANSLATION_REGISTERS.length; i++) {
      const at = (SYSREGS >> 2) + 2 * TRANSLATION_REGISTERS[i]!;
      const low = i32[at]!;
      const high = i32[at + 1]!;
      if (inForce[2 * i] === low && inForce[2 * i + 1] === high) continue;
      inForce[2 * i] = low;
      inForce[2 * i + 1] = high;
      changed |= 1 << i;
    }
    if (changed !== 0) this.configure(); // mostly it is another vCPU with the same tables
    const { controls } = this.stage1;
    this.contexts.setAsid(this.pair, controls.asid, controls.asidMask);
    return changed;
  }

  private configure(): void {
    const [sctlr = 0, , tcrLo = 0, tcrHi = 0, mairLo = 0, mairHi = 0, ttbr0Lo = 0, ttbr0Hi = 0, ttbr1Lo = 0, ttbr1Hi = 0] = this.inForce;
    this.strictAlignment = (sctlr & SCTLR_A) !== 0;
    this.stage1.controls.configure({ sctlr, tcrLo, tcrHi, mairLo, mairHi, ttbr0Lo, ttbr0Hi, ttbr1Lo, ttbr1Hi });
  }
}
