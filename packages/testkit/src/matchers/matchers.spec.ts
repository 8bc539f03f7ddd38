/** What the matchers let pass, and what they say when they do not: the message is the point. */
import { compute, type GuestProgram, type PluginDefinition, read32, scripted, wfi, write32 } from "@trapline/core";
import { describe, expect } from "vitest";
import { lineScript } from "../lines/line-script.ts";
import { CLAIM, claimChip, DONE, ENABLE, FIRST_INTID } from "../testing/claim-chip.fixture.ts";
import { recordTrace, recordTraceWith } from "../trace/trace-recorder.ts";
import { test } from "../vitest.ts";

const INTID = FIRST_INTID + 3;

/** Takes every interrupt that is enabled; its lines fall by themselves. */
const program = (enabled: number): GuestProgram => ({
  *main() {
    yield write32(ENABLE, enabled);
    for (;;) yield wfi();
  },
  *irq() {
    const pin = yield* read32(CLAIM);
    yield compute(2500); // until its line has fallen
    yield write32(DONE, pin);
  },
});
const guest = (enabled: number): PluginDefinition => scripted(program(enabled));
const script = lineScript({ 3: "--h-l" }, { tickNs: 1000 });

/** What an expectation says when it fails. */
async function complaint(expectation: () => unknown): Promise<string> {
  try {
    await expectation();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("toDeliver", () => {
  test("runs the machine until the vCPU has taken the interrupt, and no further", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), script]);
    await expect(machine).toDeliver(INTID, { vcpu: 0, within: 10_000 });
    expect(machine.clock.nowNs()).toBe(2001); // the script's tick, and the instruction that claimed
    expect(machine.irqchips[0]!.peekPin(3)).toMatchObject({ active: true });
  });

  test("says why not, from the pin's state and the vCPU, and what happened instead", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(0), claimChip(), lineScript({ 3: "--h" })]);
    const message = await complaint(() => expect(machine).toDeliver(INTID, { within: 10_000 }));
    expect(message.split("\n")).toEqual([
      "expected vCPU 0 to take SPI 3 (INTID 35) within 10 µs; the machine is idle: every vCPU waits for an interrupt that nothing can send, after 2 µs",
      "",
      "why not:",
      "  claim: pin 3 (input 3 (INTID 35)): the line is high, it is pending, not enabled",
      "  vCPU 0 waits (WFI), after 2 instructions",
      "  no chip told of an acknowledge: a chip of your own says it by an event whose kind ends in .acknowledge, with intid and vcpu",
      "",
      "what happened, at last:",
      "  #6           2.000 µs  GSI 3 high",
      "  #7           2.000 µs  claim pin 3 high",
    ]);
  });

  test("asks a chip that can explain itself", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(0), claimChip({ explains: true }), script]);
    const message = await complaint(() => expect(machine).toDeliver(INTID, { within: 1000 }));
    expect(message).toContain("why not:\n  claim: INTID 35 is held back\n  claim: by the test\n");
  });

  interface Case {
    readonly intid?: number;
    readonly vcpu?: number;
    readonly irqchip?: string;
    readonly tells?: boolean;
    readonly intids?: boolean;
    readonly within?: number;
  }
  test.for<readonly [what: string, of: Case, text: RegExp]>([
    ["an INTID that no chip has", { intid: 99 }, /no irqchip knows SPI 67 \(INTID 99\)/],
    ["a number of a chip that has no INTIDs", { intid: 99, intids: false }, /to take interrupt 99 within[^]*no irqchip knows interrupt 99/],
    ["an irqchip that is not there", { irqchip: "gic" }, /the machine has no irqchip gic/],
    ["a vCPU that is not there", { vcpu: 7 }, /there is no vCPU 7/],
    ["a chip that does not tell", { tells: false }, /no chip told of an acknowledge: a chip of your own says it by an event/],
    ["a short time", { within: 1500 }, /time was up, after 1\.5 µs/],
    ["no time at all", { within: 0 }, /nothing happened on the interrupt wires/],
  ])("of %s it says so", async ([_what, { intid = INTID, tells = true, intids = true, ...options }, text], { bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip({ tells, intids }), script]);
    expect(await complaint(() => expect(machine).toDeliver(intid, { within: 10_000, ...options }))).toMatch(text);
  });

  test("says what came, when nothing was to come", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), script]);
    await expect(machine).not.toDeliver(INTID + 1, { within: 1000 });
    const message = await complaint(() => expect(machine).not.toDeliver(INTID, { within: 10_000 }));
    expect(message).toMatch(
      /^expected vCPU 0 not to take SPI 3 \(INTID 35\) within 10 µs; it did, after 1\.001 µs\n\nwhat happened, at last:\n.*\n.*claim pin 3 high/,
    );
  });

  test("of a machine without irqchips, or what is no machine, it says just that", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(0)]);
    const message = await complaint(() => expect(machine).toDeliver(33, { within: 10 }));
    expect(message).toContain("vCPU 0 faulted: vcpu0: external abort: write of 4 bytes at 0x8000000, after 1 ns");
    expect(message).toContain("why not:\n  the machine has no irqchip\n  vCPU 0 is off, after 1 instructions");
    expect(await complaint(() => expect({ gsi: 1 }).toDeliver(33))).toBe("toDeliver is asked about a machine, not about an object (gsi)");
  });
});

