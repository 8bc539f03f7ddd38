/** Commands of the ITS: gic.md J.6 rows 209–227, 231–233, 236, 239, 240; kvm-irq-abi K.8 row 175 and I.9. */
import { lo32, u64 } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { clear, type CommandWords, discard, int, inv, invall, mapc, mapd, mapi, mapti, movall, movi, sync } from "./its-command-words.ts";
import {
  BASER0,
  COLLECTION_TABLE_AT,
  CREADR,
  CTLR,
  DEVICE_TABLE_AT,
  ITT,
  ItsBench,
  NOWHERE,
  SPURIOUS,
  valid,
} from "./its-bench.fixture.ts";

/** Row 209's wiring: device 2 with 8 EventID bits, collection 3 on vCPU 3, event 20 → LPI 8195. */
const WIRING = [mapd(2, 8, ITT), mapc(3, 3), mapti(2, 20, 8195, 3)] as const;

/** Runs commands on a booted bench and gives back the error each one ended with, "" for none. */
function errorsOf(bench: ItsBench, ...commands: readonly CommandWords[]): string[] {
  const errors: string[] = [];
  const tap = bench.its.commands$.subscribe((event) => errors.push((event.error ?? "").replace(/ .*/, "")));
  bench.commands(...commands);
  tap.unsubscribe();
  return errors;
}

/** Everything an ITS saves but where its queue stands. */
function withoutQueue(bench: ItsBench): object {
  return { ...(bench.its.save() as object), queue: undefined };
}

