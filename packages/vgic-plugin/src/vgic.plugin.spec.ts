/** The GICs as plugins of a machine: addresses, registers, device tree, and what is refused when a machine is built. */
import {
  compute,
  createMachine,
  findNode,
  lintDeviceTree,
  type Machine,
  type MachineConfig,
  mrs,
  msr,
  powerOff,
  printDts,
  read32,
  scripted,
  write32,
  write64,
  write8,
} from "@trapline/core";
import { describe, expect, it } from "vitest";
import { iccEncoding } from "./icc.registers.ts";
import { VgicToken, VgicV3Token } from "./tokens.ts";
import { gicV2m } from "./gic-v2m.plugin.ts";
import { vgicV2 } from "./vgic-v2.plugin.ts";
import { vgicV3 } from "./vgic-v3.plugin.ts";

const GICD = 0x0800_0000;
const GICC = 0x0801_0000;
const icc = (name: string): number => iccEncoding(`ICC_${name}_EL1`)!;
const refused = async (config: MachineConfig): Promise<unknown> => {
  let machine: Machine | undefined;
  try {
    machine = await createMachine(config);
  } catch (error) {
    return error;
  }
  await machine.close();
  return undefined;
};

describe("a GICv3 in a machine", () => {
  it("takes a level interrupt through its whole life", async () => {
    const log: string[] = [];
    const machine = await createMachine({
      plugins: [
        scripted(function* () {
          yield* write32(GICD, 2);
          yield* write32(GICD + 0x084, 1 << 1);
          yield* write8(GICD + 0x400 + 33, 0xa0);
          yield* write64(GICD + 0x6000 + 8 * 33, 0);
          yield* write32(GICD + 0x104, 1 << 1);
          yield* msr(icc("PMR"), 0xf8);
          yield* msr(icc("IGRPEN1"), 1);
          yield* compute(1);
          log.push(`IAR1 ${String(yield* mrs(icc("IAR1")))}`);
          line.set(false);
          yield* msr(icc("EOIR1"), 33);
          log.push(`IAR1 ${String(yield* mrs(icc("IAR1")))}`);
          yield* powerOff();
        }),
        vgicV3(),
      ],
    });
    const line = machine.router.line(1, "device");
    line.set(true);
    machine.trace$.subscribe(({ kind }) => {
      if (kind.startsWith("gic.") || kind === "vcpu-line" || kind === "completion" || kind === "pin") log.push(kind);
    });
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    expect(log).toEqual(["vcpu-line", "gic.acknowledge", "vcpu-line", "IAR1 33", "pin", "gic.eoi", "gic.deactivate", "completion", "IAR1 1023"]);
    expect(machine.irqchips[0]!.describePin(1)).toBe("SPI 1 (INTID 33)");
    expect(machine.get(VgicToken).explain(33, 0).text).toMatch(/not pending/);
    await machine.close();
  });

  it("is described in the device tree as QEMU's virt describes it, and the lint finds nothing", async () => {
    const machine = await createMachine({ plugins: [vgicV3()] });
    const tree = machine.deviceTree();
    expect(printDts(tree)).toContain('compatible = "arm,gic-v3"');
    expect(findNode(tree, "/intc@8000000")?.properties.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["#redistributor-regions", "#interrupt-cells", "interrupt-controller", "ranges", "reg"]),
    );
    expect(lintDeviceTree(tree).filter(({ severity }) => severity === "error")).toEqual([]);
    await machine.close();
  });

  it("has 512 vCPUs in several regions, and more", async () => {
    const redistributors = [
      { base: 0x080a_0000, size: 0x00f6_0000 },
      { base: 0x40_0000_0000, size: 600 * 0x2_0000 },
    ];
    const machine = await createMachine({ vcpus: 700, plugins: [scripted(), vgicV3({ redistributors })] });
    const at = (vcpu: number): number => (vcpu < 123 ? 0x080a_0000 + vcpu * 0x2_0000 : 0x40_0000_0000 + (vcpu - 123) * 0x2_0000);
    for (const vcpu of [0, 122, 123, 511, 699]) {
      const typer = BigInt(machine.bus.read(at(vcpu) + 8, 8, 0));
      expect([Number((typer >> 8n) & 0xffffn), Number((typer >> 4n) & 1n)]).toEqual([vcpu, vcpu === 122 || vcpu === 699 ? 1 : 0]);
    }
    expect(machine.bus.read(at(700) + 8, 8, 0)).toBe(0); // reserved, not an abort: U-Boot walks on
    await machine.close();
  });

  it.each<[string, MachineConfig, RegExp]>([
    ["too many vCPUs for the regions", { vcpus: 124, plugins: [scripted(), vgicV3()] }, /124 vCPUs do not fit .* hold 123; add a region/],
    ["regions that overlap", { plugins: [scripted(), vgicV3({ redistributors: [{ base: 0x0a00_0000, size: 0x4_0000 }, { base: 0x0a02_0000, size: 0x4_0000 }] })] }, /0x0a00_0000|0xa00_0000\+0x4_0000 and .* overlap/],
    ["a region that is no whole number of frames", { plugins: [scripted(), vgicV3({ redistributors: [{ base: 0x0a00_0000, size: 0x3_0000 }] })] }, /no whole number of frames/],
    ["distributor on redistributors", { plugins: [scripted(), vgicV3({ distributor: 0x080b_0000 })] }, /gic redistributors 0 .* overlaps gic distributor/],
    ["33 SPIs", { plugins: [scripted(), vgicV3({ spis: 33 })] }, /option spis of gic is 33; use a multiple of 32 up to 960, or 988/],
    ["21 INTID bits", { plugins: [scripted(), vgicV3({ intidBits: 21 })] }, /intidBits of gic is 21/],
    ["extended SPIs that INTIDs cannot name", { plugins: [scripted(), vgicV3({ extendedSpis: 32, intidBits: 12 })] }, /intidBits of gic is 12; use a whole number from 13 to 20/],
    ["two GICs", { plugins: [scripted(), vgicV3(), vgicV2({ name: "other" })] }, /plugins gic and other both provide Vgic/],
    ["nine vCPUs on a GICv2", { vcpus: 9, plugins: [scripted(), vgicV2()] }, /option vcpus of gic is 9; use at most 8, or a GICv3/],
    ["a GICv2m frame without a GIC", { plugins: [scripted(), gicV2m()] }, /nothing provides Vgic/],
    ["two GICv2m frames on one address", { plugins: [scripted(), vgicV2(), gicV2m(), gicV2m({ name: "other" })] }, /other .* overlaps gicv2m/],
  ])("refuses %s", async (_what, config, message) => {
    expect(String(await refused(config))).toMatch(message);
  });
});