describe("toBeQuiescent", () => {
  test("holds when every vCPU waits and no line is high", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), script]);
    await machine.run({ untilNs: 1000 });
    expect(machine).toBeQuiescent();
    expect(await complaint(() => expect(machine).not.toBeQuiescent())).toBe(
      "expected something to be under way, but every vCPU waits or is off, and no line is high, nothing pending or active (the next timer goes off in 1 µs)",
    );
  });

  test("names what is under way", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(0), claimChip(), script]);
    expect(await complaint(() => expect(machine).toBeQuiescent())).toContain("  vCPU 0 could run, after 0 instructions\n");
    await machine.run({ untilNs: 2500 });
    expect(await complaint(() => expect(machine).toBeQuiescent())).toBe(
      "expected nothing to be under way, but:\n  claim pin 3 (input 3 (INTID 35)): the line is high, it is pending, not enabled\n(the next timer goes off in 1.5 µs)",
    );
  });
});

describe("toHaveRaised and toHaveSeen", () => {
  test("count the rises of a GSI, a pin, a vCPU's line", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), lineScript({ 3: "-hl-hl-h" })]);
    const trace = recordTrace(machine);
    await machine.run({ untilNs: 6500 });
    expect(trace).toHaveRaised({ gsi: 3 });
    expect(trace).toHaveRaised({ gsi: 3 }, 2);
    expect(trace).toHaveRaised({ pin: 3, irqchip: "claim" }, 2);
    expect(trace).toHaveRaised({ vcpu: 0, line: "irq" });
    expect(trace).not.toHaveRaised({ vcpu: 0, line: "fiq" });
    expect(trace).not.toHaveRaised({ gsi: 4 });
    expect(trace).not.toHaveRaised({ intid: 27 });
  });

  test("show what was recorded instead", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), script]);
    const trace = recordTrace(machine, "gsi");
    expect(await complaint(() => expect(trace).toHaveRaised({ gsi: 4 }))).toBe(
      "expected GSI 4 to rise; it was seen 0 times\nnothing of the kind was recorded (0 events in all)",
    );
    await machine.run({ untilNs: 5000 });
    expect(await complaint(() => expect(trace).toHaveRaised({ gsi: 3 }, 2))).toMatch(
      /^expected GSI 3 to rise 2 times; it was seen 1 times\nrecorded:\n {2}#\d+ +2\.000 µs {2}GSI 3 high\n {2}#\d+ +4\.000 µs {2}GSI 3 low$/,
    );
  });

  test("see an event by any of its fields", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), script]);
    const trace = recordTrace(machine);
    await machine.run({ untilNs: 5000 });
    expect(trace).toHaveSeen({ kind: "claim.acknowledge", intid: INTID }, 1);
    expect(trace).toHaveSeen({ kind: "access", device: "claim-chip", direction: "write", value: 1 << 3 });
    expect(trace).not.toHaveSeen({ kind: "claim.acknowledge", intid: 1 });
    expect(await complaint(() => expect(trace).toHaveSeen({ kind: "claim.acknowledge", intid: 1 }))).toContain(
      'an event with {"kind":"claim.acknowledge","intid":1}; it was seen 0 times\nrecorded:\n  #',
    );
    expect(await complaint(() => expect(5).toHaveSeen({}))).toBe(
      "toHaveSeen is asked about what recordTrace(machine) gives, not about a number",
    );
  });

  test("tell when the recorder was full", async ({ bootMachine }) => {
    const machine = await bootMachine([guest(1 << 3), claimChip(), script]);
    const trace = recordTraceWith(machine, { limit: 2 }, "gsi", "pin");
    await machine.run({ untilNs: 5000 });
    expect(await complaint(() => expect(trace).toHaveRaised({ gsi: 9 }))).toContain("2 events came when the recorder was full");
  });
});
