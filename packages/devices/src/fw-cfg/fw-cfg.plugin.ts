/** fw_cfg as a plugin. Others add items through FwCfgToken while they attach. */
import { definePlugin, nodeNameAt, type PluginDefinition, provide } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { FwCfgToken } from "../tokens.ts";
import { FW_CFG_KEY, FW_CFG_SIZE, FwCfg, littleEndian } from "./fw-cfg.ts";

/** Where fw_cfg is. */
export interface FwCfgOptions {
  /** Unique in its machine. Default "fw-cfg". */
  readonly name?: string;
  /** Default 0x0902_0000. */
  readonly base?: number;
}

/** A firmware configuration device where QEMU's `virt` board has it. */
export function fwCfg(options: FwCfgOptions = {}): PluginDefinition {
  const { name = "fw-cfg", base = 0x0902_0000 } = options;
  return definePlugin({
    name,
    fingerprint: { base },
    provides: [provide(FwCfgToken, (vmm) => new FwCfg(name, vmm.memory))],
    create(vmm) {
      const device = vmm.get(FwCfgToken);
      for (const key of [FW_CFG_KEY.NB_CPUS, FW_CFG_KEY.MAX_CPUS]) device.addItem(key, littleEndian(vmm.topology.count, 2));
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: FW_CFG_SIZE }, device)),
        reset: () => device.reset(),
        save: () => device.save(),
        restore: (state) => device.restore(state),
        deviceTree(tree) {
          const node = tree.node(`/${nodeNameAt("fw-cfg", base)}`, name).compatible("qemu,fw-cfg-mmio");
          node.reg({ base, size: FW_CFG_SIZE }).set("dma-coherent", true);
        },
      };
    },
  });
}

/** What may be written in a machine file: {@link FwCfgOptions} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: { base: { type: "integer", minimum: 0, multipleOf: 8, description: "guest-physical address; default 0x0902_0000" } },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<FwCfgOptions> = (given, { name }) => fwCfg(name === undefined ? given : { ...given, name });
