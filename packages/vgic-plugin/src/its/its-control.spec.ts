/** The ITS as a KVM device: kvm-irq-abi K.7 rows 152–157, H.2, H.6, H.7; gic.md J 237 and C.6. */
import { toBigint, type U64, u64 } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { type CommandWords, discard, int, mapc, mapd, mapti } from "./its-command-words.ts";
import {
  BASER0,
  BASER1,
  CBASER,
  COLLECTION_TABLE_AT,
  CREADR,
  CTLR,
  CWRITER,
  DEVICE_TABLE_AT,
  ITT,
  ItsBench,
  NOWHERE,
  QUEUE,
  valid,
} from "./its-bench.fixture.ts";
import { ADDRESS_UNSET, ITS_ADDR_TYPE, ITS_CTRL, ITS_GROUP, ItsControl } from "./its-control.ts";
import { decodeCollection, decodeDevice, decodeEvent, encodeCollection, encodeDevice, encodeEvent, NO_TARGET } from "./table-entry.ts";

const { ADDR, CTRL, ITS_REGS } = ITS_GROUP;

function controlOf(bench: ItsBench, vcpuRunning = false): ItsControl {
  return new ItsControl(bench.its, (base) => (bench.its.base = base), { ipaBits: 40, running: vcpuRunning });
}

/** What the call was refused with; "" when it was not. */
function errno(call: () => unknown): string {
  try {
    call();
    return "";
  } catch (error) {
    return (error as { errno: string }).errno;
  }
}

describe("ITS attributes", () => {
  it("152: registers of an ITS without an address: ENXIO", () => {
    const control = controlOf(new ItsBench({ base: undefined } as never));
    expect(control.get(ADDR, ITS_ADDR_TYPE)).toBe(ADDRESS_UNSET);
    expect(errno(() => control.get(ITS_REGS, CTLR))).toBe("ENXIO");
    expect(errno(() => control.set(ITS_REGS, CTLR, 1))).toBe("ENXIO");
  });

  it.each([
    ["153: 0x84 is not 8-aligned", 0x84, "EINVAL"],
    ["GITS_TYPER's upper half", 0x0c, "EINVAL"],
    ["0x2 is not 4-aligned", 0x02, "EINVAL"],
    ["GITS_IIDR at 4", 0x04, ""],
    ["an ID register at 0xFFE4", 0xffe4, ""],
    ["an ID register at 0xFFE6", 0xffe6, "EINVAL"],
    ["nothing at 0x20", 0x20, "ENXIO"],
    ["GITS_TRANSLATER is no register to save", 0x1_0040, "ENXIO"],
    ["GITS_BASER7", 0x138, ""],
  ])("%s", (_what, offset, expected) => {
    const control = controlOf(new ItsBench());
    expect(errno(() => control.get(ITS_REGS, offset))).toBe(expected);
    expect(errno(() => control.has(ITS_REGS, offset))).toBe(expected);
  });

  it("154: GITS_CREADR while enabled: EBUSY; beyond the queue: EINVAL", () => {
    const bench = new ItsBench().boot();
    const control = controlOf(bench);
    expect(errno(() => control.set(ITS_REGS, CREADR, 0x20))).toBe("EBUSY");
    control.set(ITS_REGS, CTLR, 0);
    expect(errno(() => control.set(ITS_REGS, CREADR, 0x1_0000))).toBe("EINVAL");
    control.set(ITS_REGS, CREADR, 0x20);
    expect(control.get(ITS_REGS, CREADR)).toBe(0x20);
  });

  it("155: an address is set once: EEXIST, also for the same one", () => {
    const bench = new ItsBench({ base: undefined } as never);
    const control = controlOf(bench);
    expect(errno(() => control.set(ADDR, ITS_ADDR_TYPE, 0x0808_1000))).toBe("EINVAL");
    expect(errno(() => control.set(ADDR, ITS_ADDR_TYPE, 2 ** 40))).toBe("E2BIG");
    expect(errno(() => control.set(ADDR, ITS_ADDR_TYPE, 2 ** 40 - 0x1_0000))).toBe("E2BIG");
    expect(errno(() => control.set(ADDR, 3, 0x0808_0000))).toBe("ENODEV");
    control.set(ADDR, ITS_ADDR_TYPE, 0x0808_0000);
    expect(bench.its.base).toBe(0x0808_0000);
    expect(errno(() => control.set(ADDR, ITS_ADDR_TYPE, 0x0808_0000))).toBe("EEXIST");
    expect(errno(() => control.set(ADDR, ITS_ADDR_TYPE, 0x0900_0000))).toBe("EEXIST");
  });

  it("while a vCPU runs: EBUSY, but INIT is always 0", () => {
    const control = controlOf(new ItsBench(), true);
    const { RESET, SAVE_TABLES, RESTORE_TABLES } = ITS_CTRL;
    for (const attr of [RESET, SAVE_TABLES, RESTORE_TABLES]) expect(errno(() => control.set(CTRL, attr))).toBe("EBUSY");
    expect(errno(() => control.set(CTRL, ITS_CTRL.INIT))).toBe("");
    expect(errno(() => control.get(ITS_REGS, CTLR))).toBe("EBUSY");
  });

  it("unknown attributes and groups: ENXIO", () => {
    const control = controlOf(new ItsBench());
    for (const [group, attr] of [[CTRL, 3], [CTRL, 9], [1, 0], [5, 0]] as const) {
      expect(errno(() => control.has(group, attr))).toBe("ENXIO");
      expect(errno(() => control.set(group, attr))).toBe("ENXIO");
    }
    expect(errno(() => control.get(CTRL, 0))).toBe("ENXIO");
  });

  it("GITS_IIDR takes table ABI 0 only", () => {
    const control = controlOf(new ItsBench());
    expect(errno(() => control.set(ITS_REGS, 0x04, control.get(ITS_REGS, 0x04)))).toBe("");
    expect(errno(() => control.set(ITS_REGS, 0x04, 0x4b00_143b))).toBe("EINVAL");
  });

  it("RESET leaves it disabled, quiescent and empty, but in place", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(1, 8, ITT), mapc(0, 0), mapti(1, 1, 8192, 0));
    const control = controlOf(bench);
    control.set(CTRL, ITS_CTRL.RESET);
    expect([CBASER, CREADR, CWRITER].map((offset) => control.get(ITS_REGS, offset))).toEqual([0, 0, 0]);
    expect([BASER0, BASER1].map((offset) => toBigint(control.get(ITS_REGS, offset)) >> 63n)).toEqual([0n, 0n]);
    expect(control.get(ITS_REGS, CTLR)).toBe(0x8000_0000);
    expect([bench.its.mappings.deviceCount, bench.its.mappings.eventCount]).toEqual([0, 0]);
    expect(bench.its.base).toBe(0x0808_0000);
  });
});

