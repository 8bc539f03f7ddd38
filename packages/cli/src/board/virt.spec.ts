/** The `virt` board: QEMU's memory map and device tree, and what a reset restores. */
import { createMachine, findNode, lintDeviceTree, type Machine, readCells, readString, readStrings } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { arm64Image, code, image } from "../boot/images.fixture.ts";
import { installDeviceTree } from "../boot/boot-loader.plugin.ts";
import { virt, type VirtOptions } from "./virt.ts";

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function board(options: VirtOptions = {}): Promise<Machine> {
  const machine = await createMachine(virt({ memory: 0x80_0000, ...options }));
  opened.push(machine);
  installDeviceTree(machine);
  return machine;
}

//   QEMU's map (hw/arm/virt.c): base and size
const VIRTIO = Array.from({ length: 32 }, (_, slot) => `${(0xa00_0000 + 0x200 * slot).toString(16)}+200`);
const PCIE = ["10000000+2eff0000", "3eff0000+10000", "4010000000+10000000", "8000000000+8000000000"]; // 32-bit window, ports, ECAM, 64-bit window
const COMMON = ["0+4000000", "4000000+4000000", "9000000+1000", "9010000+1000", "9020000+18", "9030000+1000", ...VIRTIO, ...PCIE];
describe("the memory map", () => {
  it.each<[VirtOptions, readonly string[]]>([
    [{ gic: 2 }, ["8000000+10000", "8010000+10000", "8020000+1000", ...COMMON]],
    [{ gic: 3, its: false }, ["8000000+10000", "80a0000+f60000", ...COMMON]],
    [{ gic: 3 }, ["8000000+10000", "8080000+20000", "80a0000+f60000", ...COMMON]],
    [{ cpus: 124 }, ["8000000+10000", "8080000+20000", "80a0000+f60000", ...COMMON, "4000000000+4000000"]],
  ])("of %o", async (options, expected) => {
    const claims = (await board(options)).bus.claims.map(({ base, size }) => `${base.toString(16)}+${size.toString(16)}`);
    for (const claim of expected) expect(claims).toContain(claim);
    expect(claims.filter((claim) => !claim.startsWith("40000000+"))).toHaveLength(expected.length);
  });
});

describe("the device tree", () => {
  it.each<VirtOptions>([{ gic: 2, cpus: 8 }, { gic: 3, cpus: 1 }, { gic: 3, cpus: 2, its: false }, { gic: 3, cpus: 200 }])("has no findings: %o", async (options) => {
    expect(lintDeviceTree((await board(options)).deviceTree())).toEqual([]);
  });

  it("names the board, its terminal and its memory as QEMU does", async () => {
    const { root, ...rest } = (await board({ memory: 0x2000_0000 })).deviceTree();
    const tree = { root, ...rest };
    expect(readStrings(root, "compatible")).toEqual(["linux,dummy-virt"]);
    expect(readString(findNode(tree, "/chosen")!, "stdout-path")).toBe("/pl011@9000000");
    expect(readString(findNode(tree, "/aliases")!, "serial0")).toBe("/pl011@9000000");
    expect(readCells(findNode(tree, "/memory@40000000")!, "reg")).toEqual([0, 0x4000_0000, 0, 0x2000_0000]);
    const names = root.children.map(({ name }) => name).sort();
    expect(names).toEqual(
      [
        ...["aliases", "apb-pclk", "chosen", "cpus", "flash@0", "fw-cfg@9020000", "gpio-keys", "intc@8000000", "memory@40000000", "pcie@10000000"],
        ...["pl011@9000000", "pl031@9010000", "pl061@9030000", "psci", "timer", ...VIRTIO.map((place) => `virtio_mmio@${place.split("+")[0]!}`)],
      ].sort(),
    );
  });
});

describe("options out of range name the range", () => {
  it.each<[VirtOptions, RegExp]>([
    [{ gic: 2, cpus: 9 }, /--cpus 9; use 1 to 8 with a GICv2/],
    [{ cpus: 513 }, /use 1 to 512 with a GICv3/],
    [{ cpus: 0 }, /--cpus 0/],
    [{ cpus: 1.5 }, /--cpus 1.5/],
    [{ memory: 0xc010_0000 }, /--memory 3222274048; use whole MiB from 4M to 3G/],
    [{ memory: 0x10_0000 }, /--memory 1048576/],
    [{ memory: 0x80_0001 }, /--memory/],
  ])("%o", (options, message) => {
    expect(() => virt(options)).toThrow(message);
  });
});

