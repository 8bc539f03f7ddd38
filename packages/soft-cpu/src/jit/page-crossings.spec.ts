/**
 * Loops that lie in two pages, which are compiled one by one: control goes from compiled code to compiled code, not by way of the interpreter,
 * and every instruction is counted. The loop is: 0xff8 add x0; 0xffc add x1; 0x1000 add x2; 0x1004 back.
 */
import { createMachine } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { compileDecoded } from "../guests/guest-machine.fixture.ts";
import { softCpu } from "../soft-cpu.ts";
import { ENTRIES } from "../state/layout.ts";
import { START } from "../testing/counted-guest.fixture.ts";
import { ClusterToken } from "../tokens.ts";

const ADD = [0x9100_0400, 0x9100_0421, 0x9100_0442] as const; // add xN, xN, #1
const INSTRUCTIONS = 100_000;
/** The interpreter begins each chunk, of some 20 000 instructions. */
const CHUNKS = 20;

describe("a loop over two pages", () => {
  it.each<[back: string, word: number]>([
    ["b", 0x17ff_fffd],
    ["cbz x5", 0xb4ff_ffa5],
    ["br x6", 0xd61f_00c0],
  ])("that begins again by %s", async (_, word) => {
    const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], plugins: [softCpu()] });
    try {
      const put = (offset: number, ...words: readonly number[]): void => void machine.memory.copyIn(START + offset, new Uint8Array(Uint32Array.from(words).buffer));
      put(0, 0x1000_7fc6, 0x1400_03fd); // adr x6, 0xff8; b 0xff8
      put(0xff8, ...ADD, word);
      const run = (instructions: number): Promise<unknown> => machine.run({ untilNs: machine.clock.nowNs() + instructions });
      await run(2 + 8);
      compileDecoded(machine);
      const { compiler, state } = machine.get(ClusterToken).engine;
      compiler.enabled = false; // nothing more is compiled, and entries are counted from now on
      state.i32[ENTRIES >> 2] = 0;
      await run(INSTRUCTIONS);
      const [x0, x1, x2] = ["x0", "x1", "x2"].map((name) => Number(machine.vcpus[0]!.peekRegister(name)));
      expect([x0, x1, x2]).toEqual(new Array(3).fill(2 + INSTRUCTIONS / 4));
      expect(machine.vcpus[0]!.retired).toBe(2 + 8 + INSTRUCTIONS);
      expect(state.i32[ENTRIES >> 2]).toBeGreaterThan(0);
      expect(state.i32[ENTRIES >> 2]).toBeLessThan(CHUNKS);
    } finally {
      await machine.close();
    }
  });
});