describe("table entries", () => {
  it.each([
    { distance: 8, ittAddress: 0x4050_0000, eventBits: 5 },
    { distance: 0, ittAddress: 0xf_ffff_ffff_ff00, eventBits: 32 },
    { distance: 0x3fff, ittAddress: 0x100, eventBits: 1 },
  ])("a device entry comes back as it was written: %j", (device) => {
    expect(decodeDevice(encodeDevice(device))).toEqual({ valid: true, ...device });
  });

  it("puts the fields where the table ABI has them", () => {
    const device = toBigint(encodeDevice({ distance: 8, ittAddress: 0x4050_0000, eventBits: 5 }));
    expect(device).toBe((1n << 63n) | (8n << 49n) | (0x40_5000n << 5n) | 4n);
    expect(toBigint(encodeCollection({ target: 3, icid: 7 }))).toBe((1n << 63n) | (3n << 16n) | 7n);
    expect(toBigint(encodeEvent({ distance: 9, intid: 8195, icid: 7 }))).toBe((9n << 48n) | (8195n << 16n) | 7n);
  });

  it("saturates distances", () => {
    expect(decodeDevice(encodeDevice({ distance: 0x4000, ittAddress: 0, eventBits: 1 })).distance).toBe(0x3fff);
    expect(decodeEvent(encodeEvent({ distance: 0x1_0000, intid: 8192, icid: 0 })).distance).toBe(0xffff);
    expect(decodeCollection(encodeCollection({ target: NO_TARGET, icid: 1 })).target).toBe(NO_TARGET);
  });
});

/** A bench with these commands carried out, its tables saved, and the way to restore them into another ITS on the same memory. */
function saved(...commands: readonly CommandWords[]): { bench: ItsBench; control: ItsControl; restore: () => void } {
  const bench = new ItsBench().boot();
  bench.commands(...commands);
  const control = controlOf(bench);
  control.set(CTRL, ITS_CTRL.SAVE_TABLES);
  const offsets = [CBASER, CWRITER, CREADR, BASER0, BASER1];
  const registers: readonly (readonly [number, U64])[] = offsets.map((offset) => [offset, control.get(ITS_REGS, offset)]);
  return {
    bench,
    control,
    restore: () => {
      control.set(CTRL, ITS_CTRL.RESET);
      for (const [offset, value] of registers) control.set(ITS_REGS, offset, value);
      control.set(CTRL, ITS_CTRL.RESTORE_TABLES);
      control.set(ITS_REGS, CTLR, 1);
    },
  };
}

