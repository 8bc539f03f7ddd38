/** The GICv2 and its GICv2m frames as plugins. */
import { definePlugin, type DeviceTreeBuilder, IrqchipToken, type PluginDefinition, provide, provideAlso, ref, type Vmm } from "@trapline/core";
import type { Subscription } from "rxjs";
import { GicV2mFrame, type GicV2mOptions, GICV2M_FRAME_SIZE } from "./gic-v2m.ts";
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

/** A GICv2m frame in front of the machine's GIC: MSIs as SPIs 48 … 111 at 0x0802_0000, unless told otherwise. */
export function gicV2m(options: GicV2mOptions = {}): PluginDefinition {
  const { name = "gicv2m" } = options;
  return definePlugin({
    name,
    fingerprint: { ...options },
    create(vmm) {
      const gic = vmm.get(VgicToken);
      const frame = new GicV2mFrame(gic, options);
      return {
        attach(scope) {
          const region = vmm.bus.claim({ name, base: frame.base, size: frame.size }, frame.frame);
          scope.add(() => region.release());
          scope.add(gic.addMsiTarget(frame));
        },
        deviceTree(tree) {
          const path = `/intc@${gic.distributorBase.toString(16)}/v2m@${frame.base.toString(16)}`;
          tree.node(path, name).compatible("arm,gic-v2m-frame").set("msi-controller", true).label(name).reg({ base: frame.base, size: GICV2M_FRAME_SIZE });
        },
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
