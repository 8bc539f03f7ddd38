/** Traces of a guest tell which instruction left it: always its address and word, and in assembly if asked. */
import { type ExitOrigin, formatTrace, ofKind } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { countedGuest, START } from "../testing/counted-guest.fixture.ts";
import type { SoftCpuOptions } from "../soft-cpu.ts";

async function origins(options: SoftCpuOptions): Promise<readonly (ExitOrigin | undefined)[]> {
  const machine = await countedGuest(options);
  const seen: (ExitOrigin | undefined)[] = [];
  machine.trace$.pipe(ofKind("exit")).subscribe(({ at }) => seen.push(at));
  await machine.run();
  await machine.close();
  return seen;
}

const [load, store, call] = [
  { pc: START + 0x24, word: 0xb940_0082 },
  { pc: START + 0x28, word: 0xb900_0482 },
  { pc: START + 0x40, word: 0xd400_0002 },
];

describe.each([true, false])("an exit in a trace (jit: %s)", (jit) => {
  it("tells the instruction that it comes from", async () => {
    expect(await origins({ jit })).toEqual([load, store, call, call]);
  });

  it("tells it in assembly when asked to", async () => {
    const texts = (await origins({ jit, disassemble: true })).map((at) => at?.text);
    expect(texts).toEqual(["ldr w2, [x4]", "str w2, [x4, #4]", "hvc #0", "hvc #0"]);
  });

  it("reads as a line", async () => {
    const machine = await countedGuest({ jit, disassemble: true });
    const lines: string[] = [];
    machine.vcpus[0]!.exits$.subscribe((event) => lines.push(formatTrace(event).replace(/^.*µs {2}/, "")));
    await machine.run();
    await machine.close();
    expect(lines[0]).toBe("vcpu0 exits: mmio read 4 bytes at 0x900_0000  (external abort)  (0x4008_0024: ldr w2, [x4])");
  });
});
