/**
 * When a run loop lets the host's event loop have its turn: every `YIELD_MS`, and not where a guest waits for it. The loop is only asked between slices,
 * and on a machine of several vCPUs most slices end because one woke another, or because that one is done: a turn there, 20 µs to a
 * millisecond with V8's garbage, would always come between an interrupt and its handler. So those who were woken go first, until somebody computes.
 */
import { hostMs } from "../clock/host-time.ts";
import type { SliceEnd } from "./vcpu.ts";

/** Longest stretch of host time without a turn of the event loop, but for what a turn that is due waits for. */
export const YIELD_MS = 10;
/** Slices that may pass before the time is looked at, if they are short: asking costs as much as a slice of a few instructions. */
const SLICES_A_LOOK = 16;
const SHORT_SLICE = 1000;
/** What a turn that is due waits for at most: so many slices, of so many instructions each, begun within so long. */
const PATIENCE = 16;
const SLICE_WHILE_DUE = 1000;
const PATIENCE_MS = 1;

export class GivingWay {
  private readonly now: () => number;
  private atMs: number;
  private unseen = 0;
  /** Slices that a due turn still waits for; 0: none is due. */
  private patience = 0;
  /** And until when. */
  private patientUntilMs = 0;

  /** @param now monotonic milliseconds; `hostMs` everywhere but in tests */
  constructor(now: () => number = hostMs) {
    this.now = now;
    this.atMs = now() + YIELD_MS;
  }

  /** The most instructions that the next slice may have. */
  get mostInstructions(): number {
    return this.patience === 0 ? Infinity : SLICE_WHILE_DUE;
  }

  /**
   * A slice of `ran` instructions ended. Is it time?
   * @param end undefined: nobody could run
   */
  isDueAfter(end: SliceEnd | undefined, ran: number): boolean {
    const isCalm = end !== "yielded" && end !== "waiting";
    if (this.patience > 0) return isCalm || --this.patience === 0 || this.now() >= this.patientUntilMs;
    const isShort = ran < SHORT_SLICE && end !== "kicked" && end !== undefined; // a kick may come of an instruction that took the host long
    if (isShort && ++this.unseen < SLICES_A_LOOK) return false;
    this.unseen = 0;
    const nowMs = this.now();
    if (nowMs < this.atMs) return false;
    if (isCalm) return true;
    this.patience = PATIENCE;
    this.patientUntilMs = nowMs + PATIENCE_MS;
    return false;
  }

  /** The event loop had its turn. */
  given(): void {
    this.patience = 0;
    this.atMs = this.now() + YIELD_MS;
  }
}
