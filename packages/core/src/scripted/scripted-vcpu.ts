/**
 * A vCPU whose guest code is a TypeScript generator: for tests and demonstrations. Each operation is one instruction.
 *
 * An interrupt handler, if the program has one, runs between two operations while a line is high and interrupts are
 * unmasked; inside it they are masked, as on hardware. Loads and stores of RAM go to RAM; everything else exits.
 *
 * A generator's state cannot be written down, so it is saved as the journal of what its operations evaluated to, and
 * restored by playing that to a fresh generator. Programs must therefore depend on nothing but those values. The journal
 * is bounded by MAX_JOURNAL; a guest that ran longer runs on but cannot be saved.
 */
import type { Width } from "../bus/bus-device.ts";
import { EXTERNAL_ABORT } from "../bus/bus-device.ts";
import type { DrivenClock } from "../clock/clock.ts";
import { messageOf, SnapshotError } from "../errors.ts";
import { FIQ_LINE, IRQ_LINE, type VcpuLine } from "../irq/irq-signal.ts";
import type { GuestMemory } from "../memory/guest-memory.ts";
import type { PlainData, ResetKind } from "../plain-data.ts";
import { lo32, type U64 } from "../u64.ts";
import { exitWire } from "../vcpu/exit-wire.ts";
import type { SliceEnd, Vcpu } from "../vcpu/vcpu.ts";
import * as exit from "../vcpu/vcpu-exit.ts";
import type { ExitArgs, VcpuExit } from "../vcpu/vcpu-exit.ts";
import type { Wire } from "../wire/wire.ts";
import type { WireOrder } from "../wire/wire-order.ts";
import { GuestException, type GuestOp } from "./guest-op.ts";

/** Guest code: yields operations, is given what they evaluate to. */
export type GuestCode = Generator<GuestOp, void, unknown>;

/** What one vCPU runs. */
export interface GuestProgram {
  readonly main: () => GuestCode;
  /** Taken while IRQ is high; without one, IRQs are never taken. */
  readonly irq?: () => GuestCode;
  /** As `irq`, for FIQ, which is taken first. */
  readonly fiq?: () => GuestCode;
}

/** Operations after which a vCPU can no longer be saved. */
export const MAX_JOURNAL = 1_000_000;

/** A generator in progress. */
interface Frame {
  readonly code: GuestCode;
  /** The operation it yielded last. */
  op: GuestOp;
  /** Instructions of a `compute` that are done; an interrupt may come in its middle. */
  computed: number;
  /** The operation ran and evaluated to `answer`; the generator has not been told yet. */
  done: boolean;
  answer: JournalEntry;
  /** Mask to return to when this handler ends. */
  wasMasked: boolean;
}

/** What the program was given: a value, an exception, or the start of a handler. */
type JournalEntry = U64 | null | "abort" | "undefined" | "irq" | "fiq";

export class ScriptedVcpu implements Vcpu {
  readonly id: number;
  readonly exits$: Wire<ExitArgs, U64, VcpuExit>;
  readonly registerNames: readonly string[] = ["retired", "masked", "irq", "fiq", "depth"];
  retired = 0;
  off = false;
  faultMessage = "";

  private readonly program: GuestProgram | undefined;
  private readonly memory: GuestMemory;
  private readonly clock: DrivenClock;
  /** The running generators: main, then the handlers that interrupted it. */
  private stack: Frame[] = [];
  private journal: JournalEntry[] = [];
  private readonly lines = [false, false];
  private masked = false;
  private waiting = false;
  private kicked = false;
  /** While a snapshot is restored nothing leaves the vCPU. */
  private replaying = false;

  constructor(id: number, program: GuestProgram | undefined, order: WireOrder, memory: GuestMemory, clock: DrivenClock) {
    this.id = id;
    this.program = program;
    this.memory = memory;
    this.clock = clock;
    this.exits$ = exitWire(order, id, () => this.faultMessage);
    this.off = program === undefined;
  }

  get runnable(): boolean {
    return !this.off && !(this.waiting && !this.lines[IRQ_LINE] && !this.lines[FIQ_LINE]);
  }

  run(budget: number): SliceEnd {
    this.kicked = false;
    for (let left = budget; left > 0; ) {
      if (this.off) return "off";
      if (this.kicked) return "kicked";
      if (this.waiting) {
        if (!this.lines[IRQ_LINE] && !this.lines[FIQ_LINE]) return "waiting";
        this.waiting = false;
        this.finish(null);
      }
      if (this.stack.length === 0) this.enter(this.program!.main(), this.masked);
      if (this.off) continue; // an empty program
      // Between two instructions: after one took effect, before the code behind it in the program runs.
      if (!this.masked) this.takeInterrupt();
      const frame = this.stack.at(-1)!;
      if (frame.done) this.resume(frame.answer);
      else left -= this.step(frame, left);
    }
    return this.off ? "off" : "budget";
  }

