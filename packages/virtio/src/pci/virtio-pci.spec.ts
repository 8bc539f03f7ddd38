/** virtio over PCI as a driver sees it (virtio 1.2, 4.1): numbers, capabilities, structures, notifications, interrupts, the legacy interface. */
import { GuestMemory, type Machine, type PlainData, type U64, type Width, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { EchoDevice } from "../testing/echo-device.fixture.ts";
import { PciBench, RAM } from "./pci-bench.fixture.ts";
import { VirtioPci } from "./virtio-pci.ts";

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function benchOf(...args: Parameters<typeof PciBench.make>): Promise<PciBench> {
  const bench = await PciBench.make(...args);
  opened.push(bench.machine);
  return bench;
}

class Typed extends EchoDevice {
  override readonly type: number;
  constructor(type: number) {
    super();
    this.type = type;
  }
}

describe("identification (4.1.2)", () => {
  //  type  modern: id, class   transitional: id
  it.each([
    [1, 0x1041, 0x02_00_00, 0x1000],
    [2, 0x1042, 0x01_00_00, 0x1001],
    [3, 0x1043, 0x07_80_00, 0x1003],
    [4, 0x1044, 0x00_ff_00, 0x1005],
    [9, 0x1049, 0x00_02_00, 0x1009],
  ])("of type %i", async (type, id, classCode, transitional) => {
    expect((await benchOf({}, new Typed(type))).pciFunction.ids).toEqual({ vendor: 0x1af4, device: id, classCode, revision: 1 });
    expect((await benchOf({ legacy: true }, new Typed(type))).pciFunction.ids).toEqual({
      ...{ vendor: 0x1af4, device: transitional, classCode, revision: 0 },
      ...{ subsystemVendor: 0x1af4, subsystem: type },
    });
  });

  it("of a type that came with 1.0 is modern only", async () => {
    expect((await benchOf()).pciFunction.ids).toMatchObject({ device: 0x1040 + 42, classCode: 0x00_ff_00 });
    await expect(benchOf({ legacy: true })).rejects.toThrow(/echo0 is of virtio type 42, which has no interface from before 1.0; leave legacy out/);
  });
});

describe("BARs and place", () => {
  it("are those of QEMU's virtio-pci: MSI-X in BAR1, structures in BAR4", async () => {
    const { pciFunction, place } = await benchOf({ slot: 3, function: 2 });
    expect(pciFunction.bars.map(({ device, ...rest }) => [device !== undefined, rest])).toEqual([
      [false, { index: 1, space: "memory", size: 0x1000 }],
      [true, { index: 4, space: "memory", bits: 64, prefetchable: true, size: 0x4000 }],
    ]);
    expect([place, pciFunction.msix, pciFunction.interruptPin]).toEqual([{ device: 3, function: 2 }, { vectors: 3, bar: 1 }, 1]);
  });

  it("have room for many vectors, and a legacy BAR that holds the configuration", async () => {
    const many = Object.assign(new Typed(2), { queueSizes: Array.from({ length: 300 }, () => 2) });
    const { pciFunction } = await benchOf({ legacy: true }, many);
    expect(pciFunction.bars.map(({ index, space, size }) => [index, space, size])).toEqual([[1, "memory", 0x4000], [4, "memory", 0x4000], [0, "io", 32]]);
    const tooMany = Object.assign(new EchoDevice(), { queueSizes: Array.from({ length: 1025 }, () => 2) });
    await expect(benchOf({}, tooMany)).rejects.toThrow(/echo0 has 1025 queues; give it at most 1024/);
  });
});

describe("capabilities (4.1.4)", () => {
  //  cfg_type  length  bar  offset  length of the structure  and
  it.each([
    [0, 1, 16, 4, 0x0000, 0x38, undefined],
    [1, 2, 20, 4, 0x3000, 8, 4],
    [2, 3, 16, 4, 0x1000, 1, undefined],
    [3, 4, 16, 4, 0x2000, 8, undefined],
    [4, 5, 20, 0, 0, 0, 0],
  ])("%i: of type %i", async (n, type, length, bar, offset, size, more) => {
    const frame = (await benchOf()).capability(n);
    const r = (at: number, width: Width): U64 => frame.read(at, width, 0);
    expect([r(2, 1), r(3, 1), r(4, 1), r(8, 4), r(12, 4)]).toEqual([length, type, bar, offset, size]);
    if (more !== undefined) expect(r(16, 4)).toBe(more);
  });

  it("without a configuration has no capability for it", async () => {
    const bare = Object.assign(new EchoDevice(), { config: { size: 0, read: () => 0, write: () => {} } });
    const { pciFunction } = await benchOf({}, bare);
    expect(pciFunction.capabilities).toHaveLength(4);
  });

  it("VIRTIO_PCI_CAP_PCI_CFG is a window into the BAR (4.1.4.9)", async () => {
    const bench = await benchOf();
    const frame = bench.capability(4);
    const aim = (bar: number, offset: number, length: number): void => [[4, bar, 1], [8, offset, 4], [12, length, 4]].forEach(([at, value, width]) => frame.write(at!, width as Width, value!, 0));
    aim(4, 0x12, 2);
    expect(frame.read(16, 4, 0)).toBe(2); // num_queues
    aim(4, 0x14, 1);
    frame.write(16, 4, 0xffff_ff01, 0);
    expect([frame.read(16, 4, 0), bench.r(0x14, 1)]).toEqual([1, 1]);
    frame.write(16, 1, 3, 0);
    expect(bench.r(0x14, 1)).toBe(3);
    for (const [bar, offset, length] of [[4, 0x14, 3], [4, 0x15, 2], [4, 0x4000, 4], [4, 0xffff_fffc, 4], [1, 0, 4], [7, 0, 4], [4, 0, 0]] as const) {
      aim(bar, offset, length);
      frame.write(16, 4, 0, 0);
      expect(frame.read(16, 4, 0)).toBe(0);
    }
    expect(bench.r(0x14, 1)).toBe(3);
    expect(frame.peek(4, 1, 0)).toBe(4);
  });
});

describe("common configuration (4.1.4.3)", () => {
  it("has the fields of the standard, each in its own width", async () => {
    const bench = await benchOf();
    const frame = [
      ...[[0x00, 4, 0], [0x04, 4, 0x3000_0003], [0x08, 4, 0], [0x0c, 4, 0], [0x10, 2, 0xffff], [0x12, 2, 2], [0x14, 1, 0], [0x15, 1, 0]],
      ...[[0x16, 2, 0], [0x18, 2, 8], [0x1a, 2, 0xffff], [0x1c, 2, 0], [0x1e, 2, 0], [0x20, 4, 0], [0x24, 4, 0], [0x34, 4, 0]],
    ] as [number, Width, number][];
    expect(frame.map(([offset, width]) => bench.r(offset, width))).toEqual(frame.map(([, , value]) => value));
    expect([bench.r(0x10, 4), bench.r(0x12, 1), bench.r(0x20, 8), bench.r(0x38, 2), bench.r(0x14, 2)]).toEqual([0, 0, 0, 0, 0]);
  });

  it("selects features by 32 bits, and none beyond bit 63", async () => {
    const bench = await benchOf();
    const windows = [0, 1, 2].map((select) => {
      bench.w(0x00, select);
      return Number(bench.r(0x04)).toString(16);
    });
    expect(windows).toEqual(["30000003", "100001", "0"]);
  });

  it("shows the selected queue: size, address, notification offset; zeros and NO_VECTOR beyond the last", async () => {
    const bench = await benchOf();
    bench.w(0x16, 1, 2);
    for (const offset of [0x20, 0x24, 0x28, 0x34]) bench.w(offset, offset + 0x1000);
    bench.w(0x18, 64, 2);
    expect([0x18, 0x1e].map((offset) => bench.r(offset, 2))).toEqual([64, 1]);
    expect([0x20, 0x24, 0x28, 0x2c, 0x34].map((offset) => bench.r(offset))).toEqual([0x1020, 0x1024, 0x1028, 0, 0x1034]);
    bench.w(0x16, 2, 2);
    bench.w(0x1a, 1, 2);
    expect([0x18, 0x1a, 0x1c, 0x1e].map((offset) => bench.r(offset, 2))).toEqual([0, 0xffff, 0, 0]);
  });

  it("keeps vectors that there are; others read back as NO_VECTOR, so that the driver sees it (4.1.5.1.2.1)", async () => {
    const bench = await benchOf();
    for (const [vector, kept] of [[2, 2], [3, 0xffff], [0, 0], [0xfffe, 0xffff]]) {
      bench.w(0x10, vector!, 2);
      bench.w(0x1a, vector!, 2);
      expect([bench.r(0x10, 2), bench.r(0x1a, 2)]).toEqual([kept, kept]);
    }
  });

  it("enables a queue once; only a reset takes it back (4.1.4.3.2)", async () => {
    const bench = await benchOf();
    bench.bringUp();
    bench.w(0x1c, 0, 2);
    expect([bench.r(0x1c, 2), bench.r(0x14, 1)]).toEqual([1, 15]);
    bench.w(0x14, 0, 1);
    expect([0x10, 0x1a, 0x1c].map((offset) => bench.r(offset, 2))).toEqual([0xffff, 0xffff, 0]);
  });
});

describe("the device's configuration (4.1.4.6)", () => {
  it("is read and written in place, and its generation counts", async () => {
    const bench = await benchOf();
    bench.w(0x2000, 0x1234_5678);
    bench.w(0x2004, 0xab, 1);
    expect([bench.r(0x2000, 8), bench.r(0x2006, 2), bench.r(0x2001, 2), bench.r(0x2008), bench.r(0x2ffc, 8), bench.r(0x15, 1)]).toEqual([0xab_1234_5678, 0, 0, 0, 0, 0]);
    bench.bringUp();
    bench.device.change(7, 9);
    expect([bench.r(0x15, 1), bench.r(0x2004)]).toEqual([1, 0x0900_0000]);
  });
});

describe("notifications (4.1.4.4)", () => {
  it.each<Width>([1, 2, 4])("of queue n are writes of %i bytes at 4n, whatever the value", async (width) => {
    const bench = await benchOf();
    bench.bringUp();
    bench.w(0x3000, 0, width);
    bench.w(0x3004, 1, width); // not enabled
    bench.w(0x3ff8, 0, width); // no such queue
    expect([bench.device.log.filter((line) => line.startsWith("notify")), bench.r(0x3000)]).toEqual([["notify 0"], 0]);
  });
});

describe("interrupts (4.1.5)", () => {
  it("of queues and configuration go by their MSI-X vectors; ISR tells of the configuration only (4.1.4.5.1)", async () => {
    const bench = await benchOf();
    bench.bringUp();
    bench.offer(1);
    bench.w(0x3000, 0, 2);
    expect([bench.heard(), bench.used(), bench.r(0x1000, 1)]).toEqual([["vector 1"], 1, 0]);
    bench.device.change(0, 1);
    expect([bench.heard(), bench.r(0x1000, 1)]).toEqual([["INTA high", "vector 0"], 2]);
  });

  it("without a vector are not sent", async () => {
    const bench = await benchOf();
    bench.bringUp();
    bench.w(0x1a, 0xffff, 2);
    bench.w(0x10, 0xffff, 2);
    bench.offer(1);
    bench.w(0x3000, 0, 2);
    bench.device.change(0, 1);
    expect([bench.heard(), bench.used()]).toEqual([["INTA high"], 1]); // the bridge keeps the pin from the wire
  });

  it("by INTx are ISR bits; reading ISR clears them and lowers the pin, looking does not", async () => {
    const bench = await benchOf();
    bench.slot.interrupts = "intx";
    bench.bringUp();
    bench.offer(1);
    bench.w(0x3000, 0, 2);
    bench.device.change(0, 1);
    expect([bench.heard(), bench.bar(4).peek!(0x1000, 1, 0), bench.r(0x1000, 2)]).toEqual([["INTA high"], 3, 0]);
    expect([bench.r(0x1000, 1), bench.r(0x1000, 1), bench.heard()]).toEqual([3, 0, ["INTA low"]]);
  });

  it("are lowered by a reset", async () => {
    const bench = await benchOf();
    bench.slot.interrupts = "intx";
    bench.bringUp();
    bench.device.change(0, 1);
    bench.w(0x14, 0, 1);
    expect([bench.heard(), bench.r(0x1000, 1)]).toEqual([["INTA high", "INTA low"], 0]);
  });

  it("tell of a driver that broke the rules", async () => {
    const bench = await benchOf();
    bench.bringUp();
    bench.offer(9); // nine entries in a ring of eight
    bench.w(0x3000, 0, 2);
    expect([bench.r(0x14, 1), bench.heard()]).toEqual([15 | 64, ["INTA high", "vector 0"]]);
  });
});

describe("without bus mastering", () => {
  it("queues give nothing; what was made available is served when it comes back", async () => {
    const bench = await benchOf();
    bench.bringUp();
    bench.slot.busMaster = false;
    bench.offer(1);
    bench.w(0x3000, 0, 2);
    bench.device.notify(0); // by itself, as a network card does when a frame comes
    expect([bench.used(), bench.r(0x14, 1)]).toEqual([0, 15]);
    bench.slot.busMaster = true;
    bench.pciFunction.busMasterChanged!(true);
    expect([bench.used(), bench.heard()]).toEqual([1, ["vector 1"]]);
  });
});

describe("the legacy interface (4.1.4.8)", () => {
  const transitional = async (): Promise<PciBench> => {
    const bench = await benchOf({ legacy: true }, new Typed(2));
    bench.slot.interrupts = "intx";
    return bench;
  };

  it("is a header of 20 bytes, then the configuration; 24 with MSI-X enabled", async () => {
    const bench = await transitional();
    bench.bar(4).write(0x2000, 4, 0x5566_7788, 0);
    expect([bench.in(0x00, 4).toString(16), bench.in(0x0c, 2), bench.in(0x12, 1), bench.in(0x14, 4)]).toEqual(["38000003", 8, 0, 0x5566_7788]);
    bench.slot.interrupts = "msix";
    expect([bench.in(0x14, 2), bench.in(0x16, 2), bench.in(0x18, 4), bench.in(0x12, 4)]).toEqual([0xffff, 0xffff, 0x5566_7788, 0]);
  });

  it("brings a device up: features, rings by page number, status without FEATURES_OK", async () => {
    const bench = await transitional();
    bench.out(0x12, 0, 1);
    bench.out(0x12, 1, 1);
    bench.out(0x12, 3, 1);
    bench.out(0x04, 1, 4);
    bench.out(0x0e, 0, 2);
    bench.out(0x08, RAM / 4096, 4);
    bench.out(0x12, 7, 1);
    expect([bench.in(0x08, 4), bench.in(0x12, 1), bench.device.host!.legacy, bench.device.host!.features]).toEqual([RAM / 4096, 7, true, 1n]);
    bench.slot.busMaster = false; // old drivers never ask
    bench.offer(1, RAM + 16 * 8);
    bench.out(0x10, 0, 2);
    expect([bench.used(RAM + 4096), bench.heard(), bench.in(0x13, 1), bench.heard()]).toEqual([1, ["INTA high"], 1, ["INTA low"]]);
    bench.out(0x08, 0, 4);
    expect(bench.in(0x08, 4)).toBe(0);
  });

  it("has vectors while MSI-X is enabled", async () => {
    const bench = await transitional();
    bench.slot.interrupts = "msix";
    bench.out(0x14, 2, 2);
    bench.out(0x16, 9, 2);
    expect([bench.in(0x14, 2), bench.in(0x16, 2)]).toEqual([2, 0xffff]);
  });

  it("leaves the choice to the driver, anew after each reset", async () => {
    const bench = await transitional();
    bench.out(0x12, 1, 1);
    bench.w(0x14, 3, 1); // too late to be modern
    expect([bench.r(0x04), bench.r(0x14, 1)]).toEqual([0x3800_0003, 3]);
    bench.w(0x14, 0, 1);
    bench.bringUp();
    expect([bench.r(0x14, 1), bench.device.host!.legacy]).toEqual([15, false]);
    expect(bench.in(0x12, 1)).toBe(15);
  });

  it("is not there unless asked for", async () => {
    expect((await benchOf()).pciFunction.bars.map(({ index }) => index)).toEqual([1, 4]);
  });
});

describe("snapshots", () => {
  it("take status, vectors, ISR and chains in flight; the copy goes on, whoever restores first", async () => {
    const bench = await benchOf();
    bench.bringUp();
    bench.device.hold = true;
    bench.offer(1);
    bench.w(0x3000, 0, 2);
    bench.device.change(0, 1);
    const twin = await benchOf();
    twin.slot.busMaster = false; // the bridge has not been restored yet
    await twin.machine.restore(await bench.machine.save());
    twin.slot.busMaster = true;
    expect([twin.r(0x14, 1), twin.r(0x10, 2), twin.r(0x1a, 2), twin.bar(4).peek!(0x1000, 1, 0)]).toEqual([15, 0, 1, 2]);
    twin.device.finish();
    expect([twin.heard(), twin.used()]).toEqual([["vector 1"], 1]);
  });

  it("of a transitional device remember which interface its driver speaks", async () => {
    const bench = await benchOf({ legacy: true }, new Typed(2));
    bench.out(0x12, 1, 1);
    const twin = await benchOf({ legacy: true }, new Typed(2));
    await twin.machine.restore(await bench.machine.save());
    twin.w(0x00, 0);
    expect(twin.r(0x04)).toBe(0x3800_0003);
  });
});

describe("a driver that does anything", () => {
  const offset = fc.oneof(fc.nat(0x3f), fc.nat(0x3f), fc.constantFrom(0x1000, 0x1001, 0x2000, 0x2004, 0x2fff, 0x3000, 0x3004, 0x3fff), fc.nat(0x3fff));
  const value = fc.oneof(fc.constantFrom(0n, 1n, 3n, 7n, 11n, 15n, 8n, 64n, 0xffffn, BigInt(RAM), 0x3000_0003n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  const access = fc.record({ io: fc.boolean(), write: fc.boolean(), offset, width: fc.constantFrom<Width>(1, 2, 4, 8), value, also: fc.nat(6) });

  it("meets no exception, reads values of the right width, and a copy goes on identically", async () => {
    const make = (): Promise<PciBench> => benchOf({ legacy: true }, new Typed(2));
    const [bench, twin] = [await make(), await make()];
    await fc.assert(
      fc.asyncProperty(fc.array(access, { maxLength: 60 }), fc.array(access, { maxLength: 20 }), async (before, after) => {
        const run = (each: PciBench, ops: typeof before): unknown[] =>
          ops.map((op) => {
            if (op.also === 0) each.slot.interrupts = each.slot.interrupts === "msix" ? "intx" : "msix";
            if (op.also === 1) each.slot.busMaster = !each.slot.busMaster;
            if (op.also === 2) each.device.change(0, Number(op.value & 0xffn));
            if (op.also === 3) each.offer(Number(op.value & 0xfn));
            const device = each.bar(op.io ? 0 : 4);
            const at = op.io ? op.offset % 24 : op.offset;
            const peeked = device.peek!(at, op.width, 0);
            expect(BigInt(peeked!) >> BigInt(8 * op.width)).toBe(0n);
            if (op.write) return device.write(at, op.width, cut(op.value, op.width), 0);
            const read = BigInt(device.read(at, op.width, 0));
            expect(read >> BigInt(8 * op.width)).toBe(0n);
            return [read, each.heard(), each.used()];
          });
        run(bench, before);
        await twin.machine.restore(await bench.machine.save());
        Object.assign(twin.slot, { interrupts: bench.slot.interrupts, busMaster: bench.slot.busMaster });
        twin.slot.intx.high = bench.slot.intx.high;
        bench.heard();
        twin.heard();
        expect(run(twin, after)).toEqual(run(bench, after));
      }),
      { numRuns: 60 },
    );
  });

  it("cannot spoil a snapshot: one with a wrong field is refused, and nothing changes", () => {
    const order = new WireOrder();
    const pci = new VirtioPci(new EchoDevice(), { memory: new GuestMemory(order, []), order });
    const good = pci.save() as Record<string, PlainData>;
    for (const wrong of [null, 7, { ...good, legacy: true }, ...Object.keys(good).map((key) => ({ ...good, [key]: 2.5 }))]) {
      expect(() => pci.restore(wrong)).toThrow(/saved state/);
      expect(pci.save()).toEqual(good);
    }
  });
});

/** As a vCPU's store would cut it. */
function cut(value: bigint, width: Width): U64 {
  const whole = BigInt.asUintN(8 * width, value);
  return whole <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(whole) : whole;
}
