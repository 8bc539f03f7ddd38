/**
 * A hostile guest: the classes of past vulnerabilities in ITS models, and random bytes wherever the ITS reads guest memory.
 * Nothing may throw, nothing may exceed its bound, and what the GIC was told must agree with what the LPIs say.
 */
import { type U64, u64, type Width } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clear, type CommandWords, discard, int, inv, invall, mapc, mapd, mapti, movall, movi } from "./its-command-words.ts";
import {
  BASER0,
  CBASER,
  CONFIG_TABLE,
  CTLR,
  CWRITER,
  DEVICE_TABLE_AT,
  ITT,
  ItsBench,
  pendingTable,
  QUEUE,
  RAM,
  SPURIOUS,
  valid,
} from "./its-bench.fixture.ts";
import { ITS_CTRL, ITS_GROUP, ItsControl } from "./its-control.ts";
import { SLICE_UNITS } from "./its.ts";

const WIRING = [mapd(2, 8, ITT), mapc(0, 0), mapc(1, 1), mapti(2, 20, 8195, 0)] as const;

/** The port and the LPIs tell the same story, and counts are what they count. */
function expectConsistent(bench: ItsBench): void {
  const { lpis, port, its } = bench;
  const pendingAt = new Map<number, number>();
  for (let intid = 8192; intid < 2 ** port.intidBits; intid++) {
    const vcpu = lpis.pendingAt(intid);
    if (vcpu >= 0) pendingAt.set(intid, vcpu);
  }
  for (const [intid, { vcpu }] of port.filed) expect([intid, pendingAt.get(intid)]).toEqual([intid, vcpu]);
  for (const vcpu of pendingAt.values()) expect(lpis.lpisEnabled(vcpu)).toBe(true);
  for (const [intid, vcpu] of pendingAt) expect([intid, port.filedAt(intid)]).toEqual([intid, lpis.peek(intid)!.enabled ? vcpu : -1]);
  let events = 0;
  for (const device of its.mappings.sortedDevices()) {
    expect(device.events().length).toBe(device.eventCount);
    expect(device.pageCount).toBeLessThanOrEqual(device.eventCount);
    events += device.eventCount;
  }
  expect(its.mappings.eventCount).toBe(events);
  expect(its.mappings.deviceCount).toBeLessThanOrEqual(its.config.maxDevices);
  expect(events).toBeLessThanOrEqual(its.config.maxEvents);
}

