/**
 * Does a machine that runs for long keep its memory? A guest executes 10^10 instructions, during which all decoded pages and all compiled
 * functions are dropped for want of room, at least FLUSHES times each. What its process (endurance-process.ts) holds after the first 10^9
 * instructions and at the end may differ by LIMITS; and at its highest that may be OVERHEAD_MIB above the guest's RAM and a process
 * which only loads the same modules. Not part of `npm test`, for it takes half a minute. In the root of the checkout:
 *
 *     node --conditions=@trapline/source --import tsx packages/soft-cpu/ci/memory-growth.ts
 *
 * Ends with 0 when all of this holds, else with 1.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Held, Lap, Report } from "./endurance-process.ts";

const PROCESS = fileURLToPath(new URL("endurance-process.ts", import.meta.url));
const TIMEOUT_MS = 300_000;

const INSTRUCTIONS = 1e10;
const FIRST = 1e9;
const FLUSHES = 2;
const OVERHEAD_MIB = 96;
/**
 * How much more may be held at the end. The resident set goes up and down by some MiB with V8's code and young generation; of modules
 * there are as many as have slots, 129 functions each, and some that are on the way.
 */
const LIMITS: Readonly<Record<keyof Held, number>> = { residentMiB: 12, heapMiB: 2, externalMiB: 4, wasmMiB: 0, modules: 40 };

/**
 * V8 lets its young generation grow to three times this, with what any program allocates and drops: here, what it takes to compile. Node 20
 * has 16 MiB; later ones have 32 unless they are told, and the figures would then be V8's.
 */
const YOUNG_GENERATION = "--max-semi-space-size=16";

/** What such a process says when it is through. @throws Error when it fails or takes too long */
function reportOf(what: "bare" | "machine"): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(PROCESS, [what], { execArgv: [...process.execArgv, YOUNG_GENERATION], timeout: TIMEOUT_MS });
    let report: Report | undefined;
    child.on("message", (message) => void (report = message as Report));
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0 && report !== undefined) resolve(report);
      else reject(new Error(`the process ended with ${signal ?? `status ${status}`}`));
    });
  });
}

function judge({ laps, ramMiB, mostResidentMiB }: Report, bare: Report): readonly string[] {
  const first = laps.find(({ instructions }) => instructions >= FIRST);
  const last = laps.at(-1);
  if (first === undefined || last === undefined || last.instructions < INSTRUCTIONS) return ["the guest executed too little"];
  const wrong: string[] = [];
  const check = (what: string, value: number, isRight: boolean, limit: number): void => {
    process.stdout.write(`${what}: ${format(value)} (limit ${limit})\n`);
    if (!isRight) wrong.push(`${what}: ${format(value)} instead of ${limit}`);
  };
  const atLeast = (what: string, value: number, limit: number): void => check(what, value, value >= limit, limit);
  const atMost = (what: string, value: number, limit: number): void => check(what, value, value <= limit, limit);
  atLeast("flushes of decoded pages since the first 10^9", last.pageFlushes - first.pageFlushes, FLUSHES);
  atLeast("flushes of compiled functions since the first 10^9", last.functionFlushes - first.functionFlushes, FLUSHES);
  for (const [name, limit] of Object.entries(LIMITS) as [keyof Held, number][]) {
    atMost(`growth of ${name} since the first 10^9`, last.held[name] - first.held[name], limit);
  }
  process.stdout.write(`at most resident: ${format(mostResidentMiB)} MiB, ${ramMiB} of them RAM, ${format(bare.mostResidentMiB)} without a machine\n`);
  atMost("MiB above RAM and a bare process", mostResidentMiB - ramMiB - bare.mostResidentMiB, OVERHEAD_MIB);
  return wrong;
}

function show(laps: readonly Lap[]): void {
  const names = Object.keys(LIMITS) as (keyof Held)[];
  const row = (cells: readonly string[]): void => void process.stdout.write(`${cells.map((cell) => cell.padStart(16)).join("")}\n`);
  row(["instructions", ...names, "page flushes", "function flushes"]);
  for (const { instructions, held, pageFlushes, functionFlushes } of laps) {
    row([String(instructions), ...names.map((name) => format(held[name])), String(pageFlushes), String(functionFlushes)]);
  }
}

const format = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2));

const bare = await reportOf("bare");
const machine = await reportOf("machine");
show(machine.laps);
const wrong = judge(machine, bare);
process.stdout.write(wrong.length === 0 ? "nothing grows\n" : `WRONG\n  ${wrong.join("\n  ")}\n`);
if (wrong.length > 0) process.exitCode = 1;
