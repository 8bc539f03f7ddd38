/** Windows (docs/adr/0041-compiled-code-leaves.md) show what a look-up would have found, and nothing else. */
import { describe, expect, it } from "vitest";
import { ACCESS_PROBE } from "../ir/stmt.ts";
import { BareCpu, RAM_BASE } from "../testing/bare-cpu.fixture.ts";
import { ACCESS_VA, ADDEND, CONTEXTS, DATA_ENTRIES, DATA_ENTRY_BYTES, SCRATCH, SLOT_SP, WINDOW_BYTES, WINDOW_COUNT, WINDOWS } from "../state/layout.ts";
import type { FlowGraph } from "./flow-graph.ts";
import type { Instruction, Region } from "./region.ts";
import { windowsOf } from "./windows.ts";

const PAGE = 4096;
const CODE = RAM_BASE;
const FIRST = RAM_BASE + 0x8000;
const SECOND = FIRST + PAGE;

/** Two pages side by side for the guest whose bytes lie the other way round. */
class ScatteredCpu extends BareCpu {
  private hostOf(address: number): number {
    const page = Math.floor(address / PAGE) * PAGE;
    const lies = page === FIRST ? SECOND : page === SECOND ? FIRST : page;
    return this.hostAddressOf(lies / PAGE) + (address % PAGE);
  }

  put(address: number, byte: number): void {
    this.state.bytes[this.hostOf(address)] = byte;
  }

  override access(access = 0): number {
    const { state } = this;
    const va = Number(state.u64[ACCESS_VA >> 3]!);
    const bytes = access & 0xff;
    const page = Math.floor(va / PAGE);
    if (Math.floor((va + bytes - 1) / PAGE) === page) {
      const entry = CONTEXTS + (page % DATA_ENTRIES) * DATA_ENTRY_BYTES;
      state.u64[entry >> 3] = state.u64[(entry >> 3) + 1] = BigInt(page * PAGE);
      state.i32[(entry + ADDEND) >> 2] = this.hostOf(va) - va;
      return this.hostOf(va);
    }
    if ((access & ACCESS_PROBE) !== 0) return -1;
    for (let byte = 0; byte < bytes; byte++) state.bytes[SCRATCH + byte] = state.bytes[this.hostOf(va + byte)]!;
    return SCRATCH;
  }
}

describe("an access over the end of a page", () => {
  it.each([
    ["ldur x4, [x1, #-4]", 0xf85f_c024, 0x4433_2211_0403_0201n],
    ["ldp w4, w5, [x1, #-4]", 0x297f_9424, 0x0403_0201n],
    ["ldurh w4, [x1, #-1]", 0x785f_f024, 0x1104n],
    ["ldur q4, [x1, #-8], then umov x4, v4.d[0]", 0x3cdf_8024, 0x0403_0201_0000_0000n],
  ])("does not pass for one to the second, which the base's window shows: %s", (text, word, expected) => {
    const cpu = new ScatteredCpu();
    for (const [n, byte] of [1, 2, 3, 4].entries()) cpu.put(SECOND - 4 + n, byte);
    for (const [n, byte] of [0x11, 0x22, 0x33, 0x44].entries()) cpu.put(SECOND + n, byte);
    const vector = text.startsWith("ldur q") ? 0x4e08_3c84 : 0xd503_201f; // umov x4, v4.d[0], or nop
    // 1: ldr x3, [x1]; the access; …; subs x0, x0, #1; b.ne 1b
    cpu.loadWords(CODE, [0xf940_0023, word, vector, 0xf100_0400, 0x54ff_ff81]);
    const run = (): bigint => {
      cpu.state.setX(0, 3n);
      cpu.state.setX(1, BigInt(SECOND));
      cpu.state.setX(4, 0n);
      expect(cpu.run(BigInt(CODE), 15)).toEqual({ why: "budget" });
      return cpu.state.x(4);
    };
    expect(run()).toBe(expected);
    cpu.engine.compiler.compile(cpu.engine.pages.recordsFor(CODE / PAGE), 0);
    expect(cpu.engine.compiler.statistics.functions).toBe(1);
    expect(run()).toBe(expected);
  });
});

describe("the windows of a context", () => {
  const instruction = (base: number): Instruction => ({ base, writes: 0, steps: 0 }) as Instruction;
  const graph = { loopHeads: new Set([0]) } as unknown as FlowGraph;

  it("are for reads or for writes, never for both: what may be read need not be writable", () => {
    const [reads, writes] = [new Set<number>(), new Set<number>()];
    for (let page = 0; page < 50; page++) {
      for (let entry = 0; entry < PAGE; entry += 4) {
        const instructions = Array.from({ length: 33 }, (_, base) => instruction(base));
        const region = { entry, blocks: new Map([[entry, { instructions }]]) } as unknown as Region;
        const windowOf = windowsOf(region, graph, page);
        for (const each of instructions) {
          reads.add(windowOf(each, false)!);
          writes.add(windowOf(each, true)!);
        }
      }
    }
    expect([...reads].filter((window) => writes.has(window))).toEqual([]);
    const [least, most] = [Math.min(...reads, ...writes), Math.max(...reads, ...writes)];
    expect(least).toBeGreaterThanOrEqual(WINDOWS + WINDOW_BYTES); // the first says whether any is in use
    expect(most).toBeLessThan(WINDOWS + WINDOW_COUNT * WINDOW_BYTES);
  });

  it("keep one for the stack everywhere, and none for a single access outside a loop", () => {
    const straight = { loopHeads: new Set() } as unknown as FlowGraph;
    const at = (records: number): number | undefined => {
      const region = { entry: 0, blocks: new Map([[0, { instructions: [instruction(SLOT_SP), instruction(3)] }]]) } as unknown as Region;
      const windowOf = windowsOf(region, straight, records);
      expect(windowOf(instruction(3), false)).toBeUndefined();
      return windowOf(instruction(SLOT_SP), false);
    };
    expect(at(0)).toBe(WINDOWS + WINDOW_BYTES);
    expect(at(12_345)).toBe(at(0));
  });
});
