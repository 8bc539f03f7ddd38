/**
 * How many bytes one operation allocates, and how many stay: differences of V8's own heap statistics around a run that is
 * small enough not to collect anything in between.
 */
import v8 from "node:v8";
import { runInNewContext } from "node:vm";

/** A run of `n` operations; the result is only there to be used. */
export type Operations = (n: number) => number | Promise<number>;

/** Bytes that a counted run may allocate: well below the smallest young generation, so that no scavenge falls into it. */
const ROOM = 128 * 1024;
const FEWEST = 16;
const MOST = 16_384;
const RUNS = 9;

v8.setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void; // the flag takes effect in contexts made after it

/** Collects everything that can be, weakly held and finalised things included. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve)); // finalizers run between two tasks
  }
}

/**
 * Heap bytes allocated per operation, rounded to a tenth: the difference between a run and one four times as long, so that what
 * any run costs, however short, drops out.
 */
export async function allocatedPerOp(run: Operations): Promise<number> {
  let n = FEWEST;
  let few = await usuallyAllocatedBy(run, n);
  // What stands in the heap's statistics without any operation: V8 counts a whole buffer for small objects when it begins one.
  const standing = few;
  for (;;) {
    const many = await usuallyAllocatedBy(run, 4 * n);
    if (4 * n >= MOST || 4 * (many - standing) > ROOM) return Math.max(0, Math.round(((many - few) / (3 * n)) * 10) / 10);
    n *= 4;
    few = many;
  }
}

/**
 * The lower quartile of several runs. What happens beside them mostly adds (V8 compiles a function in the first of them), but now
 * and then it takes away: pages that are swept meanwhile, on another thread, count as free in the middle of a run.
 */
async function usuallyAllocatedBy(run: Operations, n: number): Promise<number> {
  const bytes: number[] = [];
  for (let i = 0; i < RUNS; i++) bytes.push(await allocatedBy(run, n));
  return bytes.sort((a, b) => a - b)[Math.floor(RUNS / 4)]!;
}

async function allocatedBy(run: Operations, n: number): Promise<number> {
  gc();
  const before = v8.getHeapStatistics().used_heap_size;
  const result = run(n);
  if (typeof result !== "number") await result;
  return v8.getHeapStatistics().used_heap_size - before;
}

/** Bytes alive right now: the JavaScript heap and what hangs on it outside (buffers, wasm memories). */
export async function liveBytes(): Promise<number> {
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage(); // external includes array buffers
  return heapUsed + external;
}
