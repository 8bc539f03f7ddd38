/**
 * Random interleavings of assign, signal, reroute, acknowledge, EOI and deassign against a small, slow model of what each
 * profile promises: rfc2014 and wide have pins as ORs of their GSIs, mainline sends every signal straight through.
 */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { abi, closeVms, irqchipEntry, PROFILES, spiGsi, spiPin, vm, type Vm } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const GSIS = 3;
const EVENT_FDS = 4;
const EDGE_PINS = [0];
const PINS = 2;

type Op =
  | { readonly do: "assign"; readonly fd: number; readonly gsi: number; readonly resample: boolean }
  | { readonly do: "deassign"; readonly fd: number; readonly gsi: number }
  | { readonly do: "signal"; readonly fd: number; readonly value: number }
  | { readonly do: "route"; readonly table: readonly (readonly [gsi: number, pin: number])[] }
  | { readonly do: "acknowledge" }
  | { readonly do: "eoi"; readonly pin: number };

const index = (count: number): fc.Arbitrary<number> => fc.nat({ max: count - 1 });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("assign" as const), fd: index(EVENT_FDS), gsi: index(GSIS), resample: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("deassign" as const), fd: index(EVENT_FDS), gsi: index(GSIS) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("signal" as const), fd: index(EVENT_FDS), value: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc
      .uniqueArray(fc.tuple(index(GSIS), index(PINS)), { selector: ([gsi]) => gsi, minLength: 1, maxLength: GSIS })
      .map((table) => ({ do: "route" as const, table })),
  },
  { weight: 4, arbitrary: fc.constant({ do: "acknowledge" as const }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("eoi" as const), pin: index(PINS) }) },
);

/** What is promised, written as plainly as possible. */
class Model {
  readonly line = new Array<boolean>(PINS).fill(false);
  readonly latch = new Array<boolean>(PINS).fill(false);
  readonly active = new Array<boolean>(PINS).fill(false);
  readonly count = new Array<number>(EVENT_FDS).fill(0);
  readonly told = new Array<number>(EVENT_FDS).fill(0);
  private readonly high = new Array<boolean>(GSIS).fill(false);
  private readonly bound = new Map<number, { gsi: number; resample: boolean }>();
  private table: readonly (readonly [gsi: number, pin: number])[] = [];
  private readonly wiredOr: boolean;

  constructor(wiredOr: boolean) {
    this.wiredOr = wiredOr;
  }

  apply(step: Op): void {
    if (step.do === "assign") this.assign(step.fd, step.gsi, step.resample);
    if (step.do === "deassign" && this.bound.get(step.fd)?.gsi === step.gsi) this.deassign(step.fd);
    if (step.do === "signal") this.signal(step.fd, step.value);
    if (step.do === "route") this.change(() => (this.table = step.table));
    if (step.do === "acknowledge") this.acknowledge();
    if (step.do === "eoi" && this.active[step.pin]) this.eoi(step.pin);
  }

  pending(pin: number): boolean {
    return EDGE_PINS.includes(pin) ? this.latch[pin]! : this.line[pin]!;
  }

  private assign(fd: number, gsi: number, resample: boolean): void {
    if (this.bound.has(fd)) return; // EBUSY
    this.bound.set(fd, { gsi, resample });
    if (this.count[fd] === 0) return;
    if (resample) this.set(gsi, true);
    else this.edge(gsi, false);
  }

  private deassign(fd: number): void {
    const { gsi, resample } = this.bound.get(fd)!;
    this.bound.delete(fd);
    this.count[fd] = 0;
    if (resample && this.listeners(gsi).length === 0) this.set(gsi, false);
  }

  private signal(fd: number, value: number): void {
    const binding = this.bound.get(fd);
    this.count[fd] = binding === undefined ? this.count[fd]! + value : 0;
    if (binding?.resample === true) this.set(binding.gsi, true);
    else if (binding !== undefined) this.edge(binding.gsi, true);
  }

  private acknowledge(): void {
    const pin = this.line.findIndex((_level, n) => this.pending(n) && !this.active[n]);
    if (pin < 0) return;
    this.active[pin] = true;
    this.latch[pin] = false;
  }

  private eoi(pin: number): void {
    this.active[pin] = false;
    const gsis = this.table.filter(([, to]) => to === pin).map(([gsi]) => gsi);
    for (const gsi of this.wiredOr ? gsis : gsis.slice(-1)) {
      const listeners = this.listeners(gsi);
      if (listeners.length === 0) continue;
      this.set(gsi, false);
      for (const fd of listeners) this.told[fd]!++;
    }
  }

  private listeners(gsi: number): readonly number[] {
    return [...this.bound].filter(([, binding]) => binding.resample && binding.gsi === gsi).map(([fd]) => fd);
  }

  private set(gsi: number, level: boolean): void {
    if (this.wiredOr) this.change(() => (this.high[gsi] = level));
    else this.drive(this.pinOf(gsi), level);
  }

