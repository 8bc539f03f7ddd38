/** The host bridge as a plugin: who is plugged where, what the device tree says, machine files, snapshots, and a guest that does anything. */
import {
  createMachine,
  definePlugin,
  findNode,
  findPciHost,
  lintDeviceTree,
  type Machine,
  type PciFunction,
  type PlainData,
  readCells,
  readString,
  ref,
  type Width,
} from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import fc from "fast-check";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { pcieHost } from "./pcie-host.plugin.ts";
import { PcieHost } from "./pcie-host.ts";
import { pcieConfig, type PcieHostOptions } from "./pcie-options.ts";
import { card, ECAM, memoryBar, type PluggedCard, PciRig, Scratch } from "./pci-rig.fixture.ts";

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function rigOf(...args: Parameters<typeof PciRig.make>): Promise<PciRig> {
  const rig = await PciRig.make(...args);
  opened.push(rig.machine);
  return rig;
}

describe("plugging", () => {
  it("gives the number that was asked for, and free ones from 1 on to the others, whatever the order", async () => {
    const rig = await rigOf([card("a"), { card: card("b"), place: { device: 1 } }, card("c"), { card: card("d"), place: { device: 1, function: 2 } }, card("e")]);
    expect(rig.slots.map(({ requesterId }) => requesterId.toString(16))).toEqual(["10", "8", "18", "a", "20"]);
  });

  it("takes latecomers until the machine starts: 31 devices beside the bridge", async () => {
    const late = definePlugin({
      name: "late",
      create: (vmm) => ({
        attach() {
          for (let n = 1; n < 32; n++) expect(findPciHost(vmm, "late").plug(card(`late${n}`)).requesterId).toBe(8 * n);
        },
        start: () => void findPciHost(vmm, "late").plug(card("too late")),
      }),
    });
    await expect(rigOf([], {}, [late])).rejects.toThrow(/too late comes too late to pcie: the machine has started/);
  });

  const REFUSED: readonly [why: string, cards: readonly (PciFunction | PluggedCard)[], message: RegExp][] = [
    ["a place twice", [{ card: card("a"), place: { device: 3 } }, { card: card("b"), place: { device: 3 } }], /b and a both want to be device 3, function 0 of pcie/],
    ["the bridge's place", [{ card: card("a"), place: { device: 0 } }], /a and pcie both want to be device 0/],
    ["device 32", [{ card: card("a"), place: { device: 32 } }], /a wants to be device 32, function 0 of pcie; use numbers/],
    ["a function of any device", [{ card: card("a"), place: { function: 1 } }], /device \(any\), function 1/],
    ["no function 0", [{ card: card("a"), place: { device: 2, function: 1 } }], /a is function 1 of device 2 of pcie, which has no function 0/],
    ["a full bus", Array.from({ length: 32 }, (_, n) => card(`c${n}`)), /no device number left for c31/],
    ["an id too wide", [card("a", { ids: { vendor: 0x1_0000, device: 0, classCode: 0 } })], /a.ids.vendor is 65536/],
    ["a BAR of odd size", [card("a", { bars: [memoryBar(0, 0x1800)] })], /a BAR0 size is 6144; use a power of two/],
    ["a BAR too small", [card("a", { bars: [memoryBar(0, 8)] })], /a BAR0 size is 8/],
    ["BAR6", [card("a", { bars: [memoryBar(6)] })], /a BAR6 index is 6/],
    ["64 bits at the end", [card("a", { bars: [memoryBar(5, 16, { bits: 64 })] })], /a BAR5 index is 5; use a whole number from 0 to 0x4/],
    ["64 bits over another", [card("a", { bars: [memoryBar(0, 16, { bits: 64 }), memoryBar(1)] })], /a BAR1 is 1; use an index that no other BAR takes/],
    ["I/O of 64 bits", [card("a", { bars: [{ index: 0, space: "io", bits: 64, size: 4, device: new Scratch(4) }] })], /a BAR0 is 64/],
    ["MSI-X without its BAR", [card("a", { msix: { vectors: 1, bar: 3 } })], /a.msix.bar is 3/],
    ["a table that does not fit", [card("a", { msix: { vectors: 300, bar: 0 } })], /a.msix.tableOffset is 0|a.msix.pendingOffset is 2048/],
    ["2049 vectors", [card("a", { msix: { vectors: 2049, bar: 0 } })], /a.msix.vectors is 2049/],
    ["three MSI vectors", [card("a", { msi: { vectors: 3 as never } })], /a.msi.vectors is 3/],
    ["pin 5", [card("a", { interruptPin: 5 as never })], /a.interruptPin is 5/],
    ["too many capabilities", [card("a", { capabilities: [{ id: 9, length: 193, registers: [] }] })], /the capabilities of a end at 260/],
  ];
  it.each(REFUSED)("refuses %s", async (_why, cards, message) => {
    await expect(rigOf(cards)).rejects.toThrow(message);
  });

  it("refuses a name twice", async () => {
    const twins = definePlugin({ name: "twins", create: (vmm) => void [1, 2].map(() => findPciHost(vmm, "twins").plug(card("a"))) });
    await expect(rigOf([], {}, [twins])).rejects.toThrow(/pcie has a function a already; give each/);
  });

  it("needs a host", async () => {
    const lonely = definePlugin({ name: "nic", create: (vmm) => void findPciHost(vmm, "nic") });
    await expect(createMachine({ plugins: [lonely] })).rejects.toThrow(/nic wants PCI host of any name, and the machine has none; add pcieHost\(\)/);
    const other = definePlugin({ name: "nic", create: (vmm) => void findPciHost(vmm, "nic", "pcie9") });
    await expect(createMachine({ plugins: [other, pcieHost()] })).rejects.toThrow(/nic wants PCI host pcie9, and the machine has pcie; name one/);
  });

  it("of two hosts in one machine goes by name", async () => {
    const second = pcieHost({
      name: "pcie1",
      ecam: 0x50_0000_0000,
      buses: 1,
      memory: { base: 0x5000_0000, size: 0x1000_0000 },
      memory64: null,
      io: null,
      gsis: [40, 41, 42, 43],
      domain: 1,
      firstDeviceId: 0x1_0000,
    });
    const nic = definePlugin({ name: "nic", create: (vmm) => void findPciHost(vmm, "nic", "pcie1").plug(card("nic", { interruptPin: 1 })) });
    const rig = await rigOf([], {}, [second, nic]);
    expect([rig.r(0x50_0000_8000), rig.config(1, 0), rig.machine.router.sources[0]?.gsi]).toEqual([0x5678_1234, 0xffff_ffff, 41]);
  });
});

