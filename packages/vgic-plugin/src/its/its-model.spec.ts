/**
 * The ITS against a small model made of Maps, over random sequences of what a well-behaved guest and its devices do. Half
 * of the runs go on in another machine after every few steps, which was restored from a snapshot or from KVM's tables.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clear, type CommandWords, discard, int, inv, invall, mapc, mapd, mapti, movall, movi } from "./its-command-words.ts";
import { BASER0, BASER1, CBASER, CONFIG_TABLE, CREADR, CTLR, CWRITER, ITT, ItsBench, RAM, SPURIOUS } from "./its-bench.fixture.ts";
import { ITS_CTRL, ITS_GROUP, ItsControl } from "./its-control.ts";

const VCPUS = 4;
const DEVICES = 3;
const EVENTS = 4;
const COLLECTIONS = 3;
const LPIS = 6;

interface Lpi {
  enabled: boolean;
  priority: number;
  pendingAt: number;
}

/** What gic.md C says, as plainly as possible. */
class Model {
  readonly devices = new Map<number, Map<number, { intid: number; icid: number }>>();
  readonly collections = new Map<number, number>();
  readonly table = new Map<number, number>();
  readonly lpis = new Map<number, Lpi>();

  constructor() {
    for (let intid = 8192; intid < 8192 + LPIS; intid++) {
      this.table.set(intid, 0xa1);
      this.lpis.set(intid, { enabled: true, priority: 0xa0, pendingAt: -1 });
    }
  }

  reload(intid: number): void {
    const byte = this.table.get(intid)!;
    Object.assign(this.lpis.get(intid)!, { enabled: (byte & 1) === 1, priority: byte & 0xfc });
  }

  target(deviceId: number, eventId: number): { intid: number; vcpu: number } | undefined {
    const event = this.devices.get(deviceId)?.get(eventId);
    const vcpu = event === undefined ? undefined : this.collections.get(event.icid);
    return event === undefined || vcpu === undefined ? undefined : { intid: event.intid, vcpu };
  }

  fire(deviceId: number, eventId: number): void {
    const target = this.target(deviceId, eventId);
    if (target === undefined) return;
    const lpi = this.lpis.get(target.intid)!;
    if (lpi.pendingAt < 0) lpi.pendingAt = target.vcpu;
  }

  acknowledge(at: number): number {
    const here = [...this.lpis].filter(([, l]) => l.pendingAt === at && l.enabled);
    const [best] = here.sort(([a, x], [b, y]) => (x.priority & 0xf8) - (y.priority & 0xf8) || a - b);
    if (best === undefined) return SPURIOUS;
    best[1].pendingAt = -1;
    return best[0];
  }
}

/** One step, done to both; what it answers must agree. */
type Step = (bench: ItsBench, model: Model) => readonly [actual: unknown, expected: unknown];

const device = fc.integer({ min: 0, max: DEVICES - 1 });
const event = fc.integer({ min: 0, max: EVENTS - 1 });
const collection = fc.integer({ min: 0, max: COLLECTIONS - 1 });
const vcpu = fc.integer({ min: 0, max: VCPUS - 1 });
const lpi = fc.integer({ min: 8192, max: 8192 + LPIS - 1 });
const ittOf = (deviceId: number): number => ITT + deviceId * 0x1000;

const command = (words: CommandWords, effect: (model: Model) => void): Step => (bench, model) => {
  bench.commands(words);
  effect(model);
  return [bench.its.queue.drained, true];
};

