/**
 * Nanoseconds per operation of a loop that the row writes itself. The loop belongs to the row so that nothing of the harness
 * stands between two operations; it returns something that depends on every operation, which is kept, so that the compiler
 * cannot leave the work out.
 */
import { performance } from "node:perf_hooks";
import { allocatedPerOp, type Operations } from "./heap.ts";
import type { PreparedRow } from "./row.ts";

/** Host milliseconds of one sample: far above the clock's resolution, far below a scheduler's patience. */
const SAMPLE_MS = 3;
/**
 * Host milliseconds of unmeasured work before each sample. While other rows had their turn, this process slept: whatever core it wakes on
 * has other code and data in its caches, a low clock, or (in a virtual machine) another place. A sample taken at once measures that.
 */
const SETTLE_MS = 25;
/** Host milliseconds of warm-up: V8 has compiled and recompiled a small loop long before. */
const WARM_UP_MS = 150;
const MOST_OPERATIONS = 2 ** 24;

/** What the loops returned. Exported, hence reachable from outside, hence never optimised away. */
export const blackhole: { kept: number } = { kept: 0 };

export interface LoopOptions {
  /**
   * The same loop with the operation left out: loads the addresses, counts. Timed beside each sample and subtracted. Without
   * it the loop's own nanosecond is part of the figure.
   */
  readonly empty?: Operations;
  /** Releases what the row set up. */
  readonly close?: () => void | Promise<void>;
}

/** @param loop runs `n` operations and returns something made of all of them */
export function timedLoop(loop: Operations, { empty, close }: LoopOptions = {}): PreparedRow {
  let n = 64;
  return {
    async warmUp() {
      const until = performance.now() + WARM_UP_MS;
      for (let ms = 0; performance.now() < until || ms < SAMPLE_MS; ) {
        ms = await time(loop, n);
        if (ms < SAMPLE_MS) {
          if (n >= MOST_OPERATIONS) return;
          n = Math.min(MOST_OPERATIONS, Math.ceil(n * Math.min(4, Math.max(1.1, SAMPLE_MS / ms))));
        }
      }
      // The first rounds ran slow code: count again with what is compiled by now.
      n = Math.max(1, Math.min(MOST_OPERATIONS, Math.round((n * SAMPLE_MS) / (await time(loop, n)))));
      if (empty !== undefined) for (let round = 0; round < 20; round++) await time(empty, n);
    },
    async sample() {
      await settle(() => time(loop, n));
      const full = await time(loop, n);
      return ((full - (empty === undefined ? 0 : await time(empty, n))) * 1e6) / n;
    },
    bytesPerOp: () => allocatedPerOp(loop),
    ...(close === undefined ? {} : { close }),
  };
}

/** Works unmeasured for a while: to be awaited before a sample. */
export async function settle(work: () => unknown): Promise<void> {
  for (const until = performance.now() + SETTLE_MS; performance.now() < until; ) await work();
}

async function time(loop: Operations, n: number): Promise<number> {
  const start = performance.now();
  const result = loop(n);
  if (typeof result === "number") {
    const ms = performance.now() - start;
    blackhole.kept += result;
    return ms;
  }
  const kept = await result;
  const ms = performance.now() - start;
  blackhole.kept += kept;
  return ms;
}