describe("options out of range name the range", () => {
  it.each<[PcieHostOptions, RegExp]>([
    [{ buses: 0 }, /pcie.buses is 0; use a whole number from 1 to 256/],
    [{ ecam: 0x4000_1000 }, /pcie.ecam is .* use a multiple of 1048576/],
    [{ memory: { base: 0xf000_0000, size: 0x2000_0000 } }, /pcie.memory.size is/],
    [{ memory64: { base: 0x1_0000_0800, size: 0x1000 } }, /pcie.memory64.base/],
    [{ io: { base: 0x3eff_0000, size: 0x2_0000 } }, /pcie.io.size is 131072/],
    [{ domain: -1 }, /pcie.domain is -1/],
    [{ firstDeviceId: 0xffff_ffff }, /pcie.firstDeviceId/],
  ])("%o", (options, message) => {
    expect(() => pcieHost(options)).toThrow(message);
  });
});

/** What the plugins of a GIC and its ITS say. */
const controllers = definePlugin({
  name: "gic",
  create: () => ({
    deviceTree(tree) {
      tree.node("/", "gic").compatible("linux,dummy-virt").set("model", "linux,dummy-virt").set("interrupt-parent", ref("intc"));
      const gic = tree.node("/intc@8000000", "gic").label("intc").compatible("arm,gic-v3").set("interrupt-controller", true).set("#interrupt-cells", 3);
      gic.set("#address-cells", 2).set("#size-cells", 2).set("ranges", true).reg({ base: 0x0800_0000, size: 0x1_0000 });
      gic.child("its@8080000").label("its").compatible("arm,gic-v3-its").set("msi-controller", true).set("#msi-cells", 1).reg({ base: 0x0808_0000, size: 0x2_0000 });
    },
  }),
});