const step: fc.Arbitrary<Step> = fc.oneof(
  device.map((d) => command(mapd(d, 4, ittOf(d)), (m) => m.devices.set(d, new Map()))),
  device.map((d) => command(mapd(d, 1, 0, false), (m) => m.devices.delete(d))),
  fc.tuple(collection, vcpu).map(([c, v]) => command(mapc(c, v), (m) => m.collections.set(c, v))),
  collection.map((c) => command(mapc(c, 0, false), (m) => m.collections.delete(c))),
  {
    weight: 4,
    arbitrary: fc.tuple(device, event, lpi, collection).map(([d, e, intid, icid]) =>
      command(mapti(d, e, intid, icid), (m) => {
        const events = m.devices.get(d);
        if (events !== undefined && !events.has(e)) events.set(e, { intid, icid });
      }),
    ),
  },
  fc.tuple(device, event, collection).map(([d, e, icid]) =>
    command(movi(d, e, icid), (m) => {
      const mapped = m.devices.get(d)?.get(e);
      const to = m.collections.get(icid);
      if (mapped === undefined || to === undefined) return;
      mapped.icid = icid;
      const moved = m.lpis.get(mapped.intid)!;
      if (moved.pendingAt >= 0) moved.pendingAt = to;
    }),
  ),
  fc.tuple(device, event).map(([d, e]) =>
    command(discard(d, e), (m) => {
      const mapped = m.devices.get(d)?.get(e);
      if (mapped === undefined) return;
      m.lpis.get(mapped.intid)!.pendingAt = -1;
      m.devices.get(d)!.delete(e);
    }),
  ),
  fc.tuple(device, event).map(([d, e]) =>
    command(clear(d, e), (m) => {
      const mapped = m.devices.get(d)?.get(e);
      if (mapped !== undefined) m.lpis.get(mapped.intid)!.pendingAt = -1;
    }),
  ),
  fc.tuple(vcpu, vcpu).map(([from, to]) =>
    command(movall(from, to), (m) => {
      for (const l of m.lpis.values()) if (l.pendingAt === from) l.pendingAt = to;
    }),
  ),
  { weight: 4, arbitrary: fc.tuple(device, event).map(([d, e]) => command(int(d, e), (m) => m.fire(d, e))) },
  {
    weight: 4,
    arbitrary: fc.tuple(device, event).map(([d, e]): Step => (bench, model) => {
      const mapped = model.target(d, e) !== undefined;
      model.fire(d, e);
      return [bench.msi(d, e), mapped ? 1 : 0];
    }),
  },
  // A configuration byte counts once it is invalidated, so the guest does that at once: through the event, or all of them.
  fc.tuple(device, event, fc.integer({ min: 0, max: 255 })).map(([d, e, byte]): Step => (bench, model) => {
    const intid = model.devices.get(d)?.get(e)?.intid;
    if (intid === undefined) return [0, 0];
    bench.setConfig(intid, byte);
    model.table.set(intid, byte);
    bench.commands(inv(d, e));
    model.reload(intid);
    return [bench.lpis.peek(intid)!.enabled, (byte & 1) === 1];
  }),
  fc.tuple(lpi, fc.integer({ min: 0, max: 255 })).map(([intid, byte]): Step => (bench, model) => {
    bench.setConfig(intid, byte);
    model.table.set(intid, byte);
    for (let c = 0; c < 2 * VCPUS; c++) bench.commands(c < VCPUS ? mapc(100 + c, c) : invall(100 + c - VCPUS));
    for (const each of model.lpis.keys()) model.reload(each);
    return [0, 0];
  }),
  fc.tuple(vcpu, fc.integer({ min: 0, max: 1 })).map(([v]): Step => (bench) => {
    bench.lpis.writeCtlr(v, 0); // pending state goes to memory and comes back
    bench.lpis.writeCtlr(v, 1);
    return [bench.lpis.lpisEnabled(v), true];
  }),
  { weight: 5, arbitrary: vcpu.map((v): Step => (bench, model) => [bench.iar(v), model.acknowledge(v)]) },
);

function booted(): ItsBench {
  const bench = new ItsBench({ vcpus: VCPUS }).boot();
  bench.memory.window(CONFIG_TABLE, LPIS)!.fill(0xa1);
  return bench;
}

/** The same machine again: RAM copied, state taken over. */
function migrated(from: ItsBench, by: "snapshot" | "tables"): ItsBench {
  const to = new ItsBench({ vcpus: VCPUS });
  if (by === "snapshot") {
    to.memory.copyIn(RAM.base, from.memory.window(RAM.base, RAM.size)!);
    to.lpis.restore(structuredClone(from.lpis.save()) as never);
    to.its.restore(structuredClone(from.its.save()) as never);
    expect(to.its.save()).toEqual(from.its.save());
    expect(to.lpis.save()).toEqual(from.lpis.save());
    expect(to.port.filed).toEqual(from.port.filed);
    return to;
  }
  // As a VMM migrates KVM's: save tables, copy RAM, redistributors, ITS registers, tables, GITS_CTLR.
  const [source, target] = [from, to].map((bench) => new ItsControl(bench.its, () => {})) as [ItsControl, ItsControl];
  source.set(ITS_GROUP.CTRL, ITS_CTRL.SAVE_TABLES);
  expect(from.lpis.savePendingTables()).toBe(true);
  to.memory.copyIn(RAM.base, from.memory.window(RAM.base, RAM.size)!);
  for (let v = 0; v < VCPUS; v++) {
    to.lpis.writePropbaser(v, from.lpis.propbaser(v));
    to.lpis.writePendbaser(v, from.lpis.pendbaser(v));
    to.lpis.writeCtlr(v, from.lpis.ctlr(v));
  }
  const copy = (register: number): void => target.set(ITS_GROUP.ITS_REGS, register, source.get(ITS_GROUP.ITS_REGS, register));
  for (const register of [CBASER, CWRITER, CREADR, BASER0, BASER1]) copy(register);
  target.set(ITS_GROUP.CTRL, ITS_CTRL.RESTORE_TABLES);
  copy(CTLR);
  return to;
}

describe("the ITS and its model agree", () => {
  it.each([
    ["in one machine", undefined, 200],
    ["restored from snapshots on the way", "snapshot", 12],
    ["migrated through KVM's tables on the way", "tables", 12],
  ] as const)("%s", (_what, by, numRuns) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
        let bench = booted();
        const model = new Model();
        for (const [n, perform] of steps.entries()) {
          if (by !== undefined && n % 16 === 15) bench = migrated(bench, by);
          const [actual, expected] = perform(bench, model);
          expect(actual).toEqual(expected);
        }
        for (let v = 0; v < VCPUS; v++) for (let n = 0; n <= LPIS; n++) expect(bench.iar(v)).toBe(model.acknowledge(v));
      }),
      { numRuns },
    );
  }, 120_000);
});
