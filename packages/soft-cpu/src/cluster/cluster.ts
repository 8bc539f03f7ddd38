/**
 * All vCPUs of one machine on one engine: whose state is in place, how long it may run, what time it is, and what happens when
 * generated code cannot go on. One vCPU runs at a time; the run loop of the machine decides which.
 *
 * Time: instructions that ran are told to the clock before anything outside can look (`account`), so device time is exact. A
 * chunk of generated code never runs past the next timer; a timer that an exit arms cuts the chunk short.
 *
 * Interrupts: a line that rises while it is not masked takes the budget away, so that the chunk ends after the instruction in
 * progress; the next one begins with the exception.
 */
import { type DrivenClock, type ExitArgs, type ExitKind, type ExitOrigin, fromBigint, type GuestMemory, type U64, type WireOrder, type WireOwner } from "@trapline/core";
import type { Disassembler } from "../disassembler/disassembler.ts";
import { Engine, type EngineHost } from "../engine/engine.ts";
import { ACCESS_ZERO } from "../ir/stmt.ts";
import type { HelperFunctions } from "../ir/helpers.ts";
import type { HostFunction } from "../isa/host-functions.ts";
import { NO_FAULT } from "../mmu/fault-status.ts";
import { Mmu } from "../mmu/mmu.ts";
import type { CpuState } from "../state/cpu-state.ts";
import {
  BUDGET, CONTEXT, CURRENT_EL, DAIF, DEBUG_ARMED, DIVERTED, EL0_CONTEXT, EL0_CONTEXT_BASE, EXCLUSIVE_ADDRESS, FP_TRAPPED, IP, LEFT_FOR_BUDGET,
  OTHERS_WAIT, PAGE_RECORDS, PENDING_LINES, savedStateAt, SP_CHECKED, STATE, STATE_BYTES,
} from "../state/layout.ts";
import { fpTrapped } from "../sysregs/el0-gates.ts";
import type { SliceEnd } from "@trapline/core";
import { AccessPath, type AccessOwner } from "./access-path.ts";
import type { ClusterVcpu } from "./cluster-vcpu.ts";
import { Debug } from "../exceptions/debug.ts";
import { deadEndMessage } from "./dead-end.ts";
import { Exceptions } from "../exceptions/exceptions.ts";
import { checkedBits, isStackMisaligned, StackAlignment } from "../exceptions/stack-alignment.ts";
import { FetchPath } from "./fetch-path.ts";
import { HostCalls } from "./host-calls.ts";
import type { ClusterServices } from "./services.ts";
import { SliceTime } from "./slice-time.ts";

/** Instructions between two looks at what is hot, and at the host's time; only speed depends on it. */
const MAX_CHUNK = 20_000;
/** So that what is left of a slice is an integer for V8. A run loop that asked for more asks again. */
const LONGEST_SLICE = 0x3fff_ffff;
/** A power of two: handlers of interrupts have about as many instructions between two exits. */
const LOOK_WITHIN = 64;
const PAGE = 4096;
const OPEN_MONITOR = 0xffff_ffff_ffff_ffffn;

export interface ClusterOptions {
  readonly order: WireOrder;
  readonly memory: GuestMemory;
  readonly clock: DrivenClock;
  readonly helpers: (state: () => CpuState) => HelperFunctions;
  readonly jit: boolean;
}

export class Cluster implements EngineHost, AccessOwner, ClusterServices {
  readonly engine: Engine;
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly helpers: HelperFunctions;
  readonly exceptions: Exceptions;
  readonly debug: Debug;
  vcpus: readonly ClusterVcpu[] = [];
  /** Whose state is in place. */
  current: ClusterVcpu | undefined;
  /** The bytes of the state that belong to one vCPU; a view that is kept, because making one costs as much as copying. */
  private readonly inPlace: Uint8Array;
  /** True while `run` is on the stack. */
  private running = false;
  declare private readonly order: WireOrder;
  private readonly clock: DrivenClock;
  /** Does time depend on what was executed? If not, exits need not tell the clock. */
  private readonly isTimeCounted: boolean;
  private readonly memory: GuestMemory;
  private readonly accessPath: AccessPath;
  private readonly fetchPath: FetchPath;
  private readonly hostCalls: HostCalls;
  private readonly stack: StackAlignment;
  /** Where exits are to be told in assembly. */
  disassembler: Disassembler | undefined;

