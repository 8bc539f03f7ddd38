/**
 * Sleeping until a moment of the host's time. Its timers count whole milliseconds and may be one early or late, which is longer than a guest
 * is used to wait. So the last milliseconds are slept in naps, which the operating system ends within SLACK_MS, and between which the event
 * loop has its turn; what is shorter than that is passed awake, as KVM does with up to 200 µs (halt_poll_ns). See docs/adr/0049-naps.md.
 */

/** A deadline nearer than this is approached in naps. */
export const NEAR_MS = 2;
/** The longest nap: as long does a signal, a byte of a terminal or a packet wait. */
const NAP_MS = 0.2;
/** Linux wakes a thread up to 50 µs late (timer slack, prctl(2)), and we need some more to go on. */
const SLACK_MS = 0.06;
/** setTimeout's own limit. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** Nobody changes it, so nobody ends a nap but its time. */
const cell = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread until SLACK_MS before `ms` from now, but for NAP_MS at most. */
export function nap(ms: number): void {
  if (ms > SLACK_MS) Atomics.wait(cell, 0, 0, Math.min(ms - SLACK_MS, NAP_MS));
}

/** What to ask of setTimeout to be awake NEAR_MS or less before `ms` from now, or else after it. @param exact false: after it */
export function timerMs(ms: number, exact: boolean): number {
  return Math.min(exact ? Math.max(1, Math.floor(ms) - 1) : Math.ceil(ms), MAX_TIMER_MS);
}
