/** A bell: writing RING raises its line, writing STOP lowers it. */
import { compileRegisters, definePlugin, type LevelLine, type PluginDefinition, type RegisterBank, RegisterFrame } from "@trapline/core";
import type { JsonSchema, PluginContext } from "@trapline/core/machine-file";

const registers: RegisterBank<LevelLine> = compileRegisters<LevelLine>("BELL", 0x1000, [
  { name: "RING", offset: 0x0, access: "WO", write: (line) => line.set(true) },
  { name: "STOP", offset: 0x4, access: "WO", write: (line) => line.set(false) },
]);

export const options: JsonSchema = {
  type: "object",
  properties: { base: { type: "integer", minimum: 0 }, gsi: { type: "integer", minimum: 0 } },
  required: ["base", "gsi"],
  additionalProperties: false,
};

export default function bell({ base, gsi }: { base: number; gsi: number }, { name = "bell" }: PluginContext): PluginDefinition {
  return definePlugin({
    name,
    create(vmm) {
      const line = vmm.router.line(gsi, name);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: registers.frameSize }, new RegisterFrame(line, registers))),
        reset: () => line.set(false),
      };
    },
  });
}
