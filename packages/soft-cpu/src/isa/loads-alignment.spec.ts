/** Accesses that must be aligned whatever SCTLR_EL1.A says (Arm ARM DDI 0487, B2.5.2): asked about even where a translation is at hand. */
import { describe, expect, it } from "vitest";
import { ACCESS_ALIGNED } from "../ir/stmt.ts";
import { BareCpu, RAM_BASE } from "../testing/bare-cpu.fixture.ts";

const CODE = RAM_BASE;
const DATA = BigInt(RAM_BASE + 0x8000);
const LDR_X3 = 0xf940_0023; // ldr x3, [x1]: brings the translation for reading and, in this fixture, for writing

class AskedCpu extends BareCpu {
  readonly asked: number[] = [];

  override access(access = 0): number {
    this.asked.push(access & ACCESS_ALIGNED);
    return super.access(access);
  }
}

describe("loads and stores that must be aligned", () => {
  const cpu = new AskedCpu();

  it.each([
    ["ldar x3, [x2]", 0xc8df_fc43, 8],
    ["ldarh w3, [x2]", 0x48df_fc43, 2],
    ["stlr w3, [x2]", 0x889f_fc43, 4],
    ["ldxr w3, [x2]", 0x885f_7c43, 4],
    ["ldaxp x3, x4, [x2]", 0xc87f_9043, 16],
  ])("ask when %s is not", (_, word, alignment) => {
    for (const [distance, asks] of [[alignment, 0], [1, 1], [alignment / 2, 1]] as const) {
      cpu.state.setX(1, DATA);
      cpu.state.setX(2, DATA + BigInt(distance));
      cpu.loadWords(CODE, [LDR_X3, word]);
      cpu.asked.length = 0;
      expect(cpu.run(BigInt(CODE), 2)).toEqual({ why: "budget" });
      expect(cpu.asked).toEqual([0, ...(asks === 1 ? [ACCESS_ALIGNED] : [])]);
    }
  });
});
