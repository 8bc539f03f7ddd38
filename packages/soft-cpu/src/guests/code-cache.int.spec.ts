/**
 * More code than there is room for: 2048 pages of decoded instructions, 4096 compiled functions. When either is used up all is dropped and
 * made anew, which the guest does not notice, and what was dropped leaves nothing behind. ci/memory-growth.ts does the same for long.
 */
import type { Machine } from "@trapline/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TABLE_SLOTS } from "../interpreter/core-module.ts";
import { HANDLERS_END } from "../isa/variants.ts";
import { RECORD_PAGES } from "../state/layout.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";
import { CompiledModules } from "../testing/compiled-modules.fixture.ts";
import { ClusterToken } from "../tokens.ts";
import {
  ENDURANCE_REPORTS, enduranceMachine, enduranceReports, FUNCTIONS_A_PAGE, manyFunctions, manyPages, SPACE, sumOfFunctions, sumOfPages,
} from "./code-cache-machine.fixture.ts";
import { compileDecoded, type Engine } from "./guest-machine.fixture.ts";

const SLOTS = TABLE_SLOTS - HANDLERS_END;
const PAGES = RECORD_PAGES + 256;
/** Modules that leave no room for another. */
const MODULES = Math.floor(SLOTS / (FUNCTIONS_A_PAGE + 1));
/** More modules than the guest's instructions have handlers outside of the interpreter's loop. */
const HANDLERS = 20;

/** Compiled functions that can be entered. */
function usedSlots(machine: Machine): number {
  const { table } = machine.get(ClusterToken).engine;
  return Array.from({ length: SLOTS }, (_, n) => table.get(HANDLERS_END + n)).filter((fn) => fn !== null).length;
}

describe("interpreted", () => {
  it("pages that have no records any more make room twice, and what runs is what was written last", async () => {
    const sums: bigint[] = [];
    const { machine } = await manyPages(PAGES, { engine: "interpreter", rounds: 2, reported: (sum) => sums.push(sum) });
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    expect(sums).toEqual([sumOfPages(PAGES, 2), sumOfPages(PAGES, 1)]);
    const { flushes, decoded } = softCpuStatistics(machine).pages;
    expect(flushes).toBe(2);
    expect(decoded).toBeLessThan(2 * (PAGES - RECORD_PAGES) + 4);
    await machine.close();
  });
});

describe("compiled", () => {
  let modules: CompiledModules;
  beforeEach(() => void (modules = new CompiledModules()));
  afterEach(() => modules.close());

  it("all of it goes when the records go that it was made of", async () => {
    const stop = new AbortController();
    const { machine } = await manyPages(PAGES, { engine: "JIT", rounds: 2, reported: () => stop.abort() });
    await machine.run({ signal: stop.signal });
    const { decoded } = softCpuStatistics(machine).pages;
    compileDecoded(machine);
    expect(usedSlots(machine)).toBeGreaterThanOrEqual(decoded - 2);
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    expect(softCpuStatistics(machine)).toMatchObject({ pages: { flushes: 2 }, jit: { flushes: 0 } });
    expect(usedSlots(machine)).toBe(0);
    await machine.close();
  });

  it("functions that have no slot any more make room twice, and their modules are collected", async () => {
    const sums: bigint[] = [];
    let stop = new AbortController();
    const pages = MODULES + 5;
    const reported = (sum: bigint): void => {
      sums.push(sum);
      stop.abort();
    };
    const { machine } = await manyFunctions(pages, 1, { engine: "JIT", rounds: 2, reported });
    const before = await modules.alive();
    for (const flushes of [0, 1]) {
      stop = new AbortController();
      await machine.run({ signal: stop.signal });
      expect(softCpuStatistics(machine).jit.flushes).toBe(flushes);
      compileCallers(machine);
    }
    expect(sums).toEqual([2, 1].map((round) => sumOfFunctions(pages, round)));
    expect(softCpuStatistics(machine).jit).toMatchObject({ flushes: 2, functions: 2 * pages * (FUNCTIONS_A_PAGE + 1) });
    // Those of the last round that found no room beside the others; and some handlers.
    expect(usedSlots(machine)).toBe(5 * (FUNCTIONS_A_PAGE + 1));
    expect(modules.made).toBeGreaterThanOrEqual(2 * pages);
    expect((await modules.alive()) - before).toBeLessThan(5 + HANDLERS);
    await machine.close();
  });
});

/** In each page of functions the one that calls them all, and them with it. */
function compileCallers(machine: Machine): void {
  const { compiler, pages } = machine.get(ClusterToken).engine;
  for (const page of [...pages.pages()]) if (page >= SPACE / 4096) compiler.compile(pages.recordsFor(page), 0);
}

describe("endurance, for a short time", () => {
  const work = {
    ...{ integers: 5000, floats: 3000, fibonacci: 14, copies: 2, copiedBytes: 0x1_0000, events: 40 },
    ...{ pages: 16, functionPages: 1, functionTurns: 2000 },
  };

  /** With the JIT, what the first round executes is compiled before the second, but for the functions, which would be compiled one by one. */
  async function reports(engine: Engine): Promise<readonly bigint[]> {
    const said: bigint[] = [];
    const stop = new AbortController();
    const reported = (value: bigint): void => {
      if (said.push(value) === ENDURANCE_REPORTS - 1) stop.abort();
    };
    const { machine } = await enduranceMachine(work, 0x120_0000, { engine, rounds: 2, reported });
    expect(await machine.run({ signal: stop.signal })).toEqual({ reason: "stopped" });
    if (engine === "JIT") compileDecoded(machine);
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    await machine.close();
    return said;
  }

  it("does the same on interpreter and JIT, and in each round", async () => {
    const interpreted = await reports("interpreter");
    expect(interpreted).toEqual([2, 1].flatMap((round) => enduranceReports(work, round, interpreted[0]!)));
    expect(await reports("JIT")).toEqual(interpreted);
  });
});
