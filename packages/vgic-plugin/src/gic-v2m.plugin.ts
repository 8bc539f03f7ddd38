/** A GICv2m frame as a plugin; a machine may have several. */
import { definePlugin, type PluginDefinition } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { GicV2mFrame, type GicV2mOptions, GICV2M_FRAME_SIZE } from "./gic-v2m.ts";
import { VgicToken } from "./tokens.ts";

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

/** What may be written in a machine file: {@link GicV2mOptions} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, description: "guest-physical address of its 4 KiB frame; default 0x0802_0000" },
    firstSpi: { type: "integer", minimum: 0, maximum: 987, description: "counted from 0 (INTID 32); default 48" },
    spis: { type: "integer", minimum: 1, maximum: 128, description: "default 64" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<GicV2mOptions> = (given, { name }) => gicV2m(name === undefined ? given : { ...given, name });