describe("the device tree", () => {
  it("has the node of QEMU's virt board, property by property (qemu-system-aarch64 -M virt,dumpdtb)", async () => {
    const tree = (await rigOf([], {}, [controllers])).machine.deviceTree();
    const node = findNode(tree, "/pcie@10000000")!;
    const [gic, its] = ["/intc", "/intc/its"].map((path) => readCells(findNode(tree, path)!, "phandle")![0]!);
    const cells = (name: string): readonly number[] => readCells(node, name)!;
    expect([readString(node, "compatible"), readString(node, "device_type")]).toEqual(["pci-host-ecam-generic", "pci"]);
    expect([cells("#address-cells"), cells("#size-cells"), cells("#interrupt-cells"), cells("linux,pci-domain")]).toEqual([[3], [2], [1], [0]]);
    expect([cells("reg"), cells("bus-range"), cells("msi-map")]).toEqual([[0x40, 0x1000_0000, 0, 0x1000_0000], [0, 0xff], [0, its, 0, 0x1_0000]]);
    // prettier-ignore
    expect(cells("ranges")).toEqual([
      0x0100_0000, 0x00, 0,           0x00, 0x3eff_0000, 0x00, 0x1_0000,
      0x0200_0000, 0x00, 0x1000_0000, 0x00, 0x1000_0000, 0x00, 0x2eff_0000,
      0x0300_0000, 0x80, 0,           0x80, 0,           0x80, 0,
    ]);
    expect(cells("interrupt-map-mask")).toEqual([0x1800, 0, 0, 7]);
    const wires = [3, 4, 5, 6, 4, 5, 6, 3, 5, 6, 3, 4, 6, 3, 4, 5];
    expect(cells("interrupt-map")).toEqual(wires.flatMap((spi, n) => [(n >> 2) << 11, 0, 0, (n & 3) + 1, gic, 0, 0, 0, spi, 4]));
    expect(node.properties.map(({ name }) => name)).toContain("dma-coherent");
    expect(lintDeviceTree(tree).filter(({ rule }) => rule !== "required-node")).toEqual([]); // no CPU and no memory here
  });

  it("leaves out what the options leave out", async () => {
    const tree = (await rigOf([], { ecam: 0x3f00_0000, buses: 16, memory64: null, io: null, msi: null }, [controllers])).machine.deviceTree();
    const node = findNode(tree, "/pcie@10000000")!;
    expect([readCells(node, "ranges")!.length, readCells(node, "bus-range"), node.properties.some(({ name }) => name === "msi-map")]).toEqual([7, [0, 15], false]);
  });
});

describe("machine files", () => {
  const FILE = fileURLToPath(new URL("machine.yaml", import.meta.url));
  const parse = async (line: string): ReturnType<typeof parseMachineFile> =>
    parseMachineFile(`plugins:\n  - ${line}\n`, FILE, { catalogue: { pcie: await import("@trapline/devices/pcie") } });

  it("place it", async () => {
    const machine = await createMachine(await parse("pcie: { ecam: 0x3f00_0000, buses: 16, memory64: null, gsis: [3, 4, 5, 6], msi: gicv2m }"));
    opened.push(machine);
    expect(machine.bus.claims.map(({ name, base }) => `${base.toString(16)} ${name}`)).toEqual(["10000000 pcie memory", "3eff0000 pcie ports", "3f000000 pcie ECAM"]);
  });

  it.each(["pcie: { buses: 257 }", "pcie: { gsis: [3, 4, 5] }", "pcie: { memory: { base: 1, size: 5 } }", "pcie: { io: 7 }", "pcie: { ecm: 0 }"])("%s is refused where it stands", async (line) => {
    const error = await parse(line).catch((thrown: unknown) => thrown);
    expect(isMachineFileError(error) && error.message).toMatch(/:2:\d+/);
  });
});

const everything = (): readonly PciFunction[] => [
  card("a", { interruptPin: 1, bars: [memoryBar(0), memoryBar(4, 0x4000, { bits: 64 }), { index: 2, space: "io", size: 32, device: new Scratch(32) }], msix: { vectors: 3, bar: 0 } }),
  card("b", { interruptPin: 4, msi: { vectors: 4 }, express: { type: "endpoint", functionLevelReset: true } }),
];