describe("classes of past vulnerabilities", () => {
  const freed: readonly [string, readonly CommandWords[]][] = [
    ["DISCARD", [discard(2, 20)]],
    ["DISCARD twice", [discard(2, 20), discard(2, 20)]],
    ["MAPD with V = 0", [mapd(2, 1, 0, false)]],
    ["MAPD with V = 0 twice", [mapd(2, 1, 0, false), mapd(2, 1, 0, false)]],
    ["MAPD over the mapped device", [mapd(2, 8, ITT), mapd(2, 4, ITT)]],
    ["MAPC with V = 0 twice", [mapc(0, 0, false), mapc(0, 0, false)]],
    ["everything at once", [discard(2, 20), mapd(2, 1, 0, false), mapc(0, 0, false), discard(2, 20), invall(0)]],
  ];

  it.each(freed)("invalidation drops nothing twice: %s", (_what, commands) => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20), ...commands, ...commands);
    expectConsistent(bench);
    expect(bench.msi(2, 20)).toBe(0);
    while (bench.iar(0) !== SPURIOUS);
    bench.commands(...WIRING, int(2, 20));
    expect(bench.iar(0)).toBe(8195); // everything can be built again
    expectConsistent(bench);
  });

  it.each(freed)("an LPI that is freed while it was just translated is not delivered by a stale entry: %s", (_what, commands) => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    bench.msi(2, 20); // whatever remembers translations remembers this one
    bench.iar(0);
    bench.commands(...commands);
    expect(bench.msi(2, 20)).toBe(0);
    expect(bench.port.filed.size).toBe(0);
  });

  it("GITS_CTLR off while an LPI waits: it stays deliverable, and no new one comes", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20));
    bench.write(CTLR, 0, 4);
    expect(bench.msi(2, 20)).toBe(-16);
    expect([bench.iar(0), bench.iar(0)]).toEqual([8195, SPURIOUS]);
  });

  it("a translation made before MOVI, MOVALL, MAPC or a table change does not outlive it", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    bench.msi(2, 20);
    bench.iar(0);
    bench.commands(mapc(0, 1));
    bench.msi(2, 20);
    expect(bench.iar(1)).toBe(8195);
    bench.commands(movi(2, 20, 1), mapc(1, 2));
    bench.msi(2, 20);
    expect(bench.iar(2)).toBe(8195);
    bench.write(CTLR, 0, 4);
    bench.write(BASER0, valid(DEVICE_TABLE_AT, 3));
    bench.write(CTLR, 1, 4);
    expect(bench.msi(2, 20)).toBe(0);
  });

  it("MAPD leaves an LPI that waits to its vCPU; acknowledged it is gone for good", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20), mapd(2, 1, 0, false));
    expectConsistent(bench);
    expect([bench.iar(0), bench.iar(0)]).toEqual([8195, SPURIOUS]);
  });

  it("teardown with interrupts in flight: reset withdraws everything, close answers everything after it with nothing", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20));
    bench.write(CWRITER, 0x8000); // a backlog, its timer armed
    bench.its.reset();
    bench.lpis.reset();
    expect(bench.port.filed.size).toBe(0);
    expect(bench.clock.skipIdle(Infinity)).toBe(false);
    expect(bench.msi(2, 20)).toBe(-16);
    bench.boot().commands(...WIRING, int(2, 20));
    bench.write(CWRITER, 0x8000);
    bench.its.close();
    expect(bench.clock.skipIdle(Infinity)).toBe(false);
    expect(bench.msi(2, 20)).toBe(0);
    expect(bench.iar(0)).toBe(8195);
  });

  it("an acknowledge from the wrong vCPU, of an LPI that does not wait, or of no LPI changes nothing", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20));
    for (const [intid, vcpu] of [[8195, 1], [8196, 0], [5, 0], [1 << 24, 0], [-1, 0]] as const) bench.lpis.acknowledged(intid, vcpu);
    expectConsistent(bench);
    expect(bench.iar(0)).toBe(8195);
  });

  it("out-of-range ids reach no array: INTIDs, events, devices, collections, vCPUs", () => {
    const bench = new ItsBench().boot();
    for (const id of [-1, 0, 8191, 65_536, 0x7fff_ffff, 0xffff_ffff]) {
      bench.lpis.pend(id, 0);
      bench.lpis.pend(8192, id === 0 ? 4 : id);
      bench.lpis.clear(id);
      bench.lpis.move(id, 1);
      bench.lpis.move(8195, id);
      bench.lpis.invalidate(id);
      bench.lpis.peek(id);
      bench.msi(id, id);
    }
    expectConsistent(bench);
    expect(bench.port.filed.size).toBe(0);
  });

  it("the same INTID behind many events is one LPI: pending once, discarded once", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, mapti(2, 21, 8195, 1), int(2, 20), int(2, 21), discard(2, 20));
    expectConsistent(bench);
    expect(bench.port.filed.size).toBe(0);
    expect(bench.msi(2, 21)).toBe(1);
    expect(bench.iar(1)).toBe(8195);
  });

  it("toggling EnableLPIs with pending LPIs neither loses nor doubles them", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20));
    for (let n = 0; n < 20; n++) bench.lpis.writeCtlr(0, n & 1);
    bench.lpis.writeCtlr(0, 1);
    expectConsistent(bench);
    expect([bench.iar(0), bench.iar(0)]).toEqual([8195, SPURIOUS]);
  });

  it("work per exit is bounded also when every command is INVALL over thousands of pending LPIs", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapc(0, 0));
    for (let intid = 8192; intid < 8192 + 4000; intid++) bench.lpis.pend(intid, 0);
    let ran = 0;
    bench.its.commands$.subscribe(() => ran++);
    bench.commands(...Array.from({ length: 1000 }, () => invall(0)));
    expect(ran).toBeLessThanOrEqual(Math.ceil(SLICE_UNITS / (1 + 57_344 / 512)));
    bench.drain();
    expect(ran).toBe(1000);
  });

  it("2^32 device ids and all of them asked for: memory stays within the limits", () => {
    const bench = new ItsBench({ deviceIdBits: 32, maxDevices: 64, maxEvents: 64 }).boot();
    bench.write(CTLR, 0, 4);
    bench.write(BASER0, u64(0xc000_0000, DEVICE_TABLE_AT + 127));
    for (let n = 0; n < 1024; n++) bench.memory.write(DEVICE_TABLE_AT + 8 * n, 8, u64(0x8000_0000, 0x4060_0000)); // every page the same
    bench.write(CTLR, 1, 4);
    for (let n = 0; n < 200; n++) bench.commands(mapd((n * 65_537) >>> 0, 16, ITT), mapti((n * 65_537) >>> 0, n * 300, 8192 + n, 0));
    bench.drain();
    expectConsistent(bench);
    expect(bench.its.mappings.deviceCount).toBe(64);
    expect(bench.its.mappings.eventCount).toBe(64);
  });
});