  /** Budget of the chunk as it was when the clock was told last. */
  private granted = 0;
  /** Instructions since the compiler looked last at what is executed. */
  private unseen = 0;
  /** Instructions that ran before the last such look, less one. */
  private ahead = 0;
  /** Instructions left of the slice. */
  private left = 0;
  private readonly time = new SliceTime();
  private deadlineNs = Infinity;
  private standsElsewhere = false;
  /** Set by what ends the slice. */
  private ending: SliceEnd | undefined;

  constructor(options: ClusterOptions) {
    const { order, memory, clock, helpers, jit } = options;
    this.order = order;
    this.memory = memory;
    this.clock = clock;
    this.helpers = helpers(() => this.state);
    this.isTimeCounted = clock.kind === "virtual";
    this.hostCalls = new HostCalls(this, new Int32Array(memory.wasm.buffer));
    this.engine = new Engine(memory.wasm, this);
    this.engine.compiler.enabled = jit;
    this.state = this.engine.state;
    this.inPlace = new Uint8Array(memory.wasm.buffer, STATE, STATE_BYTES);
    this.mmu = new Mmu(memory.wasm.buffer, this.state, memory.cpuView);
    this.exceptions = new Exceptions(
      this.state,
      () => {
        this.levelChanged();
        this.stackChanged();
      },
      (esr, pc) => this.deadEnd(esr, pc),
    );
    this.stack = new StackAlignment(this.state, this.exceptions, (vaHi, vaLo) => this.codeAt(vaHi, vaLo));
    this.debug = new Debug(
      this.state,
      this.exceptions,
      (watching) => this.mmu.setWatching(watching),
      (vaHi, vaLo) => this.mmu.translateFetch(vaHi, vaLo) === NO_FAULT,
    );
    this.fetchPath = new FetchPath(this.state, this.mmu, this.engine.pages, this.exceptions);
    this.accessPath = new AccessPath(this.state, this.mmu, this.engine.pages, this);
  }

  // --------------------------------------------------------------------------------------------------------------- running

  run(vcpu: ClusterVcpu, budget: number): SliceEnd {
    this.running = true;
    this.enter(vcpu);
    this.granted = this.state.budget = 0; // what stands there is another slice's
    this.left = Math.min(budget, LONGEST_SLICE);
    this.ending = undefined;
    try {
      return this.chunks(vcpu);
    } finally {
      this.running = false;
    }
  }

  private chunks(vcpu: ClusterVcpu): SliceEnd {
    const { state, debug } = this;
    this.time.begin();
    this.findAgain(); // the host may have written here since the last slice
    for (;;) {
      if (vcpu.off) return "off";
      if (this.ending !== undefined) return this.ending;
      if (vcpu.waiting) {
        if (!vcpu.mayWake()) return "waiting";
        vcpu.waiting = false;
      }
      if (this.left <= 0) return "budget";
      if (this.isInterrupted) this.exceptions.takeInterrupt();
      const watched = debug.active && debug.beforeInstruction();
      const most = isStackMisaligned(state) ? this.stack.stretch() : this.unseen < MAX_CHUNK ? MAX_CHUNK : this.untilLook();
      const chunk = watched || most === 0 ? 1 : this.untilDeadline(Math.min(this.left, most));
      const before = this.left;
      this.granted = state.budget = chunk;
      state.i32[LEFT_FOR_BUDGET >> 2] = 0;
      try {
        if (most === 0) state.budget = 0; // the exception was taken; it counts as the instruction that it leaves
        else this.engine.run();
      } finally {
        this.account();
      }
      this.findAgain();
      if (watched) debug.afterInstruction();
      else if (this.unseen >= MAX_CHUNK && before - this.left === chunk) this.sample();
      if (this.ending === undefined && this.time.isUpAfter(before - this.left)) this.ending = "kicked";
    }
  }

  /** So many instructions, but none past the next timer. */
  private untilDeadline(most: number): number {
    if (!this.isTimeCounted) return most;
    this.deadlineNs = this.clock.nextDeadlineNs();
    return Math.min(most, this.clock.instructionsUntil(this.deadlineNs));
  }

  /**
   * It is time to look at what is executed. The last chunk ended where it did for a reason, and in a storm of exits always in the same few places;
   * so this one ends anywhere among its first instructions, each as often as the others.
   */
  private untilLook(): number {
    this.ahead = (5 * this.ahead + 3) % LOOK_WITHIN; // a full period: Hull and Dobell, "Random Number Generators" (1962)
    return this.ahead + 1;
  }

  /** Shows the compiler where execution stands. */
  private sample(): void {
    const { i32 } = this.state;
    if (i32[DIVERTED >> 2] === 0) this.engine.compiler.sample(i32[IP >> 2]!, i32[PAGE_RECORDS >> 2]!, this.unseen);
    this.unseen = 0;
  }

