/**
 * Alignment of the stack pointer on whole machines (Arm ARM DDI 0487, D1.8.2): who faults, who does not, what comes first, and that
 * nothing of it depends on the engine. Sources in stack-alignment.s, lines as in guest-port.fixture.ts.
 */
import { describe, expect, it } from "vitest";
import { ENGINES, guestMachine, play, playGuest } from "./guest-machine.fixture.ts";
import { stackAlignmentGuest } from "./stack-alignment.guest.fixture.ts";

const ACCESSES = 29;
const WRITERS = 21;
const EC_SP = "9a000000";

const faults = (from: string, label: string, count: number, first = 0, step = 4): readonly string[] =>
  Array.from({ length: count }, (_, n) => first + step * n).map((at) => `sync ${from} esr ${EC_SP} at ${label}${at === 0 ? "" : `+${at}`}`);

/** SP, X1, X3, V0 and a word of memory, none of which an access has changed; then one by an aligned SP. */
const UNTOUCHED = ["8", "11", "33", "5555555555555555", "66", "66"];

const ROWS: readonly (readonly [does: string, guest: string, trace: readonly string[]])[] = [
  ["every load and store by SP faults at EL1, changes nothing, and prefetches pass", "el1", [
    ...faults("EL1h", "el1_accesses", ACCESSES),
    "sync EL1h esr 96000061 far 0 at el1_others+28", //       DC ZVA, an access that is not by SP
    ...UNTOUCHED,
  ]],
  ["and at EL0", "el0", [
    ...faults("EL0", "el0_accesses", ACCESSES),
    "sync EL0 esr 92000061 far 0 at el0_others+28",
    ...UNTOUCHED,
  ]],
  ["SA is for EL1, SA0 for EL0, from the next instruction on", "enables", [
    "sync EL1h esr 9a000000 at enables_both",
    "sync EL0 esr 9a000000 at enables_sa0",
    "sync EL1h esr 9a000000 at enables_sa",
    "sync EL1h esr 9a000000 at enables_at_once",
  ]],
  ["SP_EL0 is EL1's while EL1 has selected it; entry and return look at the other", "banked", [
    "sync EL1t esr 9a000000 at banked_el1t",
    "sync EL1t esr 9a000000 at banked_el1t+4",
    "sync EL1t esr 9a000000 at banked_register", //           selected by MSR (register)
    "sync EL1t esr 56000001 at banked_register+72", //        SVC; its handler, with SP_EL1,
    "sync EL1h esr 9a000000 at stack_vectors+48", //          faults,
    "18", //                                                  with this SP, and aligns it
  ]],
  ["whatever wrote SP", "writers", [...faults("EL1h", "writers_here", WRITERS, 8, 16), WRITERS.toString(16)]],
  ["what misaligns SP is complete, and what does not use it runs on", "goes_on", [
    "3", //                                                   loaded, and written back
    "c8", "8", //                                             a loop with calls and loads; SP
    "sync EL1h esr 9a000000 at goes_on_here",
  ]],
  ["a handler that aligns SP has the access made", "recovers", [
    ...[1, 2, 3].flatMap(() => ["sync EL1h esr 9a000000 at recovers+80", "18", "77"]),
    "10",
  ]],
  ["it comes before aborts of the access, behind all that has to do with the instruction", "priorities", [
    "sync EL1h esr 9a000000 at priorities_here", //           not external
    "sync EL1h esr 9a000000 at priorities_here+4", //         nor alignment
    "sync EL1h esr 02000000 at priorities_here+8", //         UNDEFINED
    "sync EL1h esr 1fe00000 at priorities_here+12", //        trapped
    "sync EL1h esr 9a000000 at priorities_fp", //             no longer
    "sync EL1h esr 3a000000 at priorities_il", //             PSTATE.IL, then itself
    "sync EL1h esr 9a000000 at priorities_il",
    "sync EL1h esr c6000022 at priorities_breakpoint",
    "sync EL1h esr 9a000000 at priorities_breakpoint",
    "sync EL1h esr 86000010 far 2000 at 2000", //             a fetch
    "1",
  ]],
  ["code that SP passes through is looked at anew when it is written", "patched", [
    "14",
    "sync EL1h esr 9a000000 at patched_code", "14", //       skipped
    "16",
  ]],
  ["software step over it goes on behind it", "step", [
    "sync EL0 esr cb000022 at step_el0+4",
    "sync EL0 esr 9a000000 at step_el0+4", //                 SPSR_EL1.SS stays 1
    "sync EL0 esr cb000022 at step_el0+12",
    "2",
  ]],
];

describe.each(ENGINES)("on the %s", (engine) => {
  it.each(ROWS)("%s", async (_, guest, trace) => {
    expect(await playGuest(stackAlignmentGuest, guest, { engine })).toEqual(trace);
  });

  it("an interrupt finds SP as it is between two additions to it, and its handler faults by it", async () => {
    const { trace } = await play(stackAlignmentGuest, "passing", { engine, sameRounds: false });
    const [interrupts, misaligned, faulted, sp, strange] = trace.map((line) => parseInt(line, 16));
    expect(misaligned).toBeGreaterThan(5);
    expect(interrupts).toBeGreaterThan(misaligned!);
    expect([faulted, sp, strange]).toEqual([misaligned, 0, 0]);
  });

  it("each vCPU has its own, whoever had the last turn", async () => {
    const options = { engine, rounds: 0, vcpus: 2, quantum: 7, cpu: { startAll: true } };
    expect(await playGuest(stackAlignmentGuest, "two", options)).toEqual(["1 sync EL1h esr 9a000000 at two_misaligned", "1 28", "0 0"]);
  });

  it("a vector that uses a misaligned SP leads nowhere, in as many instructions as others", async () => {
    const { machine } = await guestMachine(stackAlignmentGuest, "own_vector", { engine, rounds: 0 });
    const end = await machine.run({ timeoutMs: 10_000 });
    const pc = stackAlignmentGuest.base + stackAlignmentGuest.labels["own_vectors"]! + 0x200;
    expect(end).toMatchObject({ reason: "fault", pc });
    expect((end as { message: string }).message).toMatch(/ESR_EL1 0x9a00_0000 at .*, the vector of that very exception$/);
    expect(machine.vcpus[0]!.retired).toBe(13 + 4096);
    await machine.close();
  });
});

it.each(["el0", "banked", "writers", "goes_on", "recovers", "priorities", "patched", "passing"])(
  "lines, times and retired instructions are the same with and without the JIT: %s",
  async (guest) => {
    const interpreted = await play(stackAlignmentGuest, guest, { engine: "interpreter", sameRounds: false });
    const compiled = await play(stackAlignmentGuest, guest, { engine: "JIT", sameRounds: false });
    expect(compiled.marks).toEqual(interpreted.marks);
  },
);
