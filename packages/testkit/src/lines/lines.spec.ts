/** Interrupts as marbles: played into a machine, and drawn out of its trace, in the same columns. */
import { compute, type GuestProgram, isTraplineError, read32, scripted, wfi, write32 } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { CLAIM, claimChip, DONE, ENABLE } from "../testing/claim-chip.fixture.ts";
import { recordTrace } from "../trace/trace-recorder.ts";
import { test } from "../vitest.ts";
import { drawLines } from "./draw-lines.ts";
import { lineScript } from "./line-script.ts";

/** Takes two ticks to answer. */
const program: GuestProgram = {
  *main() {
    yield write32(ENABLE, 0xff);
    for (;;) yield wfi();
  },
  *irq() {
    yield compute(1998);
    yield write32(DONE, yield* read32(CLAIM));
  },
};

describe("a script of interrupts", () => {
  test("is played tick by tick, and what it caused stands below it", async ({ bootMachine }) => {
    const machine = await bootMachine([scripted(program), claimChip(), lineScript({ 1: "--h-l----", 2: "------h-l" })]);
    const trace = recordTrace(machine, "gsi", "vcpu-line");
    await machine.run();
    expect(drawLines(trace.events)).toEqual({
      "GSI 1": "--h-l",
      "IRQ of vcpu0": "--hl--hl", // low again when the guest has claimed
      "GSI 2": "------h-l",
    });
  });

  test("has edges as well, and its lines are ORed with those of devices", async ({ bootMachine }) => {
    const machine = await bootMachine([claimChip(), lineScript({ 1: "h-l-p" }, { name: "a" }), lineScript({ 1: "-h-l " }, { name: "b" })]);
    const trace = recordTrace(machine, "gsi");
    await machine.run({ untilNs: 10_000 });
    expect(drawLines(trace.events)).toEqual({ "GSI 1": "h--lp" }); // a and b overlap
    expect(machine.router.sources.map(({ gsi, owner, trigger }) => `${gsi} ${owner} ${trigger}`)).toEqual([
      "1 a level",
      "1 a edge",
      "1 b level",
    ]);
  });

  test("begins anew with the machine, and goes on from a snapshot", async ({ bootMachine }) => {
    const compose = () => bootMachine([claimChip(), lineScript({ 1: "-h---l--p" })]);
    const machine = await compose();
    await machine.run({ untilNs: 3000 });
    const snapshot = await machine.save();
    const copy = await compose();
    const copied = recordTrace(copy, "gsi");
    await copy.restore(snapshot);
    await copy.run({ untilNs: 20_000 });
    expect(drawLines(copied.events)).toEqual({ "GSI 1": "-----l--p" });

    await machine.reset("warm");
    const again = recordTrace(machine, "gsi");
    await machine.run({ untilNs: 20_000 });
    expect(drawLines(again.events, { fromNs: 3000 })).toEqual({ "GSI 1": "-h---l--p" });
  });

  it.each([
    [{ 1: "--x" }, 'the script of GSI 1 has "x" at 2: "--x"; write h for high, l for low, p for a pulse, - for a tick without'],
    [{ 3: "h".repeat(100_001) }, "the script of GSI 3 has 100001 characters; use a longer tick"],
  ])("refuses %#", (scripts, message) => {
    expect(() => lineScript(scripts)).toThrow(message);
  });

  it("refuses ticks that are none, and a GSI that the router does not have", async () => {
    expect(() => lineScript({}, { tickNs: 0 })).toThrow(expect.toSatisfy((error) => isTraplineError(error, "config")));
    const { createMachine } = await import("@trapline/core");
    await expect(createMachine({ plugins: [lineScript({ [-1]: "h" })] })).rejects.toThrow("GSI -1 is out of range");
  });
});

describe("a drawing", () => {
  const at = (atNs: number, signal: "high" | "low") => ({ seq: 1, atNs, kind: "gsi", gsi: 1, signal, result: 1 }) as const;
  it("shows several things in one tick as a star", () => {
    expect(drawLines([at(0, "high"), at(500, "low"), at(2500, "high")])).toEqual({ "GSI 1": "*-h" });
    expect(drawLines([at(0, "high"), at(500, "low"), at(2500, "high")], { tickNs: 500 })).toEqual({ "GSI 1": "hl---h" });
  });

  it("begins where it is told, and does not grow without end", () => {
    expect(drawLines([at(0, "high"), at(5000, "low")], { fromNs: 4000 })).toEqual({ "GSI 1": "-l" });
    expect(() => drawLines([at(1e9, "high")])).toThrow("a drawing of 1000001 columns; use a longer tick, or a later fromNs");
  });
});
