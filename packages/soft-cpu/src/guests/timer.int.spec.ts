/**
 * The generic timer on whole machines (Arm ARM DDI 0487, D11), exact to the instruction: an instruction takes 1 ns, a tick 16. An
 * interrupt's line is said by the second instruction of its vector, hence 2 ns behind its deadline. Sources in timer.s.
 */
import { describe, expect, it } from "vitest";
import { ENGINES, play, playGuest } from "./guest-machine.fixture.ts";
import type { Mark } from "./guest-port.fixture.ts";
import { timerGuest } from "./timer.guest.fixture.ts";

const ROWS: readonly (readonly [does: string, guest: string, trace: readonly string[]])[] = [
  ["a CompareValue of now or before raises the interrupt at once, one out of reach lowers it", "past", [
    "irq EL1h 27 at past_here", //               behind the MSR of CNTV_CTL_EL0
    "1",
    "80", "0", //                                ISR_EL1
    "1", //                                      CNTV_CTL_EL0: ENABLE
  ]],
  ["IMASK holds the interrupt back, not ISTATUS, and TVAL goes on below zero", "masked", [
    "7",
    "ffffffff",
    "irq EL1h 27 at masked_opened",
    "2",
  ]],
  ["the event stream wakes WFE whenever its bit rises", "event_stream", ["8", "8", "8", "8"]],
];

/** How far behind the deadline that was reported before it each interrupt was told. */
function lateness(marks: readonly Mark[]): number[] {
  const deadlines = new Map<string, number>();
  return marks.flatMap(({ line, ns }) => {
    const [cpu, said] = /^(?:(\d) )?(.*)$/.exec(line)!.slice(1) as [string | undefined, string];
    const key = cpu ?? "0";
    if (said.startsWith("irq")) return [ns - deadlines.get(key)!];
    deadlines.set(key, parseInt(said, 16));
    return [];
  });
}

describe.each(ENGINES)("on the %s", (engine) => {
  it.each(ROWS)("%s", async (_, guest, trace) => {
    expect(await playGuest(timerGuest, guest, { engine })).toEqual(trace);
  });

  it.each(["virtual_deadline", "physical_deadline", "busy_deadline"])("the interrupt comes exactly at its deadline: %s", async (guest) => {
    const { marks } = await play(timerGuest, guest, { engine, sameRounds: false });
    expect(lateness(marks)).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it("WFI jumps to the first deadline and then to the second", async () => {
    const { marks } = await play(timerGuest, "wait_jump", { engine, sameRounds: false });
    for (let at = 0; at < marks.length; at += 4) {
      const [first, second, virtual, physical] = marks.slice(at, at + 4) as [Mark, Mark, Mark, Mark];
      expect([virtual.line, virtual.ns]).toEqual(["irq EL1h 27 at jump_first", parseInt(first.line, 16) + 2]);
      expect([physical.line, physical.ns]).toEqual(["irq EL1h 30 at jump_second", parseInt(second.line, 16) + 2]);
    }
    expect(marks.length).toBe(24);
  });

  it("the counter counts instructions, 16 to a tick, in a hot loop", async () => {
    const { marks } = await play(timerGuest, "counting", { engine, sameRounds: false });
    for (const { line, ns } of marks) {
      const last = ns - 2; //                    when the second MRS was complete
      const between = 1 + 160 * 16 + 1;
      expect(parseInt(line, 16)).toBe(Math.floor(last / 16) - Math.floor((last - between) / 16));
    }
  });

  it("each vCPU has its own timers, exact while the other sleeps or is busy", async () => {
    const { marks } = await play(timerGuest, "both_cpus", { engine, rounds: 0, vcpus: 2 });
    expect(lateness(marks)).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
    const order = marks.filter(({ line }) => line.includes("irq")).map(({ line }) => line[0]);
    expect(order.join(" ")).toBe("0 0 1 0 0 1 1 1"); // every 1000 ticks, every 2000 ticks, begun a little later
  });
});

it.each(["virtual_deadline", "physical_deadline", "busy_deadline", "masked", "wait_jump", "event_stream", "counting"])(
  "lines, times and retired instructions are the same with and without the JIT: %s",
  async (guest) => {
    const interpreted = await play(timerGuest, guest, { engine: "interpreter", sameRounds: false });
    const compiled = await play(timerGuest, guest, { engine: "JIT", sameRounds: false });
    expect(compiled.marks).toEqual(interpreted.marks);
  },
);