  /** Where execution stands is no longer decoded, or no longer mapped there: it is looked up before the next instruction. */
  private findAgain(): void {
    if (!this.standsElsewhere) return;
    this.standsElsewhere = false;
    this.state.findPcAgain();
  }

  /** Tells the clock, and the vCPU, what ran since the last time. Timers that are due fire. */
  account(): void {
    const budget = this.state.i32[BUDGET >> 2]!;
    const ran = this.granted - budget;
    if (ran === 0) return;
    this.granted = budget;
    this.left -= ran;
    this.unseen += ran;
    this.current!.counted += ran;
    this.clock.elapse(ran);
  }

  /** Instructions of a vCPU that ran since `account`, and are not in its `counted`. */
  uncounted(vcpu: ClusterVcpu): number {
    return this.isRunning(vcpu) ? this.granted - this.state.i32[BUDGET >> 2]! : 0;
  }

  /** An exit may have armed a timer: the chunk must not run past it. */
  limitChunk(): void {
    if (!this.isTimeCounted) return;
    const deadlineNs = this.clock.nextDeadlineNs();
    if (deadlineNs === this.deadlineNs) return;
    this.deadlineNs = deadlineNs;
    const { i32 } = this.state;
    const most = this.clock.instructionsUntil(deadlineNs);
    if (most < i32[BUDGET >> 2]!) this.granted = i32[BUDGET >> 2] = most;
  }

  /** The chunk ends after the instruction in progress. */
  endChunk(): void {
    if (!this.running) return;
    this.account();
    this.granted = this.state.i32[BUDGET >> 2] = 0;
  }

  /** The slice ends after the instruction in progress. */
  endSlice(end: SliceEnd): void {
    if (!this.running) return;
    this.ending = end;
    this.endChunk();
  }

  isRunning(vcpu: ClusterVcpu): boolean {
    return this.running && this.current === vcpu;
  }

  /** A vCPU that waited can go on: whoever runs gives way, so that it does not wait for the end of a slice. */
  woke(vcpu: ClusterVcpu): void {
    if (this.running && this.current !== vcpu) this.endSlice("yielded");
  }

  /** The lines of the vCPU that is in place changed. */
  linesChanged(lines: number): void {
    this.state.i32[PENDING_LINES >> 2] = lines;
    if (this.isInterrupted) this.endChunk();
  }

  /** The instruction in progress changed PSTATE.<I,F>. What it unmasked is taken behind it: at once, unless something else may come first. */
  interruptMaskChanged(): void {
    if (!this.isInterrupted) return;
    if (this.debug.armed || isStackMisaligned(this.state)) this.endChunk();
    else this.exceptions.takeInterrupt(this.state.i32[DIVERTED >> 2] === 0 ? 4 : 0);
  }

  private get isInterrupted(): boolean {
    const { i32 } = this.state;
    return (i32[PENDING_LINES >> 2]! & ~i32[DAIF >> 2]!) !== 0;
  }

  /** What a vCPU does in an exit, and the answer. */
  exit(kind: ExitKind, address: number, width: number, value: U64): U64 {
    const vcpu = this.current!;
    if (this.isTimeCounted) this.account();
    vcpu.exitCounts[kind]!++;
    const owner = vcpu.exits$.direct;
    const isDirect = owner !== undefined && this.order.depth === 0;
    const answer = isDirect ? this.exitTo(owner, kind, address, width, value) : vcpu.exits$.emit(kind, address, width, value);
    this.limitChunk();
    return answer;
  }

