/** A PCI Express host bridge as a plugin. Devices find it through `findPciHost` and plug their functions into it. */
import { definePlugin, PciHostToken, type PluginDefinition, provide, provideAlso, token } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { PcieHost } from "./pcie-host.ts";
import { pcieNode } from "./pcie-node.ts";
import { pcieConfig, type PcieHostOptions } from "./pcie-options.ts";

/** The label that the plugins of GICs give their node. */
const INTERRUPT_PARENT = "intc";

/**
 * A host bridge where QEMU's `virt` board has it. Where the machine also has `gsiRouting`, `irqfd` and `eventfd`, every MSI-X vector
 * is an irqfd with a route of its own.
 *
 * @example
 * pcieHost({ msi: "gicv2m" }) // the virt board with a GICv2
 * @throws ConfigError for options out of range
 */
export function pcieHost(options: PcieHostOptions = {}): PluginDefinition {
  const config = pcieConfig(options);
  const { name } = config;
  const host = token<PcieHost>(`PcieHost/${name}`);
  const { ecam, buses, memory, memory64, io, gsis, domain, firstDeviceId } = config;
  const range = (window: { readonly base: number; readonly size: number } | null): readonly number[] => (window === null ? [] : [window.base, window.size]);
  return definePlugin({
    name,
    fingerprint: { ecam, buses, memory: range(memory), memory64: range(memory64), io: range(io), gsis: [...gsis], domain, firstDeviceId },
    provides: [provide(host, () => new PcieHost(config)), provideAlso(PciHostToken, (vmm) => vmm.get(host))],
    create(vmm) {
      const bridge = vmm.get(host);
      return {
        attach: (scope) => bridge.attach(vmm, scope),
        start: () => bridge.start(),
        reset: () => bridge.reset(),
        save: () => bridge.save(),
        restore: (state) => bridge.restore(state),
        deviceTree: (tree) => pcieNode(tree, config, INTERRUPT_PARENT),
      };
    },
  });
}

const window = (description: string, size: number): JsonSchema => ({
  type: "object",
  properties: { base: { type: "integer", minimum: 0, multipleOf: 0x1000 }, size: { type: "integer", minimum: 1, maximum: size } },
  required: ["base", "size"],
  additionalProperties: false,
  description,
});
const optional = (schema: JsonSchema, description: string): JsonSchema => ({ anyOf: [schema, { type: "null" }], description });
const four = (maximum: number, description: string): JsonSchema => ({
  type: "array",
  items: { type: "integer", minimum: 0, maximum },
  minItems: 4,
  maxItems: 4,
  description,
});

/** What may be written in a machine file: {@link PcieHostOptions} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ecam: { type: "integer", minimum: 0, multipleOf: 0x10_0000, description: "configuration space, 1 MiB for each bus; default 0x40_1000_0000" },
    buses: { type: "integer", minimum: 1, maximum: 256, description: "default 256" },
    memory: window("for BARs, below 4 GiB; default base 0x1000_0000, size 0x2eff_0000", 0x1_0000_0000),
    memory64: optional(window("for BARs of 64 bits", 2 ** 48), "default base 0x80_0000_0000, size 0x80_0000_0000; null for none"),
    io: optional(window("where ports from 0 on appear", 0x1_0000), "default base 0x3eff_0000, size 0x1_0000; null for none"),
    gsis: four(0xffff_ffff, "source numbers of INTA to INTD of device 0; default [3, 4, 5, 6]"),
    spis: four(987, "what the device tree calls them, where GSIs are no SPI numbers; default: gsis"),
    msi: optional({ type: "string", minLength: 1 }, "name of the plugin that takes messages: its, gicv2m; null for none; default its"),
    domain: { type: "integer", minimum: 0, maximum: 0xffff_ffff, description: "PCI segment of a second host; default 0" },
    firstDeviceId: { type: "integer", minimum: 0, maximum: 0xffff_0000, description: "DeviceID of requester 0; default 0" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<PcieHostOptions> = (given, { name }) => pcieHost(name === undefined ? given : { ...given, name });
