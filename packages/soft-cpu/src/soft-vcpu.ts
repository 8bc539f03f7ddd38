/**
 * One AArch64 vCPU of a machine: what the machine knows of it. Its registers are in place in the cluster's memory while it runs,
 * and in `saved` while others do.
 */
import {
  type DrivenClock, type ExitArgs, type ExitKind, exitWire, FAULT, type PlainData, type ResetKind, type SliceEnd, SnapshotError, type U64, fromBigint, type Vcpu,
  type VcpuExit, type VcpuLine, IRQ_LINE, type Wire, type WireOrder,
} from "@trapline/core";
import type { Cluster } from "./cluster/cluster.ts";
import type { ClusterVcpu } from "./cluster/cluster-vcpu.ts";
import { CURRENT_EL, DAIF, EXCLUSIVE_ADDRESS, EXCLUSIVE_HI, EXCLUSIVE_LO, EXCLUSIVE_SIZE, REGISTERS, STATE, VECTORS } from "./state/layout.ts";
import type { CpuState } from "./state/cpu-state.ts";
import type { CpuIdentity } from "./sysregs/cpu-identity.ts";
import { DAIF_BITS } from "./sysregs/pstate-fields.ts";
import { SystemRegisters } from "./sysregs/system-registers.ts";
import { GenericTimer } from "./timer/generic-timer.ts";

/** How a vCPU begins. */
export interface StartState {
  readonly pc: bigint;
  /** X0 … X3; the rest is 0. */
  readonly x: readonly bigint[];
}

export interface SoftVcpuOptions {
  readonly id: number;
  readonly order: WireOrder;
  readonly clock: DrivenClock;
  readonly cluster: Cluster;
  readonly identity: CpuIdentity | (() => CpuIdentity);
  readonly frequencyHz: number;
  readonly conduit: "hvc" | "smc";
  /** Where it starts after a reset; undefined: it is off until PSCI CPU_ON. */
  readonly start: (() => StartState) | undefined;
  /** A timer's interrupt changed its level. */
  readonly setTimerLine: (intid: number, high: boolean) => void;
}

const IRQ_BIT = 1 << 7;
const FIQ_BIT = 1 << 6;
const GENERAL = 31;
const OPEN_MONITOR = 0xffff_ffff_ffff_ffffn;

export class SoftVcpu implements Vcpu, ClusterVcpu {
  readonly id: number;
  readonly exits$: Wire<ExitArgs, U64, VcpuExit>;
  readonly sysregs: SystemRegisters;
  readonly timer: GenericTimer;
  readonly saved: Uint8Array;
  readonly exitCounts: Float64Array = new Float64Array(FAULT + 1);
  readonly conduit: "hvc" | "smc";
  counted = 0;
  off = true;
  generation = 0;
  lines = 0;
  waiting = false;
  faultMessage = "";
  private readonly cluster: Cluster;
  private readonly options: SoftVcpuOptions;
  private waitsForEvent = false;
  /** The mask at the WFE that waits: interrupts that are masked do not end it. */
  private waitMask = 0;
  private event = false;

  constructor(options: SoftVcpuOptions) {
    const { id, order, clock, cluster, identity, frequencyHz, conduit, setTimerLine } = options;
    this.id = id;
    this.options = options;
    this.cluster = cluster;
    this.saved = cluster.savedState(id);
    this.conduit = conduit;
    this.exits$ = exitWire(order, id, () => this.faultMessage, () => cluster.exitOrigin(this));
    this.timer = new GenericTimer({ clock, name: `vcpu${id}`, frequencyHz, setLevel: setTimerLine, onEvent: () => this.sendEvent() });
    this.sysregs = new SystemRegisters({
      state: cluster.state,
      identity,
      timer: this.timer,
      hooks: {
        translationChanged(register) {
          if (register.startsWith("TTBR")) cluster.mmu.tablesChanged();
          else cluster.mmu.controlsChanged();
          cluster.translationsChanged();
          if (register === "SCTLR_EL1") cluster.levelChanged();
        },
        interruptMaskChanged: () => cluster.interruptMaskChanged(),
        debugChanged: () => cluster.debugChanged(),
        fpTrapChanged: () => cluster.levelChanged(),
        fpControlChanged: () => {},
      },
    });
  }

  get retired(): number {
    return this.counted + this.cluster.uncounted(this);
  }

  get runnable(): boolean {
    return !this.off && (!this.waiting || this.mayWake());
  }

  run(budget: number): SliceEnd {
    return this.cluster.run(this, budget);
  }

  kick(): void {
    if (this.cluster.isRunning(this)) this.cluster.endSlice("kicked");
  }

  setLine(line: VcpuLine, high: boolean): void {
    const bit = line === IRQ_LINE ? IRQ_BIT : FIQ_BIT;
    this.lines = high ? this.lines | bit : this.lines & ~bit;
    if (this.cluster.current === this) this.cluster.linesChanged(this.lines);
    if (high && this.waiting && this.mayWake()) this.cluster.woke(this);
  }

