/** A PL031 as a plugin. */
import { definePlugin, type PluginDefinition, RegisterFrame } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placeOptions, primeCellNode } from "../prime-cell-node.ts";
import { pl031Registers } from "./pl031.registers.ts";
import { Pl031 } from "./pl031.ts";

/** Where virtual time begins unless told, so that runs repeat: 2026-01-01T00:00:00Z. */
export const VIRTUAL_EPOCH_S = 1_767_225_600;

/** Where the clock is, and which GSI it drives; the defaults are those of QEMU's `virt` board. */
export interface Pl031Options {
  /** Unique in its machine. Default "rtc". */
  readonly name?: string;
  /** Default 0x0901_0000. */
  readonly base?: number;
  /** Default 2. */
  readonly gsi?: number;
  /** Default: the GSI. */
  readonly spi?: number;
  /** Seconds since 1970 at power-on. Default: the host's time under a host clock, {@link VIRTUAL_EPOCH_S} under a virtual one. */
  readonly start?: number;
}

/** A real-time clock where QEMU's `virt` board has it. */
export function pl031(options: Pl031Options = {}): PluginDefinition {
  const { name = "rtc", base = 0x0901_0000, gsi = 2, spi = gsi, start } = options;
  return definePlugin({
    name,
    fingerprint: { base, gsi },
    create(vmm) {
      const { clock } = vmm;
      const atPowerOn = (): number => start ?? (clock.kind === "host" ? Math.floor(Date.now() / 1000) : VIRTUAL_EPOCH_S);
      const rtc = new Pl031(name, vmm.router.line(gsi, name), clock, atPowerOn);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name, base, size: pl031Registers.frameSize }, new RegisterFrame(rtc, pl031Registers))),
        reset: (kind) => rtc.reset(kind),
        save: () => rtc.save(),
        restore: (state) => rtc.restore(state),
        deviceTree: (tree) => void primeCellNode(tree, "pl031", name, { base, gsi, spi }),
      };
    },
  });
}

/** What may be written in a machine file: {@link Pl031Options} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placeOptions("0x0901_0000", 2),
    start: { type: "integer", minimum: 0, maximum: 0xffff_ffff, description: "seconds since 1970 at power-on; default: now, or a fixed day under a virtual clock" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<Pl031Options> = (given, { name }) => pl031(name === undefined ? given : { ...given, name });