const smallId = fc.integer({ min: 0, max: 6 });
const anyId = fc.oneof(smallId, fc.integer({ min: 0, max: 70_000 }), fc.constantFrom(0xffff, 0x1_0000, 0xffff_ffff));
const intid = fc.oneof(fc.integer({ min: 8190, max: 8200 }), fc.constantFrom(0, 1023, 65_535, 65_536, 0xffff_ffff));
const outside = [RAM.base + RAM.size - 0x100, 0x9000_0000, 0xf_ffff_ffff_ff00];
const itt = fc.constantFrom(ITT, ITT + 0x100, QUEUE, DEVICE_TABLE_AT, CONFIG_TABLE, ...outside);
const command: fc.Arbitrary<CommandWords> = fc.oneof(
  fc.tuple(anyId, fc.integer({ min: 1, max: 32 }), itt, fc.boolean()).map((args) => mapd(...args)),
  fc.tuple(anyId.map((id) => id & 0xffff), anyId, fc.boolean()).map((args) => mapc(...args)),
  fc.tuple(anyId, anyId, intid, smallId).map((args) => mapti(...args)),
  fc.tuple(anyId, anyId, smallId).map((args) => movi(...args)),
  ...[int, clear, inv, discard].map((make) => fc.tuple(anyId, anyId).map((args) => make(...args))),
  smallId.map((icid) => invall(icid)),
  fc.tuple(smallId, smallId).map((args) => movall(...args)),
  fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 8, maxLength: 8 }),
);

/** Everything else a guest, or a device of it, can do. */
type Act = (bench: ItsBench) => void;
const value64: fc.Arbitrary<U64> = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 0xffff_ffff })).map(([hi, lo]) => u64(hi, lo)),
  fc.constantFrom(0, 1, valid(QUEUE, 15), valid(DEVICE_TABLE_AT, 7), valid(0x4030_0000), valid(0x9000_0000)),
  fc.constant(u64(0xc000_0000, DEVICE_TABLE_AT)),
);
const register = fc.constantFrom(CTLR, CBASER, CWRITER, BASER0, BASER0 + 8, 0x84, 0x1_0040);
const itsOffset = fc.oneof(register, fc.integer({ min: 0, max: 0x1_ffff }));
const table = fc.constantFrom(QUEUE, DEVICE_TABLE_AT, 0x4030_0000, CONFIG_TABLE, ITT, pendingTable(0) + 1024, pendingTable(1) + 1024);
const vcpu = fc.integer({ min: 0, max: 3 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.array(command, { maxLength: 12 }).map((list): Act => (bench) => bench.commands(...list)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(itsOffset, value64, fc.constantFrom<Width>(1, 2, 4, 8))
      .map(([offset, value, width]): Act => (bench) => {
        const at = Math.min(offset, 0x2_0000 - width);
        bench.write(at, value, width);
        bench.read(at, width);
        bench.its.frame.peek(at, width, 0);
      }),
  },
  { weight: 3, arbitrary: fc.tuple(anyId, anyId).map(([deviceId, eventId]): Act => (bench) => void bench.msi(deviceId, eventId)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(table, fc.uint8Array({ minLength: 1, maxLength: 64 }))
      .map(([address, bytes]): Act => (bench) => void bench.memory.copyIn(address, bytes)),
  },
  { weight: 2, arbitrary: fc.tuple(vcpu, fc.integer({ min: 0, max: 1 })).map(([v, on]): Act => (bench) => bench.lpis.writeCtlr(v, on)) },
  { weight: 1, arbitrary: fc.tuple(vcpu, value64).map(([v, value]): Act => (bench) => bench.lpis.writePropbaser(v, value)) },
  { weight: 1, arbitrary: fc.tuple(vcpu, value64).map(([v, value]): Act => (bench) => bench.lpis.writePendbaser(v, value)) },
  { weight: 2, arbitrary: vcpu.map((v): Act => (bench) => void bench.iar(v)) },
  { weight: 1, arbitrary: fc.constant<Act>((bench) => bench.drain()) },
);

describe("whatever a guest does", () => {
  it("nothing throws, and the bounds and the books hold", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const bench = new ItsBench({ maxDevices: 8, maxEvents: 12 }).boot();
        let commandsRun = 0;
        bench.its.commands$.subscribe(() => commandsRun++);
        for (const perform of acts) {
          commandsRun = 0;
          perform(bench);
        }
        expectConsistent(bench);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("random bytes as queue and tables: every slice stays within its units, and restoring them throws KvmErrors only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 4096 }), fc.integer({ min: 0, max: 255 }), (bytes, pages) => {
        const bench = new ItsBench({ maxDevices: 16, maxEvents: 16 }).boot();
        for (const at of [QUEUE, DEVICE_TABLE_AT, 0x4030_0000, ITT, CONFIG_TABLE]) bench.memory.copyIn(at, bytes);
        bench.write(CTLR, 0, 4);
        bench.write(CBASER, valid(QUEUE, pages));
        bench.write(CTLR, 1, 4);
        let inSlice = 0;
        bench.its.commands$.subscribe(() => inSlice++);
        bench.write(CWRITER, pages * 4096 + 4064);
        for (let more = true; more; more = bench.clock.skipIdle(Infinity)) {
          expect(inSlice).toBeLessThanOrEqual(SLICE_UNITS);
          inSlice = 0;
        }
        expect(bench.read(0x90)).toBe(pages * 4096 + 4064);
        expectConsistent(bench);
        bench.write(CTLR, 0, 4);
        const control = new ItsControl(bench.its, () => {});
        try {
          control.set(ITS_GROUP.CTRL, ITS_CTRL.RESTORE_TABLES);
        } catch (error) {
          expect((error as Error).name).toBe("KvmError");
        }
        expectConsistent(bench);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
