/**
 * Takes the plugins of one machine through their phases, and back in reverse (vmm-plugin.ts). Every exception leaves here
 * as a PluginError that names the plugin and the phase.
 */
import { Subscription } from "rxjs";
import { PluginError, type PluginPhase } from "../errors.ts";
import { guard, guardAsync } from "./blame.ts";
import type { MachineContainer } from "./machine-container.ts";
import type { Vmm } from "./vmm.ts";
import type { PluginDefinition, VmmPlugin } from "./vmm-plugin.ts";

interface LivePlugin {
  readonly definition: PluginDefinition;
  readonly plugin: VmmPlugin;
  readonly scope: Subscription;
  started: boolean;
}

export class PluginHost {
  private readonly live: LivePlugin[] = [];

  /** Makes the live part of each plugin, in order. */
  define(definitions: readonly PluginDefinition[], container: MachineContainer, vmm: Vmm): void {
    for (const definition of definitions) {
      const plugin = guard(definition.name, "define", () =>
        definition.plugin !== undefined ? container.get(definition.plugin) : (definition.create?.(vmm) ?? {}),
      );
      this.live.push({ definition, plugin, scope: new Subscription(), started: false });
    }
  }

  async attach(): Promise<void> {
    for (const { definition, plugin, scope } of this.live) {
      await guardAsync(definition.name, "attach", () => plugin.attach?.(scope));
    }
  }

  async start(): Promise<void> {
    for (const live of this.live) {
      await guardAsync(live.definition.name, "start", () => live.plugin.start?.());
      live.started = true;
    }
  }

  async quiesce(): Promise<void> {
    for (const { definition, plugin } of this.live) await guardAsync(definition.name, "quiesce", () => plugin.quiesce?.());
  }

  /** Calls `use` for every plugin, in order. */
  each(phase: PluginPhase, use: (plugin: VmmPlugin, definition: PluginDefinition) => void): void {
    for (const { definition, plugin } of this.live) guard(definition.name, phase, () => use(plugin, definition));
  }

  /** Stops and releases everything, in reverse. Goes on when a plugin throws; gives back what was thrown. */
  async close(): Promise<readonly PluginError[]> {
    const errors: PluginError[] = [];
    for (const live of this.live.splice(0).reverse()) {
      const { definition, plugin, scope } = live;
      if (live.started) await guardAsync(definition.name, "stop", () => plugin.stop?.()).catch((e: PluginError) => errors.push(e));
      try {
        scope.unsubscribe();
      } catch (cause) {
        errors.push(new PluginError(definition.name, "stop", cause));
      }
    }
    return errors;
  }
}
