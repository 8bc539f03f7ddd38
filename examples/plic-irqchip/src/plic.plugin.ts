/** The PLIC as a plugin. This module is the package: a machine file names it `trapline-plic`, and nothing is registered anywhere. */
import { ConfigError, definePlugin, IrqchipToken, type PluginDefinition, provide, provideAlso, RegisterFrame, token } from "@trapline/core";
import type { JsonSchema, PluginContext } from "@trapline/core/machine-file";
import { MAX_CONTEXTS, MAX_SOURCES } from "./limits.ts";
import { plicRegisters } from "./plic.registers.ts";
import { Plic, type PlicOptions } from "./plic.ts";

/** What may be written in a machine file; editors complete from it. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, multipleOf: 0x1000, description: "of its registers; default 0x0c00_0000" },
    sources: { type: "integer", minimum: 1, maximum: MAX_SOURCES, description: "ids 1 to sources; pin n is source n; default 31" },
    edge: { type: "array", items: { type: "integer", minimum: 1, maximum: MAX_SOURCES }, description: "ids of edge-triggered sources" },
    contexts: {
      ...{ type: "array", items: { type: "integer", minimum: 0 }, minItems: 1, maxItems: MAX_CONTEXTS },
      description: "the vCPU that each context interrupts; default [0]",
    },
    line: { enum: ["irq", "fiq"], description: "which input of those vCPUs; default irq" },
  },
  additionalProperties: false,
};

export type PlicPluginOptions = Partial<Omit<PlicOptions, "name">> & { readonly base?: number };

/** @throws ConfigError for contexts that share a vCPU, and edges of sources that are not there */
export default function plic(given: PlicPluginOptions = {}, { name = "plic" }: Pick<PluginContext, "name"> = {}): PluginDefinition {
  const { base = 0x0c00_0000, sources = 31, edge = [], contexts = [0], line = "irq" } = given;
  const missing = edge.find((id) => id > sources);
  if (missing !== undefined)
    throw new ConfigError(`${name} has no source ${missing}`, { subject: name, value: missing, limit: sources, remedy: "raise sources" });
  if (new Set(contexts).size !== contexts.length) {
    throw new ConfigError(`two contexts of ${name} interrupt one vCPU`, {
      subject: name,
      value: contexts.join(", "),
      remedy: "name each vCPU once",
    });
  }
  const own = token<Plic>(`trapline-plic/${name}`);
  return definePlugin({
    name,
    fingerprint: { base, sources, edge: [...edge], contexts: [...contexts], line },
    provides: [
      provide(own, (vmm) => new Plic(vmm.order, { name, sources, edge, contexts, line })),
      provideAlso(IrqchipToken, (vmm) => vmm.get(own)),
    ],
    create: (vmm) => ({
      attach(scope) {
        const chip = vmm.get(own);
        scope.add(vmm.bus.claim({ name, base, size: plicRegisters.frameSize }, new RegisterFrame(chip, plicRegisters)));
        scope.add(() => chip.close());
      },
    }),
  });
}