  /** As `exits$.emit`, outermost and untapped. The wire calls owners of every kind, which V8 cannot see through; here there is one kind. */
  private exitTo(owner: WireOwner<ExitArgs, U64>, kind: ExitKind, address: number, width: number, value: U64): U64 {
    const { order } = this;
    order.beginAt(0);
    let answer: U64;
    try {
      answer = owner(kind, address, width, value);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAt(0);
    return answer;
  }

  /** The instruction that a vCPU's exit comes from, for who watches; undefined when the exit has moved it away. */
  exitOrigin(vcpu: ClusterVcpu): ExitOrigin | undefined {
    const { state, engine, disassembler } = this;
    if (!this.isRunning(vcpu) || state.i32[DIVERTED >> 2] !== 0) return undefined;
    const pc = fromBigint(state.pc);
    const word = engine.pages.wordAt(state.i32[IP >> 2]!);
    return disassembler === undefined ? { pc, word } : { pc, word, text: disassembler.disassemble(word, pc) };
  }

  // ------------------------------------------------------------------------------------------------------ whose state it is

  /** Puts a vCPU's state in place. */
  enter(vcpu: ClusterVcpu): void {
    const { state, current } = this;
    if (current === undefined) {
      this.inPlace.set(vcpu.saved);
      this.current = vcpu;
      this.contextChanged();
    } else if (current !== vcpu) {
      this.prepareToLeave();
      const isDebugged = state.i32[DEBUG_ARMED >> 2] !== 0;
      const differs = this.engine.exchange(savedStateAt(current.id), savedStateAt(vcpu.id)) !== 0;
      this.current = vcpu;
      // What the state says of contexts, and of debug, is mostly still so.
      if (isDebugged || state.i32[DEBUG_ARMED >> 2] !== 0 || !this.mmu.resume(vcpu.id, differs)) this.contextChanged();
    }
    state.i32[PENDING_LINES >> 2] = vcpu.lines;
    state.i32[OTHERS_WAIT >> 2] = this.vcpus.length > 1 ? 1 : 0;
  }

  /** Puts it away. What depends on decoded pages is not kept: they may be gone when it comes back. */
  leave(): void {
    const { current } = this;
    if (current === undefined) return;
    this.prepareToLeave();
    current.saved.set(this.inPlace);
    this.current = undefined;
  }

  private prepareToLeave(): void {
    const { state } = this;
    state.findPcAgain();
    state.i32[EXCLUSIVE_ADDRESS >> 2] = state.i32[(EXCLUSIVE_ADDRESS >> 2) + 1] = -1;
  }

  /** Where the state of a vCPU is while another's is in place. */
  savedState(vcpu: number): Uint8Array {
    return new Uint8Array(this.memory.wasm.buffer, savedStateAt(vcpu), STATE_BYTES);
  }

  /** Runs `look` with a vCPU's state in place, without anything else of it: for monitors, whoever runs now. */
  inspect<T>(vcpu: ClusterVcpu, look: (state: CpuState) => T): T {
    const { state, current } = this;
    if (current === vcpu) return look(state);
    const kept = this.inPlace.slice();
    this.inPlace.set(vcpu.saved);
    state.i32[PENDING_LINES >> 2] = vcpu.lines; // which change while it does not run
    try {
      return look(state);
    } finally {
      vcpu.saved.set(this.inPlace);
      this.inPlace.set(kept);
    }
  }

  /** The state in place was replaced or changed behind the MMU's back (a reset, a restored snapshot). */
  contextChanged(): void {
    const { state, debug, mmu, current } = this;
    if (current === undefined) return;
    const { i32 } = state;
    debug.load();
    i32[DEBUG_ARMED >> 2] = debug.armed ? 1 : 0;
    mmu.enter(current.id, debug.watching);
    i32[EL0_CONTEXT_BASE >> 2] = i32[CONTEXT >> 2]! + (i32[CURRENT_EL >> 2] === 0 ? 0 : EL0_CONTEXT);
    this.levelChanged();
  }

  /** PSTATE.EL, or what depends on it, changed. */
  levelChanged(): void {
    const { state } = this;
    const { i32 } = state;
    const el = i32[CURRENT_EL >> 2]!;
    i32[CONTEXT >> 2] = i32[EL0_CONTEXT_BASE >> 2]! - (el === 0 ? 0 : EL0_CONTEXT);
    i32[FP_TRAPPED >> 2] = fpTrapped(state, el) ? 1 : 0;
    i32[SP_CHECKED >> 2] = checkedBits(state, el);
  }

  /** SP is another, or its check was switched on: is it misaligned, the next instruction has to be looked at. */
  stackChanged(): void {
    if (isStackMisaligned(this.state)) this.endChunk();
  }

  // ------------------------------------------------------------------------------------------------- what generated code asks

  hasNoFastTags(): boolean {
    return this.mmu.alignsAll;
  }

  access(access: number): number {
    return this.accessPath.resolve(access);
  }

  commit(): void {
    this.accessPath.commit();
  }

  get hostFunctions(): readonly HostFunction[] {
    return this.hostCalls.functions;
  }

  fetchMiss(): number {
    return this.fetchPath.miss();
  }

  settle(): number {
    return this.fetchPath.settle();
  }

  /** Translations went: is the page that is executed still where it was? It is looked up again before the next instruction. */
  translationsChanged(): void {
    if (this.fetchPath.isCurrent()) return;
    this.standsElsewhere = true;
    this.endChunk();
  }

  /** Where the instruction at an address lies in the WebAssembly memory; −1 when it cannot be fetched. */
  private codeAt(vaHi: number, vaLo: number): number {
    if (this.mmu.translateFetch(vaHi, vaLo) !== NO_FAULT) return -1;
    return this.memory.cpuView.wasmOffset(this.mmu.found.pa, 4);
  }

  hostAddressOf(physicalPage: number): number {
    return this.memory.cpuView.wasmOffset(physicalPage * PAGE, PAGE);
  }

  dropped(physicalPage: number, records: number): void {
    // Whoever stands in that page finishes the instruction in progress, and is decoded anew.
    if (this.state.i32[PAGE_RECORDS >> 2] === records) {
      this.standsElsewhere = true;
      this.endChunk();
    } else {
      this.endChunkInTime();
    }
    this.mmu.tlb.promoteWrites(physicalPage * PAGE);
    this.mmu.tlb.dropRecords(records);
  }

  flushed(): void {
    this.mmu.tlb.dropAllRecords();
  }

  /** The host or a device wrote guest memory. */
  overwritten(address: number, length: number): void {
    const { pages } = this.engine;
    const end = address + length;
    if (length >= PAGE) this.endChunkInTime();
    if (length > PAGE * pages.size) {
      // More pages than are decoded: look at those.
      for (const page of [...pages.pages()]) if (page * PAGE < end && (page + 1) * PAGE > address) pages.drop(page);
      return;
    }
    for (let at = address; at < end; ) {
      const page = Math.floor(at / PAGE);
      const upTo = Math.min(end, (page + 1) * PAGE);
      if (pages.isDecoded(page, at - page * PAGE, upTo - at)) pages.drop(page);
      at = upTo;
    }
  }

  /** Memory went out of sight, or came back: nothing that was looked up there holds any more. */
  remapped(address: number, length: number): void {
    const { pages } = this.engine;
    const [first, end] = [Math.floor(address / PAGE), Math.ceil((address + length) / PAGE)];
    for (const page of [...pages.pages()]) if (page >= first && page < end) pages.drop(page);
    this.mmu.tlb.invalidatePhysical(first, end);
    this.endChunkInTime();
  }

  /** For what takes the host long and a guest can ask for again and again: the chunk ends when the slice has had its time. */
  private endChunkInTime(): void {
    if (this.time.ask()) this.endChunk();
  }

  // -------------------------------------------------------------------------------------------------------------- accesses

  readBus(address: number, width: number): U64 {
    return this.exit(0, address, width, 0);
  }

  writeBus(address: number, width: number, value: U64): U64 {
    return this.exit(1, address, width, value);
  }

  abort(faultStatus: number, vaHi: number, vaLo: number, access: number): void {
    if ((access & ACCESS_ZERO) === 0) return this.exceptions.takeDataAbort(faultStatus, vaHi, vaLo, access);
    // DC ZVA reports the address in its register, wherever in the block that is.
    const { engine, state } = this;
    const register = engine.pages.wordAt(state.i32[IP >> 2]!) & 31;
    const given = register === 31 ? 0n : state.x(register);
    this.exceptions.takeDataAbort(faultStatus, Number(given >> 32n) | 0, Number(given & 0xffff_ffffn) | 0, access);
  }

  watched(vaHi: number, vaLo: number, access: number): boolean {
    return this.debug.watchpointHit(vaHi, vaLo, access);
  }

  /** The exclusive monitor is armed: a WFE then waits for another vCPU's store, which we do not see. */
  get monitorArmed(): boolean {
    return this.state.u64[EXCLUSIVE_ADDRESS >> 3] !== OPEN_MONITOR;
  }

  private deadEnd(esr: number, pc: bigint): void {
    const word = this.engine.pages.wordAt(this.state.i32[IP >> 2]!);
    this.current!.fault(deadEndMessage(esr, pc, word, this.disassembler), pc);
  }

  /** The Undefined Instruction exception. */
  undefinedInstruction(_word: number): void {
    this.exceptions.takeUndefined();
  }

  /** Breakpoints, watchpoints or stepping were switched on or off. */
  debugChanged(): void {
    this.debug.changed();
    this.state.i32[DEBUG_ARMED >> 2] = this.debug.armed ? 1 : 0;
    if (this.debug.active) this.endChunk();
  }

  /** A vCPU's registers changed behind the MMU's back: nothing that it translated holds. */
  forget(vcpu: ClusterVcpu): void {
    this.mmu.contexts.release(vcpu.id);
  }
}
