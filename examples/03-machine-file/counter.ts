/** A plugin that a machine file can name by its path: `options` describes what may be written there, the default export makes it. */
import { compileRegisters, definePlugin, lo32, type PlainData, type PluginDefinition, type RegisterBank, RegisterFrame } from "@trapline/core";
import type { JsonSchema, PluginContext } from "@trapline/core/machine-file";

interface CounterOptions {
  readonly base: number;
  readonly step?: number;
}

export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, description: "guest-physical address of its 4 KiB frame" },
    step: { type: "integer", minimum: 1, maximum: 255, default: 1, description: "what each write to COUNT adds" },
  },
  required: ["base"],
  additionalProperties: false,
};

class Counter {
  count = 0;
  private readonly step: number;

  constructor(step: number) {
    this.step = step;
  }

  add(times: number): void {
    this.count = (this.count + this.step * times) >>> 0;
  }
}

const registers: RegisterBank<Counter> = compileRegisters<Counter>("COUNTER", 0x1000, [
  { name: "COUNT", offset: 0x00, access: "RW", read: (device) => device.count, write: (device, value) => device.add(lo32(value)) },
]);

export default function counter({ base, step = 1 }: CounterOptions, { name = "counter" }: PluginContext): PluginDefinition {
  return definePlugin({
    name,
    create(vmm) {
      const device = new Counter(step);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: registers.frameSize }, new RegisterFrame(device, registers))),
        reset: () => void (device.count = 0),
        save: (): PlainData => device.count,
        restore: (state) => void (device.count = state as number),
      };
    },
  });
}
