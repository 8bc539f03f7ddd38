/** A PL011 as a plugin, plugged into the machine's terminal or into a port of the caller's. */
import { definePlugin, type PluginDefinition, RegisterFrame, SerialConsoleToken, type SerialPort, UNPLUGGED } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placeOptions, primeCellNode } from "../prime-cell-node.ts";
import { pl011Registers } from "./pl011.registers.ts";
import { Pl011 } from "./pl011.ts";

/** Where the UART is, and which GSI it drives; the defaults are those of QEMU's `virt` board. */
export interface Pl011Options {
  /** Unique in its machine. Default "uart0". */
  readonly name?: string;
  /** Default 0x0900_0000. */
  readonly base?: number;
  /** Default 1. */
  readonly gsi?: number;
  /** Default: the GSI. */
  readonly spi?: number;
  /** What it is plugged into. Default: the machine's terminal, where there is one and no other UART has it. */
  readonly port?: SerialPort;
  /** False leaves the machine's terminal to others. Default true. */
  readonly console?: boolean;
}

/**
 * A UART where QEMU's `virt` board has its first one.
 *
 * @example
 * createMachine({ plugins: [softCpu(), vgicV3(), pl011({ port })] })
 */
export function pl011(options: Pl011Options = {}): PluginDefinition {
  const { name = "uart0", base = 0x0900_0000, gsi = 1, spi = gsi, console = true } = options;
  return definePlugin({
    name,
    fingerprint: { base, gsi },
    create(vmm) {
      const terminal = (): SerialPort | undefined => (console ? vmm.find(SerialConsoleToken)?.connect(name) : undefined);
      const port = options.port ?? terminal() ?? UNPLUGGED;
      const uart = new Pl011(name, vmm.router.line(gsi, name), port, vmm.clock);
      return {
        attach(scope) {
          scope.add(vmm.bus.claim({ name, base, size: pl011Registers.frameSize }, new RegisterFrame(uart, pl011Registers)));
          scope.add(
            port.listen(() => {
              uart.listen();
              vmm.wake();
            }),
          );
        },
        reset: () => uart.reset(),
        save: () => uart.save(),
        restore: (state) => uart.restore(state),
        deviceTree: (tree) => void primeCellNode(tree, "pl011", name, { base, gsi, spi }),
      };
    },
  });
}

/** What may be written in a machine file: {@link Pl011Options} but for the name, which is that of the instance, and the port. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placeOptions("0x0900_0000", 1),
    console: { type: "boolean", description: "false: not plugged into the terminal; default: the first UART is" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<Pl011Options> = (given, { name }) => pl011(name === undefined ? given : { ...given, name });
