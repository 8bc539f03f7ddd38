/** What a machine is made of. A machine file says the same in YAML. */
import type { Container } from "inversify";
import type { UnclaimedPolicy } from "../bus/bus.ts";
import { ConfigError } from "../errors.ts";
import type { MemoryRegionConfig } from "../memory/memory-region.ts";
import { API_VERSION } from "../tokens.ts";
import type { PluginDefinition } from "./vmm-plugin.ts";

/** Whose time a machine has: that of retired instructions (per microsecond: 1 … 1 000 000, default 1000), or the host's. */
export type ClockConfig = { readonly kind: "virtual"; readonly instructionsPerUs?: number } | { readonly kind: "host" };

export interface MachineConfig {
  /** Default "machine". */
  readonly name?: string;
  readonly memory?: readonly MemoryRegionConfig[];
  /** How many, 0 … 65536, or their affinities as MPIDR_EL1 packs them. Default: 1 with a vCPU backend, 0 without. */
  readonly vcpus?: number | readonly number[];
  /** Default: virtual, one instruction a nanosecond. */
  readonly clock?: ClockConfig;
  /** Accesses nobody claims. Default: external-abort, as real hardware answers. */
  readonly unclaimed?: UnclaimedPolicy;
  /** Instructions of one vCPU's turn. Default 50 000. */
  readonly quantum?: number;
  /** In this order they are loaded, attached and started; in reverse they stop. Irqchips are numbered by it. */
  readonly plugins: readonly PluginDefinition[];
  /** A container of yours to inherit constants from. Bind constants only: its singletons would be shared between machines. */
  readonly parent?: Container;
}

/** The identity function, for completion and type-checking in machine files written in TypeScript. */
export function defineMachine(config: MachineConfig): MachineConfig {
  return config;
}

/** Every key of a MachineConfig: one more or less does not compile. */
const KEYS: Readonly<Record<keyof MachineConfig, true>> = {
  name: true,
  memory: true,
  vcpus: true,
  clock: true,
  unclaimed: true,
  quantum: true,
  plugins: true,
  parent: true,
};

/** Checks what can be checked before anything is made. @throws ConfigError */
export function checkConfig(config: MachineConfig): void {
  const unknown = Object.keys(config).find((key) => !Object.hasOwn(KEYS, key));
  if (unknown !== undefined) {
    throw new ConfigError(`a machine has no ${JSON.stringify(unknown)}`, {
      subject: "machine",
      value: unknown,
      remedy: `its keys are ${Object.keys(KEYS).join(", ")}`,
    });
  }
  const { quantum } = config;
  if (quantum !== undefined && (!Number.isInteger(quantum) || quantum < 1)) {
    throw new ConfigError(`quantum ${quantum} is no number of instructions`, {
      subject: "quantum",
      value: quantum,
      limit: "1 and up",
      remedy: "use a whole number from 1",
    });
  }
  if (!Array.isArray(config.plugins)) {
    throw new ConfigError("the machine has no list of plugins", { subject: "plugins", remedy: "give it `plugins`, if need be an empty list" });
  }
  const seen = new Map<string, number>();
  for (const [index, plugin] of config.plugins.entries()) checkPlugin(plugin, index, seen);
}

function checkPlugin(plugin: PluginDefinition, index: number, seen: Map<string, number>): void {
  const named = typeof plugin?.name === "string" && plugin.name !== "";
  if (!named || typeof plugin === "function") {
    throw new ConfigError(`plugins[${index}] is no plugin: it ${named ? "is a function" : "has no name"}`, {
      subject: `plugins[${index}]`,
      remedy: "list what definePlugin returns; a plugin that takes options must be called with them",
    });
  }
  if (plugin.apiVersion !== API_VERSION) {
    throw new ConfigError(`plugin ${plugin.name} was built for API version ${plugin.apiVersion}, this core has version ${API_VERSION}`, {
      subject: plugin.name,
      other: "@trapline/core",
      value: String(plugin.apiVersion),
      limit: API_VERSION,
      remedy: "install a version of the plugin that fits, or the core it wants",
    });
  }
  const other = seen.get(plugin.name);
  if (other !== undefined) {
    throw new ConfigError(`plugins[${other}] and plugins[${index}] are both named ${plugin.name}`, {
      subject: `plugins[${index}]`,
      other: `plugins[${other}]`,
      value: plugin.name,
      remedy: "give each plugin of a machine a name of its own",
    });
  }
  seen.set(plugin.name, index);
  const styles = (plugin.create === undefined ? 0 : 1) + (plugin.plugin === undefined ? 0 : 1);
  if (styles === 0 && plugin.provides === undefined && plugin.module === undefined) {
    throw new ConfigError(`plugin ${plugin.name} does nothing`, {
      subject: plugin.name,
      remedy: "give it `create` or `provides` (function style), or `module` and `plugin` (inversify style)",
    });
  }
  if (styles === 2) {
    throw new ConfigError(`plugin ${plugin.name} has both \`create\` and \`plugin\``, {
      subject: plugin.name,
      remedy: "use one of the two styles",
    });
  }
}