describe("saving and restoring tables", () => {
  it("156: device entries say how far the next one is", () => {
    const { bench } = saved(mapd(9, 8, ITT + 0x1000), mapd(1, 8, ITT));
    const [first, second] = [1, 9].map((id) => decodeDevice(bench.memory.read(DEVICE_TABLE_AT + 8 * id, 8)!));
    expect(first).toEqual({ valid: true, distance: 8, ittAddress: ITT, eventBits: 8 });
    expect(second).toEqual({ valid: true, distance: 0, ittAddress: ITT + 0x1000, eventBits: 8 });
  });

  it("237: what was saved and restored delivers the same LPI at the same vCPU", () => {
    const devices = [mapd(1, 8, ITT), mapd(9, 16, ITT + 0x1000)];
    const events = [mapti(1, 5, 8192, 0), mapti(9, 2, 8195, 7), mapti(9, 4000, 8196, 0)];
    const { bench, restore } = saved(...devices, mapc(0, 0), mapc(7, 3), ...events);
    const before = bench.its.save();
    restore();
    expect(bench.its.save()).toEqual(before);
    bench.commands(int(9, 2), int(9, 4000));
    expect([bench.iar(3), bench.iar(0)]).toEqual([8195, 8196]);
  });

  it("restores events whose collection nobody mapped, and they deliver once somebody does (pitfall 68)", () => {
    const { bench, restore } = saved(mapd(1, 8, ITT), mapti(1, 5, 8192, 3));
    restore();
    expect(bench.msi(1, 5)).toBe(0);
    bench.commands(mapc(3, 2));
    expect(bench.msi(1, 5)).toBe(1);
    expect(bench.iar(2)).toBe(8192);
  });

  it("what was discarded or unmapped after a save does not come back (kvm-irq-abi J.1 #15)", () => {
    const devices = [mapd(1, 8, ITT), mapd(2, 8, ITT + 0x1000)];
    const { bench, control, restore } = saved(...devices, mapc(0, 0), mapti(1, 5, 8192, 0), mapti(1, 6, 8193, 0));
    bench.commands(discard(1, 5), mapd(2, 1, 0, false));
    control.set(CTRL, ITS_CTRL.SAVE_TABLES);
    restore();
    expect(bench.its.mappings.sortedDevices().map(({ id }) => id)).toEqual([1]);
    expect(bench.its.mappings.find(1)!.events().map(({ eventId }) => eventId)).toEqual([6]);
  });

  it("saves and restores two-level tables, also when a distance leads beyond a page", () => {
    const bench = new ItsBench().boot();
    const control = controlOf(bench);
    bench.write(CTLR, 0, 4);
    bench.write(BASER0, u64(0xc000_0000, DEVICE_TABLE_AT));
    for (const [n, page] of [[0, 0x4060_0000], [2, 0x4061_0000], [7, 0x4062_0000]] as const) {
      bench.memory.write(DEVICE_TABLE_AT + 8 * n, 8, u64(0x8000_0000, page));
    }
    bench.write(CTLR, 1, 4);
    bench.commands(mapd(3, 8, ITT), mapd(8191, 8, ITT), mapd(16_390, 8, ITT), mapd(65_535, 8, ITT), mapd(8192, 8, ITT));
    control.set(CTRL, ITS_CTRL.SAVE_TABLES);
    bench.write(CTLR, 0, 4);
    bench.its.mappings.clearDevices();
    control.set(CTRL, ITS_CTRL.RESTORE_TABLES);
    expect(bench.its.mappings.sortedDevices().map(({ id }) => id)).toEqual([3, 8191, 16_390, 65_535]);
  });

  it("skips tables that are not valid", () => {
    const bench = new ItsBench();
    const control = controlOf(bench);
    control.set(CTRL, ITS_CTRL.SAVE_TABLES);
    control.set(CTRL, ITS_CTRL.RESTORE_TABLES);
    expect(bench.its.mappings.deviceCount).toBe(0);
  });

  it("a table outside RAM: EFAULT for collections; a device without a place: EINVAL", () => {
    const { bench, control } = saved(mapd(1, 8, ITT), mapc(0, 0));
    bench.its.collectionTable.write(valid(NOWHERE));
    expect(errno(() => control.set(CTRL, ITS_CTRL.SAVE_TABLES))).toBe("EFAULT");
    bench.its.deviceTable.write(valid(NOWHERE));
    expect(errno(() => control.set(CTRL, ITS_CTRL.SAVE_TABLES))).toBe("EINVAL");
    bench.its.mappings.clearDevices();
    expect(errno(() => control.set(CTRL, ITS_CTRL.RESTORE_TABLES))).toBe("EFAULT");
  });

  const device = encodeDevice({ distance: 0, ittAddress: ITT, eventBits: 4 });
  const collection0 = [COLLECTION_TABLE_AT, encodeCollection({ target: 0, icid: 0 })] as const;
  const firstEvent = (distance: number, intid: number, icid: number) => [ITT, encodeEvent({ distance, intid, icid })] as const;
  const ittOutside = encodeDevice({ distance: 0, ittAddress: NOWHERE, eventBits: 4 });
  it.each([
    ["157: a collection on a vCPU that does not exist", "EINVAL", [[COLLECTION_TABLE_AT, encodeCollection({ target: 4, icid: 0 })]]],
    ["a collection beyond its table", "EINVAL", [[COLLECTION_TABLE_AT, encodeCollection({ target: 0, icid: 9000 })]]],
    ["a collection twice", "EEXIST", [collection0, [COLLECTION_TABLE_AT + 8, collection0[1]]]],
    ["an INTID below 8192", "EINVAL", [collection0, [DEVICE_TABLE_AT, device], firstEvent(0, 8191, 0)]],
    ["an INTID beyond the GIC's", "EINVAL", [collection0, [DEVICE_TABLE_AT, device], firstEvent(0, 65_536, 0)]],
    ["an event that leads beyond its table", "EINVAL", [collection0, [DEVICE_TABLE_AT, device], firstEvent(16, 8192, 0)]],
    ["an event of an unknown collection", "EINVAL", [collection0, [DEVICE_TABLE_AT, device], firstEvent(0, 8192, 1)]],
    ["more EventID bits than the ITS has", "EINVAL", [[DEVICE_TABLE_AT, encodeDevice({ distance: 0, ittAddress: ITT, eventBits: 17 })]]],
    ["an interrupt translation table outside RAM", "EFAULT", [[DEVICE_TABLE_AT, ittOutside]]],
  ] as const)("refuses %s, and changes nothing", (_what, expected, entries) => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(77, 3, ITT + 0x8000));
    const before = bench.its.save();
    for (const [address, entry] of entries) bench.memory.write(address, 8, entry);
    expect(errno(() => controlOf(bench).set(CTRL, ITS_CTRL.RESTORE_TABLES))).toBe(expected);
    expect(bench.its.save()).toEqual(before);
  });

  it("refuses a device that is there already: EEXIST", () => {
    const { control } = saved(mapd(1, 8, ITT));
    expect(errno(() => control.set(CTRL, ITS_CTRL.RESTORE_TABLES))).toBe("EEXIST");
  });

  it("looks at a bounded number of entries, however the tables point at each other", () => {
    const bench = new ItsBench().boot();
    // 65 536 devices that all name one empty table of 65 536 events: 2^32 entries for whoever follows them all.
    const table = bench.memory.window(DEVICE_TABLE_AT, 8 * 65_536)!;
    const entry = encodeDevice({ distance: 1, ittAddress: ITT, eventBits: 16 });
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    for (let at = 0; at < table.length; at += 8) view.setBigUint64(at, toBigint(entry), true);
    bench.write(CTLR, 0, 4);
    expect(errno(() => controlOf(bench).set(CTRL, ITS_CTRL.RESTORE_TABLES))).toBe("E2BIG");
    expect(bench.its.mappings.deviceCount).toBe(0);
  });

  it("restores a queue that was saved in the middle", () => {
    const bench = new ItsBench().boot();
    const control = controlOf(bench);
    control.set(ITS_REGS, CTLR, 0);
    control.set(ITS_REGS, CBASER, valid(QUEUE, 15));
    control.set(ITS_REGS, CREADR, 0x20);
    control.set(ITS_REGS, CWRITER, 0x60);
    control.set(ITS_REGS, CTLR, 1);
    expect(control.get(ITS_REGS, CREADR)).toBe(0x60);
  });
});