describe("a GICv2 in a machine", () => {
  it("sees who accesses, and takes MSIs from a GICv2m frame", async () => {
    const seen: number[] = [];
    const look = function* () {
      seen.push(yield* read32(GICD + 0x800));
      yield* compute(1);
    };
    const machine = await createMachine({
      vcpus: 2,
      plugins: [
        scripted(
          function* () {
            yield* look();
            yield* write32(GICD, 1);
            yield* write8(GICD + 0x800 + 80, 1);
            yield* write32(GICD + 0xc00 + 20, 2);
            yield* write32(GICD + 0x108, 1 << 16);
            yield* write32(GICC + 4, 0xf8);
            yield* write32(GICC, 1);
            yield* write32(0x0802_0040, 80);
            seen.push(yield* read32(GICC + 0xc));
            yield* write32(GICC + 0x10, 80);
            yield* powerOff();
          },
          look,
        ),
        vgicV2(),
        gicV2m(),
      ],
    });
    await machine.run();
    expect(seen).toEqual(expect.arrayContaining([0x0101_0101, 80]));
    expect(machine.router.msi$.emit(0x0802_0040, 81, -1)).toBe(1);
    expect(machine.find(VgicV3Token)).toBeUndefined();
    const errors = lintDeviceTree(machine.deviceTree()).filter(({ severity }) => severity === "error");
    expect(errors).toEqual([]);
    await machine.close();
  });
});
