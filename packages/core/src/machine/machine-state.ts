/** Collects the state of a composed machine, all but RAM, and gives it back. */
import type { SavedClock } from "../clock/clock.ts";
import type { PlainData } from "../plain-data.ts";
import type { MachineShape } from "../snapshot/machine-shape.ts";
import * as tokens from "../tokens.ts";
import type { RunLoop, SavedTurn } from "../vcpu/run-loop.ts";
import type { MachineCore } from "./machine-core.ts";
import type { PluginHost } from "./plugin-host.ts";

interface SavedMachine {
  readonly sequence: number;
  readonly clock: SavedClock;
  readonly plugins: Readonly<Record<string, PlainData>>;
  readonly router: PlainData;
  readonly irqchips: Readonly<Record<string, PlainData>>;
  readonly vcpus: readonly PlainData[];
  readonly turn: SavedTurn;
}

export class MachineState {
  private readonly core: MachineCore;
  private readonly plugins: PluginHost;
  private readonly loop: RunLoop;

  constructor(core: MachineCore, plugins: PluginHost, loop: RunLoop) {
    this.core = core;
    this.plugins = plugins;
    this.loop = loop;
  }

  /** Changes nothing. @throws PluginError, SnapshotError */
  save(): PlainData {
    const { core } = this;
    const plugins: Record<string, PlainData> = {};
    this.plugins.each("save", (plugin, { name }) => {
      if (plugin.save !== undefined) plugins[name] = plugin.save();
    });
    return {
      sequence: core.order.sequence,
      clock: core.clock.save(),
      plugins,
      router: core.router.save(),
      irqchips: Object.fromEntries(core.irqchips.map((irqchip) => [irqchip.name, irqchip.save()])),
      vcpus: core.vcpus.map((vcpu) => vcpu.save()),
      turn: this.loop.save(),
    };
  }

  /** Takes what `save` gave on a machine of the same shape. @throws PluginError, SnapshotError; then `rollBack`. */
  restore(data: PlainData): void {
    this.apply(data, (use) => use());
  }

  /** Back to what `save` gave before a failed `restore`. The plugin that failed has changed nothing, so that it may fail again here. */
  rollBack(data: PlainData): void {
    this.apply(data, (use) => {
      try {
        use();
      } catch {
        // told already, by the restore that failed
      }
    });
  }

  /** The clock comes first, because devices arm their timers on it. */
  private apply(data: PlainData, attempt: (use: () => void) => void): void {
    const { core } = this;
    const state = data as unknown as SavedMachine;
    core.clock.restore(state.clock);
    this.plugins.each("restore", (plugin, { name }) => {
      const saved = state.plugins[name];
      if (saved !== undefined) attempt(() => plugin.restore?.(saved));
    });
    core.router.restore(state.router);
    for (const irqchip of core.irqchips) attempt(() => irqchip.restore(state.irqchips[irqchip.name]!));
    for (const [id, vcpu] of core.vcpus.entries()) attempt(() => vcpu.restore(state.vcpus[id]!));
    this.loop.restore(state.turn);
    core.order.sequence = state.sequence;
  }

  /** What a snapshot must agree on with this machine. */
  shape(): MachineShape {
    const { core } = this;
    const plugins: MachineShape["plugins"][number][] = [];
    this.plugins.each("save", (plugin, { name, fingerprint = null }) => {
      plugins.push({ name, stateVersion: plugin.stateVersion ?? 1, fingerprint });
    });
    return {
      apiVersion: tokens.API_VERSION,
      clock: core.clock.kind,
      vcpus: core.vcpus.map((vcpu) => core.topology.affinity(vcpu.id)),
      backend: core.find(tokens.VcpuBackendToken)?.name ?? null,
      memory: core.memory.regions.map(({ name, base, size }) => ({ name, base, size })),
      irqchips: core.irqchips.map((irqchip) => irqchip.name),
      plugins,
    };
  }
}
