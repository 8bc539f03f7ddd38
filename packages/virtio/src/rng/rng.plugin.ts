/** The entropy device as a plugin: Linux has it as /dev/hwrng, and stirs it into its own generator. */
import { ConfigError, type PluginDefinition } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placementOptions, type VirtioPlacement } from "../transport/placement.ts";
import { virtioDevicePlugin } from "../transport/virtio-plugin.ts";
import { EntropyDevice } from "./entropy-device.ts";
import { hostEntropy, SeededEntropy } from "./entropy-source.ts";

/** Where the device is, and where its numbers come from. */
export interface RngOptions extends VirtioPlacement {
  /** Unique in its machine. Default "rng0". */
  readonly name?: string;
  /** 0 … 2^53 − 1: the same numbers in every run. Default: 0 under virtual time, which promises that; under host time the host's randomness. */
  readonly seed?: number;
}

/** @throws ConfigError for a placement that contradicts itself, or a seed out of range */
export function rng(options: RngOptions = {}): PluginDefinition {
  const { name = "rng0", seed } = options;
  if (seed !== undefined && (!Number.isSafeInteger(seed) || seed < 0)) {
    throw new ConfigError(`${name} has seed ${seed}`, { subject: name, value: seed, limit: Number.MAX_SAFE_INTEGER, remedy: "use a whole number from 0 to 2^53 − 1" });
  }
  return virtioDevicePlugin({
    name,
    place: options,
    make({ clock }) {
      const seeded = seed ?? (clock.kind === "virtual" ? 0 : undefined);
      return new EntropyDevice(name, seeded === undefined ? hostEntropy : new SeededEntropy(seeded));
    },
    life: ({ source }) => ({
      reset(kind) {
        if (kind === "power-on") source.reset();
      },
    }),
  });
}

/** What may be written in a machine file: {@link RngOptions} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placementOptions,
    seed: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "the same numbers in every run; default: 0 under virtual time, the host's randomness otherwise" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<RngOptions> = (given, { name }) => rng(name === undefined ? given : { ...given, name });
