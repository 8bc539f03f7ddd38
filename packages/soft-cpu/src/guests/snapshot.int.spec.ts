/**
 * A machine that is saved and restored goes on as if nothing had been: the whole trace, with its numbers and times, is that of a machine
 * that was left alone. At random moments of a guest of everything (mixed.s), and at every few instructions of guests whose state is
 * hard to keep: steps, illegal states, waits, exclusives.
 */
import { type Machine, type PlainData, SnapshotError } from "@trapline/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { exceptionsGuest } from "./exceptions.guest.fixture.ts";
import type { GuestImage } from "./guest-image.fixture.ts";
import { type Engine, guestMachine, type GuestMachine, type GuestOptions } from "./guest-machine.fixture.ts";
import { mixedMachine, runCompiled, tracing } from "./mixed-guest.fixture.ts";
import { smpGuest } from "./smp.guest.fixture.ts";
import { stackAlignmentGuest } from "./stack-alignment.guest.fixture.ts";
import { timerGuest } from "./timer.guest.fixture.ts";

const machines: Machine[] = [];
afterAll(() => Promise.all(machines.map((machine) => machine.close())));

async function mixed(engine: Engine): Promise<Machine> {
  const { machine } = await mixedMachine(engine);
  machines.push(machine);
  return machine;
}

describe("the mixed guest", async () => {
  const reference = await mixed("interpreter");
  const expected = await tracing(reference, () => runCompiled(reference, "interpreter"));
  const endNs = reference.clock.nowNs();

  it("has something to tell", () => {
    expect(expected.length).toBeGreaterThan(400);
  });

  it.each<readonly [from: Engine, to: Engine]>([
    ["interpreter", "JIT"],
    ["JIT", "interpreter"],
  ])("goes on from any moment in a fresh machine, %s to %s", async (from, to) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: endNs - 1 }), async (untilNs) => {
        const first = await mixed(from);
        const before = await tracing(first, async () => {
          await runCompiled(first, from, { untilNs: untilNs >> 1 });
          await runCompiled(first, from, { untilNs });
        });
        const second = await mixed(to);
        await second.restore(await first.save());
        const after = await tracing(second, () => runCompiled(second, to));
        expect([...before, ...after]).toEqual(expected);
      }),
      { numRuns: 2 },
    );
  });

  it("goes back to any moment that was saved, in the same machine", async () => {
    const machine = await mixed("JIT");
    const saved: (readonly [linesBefore: number, file: Uint8Array])[] = [];
    const lines = await tracing(machine, async () => {
      for (let n = 1; n <= 3; n++) {
        const heard = await tracing(machine, () => runCompiled(machine, "JIT", { untilNs: Math.floor((n * endNs) / 4) }));
        saved.push([(saved.at(-1)?.[0] ?? 0) + heard.length, await machine.save()]);
      }
      await runCompiled(machine, "JIT");
    });
    expect(lines).toEqual(expected);
    for (const [before, file] of saved.reverse()) {
      await machine.restore(file);
      expect(await tracing(machine, () => runCompiled(machine, "JIT"))).toEqual(expected.slice(before));
    }
  });

  it("is not disturbed by being saved while it runs", async () => {
    const machine = await mixed("JIT");
    const lines = await tracing(machine, async () => {
      const run = runCompiled(machine, "JIT");
      for (let n = 0; n < 4; n++) await machine.save();
      await run;
    });
    expect(lines).toEqual(expected);
  });
});

/** Bytes of RAM: little of it, as all of it is saved each time. SMALL ends behind the image. */
const SMALL = 0x9_0000;
const WITH_DATA = 0x10_2000;

