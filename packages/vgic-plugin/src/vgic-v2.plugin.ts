/** The GICv2 as a plugin. */
import { definePlugin, type DeviceTreeBuilder, IrqchipToken, type PluginDefinition, provide, provideAlso, ref, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import type { Subscription } from "rxjs";
import { GICC_FRAME_SIZE } from "./gicc.registers.ts";
import { GICD_V2_FRAME_SIZE } from "./gicd-v2.registers.ts";
import { VgicToken, VgicV2Token } from "./tokens.ts";
import { VgicV2, type VgicV2Options } from "./vgic-v2.ts";

/**
 * A GICv2 where QEMU's `virt` board has it, for up to eight vCPUs.
 *
 * @example
 * createMachine({ vcpus: 2, plugins: [scripted(...), vgicV2(), gicV2m()] })
 */
export function vgicV2(options: VgicV2Options = {}): PluginDefinition {
  const { name = "gic" } = options;
  return definePlugin({
    name,
    fingerprint: { version: 2, ...options },
    provides: [
      provide(VgicV2Token, (vmm) => new VgicV2(vmm.topology, vmm.order, options)),
      provide(VgicToken, (vmm) => vmm.get(VgicV2Token)),
      provideAlso(IrqchipToken, (vmm) => vmm.get(VgicV2Token)),
    ],
    create(vmm) {
      const gic = vmm.get(VgicV2Token);
      return {
        attach: (scope) => attach(gic, vmm, scope),
        deviceTree: (tree) => describe(gic, tree),
      };
    },
  });
}

function attach(gic: VgicV2, vmm: Vmm, scope: Subscription): void {
  scope.add(() => gic.close());
  const { name, distributor, cpuInterface } = gic.options;
  const claims = [
    vmm.bus.claim({ name: `${name} distributor`, base: distributor, size: GICD_V2_FRAME_SIZE }, gic.distributor),
    vmm.bus.claim({ name: `${name} CPU interface`, base: cpuInterface, size: GICC_FRAME_SIZE }, gic.cpuInterface),
  ];
  for (const claim of claims) scope.add(() => claim.release());
}

function describe(gic: VgicV2, tree: DeviceTreeBuilder): void {
  const { name, distributor, cpuInterface } = gic.options;
  tree.node("/", name).set("interrupt-parent", ref("intc"));
  const node = tree.node(`/intc@${distributor.toString(16)}`, name).label("intc");
  node.compatible("arm,cortex-a15-gic").set("interrupt-controller", true).set("#interrupt-cells", 3);
  node.set("#address-cells", 2).set("#size-cells", 2).set("ranges", true);
  node.reg({ base: distributor, size: GICD_V2_FRAME_SIZE }, { base: cpuInterface, size: GICC_FRAME_SIZE });
}

/** What may be written in a machine file: {@link VgicV2Options} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    distributor: { type: "integer", minimum: 0, multipleOf: 0x1000, description: "base of GICD, 64 KiB; default 0x0800_0000" },
    cpuInterface: { type: "integer", minimum: 0, multipleOf: 0x1000, description: "base of GICC, 64 KiB; default 0x0801_0000" },
    spis: { anyOf: [{ type: "integer", minimum: 0, maximum: 960, multipleOf: 32 }, { enum: [988] }], description: "default 256" },
    pins: { enum: ["mainline", "rfc2014", "wide"], description: "inputs, as the routing profile numbers them; default mainline" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<VgicV2Options> = (given, { name }) => vgicV2(name === undefined ? given : { ...given, name });