  kick(): void {
    this.kicked = true;
  }

  setLine(line: VcpuLine, high: boolean): void {
    this.lines[line] = high;
  }

  reset(kind: ResetKind = "power-on"): void {
    this.stack = [];
    this.journal = [];
    this.masked = this.program?.irq === undefined && this.program?.fiq === undefined;
    this.waiting = false;
    if (kind === "power-on") this.retired = 0;
    this.faultMessage = "";
    this.off = this.program === undefined;
  }

  peekRegister(name: string): U64 | undefined {
    switch (name) {
      case "retired":
        return this.retired;
      case "masked":
        return Number(this.masked);
      case "irq":
        return Number(this.lines[IRQ_LINE]);
      case "fiq":
        return Number(this.lines[FIQ_LINE]);
      case "depth":
        return this.stack.length;
      default:
        return undefined;
    }
  }

  /** Runs one operation; returns the instructions it took. */
  private step(frame: Frame, left: number): number {
    const { op } = frame;
    if (op.what === "compute") return this.compute(frame, lo32(op.value), left);
    // Counted and timed before it acts, so that a device asked by this instruction sees the time at which it runs.
    this.retired++;
    this.clock.elapse(1);
    switch (op.what) {
      case "mask":
      case "unmask":
        this.masked = op.what === "mask";
        this.finish(null);
        break;
      case "wfi":
        this.exits$.emit(exit.WFI, 0, 0, 0);
        this.waiting = true; // `run` goes on at once when a line is high already
        break;
      case "access":
        this.access(op);
        break;
      default:
        this.finish(null);
    }
    return 1;
  }

  /** Lets time pass, over several slices if need be, and up to the next timer: what it raises is taken there. */
  private compute(frame: Frame, total: number, left: number): number {
    const now = Math.min(total - frame.computed, left, this.clock.instructionsUntil(this.clock.nextDeadlineNs()));
    this.retired += now;
    frame.computed += now;
    this.clock.elapse(now);
    if (frame.computed === total) this.finish(null);
    return Math.max(1, now);
  }

  private access(op: GuestOp): void {
    const { address, width, value } = op;
    if (op.exit === exit.MMIO_READ) {
      if (this.memory.cpuView.regionAt(address, width) !== undefined) return this.finish(this.memory.read(address, width as Width)!);
    } else if (op.exit === exit.MMIO_WRITE && this.memory.cpuView.regionAt(address, width)?.readOnly === false) {
      this.memory.store(address, width as Width, value);
      return this.finish(null);
    }
    const answer = this.exits$.emit(op.exit, address, width, value);
    if (this.off || this.stack.length === 0) return; // the exit reset the machine under us
    if (answer !== EXTERNAL_ABORT) return this.finish(answer);
    this.finish(op.exit === exit.SYSREG_READ || op.exit === exit.SYSREG_WRITE ? "undefined" : "abort");
  }

  private takeInterrupt(): void {
    const handler = this.lines[FIQ_LINE] && this.program?.fiq ? "fiq" : this.lines[IRQ_LINE] && this.program?.irq ? "irq" : undefined;
    if (handler === undefined) return;
    this.record(handler);
    this.enter(this.program![handler]!(), true);
  }

  /** The running operation took effect. */
  private finish(answer: JournalEntry): void {
    const frame = this.stack.at(-1)!;
    frame.done = true;
    frame.answer = answer;
  }

  /** Starts main or a handler. */
  private enter(code: GuestCode, maskNow: boolean): void {
    const wasMasked = this.masked;
    this.masked = maskNow;
    const first = code.next();
    if (first.done === true) {
      this.masked = wasMasked;
      if (this.stack.length === 0) this.off = true;
      return;
    }
    this.stack.push({ code, op: first.value, computed: 0, done: false, answer: null, wasMasked });
  }

  /** Gives the running generator what its operation evaluated to, and takes the next operation from it. */
  private resume(entry: JournalEntry): void {
    this.record(entry);
    const top = this.stack.at(-1)!;
    let next: IteratorResult<GuestOp, void>;
    try {
      next =
        entry === "abort" || entry === "undefined"
          ? top.code.throw(new GuestException(entry === "abort" ? "external-abort" : "undefined", top.op))
          : top.code.next(entry);
    } catch (error) {
      if (!(error instanceof GuestException)) throw error; // a bug of the script, not of the machine it describes
      this.fault(error);
      return;
    }
    if (next.done !== true) {
      top.op = next.value;
      top.computed = 0;
      top.done = false;
      return;
    }
    this.stack.pop();
    if (this.stack.length === 0) this.off = true;
    else this.masked = top.wasMasked;
  }