/** Saved in one machine and restored in another, to and fro, behind so many instructions each. */
const HOPS: readonly (readonly [guest: string, hopNs: number, image: GuestImage, options: Partial<GuestOptions>])[] = [
  ["step", 1, exceptionsGuest, {}],
  ["step_el1", 1, exceptionsGuest, {}],
  ["breakpoint", 7, exceptionsGuest, {}],
  ["watchpoint", 5, exceptionsGuest, {}],
  ["illegal_at_el0", 1, exceptionsGuest, {}],
  ["masking", 7, exceptionsGuest, {}],
  ["fp_trap", 7, exceptionsGuest, {}],
  ["banked", 1, stackAlignmentGuest, { ramBytes: WITH_DATA }],
  ["recovers", 1, stackAlignmentGuest, { ramBytes: WITH_DATA }],
  ["passing", 7, stackAlignmentGuest, { ramBytes: WITH_DATA }],
  ["wait_jump", 3, timerGuest, {}],
  ["event_stream", 3, timerGuest, {}],
  ["exclusives", 11, smpGuest, { ramBytes: WITH_DATA, vcpus: 2, quantum: 20, rounds: 0, x: [[24, 6], [25, 2]] }],
  ["events", 97, smpGuest, { ramBytes: WITH_DATA, vcpus: 2, quantum: 100, rounds: 0, x: [[24, 3], [25, 2]] }],
  ["ping_pong", 9, smpGuest, { ramBytes: WITH_DATA, vcpus: 2, rounds: 0, x: [[24, 3], [25, 2]] }],
];

it.each(HOPS)("%s is carried to and fro between two machines every %d ns", async (guest, hopNs, image, options) => {
  const make = async (engine: Engine): Promise<GuestMachine> => {
    const made = await guestMachine(image, guest, { rounds: 1, ramBytes: SMALL, ...options, engine });
    machines.push(made.machine);
    return made;
  };
  const reference = await make("interpreter");
  await reference.machine.run({ timeoutMs: 10_000 });
  const pair = [await make("interpreter"), await make("JIT")] as const;
  const marks: unknown[] = [];
  let end = "until";
  for (let n = 0; end === "until" && n < 400; n++) {
    const here = pair[(n & 1) as 0 | 1];
    const there = pair[(1 - (n & 1)) as 0 | 1];
    const { clock, vcpus } = here.machine;
    here.port.marks.length = 0;
    const isAwake = vcpus.some((vcpu) => vcpu.runnable);
    ({ reason: end } = await here.machine.run({ untilNs: isAwake ? clock.nowNs() + hopNs : clock.nextDeadlineNs(), timeoutMs: 10_000 }));
    marks.push(...here.port.marks);
    if (end === "until") await there.machine.restore(await here.machine.save());
  }
  expect(end).toBe("power-off");
  expect(marks).toEqual(reference.port.marks);
});

it("a vCPU that gets nowhere is given up at the same moment, wherever it was saved", async () => {
  const make = async (): Promise<Machine> => {
    const options: GuestOptions = { engine: "JIT", vcpus: 2, quantum: 1000, ramBytes: SMALL, cpu: { startAll: true } };
    const { machine } = await guestMachine(exceptionsGuest, "vectors", options); // VBAR_EL1 is 0, where nothing is
    machines.push(machine);
    return machine;
  };
  const [reference, first, second] = [await make(), await make(), await make()];
  const expected = await reference.run({ timeoutMs: 10_000 });
  expect(expected).toMatchObject({ reason: "fault", vcpu: 0 });
  await first.run({ untilNs: reference.clock.nowNs() - 1500 });
  await second.restore(await first.save());
  expect([await second.run({ timeoutMs: 10_000 }), second.clock.nowNs()]).toEqual([expected, reference.clock.nowNs()]);
});

it("a snapshot of a vCPU that is damaged is refused, and the machine goes on", async () => {
  const machine = await mixed("interpreter");
  const vcpu = machine.vcpus[0]!;
  await machine.run({ untilNs: 500 });
  const saved = vcpu.save() as Record<string, PlainData>;
  const damages: readonly Record<string, PlainData>[] = [
    ...[{ x: [] }, { v: 5 }, { pc: "0x" }, { sysregs: 7 }, { timer: null }, { off: 1 }],
    ...[{ el: "1" }, { el: 7 }, { daif: -1 }, { nzcv: 1 }, { lines: 0.5 }, { retired: -1 }],
  ];
  for (const damage of damages) expect(() => vcpu.restore({ ...saved, ...damage })).toThrow(SnapshotError);
  for (const other of [null, 7, "x", [], {}]) expect(() => vcpu.restore(other)).toThrow(SnapshotError);
  expect(vcpu.save()).toEqual(saved);
  expect(await runCompiled(machine, "interpreter")).toBe("power-off");
});