  /** A plain irqfd: an edge; Linux's fast path leaves the pin high, its slow path does not. */
  private edge(gsi: number, fast: boolean): void {
    const pin = this.pinOf(gsi);
    if (pin === undefined) return;
    if (this.wiredOr) {
      if (!this.or(pin)) this.latch[pin] = true;
    } else {
      this.latch[pin] = true;
      this.line[pin] = fast;
    }
  }

  private drive(pin: number | undefined, level: boolean): void {
    if (pin === undefined) return;
    this.line[pin] = level;
    if (level) this.latch[pin] = true;
  }

  /** Levels change; pins follow their ORs, and a pin that rises is an edge. */
  private change(act: () => void): void {
    const before = this.line.map((_level, pin) => this.or(pin));
    act();
    if (!this.wiredOr) return;
    for (const [pin, was] of before.entries()) if (this.or(pin) !== was) this.drive(pin, !was);
  }

  private or(pin: number): boolean {
    return this.table.some(([gsi, to]) => to === pin && this.high[gsi]!);
  }

  private pinOf(gsi: number): number | undefined {
    return this.table.find(([from]) => from === gsi)?.[1];
  }
}

describe.each(PROFILES)("irqfd under random interleavings, profile %s", (profile) => {
  const perform = (box: Vm, fds: readonly ReturnType<Vm["eventFd"]>[], resamples: typeof fds, step: Op): void => {
    const gsi = "gsi" in step ? spiGsi(profile, step.gsi) : 0;
    switch (step.do) {
      case "assign":
        box.api.irqfd({ fd: fds[step.fd]!.fd, gsi, flags: step.resample ? abi.KVM_IRQFD_FLAG_RESAMPLE : 0, resamplefd: resamples[step.fd]!.fd });
        break;
      case "deassign":
        box.api.irqfd({ fd: fds[step.fd]!.fd, gsi, flags: abi.KVM_IRQFD_FLAG_DEASSIGN, resamplefd: 0 });
        break;
      case "signal":
        fds[step.fd]!.write(step.value);
        break;
      case "route": {
        const entries = step.table.map(([from, pin]) => irqchipEntry(spiGsi(profile, from), spiPin(profile, pin)));
        expect(box.api.setGsiRouting({ nr: entries.length, flags: 0, entries })).toBe(0);
        break;
      }
      case "acknowledge":
        box.chip.acknowledge();
        break;
      case "eoi":
        box.chip.endOfInterrupt(step.pin);
    }
  };

  it("does what the model says, after every step", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 30, maxLength: 100, size: "max" }), async (ops) => {
        const box = await vm({ profile, vcpus: 0, chips: [{ spis: PINS, edge: EDGE_PINS }] });
        box.api.setGsiRouting({ nr: 0, flags: 0, entries: [] });
        const [fds, resamples] = [0, 1].map(() => Array.from({ length: EVENT_FDS }, () => box.eventFd())) as [ReturnType<Vm["eventFd"]>[], ReturnType<Vm["eventFd"]>[]];
        const model = new Model(box.router.profile.wiredOr);
        for (const step of ops) {
          perform(box, fds, resamples, step);
          model.apply(step);
          const pins = Array.from({ length: PINS }, (_, pin) => box.chip.peekPin(pin)!);
          expect(pins.map(({ pending, active }) => [pending, active])).toEqual(pins.map((_state, pin) => [model.pending(pin), model.active[pin]]));
          expect(fds.map(({ count }) => count)).toEqual(model.count);
          expect(resamples.map(({ count }) => count)).toEqual(model.told);
        }
        await box.machine.close();
      }),
      { numRuns: 120 },
    );
  }, 60_000);

  it("goes on identically from a snapshot taken between any two steps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 30 }), fc.array(op, { minLength: 1, maxLength: 15 }), async (before, after) => {
        const assigns = before.filter(({ do: what }) => what === "assign");
        const compose = async (): Promise<[Vm, ReturnType<Vm["eventFd"]>[], ReturnType<Vm["eventFd"]>[]]> => {
          const box = await vm({ profile, vcpus: 0, chips: [{ spis: PINS, edge: EDGE_PINS }] });
          const [fds, resamples] = [0, 1].map(() => Array.from({ length: EVENT_FDS }, () => box.eventFd())) as [ReturnType<Vm["eventFd"]>[], ReturnType<Vm["eventFd"]>[]];
          for (const step of assigns) perform(box, fds, resamples, step);
          return [box, fds, resamples];
        };
        const run = (composed: Awaited<ReturnType<typeof compose>>, ops: readonly Op[]): unknown[] =>
          ops
            .filter(({ do: what }) => what !== "assign" && what !== "deassign")
            .map((step) => {
              perform(...composed, step);
              return [composed[0].chip.save(), composed[2].map(({ count }) => count)];
            });
        const [one, two] = [await compose(), await compose()];
        run(one, before);
        const snapshot = await one[0].machine.save();
        await two[0].machine.restore(snapshot);
        const sorted = (states: unknown[]): string[] => states.map((state) => JSON.stringify(state).split(/(?=\{)/).toSorted().join(""));
        expect(sorted(run(two, after))).toEqual(sorted(run(one, after)));
        await Promise.all([one[0].machine.close(), two[0].machine.close()]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
