/** The GICv3 as a plugin: claims its frames and system registers, offers itself as an irqchip, and says so in the device tree. */
import { definePlugin, type DeviceTreeBuilder, IrqchipToken, type PluginDefinition, provide, provideAlso, ref, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import type { Subscription } from "rxjs";
import { GICD_FRAME_SIZE } from "./gicd-v3.registers.ts";
import { ICC_REGISTERS } from "./icc.registers.ts";
import { VgicToken, VgicV3Token } from "./tokens.ts";
import { VgicV3 } from "./vgic-v3.ts";
import type { VgicV3Options } from "./vgic-v3-options.ts";

/**
 * A GICv3 where QEMU's `virt` board has it. LPIs and the ITS are a plugin of their own.
 *
 * @example
 * createMachine({ vcpus: 4, plugins: [scripted(...), vgicV3({ spis: 256 })] })
 */
export function vgicV3(options: VgicV3Options = {}): PluginDefinition {
  const { name = "gic" } = options;
  return definePlugin({
    name,
    fingerprint: { version: 3, ...options, redistributors: (options.redistributors ?? []).map(({ base, size }) => [base, size]) },
    provides: [
      provide(VgicV3Token, (vmm) => new VgicV3(vmm.topology, vmm.order, options)),
      provide(VgicToken, (vmm) => vmm.get(VgicV3Token)),
      provideAlso(IrqchipToken, (vmm) => vmm.get(VgicV3Token)),
    ],
    create(vmm) {
      const gic = vmm.get(VgicV3Token);
      return {
        attach: (scope) => attach(gic, vmm, scope),
        deviceTree: (tree) => describe(gic, tree),
      };
    },
  });
}

function attach(gic: VgicV3, vmm: Vmm, scope: Subscription): void {
  scope.add(() => gic.close());
  const { name, distributor } = gic.options;
  const claims = [vmm.bus.claim({ name: `${name} distributor`, base: distributor, size: GICD_FRAME_SIZE }, gic.distributor.frame)];
  for (const [index, region] of gic.redistributors.regions.entries()) {
    claims.push(vmm.bus.claim({ name: `${name} redistributors ${index}`, base: region.base, size: region.size }, gic.redistributors.device(region)));
  }
  for (const claim of claims) scope.add(() => claim.release());
  const registers = vmm.sysregs.claim(`${name} CPU interface`, ICC_REGISTERS, gic.icc);
  scope.add(() => registers.release());
}

function describe(gic: VgicV3, tree: DeviceTreeBuilder): void {
  const { name, distributor, messageSpis } = gic.options;
  tree.node("/", name).set("interrupt-parent", ref("intc"));
  const node = tree.node(`/intc@${distributor.toString(16)}`, name).label("intc");
  node.compatible("arm,gic-v3").set("interrupt-controller", true).set("#interrupt-cells", 3);
  node.set("#address-cells", 2).set("#size-cells", 2).set("ranges", true);
  node.set("#redistributor-regions", gic.redistributors.regions.length);
  node.reg({ base: distributor, size: GICD_FRAME_SIZE }, ...gic.redistributors.regions.map(({ base, size }) => ({ base, size })));
  if (messageSpis) node.set("msi-controller", true).set("mbi-ranges", [32, gic.space.spis]);
}

const range: JsonSchema = {
  type: "object",
  properties: { base: { type: "integer", minimum: 0 }, size: { type: "integer", minimum: 0x2_0000 } },
  required: ["base", "size"],
  additionalProperties: false,
};

/** What may be written in a machine file: {@link VgicV3Options} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    distributor: { type: "integer", minimum: 0, multipleOf: 0x1_0000, description: "base of GICD, 64 KiB; default 0x0800_0000" },
    redistributors: { type: "array", items: range, description: "128 KiB for each vCPU; default 0x080a_0000, size 0x00f6_0000" },
    spis: { anyOf: [{ type: "integer", minimum: 0, maximum: 960, multipleOf: 32 }, { enum: [988] }], description: "default 256" },
    intidBits: { type: "integer", minimum: 10, maximum: 20, description: "LPIs need 14; default 16" },
    pins: { enum: ["mainline", "rfc2014", "wide"], description: "inputs, as the routing profile numbers them; default mainline" },
    initialGroup: { enum: [0, 1], description: "group of every interrupt after reset: 0 as QEMU, 1 as KVM; default 0" },
    extendedSpis: { type: "integer", minimum: 0, maximum: 1024, multipleOf: 32, description: "default 0" },
    extendedPpis: { enum: [0, 32, 64], description: "of each vCPU; default 0" },
    messageSpis: { type: "boolean", description: "GICD_SETSPI_NSR and GICD_CLRSPI_NSR; default false" },
    oneOfN: { type: "boolean", description: "GICD_IROUTER.Interrupt_Routing_Mode; default false" },
    rangeSelector: { type: "boolean", description: "SGIs to Aff0 above 15; default false" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<VgicV3Options> = (given, { name }) => vgicV3(name === undefined ? given : { ...given, name });