describe("snapshots", () => {
  it("are refused when the functions differ, with nothing changed", async () => {
    const snapshot = await (await rigOf([card("a")])).machine.save();
    const rig = await rigOf([{ card: card("a"), place: { device: 2 } }]);
    rig.command(2, 7);
    await expect(rig.machine.restore(snapshot)).rejects.toThrow(/the saved functions of pcie are not those of this machine/);
    expect(rig.config(2, 0x04, 2)).toBe(7);
  });

  it("are refused when a field is spoilt, with nothing changed", async () => {
    const host = new PcieHost(pcieConfig());
    for (const each of everything()) host.plug(each);
    opened.push(await createMachine({ plugins: [definePlugin({ name: "pcie", create: (vmm) => ({ attach: (scope) => host.attach(vmm, scope) }) })] }));
    const good = host.save() as Record<string, Record<string, PlainData>>;
    for (const spoilt of [null, 7, []]) expect(() => host.restore(spoilt)).toThrow(/saved state of pcie/);
    for (const slot of Object.keys(good).slice(1)) {
      for (const key of Object.keys(good[slot]!)) {
        for (const value of [-1, [1, 2, 3], { enabled: 2 }]) {
          expect(() => host.restore({ ...good, [slot]: { ...good[slot], [key]: value } })).toThrow(/in the saved state of|saved state of/);
          expect(host.save()).toEqual(good);
        }
      }
    }
    host.restore(good);
  });
});

describe("a guest that does anything", () => {
  const place = fc.oneof(
    fc.nat(0x5f).map((n) => ECAM + 0x8000 + n),
    fc.nat(0xff).map((n) => ECAM + 0x1_0000 + n),
    fc.nat(0xff_ffff).map((n) => ECAM + n),
    fc.nat(0x40).map((n) => 0x1000_0000 + n),
    fc.nat(0x40).map((n) => 0x1000_0800 + n),
    fc.nat(0x40).map((n) => 0x80_0000_0000 + n),
    fc.nat(0x40).map((n) => 0x3eff_0000 + n),
    fc.constantFrom(0x3efe_fffc, 0x3eff_fffc, ECAM + 0xfff_fffc, 0xff_ffff_fff8),
  );
  const value = fc.oneof(fc.constantFrom(0n, 7n, 0x1000_0000n, 0x80n, 0x8000_0000n, 0xffff_ffffn), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  const access = fc.record({ write: fc.boolean(), at: place, width: fc.constantFrom<Width>(1, 2, 4, 8), value });

  /** Places card a's ports, opens them, and writes what a copy has to have as well. */
  const INTO_A_CARD: { write: boolean; at: number; width: Width; value: bigint }[] = [
    { write: true, at: ECAM + 0x8018, width: 4, value: 1n },
    { write: true, at: ECAM + 0x8004, width: 2, value: 7n },
    { write: true, at: 0x3eff_0004, width: 8, value: 0xf0_0000_0000n },
  ];

  it("meets no exception, reads values of the right width, and a copy of the machine goes on identically", async () => {
    const [rig, twin] = [await rigOf(everything()), await rigOf(everything())];
    const claims = (): number => rig.machine.bus.claims.length + rig.machine.ports.claims.length;
    await fc.assert(
      fc.asyncProperty(fc.array(access, { maxLength: 60 }), fc.array(access, { maxLength: 20 }), async (before, after) => {
        const run = (each: PciRig, ops: typeof before): unknown[] =>
          ops.map((op, n) => {
            if (n % 3 === 0) each.slots[n % 2]!.vectors[n % 3]!.signal();
            each.slots[n % 2]!.intx.set(n % 5 === 0);
            if (op.write) return each.w(op.at, fromWidth(op.value, op.width), op.width);
            const read = BigInt(each.r(op.at, op.width));
            expect(read === -1n ? 0n : read >> BigInt(8 * op.width)).toBe(0n);
            const saved = JSON.stringify([...each.heard("messages"), ...each.heard("wires")]);
            return [read, saved];
          });
        run(rig, before);
        await twin.machine.restore(await rig.machine.save());
        for (const each of [rig, twin]) for (const list of ["messages", "wires"] as const) each.heard(list);
        expect(run(twin, after)).toEqual(run(rig, after));
        expect(claims()).toBeLessThan(20);
      }),
      { numRuns: 40, examples: [[INTO_A_CARD, [{ write: false, at: 0x3eff_0007, width: 8, value: 0n }]]] },
    );
  });

  it("looks without changing anything", async () => {
    const rig = await rigOf(everything());
    rig.command(1, 7);
    rig.setConfig(1, 0x10, 0x1000_0000);
    const before = await rig.machine.save();
    for (let at = 0; at < 0x1_2000; at += 4) rig.machine.bus.peek(ECAM + at, 4);
    for (let at = 0; at < 0x1000; at += 4) rig.machine.bus.peek(0x1000_0000 + at, 4);
    expect(await rig.machine.save()).toEqual(before);
  });
});

/** As a vCPU's store would cut it. */
function fromWidth(value: bigint, width: Width): number | bigint {
  const cut = BigInt.asUintN(8 * width, value);
  return cut <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(cut) : cut;
}
