/** The smallest useful device: a byte written to DATA appears on the host. Rows, class, plugin. */
import { compileRegisters, definePlugin, lo32, type PluginDefinition, type RegisterBank, RegisterFrame } from "@trapline/core";

export const consoleRegisters: RegisterBank<Console> = compileRegisters<Console>("CONSOLE", 0x1000, [
  { name: "DATA", offset: 0x00, access: "WO", write: (device, value) => device.put(lo32(value)) },
  { name: "ID", offset: 0x04, access: "RO", reset: 0x434f_4e31 },
]);

/** Passes bytes on; has no state. */
export class Console {
  private readonly output: (text: string) => void;

  constructor(output: (text: string) => void) {
    this.output = output;
  }

  put(byte: number): void {
    this.output(String.fromCharCode(byte & 0xff));
  }
}

export function consolePlugin(options: { readonly base: number; readonly output: (text: string) => void }): PluginDefinition {
  return definePlugin({
    name: "console",
    create: (vmm) => ({
      attach(scope) {
        const frame = new RegisterFrame(new Console(options.output), consoleRegisters);
        scope.add(vmm.bus.claim({ name: "console", base: options.base, size: consoleRegisters.frameSize }, frame));
      },
    }),
  });
}