describe("a reset", () => {
  const initrd = image(new Uint8Array(64).fill(0x55), "initrd");
  const look = (machine: Machine): unknown => [0x4000_0000, 0x4020_0000, 0x4040_0000].map((address) => [...machine.memory.copyOut(address, 64)!]);

  it.each(["warm", "power-on"] as const)("(%s) puts kernel, initrd and device tree back, and X0 points there", async (kind) => {
    const machine = await board({ boot: { kernel: image(arm64Image()), initrd }, chosen: { bootargs: "quiet" } });
    const before = look(machine);
    for (const address of [0x4000_0000, 0x4020_0000, 0x4040_0000]) machine.memory.copyIn(address, new Uint8Array(64));
    await machine.reset(kind);
    expect(look(machine)).toEqual(before);
    expect([machine.vcpus[0]?.peekRegister("x0"), machine.vcpus[0]?.peekRegister("pc")].map(Number)).toEqual([0x4000_0000, 0x4020_0000]);
  });

  it("that the guest asks for starts it again", async () => {
    // The code counts its starts at RAM + 1 MiB, erases its own first word, and asks PSCI for a reset until it has had three.
    const words = [
      0xd2a8_0201, // movz x1, #0x4010, lsl #16
      0xb940_0022, // ldr w2, [x1]
      0x1100_0442, // add w2, w2, #1
      0xb900_0022, // str w2, [x1]
      0xd2a8_0103, // movz x3, #0x4008, lsl #16
      0xb900_007f, // str wzr, [x3]
      0xd2b0_8000, // movz x0, #0x8400, lsl #16
      0xf280_0120, // movk x0, #9          SYSTEM_RESET
      0x7100_0c5f, // cmp w2, #3
      0x5400_0041, // b.ne +8
      0xf280_0100, // movk x0, #8          SYSTEM_OFF
      0xd400_0002, // hvc #0
    ];
    const machine = await board({ boot: { kernel: image(code(...words)) } });
    expect(await machine.run({ timeoutMs: 20_000 })).toMatchObject({ reason: "power-off", status: 0 });
    expect(machine.memory.read(0x4010_0000, 4)).toBe(3);
  });
});

describe("firmware", () => {
  const firmware = image(code(0xf900_001f, 0x1400_0000), "u-boot.bin"); // str xzr, [x0]; b .

  it("starts from flash at 0, with the device tree at the start of RAM", async () => {
    const machine = await board({ firmware });
    expect([machine.vcpus[0]?.peekRegister("pc"), machine.vcpus[0]?.peekRegister("x0")].map(Number)).toEqual([0, 0x4000_0000]);
    expect(machine.memory.read(0, 4)).toBe(0xf900_001f);
    expect(machine.memory.regionAt(0x0400_0000)?.readOnly).toBe(true);
    expect(machine.memory.read(0x4000_0000, 4)).toBe(0xedfe_0dd0);
    expect(lintDeviceTree(machine.deviceTree())).toEqual([]);
  });

  it("is refused beside a kernel, when it is empty, and when it does not fit", () => {
    const large = { name: "edk2.fd", bytes: new Uint8Array(0x400_0001) };
    expect(() => virt({ firmware, boot: { kernel: firmware } })).toThrow(/both firmware u-boot.bin and kernel u-boot.bin would start/);
    expect(() => virt({ firmware: large })).toThrow(/edk2.fd: the firmware has 0x4000001 bytes .* and the flash 0x4000000 bytes/);
    expect(() => virt({ firmware: { name: "none", bytes: new Uint8Array(0) } })).toThrow(/none: the file is empty/);
  });
});

it("a device tree that does not fit is refused", async () => {
  const machine = await createMachine(virt({ cpus: 512, memory: 0x80_0000, boot: { kernel: image(code(0x1400_0000)) }, chosen: { bootargs: "x".repeat(0x8_0000) } }));
  opened.push(machine);
  expect(() => installDeviceTree(machine)).toThrow(/the device tree has 0x.* and there is room for 0x80000 bytes/);
});