  // ---------------------------------------------------------------------------------------------------------------- waiting

  mayWake(): boolean {
    return this.waitsForEvent ? this.event || (this.lines & ~this.waitMask) !== 0 : this.lines !== 0;
  }

  wait(forEvent: boolean): void {
    this.waiting = true;
    this.waitsForEvent = forEvent;
    this.waitMask = this.cluster.state.daif;
    if (forEvent) this.timer.eventStream.waitForEvent();
  }

  takeEvent(): boolean {
    const event = this.timer.eventStream.take() || this.event;
    this.event = false;
    return event;
  }

  sendEvent(): void {
    this.event = true;
    if (this.waiting && this.waitsForEvent) {
      this.timer.eventStream.stopWaiting();
      this.cluster.woke(this);
    }
  }

  // ------------------------------------------------------------------------------------------------------------ on and off

  /** PSCI CPU_ON, or a reset: registers take their reset values, execution begins at `start`. */
  powerOn({ pc, x }: StartState): void {
    this.clear();
    this.off = false;
    this.inPlace((state) => {
      for (const [n, value] of x.entries()) state.setX(n, BigInt.asUintN(64, value));
      state.divertTo(pc);
    });
  }

  /** PSCI CPU_OFF. */
  powerOff(): void {
    this.off = true;
    this.waiting = false;
    this.timer.reset();
    if (this.cluster.isRunning(this)) this.cluster.endSlice("off");
  }

  /** PSCI CPU_SUSPEND: waits as if by WFI. */
  suspend(): void {
    this.wait(false);
    this.cluster.endSlice("waiting");
  }

  /** X0 … X30, for whoever answers a hypercall. */
  generalRegister(n: number): bigint {
    return this.cluster.inspect(this, (state) => state.x(n));
  }

  /** It cannot go on: the machine stops with this message. */
  fault(message: string, pc: bigint): void {
    this.faultMessage = `vcpu${this.id}: ${message}`;
    this.off = true;
    this.exit(FAULT, Number(pc & 0x1f_ffff_ffff_ffffn));
    if (this.cluster.isRunning(this)) this.cluster.endSlice("off");
  }

  /** An exit without an answer, for what the vCPU was brought to rather than did. */
  exit(kind: ExitKind, address = 0): void {
    this.exitCounts[kind]!++;
    this.exits$.emit(kind, address, 0, 0);
  }

  reset(kind: ResetKind): void {
    if (kind === "power-on") this.counted = -this.cluster.uncounted(this);
    this.faultMessage = "";
    const { start } = this.options;
    if (start !== undefined) {
      this.powerOn(start());
      return;
    }
    this.clear();
    this.off = true;
  }

  private clear(): void {
    this.generation++;
    this.waiting = false;
    this.event = false;
    this.inPlace((state) => {
      state.bytes.fill(0, REGISTERS, REGISTERS + VECTORS + 512);
      state.u64[EXCLUSIVE_ADDRESS >> 3] = OPEN_MONITOR;
      this.sysregs.reset();
      state.divertTo(0n);
    });
  }

  /** Changes this vCPU's registers, wherever they are. */
  private inPlace(change: (state: CpuState) => void): void {
    this.cluster.inspect(this, change);
    this.cluster.forget(this);
    if (this.cluster.current === this) this.cluster.contextChanged();
  }

  // -------------------------------------------------------------------------------------------------------- looking, saving

  get registerNames(): readonly string[] {
    return [...Array.from({ length: GENERAL }, (_, n) => `x${n}`), "sp", "pc", "pstate", ...VECTOR_NAMES, ...this.sysregs.names];
  }

  /** General-purpose registers, sp, pc, pstate; v0.lo, v0.hi … the halves of vector registers; system registers by their manual's names. */
  peekRegister(name: string): U64 | undefined {
    return this.cluster.inspect(this, (state) => {
      const general = /^x(\d+)$/.exec(name);
      if (general !== null) return Number(general[1]) < GENERAL ? fromBigint(state.x(Number(general[1]))) : undefined;
      const vector = /^v(\d+)\.(lo|hi)$/.exec(name);
      if (vector !== null) return Number(vector[1]) < 32 ? fromBigint(state.v(Number(vector[1]), vector[2] === "lo" ? 0 : 1)) : undefined;
      if (name === "sp") return fromBigint(state.sp);
      if (name === "pc") return fromBigint(state.pc);
      if (name === "pstate") return state.pstate;
      return this.sysregs.peek(name);
    });
  }