describe("ITS commands", () => {
  it("209: INT makes the mapped LPI pending at the vCPU of its collection", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20));
    expect([0, 1, 2, 3].map((vcpu) => bench.iar(vcpu))).toEqual([SPURIOUS, SPURIOUS, SPURIOUS, 8195]);
  });

  it("210: an MSI with that DeviceID and EventID does the same", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    expect(bench.msi(2, 20)).toBe(1);
    expect(bench.iar(3)).toBe(8195);
  });

  it("210: a CPU's own write of GITS_TRANSLATER carries the configured DeviceID, in 32 and in 16 bits", () => {
    const bench = new ItsBench({ cpuDeviceId: 2 }).boot();
    bench.commands(...WIRING);
    for (const width of [4, 2] as const) {
      bench.write(0x1_0040, 20, width);
      expect(bench.iar(3)).toBe(8195);
    }
    bench.write(0x1_0040, 20, 1);
    bench.write(0x1_0042, 20, 2);
    expect(bench.iar(3)).toBe(SPURIOUS);
  });

  it('a CPU\'s own write is ignored with cpuDeviceId "none", as in KVM', () => {
    const bench = new ItsBench({ cpuDeviceId: "none" }).boot();
    bench.commands(mapd(0, 8, ITT), mapc(3, 3), mapti(0, 20, 8195, 3));
    bench.write(0x1_0040, 20, 4);
    expect(bench.iar(3)).toBe(SPURIOUS);
  });

  it("211: events of one device go to different vCPUs", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(7, 8, ITT), mapc(2, 2), mapti(7, 255, 8196, 2), int(7, 255));
    expect(bench.iar(2)).toBe(8196);
  });

  it("213: a disabled LPI waits; enabled in memory and invalidated it is delivered", () => {
    const bench = new ItsBench().boot();
    bench.setConfig(8195, 0xa0);
    bench.commands(...WIRING, int(2, 20));
    expect(bench.iar(3)).toBe(SPURIOUS);
    bench.setConfig(8195, 0xa1);
    bench.commands(inv(2, 20));
    expect(bench.iar(3)).toBe(8195);
  });

  it("214: a changed configuration counts at INVALL at the latest, and this ITS waits for it", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20));
    bench.setConfig(8195, 0xa0);
    expect(bench.port.filedAt(8195)).toBe(3);
    bench.commands(invall(3));
    expect(bench.port.filedAt(8195)).toBe(-1);
    bench.setConfig(8195, 0x41);
    bench.commands(invall(3));
    expect(bench.port.filed.get(8195)).toEqual({ vcpu: 3, priority: 0x40 });
  });

  it("214: INVALL counts for LPIs that are not pending, too", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    bench.setConfig(8195, 0xa0);
    bench.commands(invall(3), int(2, 20));
    expect(bench.iar(3)).toBe(SPURIOUS);
  });

  it("215: CLEAR withdraws a pending LPI", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20), clear(2, 20));
    expect(bench.iar(3)).toBe(SPURIOUS);
  });

  it("216: DISCARD clears the pending LPI and unmaps the event", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING, int(2, 20), discard(2, 20));
    expect(bench.iar(3)).toBe(SPURIOUS);
    expect(bench.msi(2, 20)).toBe(0);
  });

  it("217: MOVI takes the pending LPI along", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(2, 8, ITT), mapc(0, 0), mapc(1, 1), mapti(2, 20, 8195, 0), int(2, 20));
    expect(bench.port.filedAt(8195)).toBe(0);
    bench.commands(movi(2, 20, 1));
    expect(bench.port.filedAt(8195)).toBe(1);
    expect(bench.iar(1)).toBe(8195);
    bench.commands(int(2, 20));
    expect(bench.iar(1)).toBe(8195);
  });

  it("217: MOVI to a vCPU with LPIs disabled loses nothing: the LPI stays where it is pending", () => {
    const bench = new ItsBench().boot();
    bench.lpis.writeCtlr(1, 0);
    bench.commands(mapd(2, 8, ITT), mapc(0, 0), mapc(1, 1), mapti(2, 20, 8195, 0), int(2, 20), movi(2, 20, 1));
    expect(bench.iar(0)).toBe(8195);
  });

  it("218: MOVALL moves what is pending at the first vCPU to the second, and only that", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(2, 8, ITT), mapc(0, 0), mapc(2, 2), mapti(2, 1, 8193, 0), mapti(2, 2, 8194, 0), mapti(2, 3, 8195, 2));
    bench.commands(int(2, 1), int(2, 2), int(2, 3), movall(0, 0));
    expect(bench.port.filedAt(8193)).toBe(0);
    bench.commands(movall(0, 1));
    expect([8193, 8194, 8195].map((intid) => bench.port.filedAt(intid))).toEqual([1, 1, 2]);
  });

  it("219: MAPC with V = 0 ignores RDbase", () => {
    const bench = new ItsBench().boot();
    expect(errorsOf(bench, mapc(1, 1), mapc(1, 99, false))).toEqual(["", ""]);
    expect(bench.its.mappings.vcpuOf(1)).toBe(-1);
  });

  it("226: an event mapped to an unmapped collection delivers once the collection is mapped", () => {
    const bench = new ItsBench().boot();
    expect(errorsOf(bench, mapd(2, 8, ITT), mapti(2, 20, 8195, 9), int(2, 20))).toEqual(["", "", "INT_UNMAPPED_COLLECTION"]);
    bench.commands(mapc(9, 1), int(2, 20));
    expect(bench.iar(1)).toBe(8195);
  });

  it("224: MAPD with V = 0 drops MSIs, and clears the device's entry in guest memory (kvm-irq-abi J.1 #15)", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    bench.memory.write(DEVICE_TABLE_AT + 2 * 8, 8, u64(0x8000_0000, 7));
    bench.commands(mapd(2, 1, 0, false));
    expect(bench.msi(2, 20)).toBe(0);
    expect(bench.memory.read(DEVICE_TABLE_AT + 2 * 8, 8)).toBe(0);
  });

  it("225: MAPI maps the event to the INTID of the same number", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(2, 16, ITT), mapc(0, 0), mapi(2, 8200, 0), int(2, 8200));
    expect(bench.iar(0)).toBe(8200);
  });

  it("227: a second MAPTI of one event leaves the first, and counts it once", () => {
    const bench = new ItsBench().boot();
    expect(errorsOf(bench, ...WIRING, mapti(2, 20, 8300, 3))).toEqual(["", "", "", ""]);
    expect(bench.its.mappings.eventCount).toBe(1);
    bench.commands(int(2, 20));
    expect(bench.iar(3)).toBe(8195);
  });

  it("236: SYNC does nothing but move GITS_CREADR", () => {
    const bench = new ItsBench().boot();
    expect(errorsOf(bench, sync(3), sync(99))).toEqual(["", ""]);
    expect(bench.read(CREADR)).toBe(0x40);
  });

  it("239: with PTA = 0 RDbase is the processor number", () => {
    const bench = new ItsBench().boot();
    expect(lo32(bench.read(0x08)) & (1 << 19)).toBe(0);
    bench.memory.write(0x4010_0000, 8, 0x09); // MAPC, in the words of row 239
    bench.memory.write(0x4010_0010, 8, u64(0x8000_0000, 3 << 16));
    bench.write(0x88, 0x20);
    expect(bench.its.mappings.vcpuOf(0)).toBe(3);
  });

  it("232: behind an invalid level-1 entry no device can be mapped; behind a valid one it can", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.write(BASER0, u64(0xc000_0000, DEVICE_TABLE_AT)); // Valid, Indirect
    bench.write(CTLR, 1, 4);
    expect(errorsOf(bench, mapd(2, 8, ITT), mapd(8192, 8, ITT))).toEqual(["MAPD_DEVICE_OOR", "MAPD_DEVICE_OOR"]);
    bench.memory.write(DEVICE_TABLE_AT + 8, 8, u64(0x8000_0000, 0x4060_0000));
    expect(errorsOf(bench, mapd(2, 8, ITT), mapd(8192, 8, ITT))).toEqual(["MAPD_DEVICE_OOR", ""]);
  });

  it("233: a disabled ITS drops MSIs", () => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    bench.write(CTLR, 0, 4);
    expect(bench.msi(2, 20)).toBe(-16); // EBUSY, kvm-irq-abi C.5
    expect(bench.iar(3)).toBe(SPURIOUS);
  });

  it("240: mapping and discarding a million times holds no more memory than once", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(2, 16, ITT), mapc(0, 0));
    const device = bench.its.mappings.find(2)!;
    for (let n = 0; n < 1_000_000; n++) {
      const eventId = (n * 40_503) & 0xffff;
      bench.its.mappings.setEvent(device, eventId, 8195, 0);
      bench.its.mappings.removeEvent(device, eventId);
    }
    bench.commands(mapti(2, 5, 8195, 0), discard(2, 5));
    expect(bench.its.mappings.eventCount).toBe(0);
    expect(device.pageCount).toBe(0);
  });

  it("K 175: an invalid command is skipped and the next one takes effect", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapti(99, 0, 8192, 0), mapd(2, 8, ITT));
    expect(bench.read(CREADR)).toBe(0x40);
    expect(bench.its.mappings.find(2)?.eventBits).toBe(8);
  });

  // Checks, in the order of gic.md C.4; each failing one has no effect.
  it.each([
    ["212 INT beyond 8 bits", int(2, 256), "INT_UNMAPPED_INTERRUPT"],
    ["INT of an unmapped event", int(2, 21), "INT_UNMAPPED_INTERRUPT"],
    ["INT of an unmapped device", int(77, 20), "INT_UNMAPPED_INTERRUPT"],
    ["CLEAR of an unmapped event", clear(2, 21), "CLEAR_UNMAPPED_INTERRUPT"],
    ["INV of an unmapped event", inv(2, 21), "INV_UNMAPPED_INTERRUPT"],
    ["DISCARD of an unmapped event", discard(2, 21), "DISCARD_UNMAPPED_INTERRUPT"],
    ["MOVI of an unmapped event", movi(2, 21, 3), "MOVI_UNMAPPED_INTERRUPT"],
    ["MOVI to an unmapped collection", movi(2, 20, 4), "MOVI_UNMAPPED_COLLECTION"],
    ["INVALL of an unmapped collection", invall(4), "INVALL_UNMAPPED_COLLECTION"],
    ["220 MAPC to vCPU 4 of 4", mapc(4, 4), "MAPC_PROCNUM_OOR"],
    ["MAPC to a processor number of 35 bits", mapc(4, 0x4_0000_0000), "MAPC_PROCNUM_OOR"],
    ["MAPC beyond the collection table", mapc(8192, 0), "MAPC_COLLECTION_OOR"],
    ["221 MAPTI to INTID 8191", mapti(2, 1, 8191, 3), "MAPTI_PHYSICALID_OOR"],
    ["221 MAPTI to INTID 65536", mapti(2, 1, 65_536, 3), "MAPTI_PHYSICALID_OOR"],
    ["221 MAPTI to INTID 1023", mapti(2, 1, 1023, 3), "MAPTI_PHYSICALID_OOR"],
    ["MAPTI to INTID 2^32 − 1", mapti(2, 1, 0xffff_ffff, 3), "MAPTI_PHYSICALID_OOR"],
    ["MAPI of an event below 8192", mapi(2, 1, 3), "MAPTI_PHYSICALID_OOR"],
    ["222 MAPTI of an unmapped device", mapti(77, 1, 8200, 3), "MAPTI_UNMAPPED_DEVICE"],
    ["MAPTI beyond the device's EventIDs", mapti(2, 256, 8200, 3), "MAPTI_ID_OOR"],
    ["MAPTI to a collection beyond the table", mapti(2, 1, 8200, 8192), "MAPTI_COLLECTION_OOR"],
    ["223 MAPD with 32 EventID bits", mapd(5, 32, ITT), "MAPD_ITTSIZE_OOR"],
    ["223 MAPD of DeviceID 2^16", mapd(0x1_0000, 8, ITT), "MAPD_DEVICE_OOR"],
    ["MAPD of DeviceID 2^32 − 1", mapd(0xffff_ffff, 8, ITT), "MAPD_DEVICE_OOR"],
    ["MOVALL from vCPU 4", movall(4, 0), "MOVALL_PROCNUM_OOR"],
    ["MOVALL to vCPU 4", movall(0, 4), "MOVALL_PROCNUM_OOR"],
  ])("ignores %s", (_what, command, error) => {
    const bench = new ItsBench().boot();
    bench.commands(...WIRING);
    const before = withoutQueue(bench);
    expect(errorsOf(bench, command)).toEqual([error]);
    expect(withoutQueue(bench)).toEqual(before);
    expect(bench.read(CREADR)).toBe(0x80);
    expect(bench.port.filed.size).toBe(0);
  });

  it("231: an interrupt translation table outside RAM takes no events, and the device stays usable", () => {
    const bench = new ItsBench().boot();
    expect(errorsOf(bench, mapd(2, 8, NOWHERE), mapti(2, 0, 8200, 0))).toEqual(["", "ITT_NOT_IN_RAM"]);
    expect(errorsOf(bench, mapd(2, 8, ITT), mapti(2, 0, 8200, 0))).toEqual(["", ""]);
  });

  it("a table outside RAM has room for nothing (address bits [51:48] are register bits [15:12])", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.write(BASER0, valid(NOWHERE));
    bench.write(0x108, valid(COLLECTION_TABLE_AT + 0xf000));
    bench.write(CTLR, 1, 4);
    expect(errorsOf(bench, mapd(2, 8, ITT), mapc(0, 0))).toEqual(["MAPD_DEVICE_OOR", "MAPC_COLLECTION_OOR"]);
  });

  it("maps no more devices and events than the machine's configuration allows", () => {
    const bench = new ItsBench({ maxDevices: 2, maxEvents: 2 }).boot();
    expect(errorsOf(bench, mapd(1, 8, ITT), mapd(2, 8, ITT), mapd(3, 8, ITT), mapd(2, 4, ITT))).toEqual(["", "", "LIMIT_REACHED", ""]);
    expect(errorsOf(bench, mapti(1, 0, 8192, 0), mapti(2, 0, 8193, 0), mapti(2, 1, 8194, 0))).toEqual(["", "", "LIMIT_REACHED"]);
    expect(errorsOf(bench, mapd(1, 1, 0, false), mapti(2, 1, 8194, 0))).toEqual(["", ""]);
    expect(bench.its.mappings.eventCount).toBe(2);
  });

  it("shows commands and translations to whoever watches", () => {
    const bench = new ItsBench().boot();
    const seen: object[] = [];
    bench.its.commands$.subscribe((event) => seen.push(event));
    bench.its.translations$.subscribe((event) => seen.push(event));
    bench.commands(...WIRING);
    bench.msi(2, 20);
    bench.msi(2, 21);
    expect(seen).toMatchObject([
      { kind: "its.command", its: "its", command: "MAPD", deviceId: 2, eventBits: 8, ittAddress: ITT, valid: true },
      { kind: "its.command", command: "MAPC", icid: 3, rdbase: 3, valid: true },
      { kind: "its.command", command: "MAPTI", deviceId: 2, eventId: 20, intid: 8195, icid: 3 },
      { kind: "its.translation", deviceId: 2, eventId: 20, intid: 8195, icid: 3, vcpu: 3, result: 1 },
      { kind: "its.translation", deviceId: 2, eventId: 21, result: 0 },
    ]);
    expect(Object.keys(seen[1]!)).not.toContain("eventId");
  });
});
