/**
 * The process of memory-growth.ts whose memory is looked at: runs `endurance` for LAPS rounds and says after each what is still held. With
 * the argument "bare" it only loads the same modules. A round is 10^9 instructions of compiled work (integers, copies through all of the
 * RAM that is free, calls, floating point), 2000 each of exceptions, device accesses, hypercalls, TLB maintenance, WFIs and interrupts, and
 * more code than there is room for. Sums of the guest's are checked, so that what is measured is a machine that works.
 */
import { isDeepStrictEqual } from "node:util";
import { ENDURANCE_REPORTS, enduranceMachine, enduranceReports, type Work } from "../src/guests/code-cache-machine.fixture.ts";
import { softCpuStatistics } from "../src/statistics/soft-cpu-statistics.ts";
import { CompiledModules } from "../src/testing/compiled-modules.fixture.ts";

/** What is held when all garbage is collected. */
export interface Held {
  readonly residentMiB: number;
  readonly heapMiB: number;
  /** Buffers, WebAssembly memories among them. */
  readonly externalMiB: number;
  /** The machine's WebAssembly memory: the guest's RAM, records, translations. */
  readonly wasmMiB: number;
  /** Modules of compiled code. */
  readonly modules: number;
}

/** The state of things at the end of a round. */
export interface Lap {
  readonly instructions: number;
  readonly held: Held;
  /** So far: how often all decoded pages, and all compiled functions, were dropped for want of room. */
  readonly pageFlushes: number;
  readonly functionFlushes: number;
  readonly functions: number;
}

export interface Report {
  readonly ramMiB: number;
  /** The highest since the process began. */
  readonly mostResidentMiB: number;
  readonly laps: readonly Lap[];
}

const RAM_MIB = 64;
const LAPS = 10;
const MIB = 0x10_0000;
/** Not a multiple of 4 MiB: two pages that far apart would displace each other's translation. */
const COPIED_BYTES = 24 * MIB - 0x1_0000;
const WORK: Work = {
  ...{ integers: 80_000_000, floats: 2_000_000, fibonacci: 32, copies: 20, copiedBytes: COPIED_BYTES, events: 2000 },
  ...{ pages: 2304, functionPages: 36, functionTurns: 1_000_000 },
};
const TIMEOUT_MS = 60_000;

async function run(): Promise<readonly Lap[]> {
  const modules = new CompiledModules();
  let said: bigint[] = [];
  let stop = new AbortController();
  const reported = (value: bigint): void => {
    if (said.push(value) === ENDURANCE_REPORTS) stop.abort();
  };
  const { machine } = await enduranceMachine(WORK, RAM_MIB * MIB, { engine: "JIT", rounds: LAPS, reported });
  const laps: Lap[] = [];
  let checksum: bigint | undefined;
  for (let round = LAPS; round >= 1; round--) {
    [said, stop] = [[], new AbortController()];
    const { reason } = await machine.run({ signal: stop.signal, timeoutMs: TIMEOUT_MS });
    if (reason !== "stopped") throw new Error(`round ${round} ended with ${reason}`);
    checksum ??= said[0]!;
    const wanted = enduranceReports(WORK, round, checksum);
    if (!isDeepStrictEqual(said, wanted)) throw new Error(`round ${round} reported ${said.join(", ")} instead of ${wanted.join(", ")}`);
    const { jit, pages, vcpus } = softCpuStatistics(machine);
    const wasmMiB = machine.memory.wasm.buffer.byteLength / MIB;
    laps.push({
      instructions: vcpus[0]!.retired,
      held: { ...(await held(modules)), wasmMiB },
      ...{ pageFlushes: pages.flushes, functionFlushes: jit.flushes, functions: jit.functions },
    });
  }
  const { reason } = await machine.run({ timeoutMs: TIMEOUT_MS });
  if (reason !== "power-off") throw new Error(`the guest ended with ${reason}`);
  await machine.close();
  return laps;
}

async function held(modules: CompiledModules): Promise<Omit<Held, "wasmMiB">> {
  const alive = await modules.alive(); // all garbage is collected
  const { rss, heapUsed, external } = process.memoryUsage();
  return { residentMiB: rss / MIB, heapMiB: heapUsed / MIB, externalMiB: external / MIB, modules: alive };
}

const laps = process.argv[2] === "bare" ? [] : await run();
const report: Report = { ramMiB: RAM_MIB, mostResidentMiB: process.resourceUsage().maxRSS / 1024, laps };
process.send!(report);