  save(): PlainData {
    const { retired, off, lines, waiting, waitsForEvent, waitMask, event, faultMessage } = this;
    return this.cluster.inspect(this, (state) => ({
      x: Array.from({ length: GENERAL }, (_, n) => hexOf(state.x(n))),
      v: Array.from({ length: 64 }, (_, half) => hexOf(state.v(half >> 1, half & 1))),
      sp: hexOf(state.sp),
      pc: hexOf(state.pc),
      exclusive: EXCLUSIVE.map((address) => hexOf(state.u64[address >> 3]!)),
      nzcv: state.nzcv,
      el: state.el,
      daif: state.daif,
      sysregs: this.sysregs.save(),
      timer: this.timer.save(),
      ...{ retired, off, lines, waiting, waitsForEvent, waitMask, event, faultMessage },
    }));
  }

  /** @throws SnapshotError when the state is none of a vCPU like this one; then nothing has changed */
  restore(state: PlainData): void {
    const saved = savedVcpu(this.id, state);
    const monitor = this.cluster.inspect(this, (cpu) => cpu.u64[EXCLUSIVE_ADDRESS >> 3]!);
    this.cluster.leave(); // which opens the monitor
    const before = this.saved.slice();
    new DataView(before.buffer).setBigUint64(EXCLUSIVE_ADDRESS - STATE, monitor, true);
    try {
      this.cluster.inspect(this, (cpu) => {
        this.sysregs.restore(saved.sysregs);
        for (const [n, value] of saved.x.entries()) cpu.setX(n, BigInt(value));
        for (const [half, value] of saved.v.entries()) cpu.setV(half >> 1, half & 1, BigInt(value));
        cpu.sp = BigInt(saved.sp);
        cpu.nzcv = saved.nzcv;
        cpu.i32[CURRENT_EL >> 2] = saved.el;
        cpu.i32[DAIF >> 2] = saved.daif;
        for (const [index, address] of EXCLUSIVE.entries()) cpu.u64[address >> 3] = BigInt(saved.exclusive[index]!);
        cpu.divertTo(BigInt(saved.pc));
      });
      this.timer.restore(saved.timer);
    } catch (error) {
      this.saved.set(before);
      throw error;
    }
    this.generation++;
    const { retired, off, lines, waiting, waitsForEvent, waitMask, event, faultMessage } = saved;
    this.counted = retired;
    Object.assign(this, { off, lines, waiting, waitsForEvent, waitMask, event, faultMessage });
    this.cluster.forget(this);
  }
}

const VECTOR_NAMES: readonly string[] = Array.from({ length: 32 }, (_, n) => [`v${n}.lo`, `v${n}.hi`]).flat();

/** The exclusive monitor. Its address is one in the WebAssembly memory, which is laid out alike in machines that are composed alike. */
const EXCLUSIVE = [EXCLUSIVE_ADDRESS, EXCLUSIVE_LO, EXCLUSIVE_HI, EXCLUSIVE_SIZE];

const hexOf = (value: bigint): string => `0x${value.toString(16)}`;

interface SavedSoftVcpu {
  readonly x: readonly string[];
  readonly v: readonly string[];
  readonly sp: string;
  readonly pc: string;
  readonly exclusive: readonly string[];
  readonly nzcv: number;
  readonly el: number;
  readonly daif: number;
  readonly sysregs: PlainData;
  readonly timer: PlainData;
  readonly retired: number;
  readonly off: boolean;
  readonly lines: number;
  readonly waiting: boolean;
  readonly waitsForEvent: boolean;
  readonly waitMask: number;
  readonly event: boolean;
  readonly faultMessage: string;
}

function savedVcpu(id: number, state: PlainData): SavedSoftVcpu {
  const saved = state as unknown as Partial<SavedSoftVcpu> | null;
  const isWithin = (value: unknown, bits: number): boolean => typeof value === "number" && (value & bits) >>> 0 === value;
  const isHex = (value: unknown): boolean => typeof value === "string" && /^0x[0-9a-f]{1,16}$/.test(value);
  const whole =
    saved !== null &&
    typeof saved === "object" &&
    saved.x?.length === GENERAL &&
    saved.v?.length === 64 &&
    saved.exclusive?.length === EXCLUSIVE.length &&
    [...saved.x, ...saved.v, ...saved.exclusive, saved.sp, saved.pc].every(isHex) &&
    isWithin(saved.nzcv, 0xf000_0000) &&
    isWithin(saved.el, 1) &&
    isWithin(saved.daif, DAIF_BITS) &&
    isWithin(saved.lines, IRQ_BIT | FIQ_BIT) &&
    isWithin(saved.waitMask, DAIF_BITS) &&
    Number.isSafeInteger(saved.retired) &&
    saved.retired! >= 0 &&
    [saved.off, saved.waiting, saved.waitsForEvent, saved.event].every((flag) => typeof flag === "boolean") &&
    typeof saved.faultMessage === "string" &&
    saved.sysregs !== undefined &&
    saved.timer !== undefined;
  if (whole) return saved as SavedSoftVcpu;
  throw new SnapshotError(`the saved state of vcpu${id} is none of a soft vCPU`, {
    subject: `vcpu${id}`,
    remedy: "the file is damaged, or of another backend: take another",
  });
}

