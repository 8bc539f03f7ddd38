/**
 * The host's time of one slice: whether it has taken long enough. Asking the host costs as much as a chunk of a few instructions, so it is
 * asked after chunks that may have taken some time, and after whatever is known to take long; the slice's time begins with the first question.
 */

/**
 * Host time after which a slice gives way, to be resumed where it was: guests know instructions that take the host a hundred
 * microseconds (a store into code, say), and signals, timeouts and other machines must not wait for fifty thousand of them.
 */
const SLICE_MS = 10;
const NEVER_ASKED = -1;
/** Chunks of so few instructions may pass, so many of them, before the time is asked. */
const SHORT_CHUNK = 1000;
const CHUNKS_A_LOOK = 16;

/** The global, which is a getter, asked once. */
const host = performance;

export class SliceTime {
  private untilMs = NEVER_ASKED;
  private isUp = false;
  /** Since the time was asked. */
  private shortChunks = 0;

  /** Another slice begins. */
  begin(): void {
    this.untilMs = NEVER_ASKED;
    this.isUp = false;
  }

  /** True when the slice had its time. */
  ask(): boolean {
    const now = host.now();
    if (this.untilMs === NEVER_ASKED) this.untilMs = now + SLICE_MS;
    return (this.isUp = now >= this.untilMs);
  }

  /** The same after a chunk of `ran` instructions, asked if it may have changed. */
  isUpAfter(ran: number): boolean {
    if (this.isUp) return true;
    if (ran < SHORT_CHUNK && ++this.shortChunks < CHUNKS_A_LOOK) return false;
    this.shortChunks = 0;
    return this.ask();
  }
}