  private fault(error: GuestException): void {
    this.off = true;
    this.faultMessage = `vcpu${this.id}: ${error.message}`;
    if (!this.replaying) this.exits$.emit(exit.FAULT, error.op.address, 0, 0);
  }

  private record(entry: JournalEntry): void {
    if (this.journal.length <= MAX_JOURNAL) this.journal.push(entry);
  }

  save(): PlainData {
    if (this.journal.length > MAX_JOURNAL) {
      throw new SnapshotError(`scripted vcpu${this.id} ran more than ${MAX_JOURNAL} operations`, {
        subject: `vcpu${this.id}`,
        limit: MAX_JOURNAL,
        remedy: "save earlier, or use a backend whose state is not a generator",
      });
    }
    const { journal, lines, masked, waiting, retired, off, faultMessage } = this;
    const frames = this.stack.map(({ computed, done, answer, wasMasked }) => ({ computed, done, answer, wasMasked }));
    return { journal: [...journal], frames, lines: [...lines], masked, waiting, retired, off, faultMessage };
  }

  /** @throws SnapshotError when the state is not one of this program; then nothing has changed. */
  restore(state: PlainData): void {
    const saved = savedVcpu(this.id, state);
    const { stack, journal, masked, waiting, retired, off, faultMessage } = this;
    try {
      this.rebuild(saved);
    } catch (cause) {
      Object.assign(this, { stack, journal, masked, waiting, retired, off, faultMessage });
      throw new SnapshotError(`the saved state of vcpu${this.id} does not fit its program: ${messageOf(cause)}`, {
        subject: `vcpu${this.id}`,
        remedy: "restore it into a machine whose programs are those that were saved",
        cause,
      });
    }
    this.lines[IRQ_LINE] = saved.lines[IRQ_LINE]!;
    this.lines[FIQ_LINE] = saved.lines[FIQ_LINE]!;
    this.masked = saved.masked;
    this.waiting = saved.waiting;
    this.retired = saved.retired;
    this.off = saved.off;
    this.faultMessage = saved.faultMessage;
  }

  /** Plays the journal to fresh generators. */
  private rebuild(saved: SavedVcpu): void {
    this.reset();
    this.replaying = true;
    try {
      if (saved.frames.length > 0 || saved.journal.length > 0) this.replay(saved.journal);
    } finally {
      this.replaying = false;
    }
    const alike = this.journal.length === saved.journal.length && this.stack.length === saved.frames.length;
    if (!alike) throw new Error("it ends earlier or later");
    for (const [index, frame] of saved.frames.entries()) Object.assign(this.stack[index]!, frame);
  }

  /** Masks are not followed here: they decide when handlers start, and the journal says when they did. */
  private replay(journal: readonly JournalEntry[]): void {
    if (this.program === undefined) throw new Error("it has none");
    this.enter(this.program.main(), this.masked);
    for (const entry of journal) {
      if (entry === "irq" || entry === "fiq") {
        const handler = this.program[entry];
        if (handler === undefined) throw new Error(`it has no handler for ${entry.toUpperCase()}`);
        this.record(entry);
        this.enter(handler(), true);
      } else if (this.stack.length > 0) {
        this.resume(entry);
      }
    }
  }
}

interface SavedVcpu {
  readonly journal: readonly JournalEntry[];
  readonly frames: readonly Pick<Frame, "computed" | "done" | "answer" | "wasMasked">[];
  readonly lines: readonly boolean[];
  readonly masked: boolean;
  readonly waiting: boolean;
  readonly retired: number;
  readonly off: boolean;
  readonly faultMessage: string;
}

/** @throws SnapshotError unless `state` has the shape of what `save` gives. */
function savedVcpu(id: number, state: PlainData): SavedVcpu {
  const saved = state as unknown as Partial<SavedVcpu> | null;
  const whole =
    Array.isArray(saved?.journal) &&
    Array.isArray(saved.frames) &&
    Array.isArray(saved.lines) &&
    [saved.masked, saved.waiting, saved.off].every((flag) => typeof flag === "boolean") &&
    typeof saved.retired === "number" &&
    typeof saved.faultMessage === "string";
  if (whole) return saved as SavedVcpu;
  throw new SnapshotError(`the saved state of vcpu${id} is none of a scripted vCPU`, {
    subject: `vcpu${id}`,
    remedy: "the file is damaged: take another",
  });
}
