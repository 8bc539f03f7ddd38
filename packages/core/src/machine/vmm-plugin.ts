/**
 * What a plugin is. Two phases, then teardown (docs/adr/0007-plugin-lifecycle.md):
 *
 *     load      its services are bound; nothing is constructed yet, so a plugin may replace a binding of core
 *     define    its instance is made
 *     attach    it claims addresses, registers and doorbells; every vCPU and irqchip exists
 *     reset     power-on
 *     start     everything is attached and in its reset state
 *     …         the machine runs; reset, save, restore
 *     stop      in reverse order; then what went into its scope is released, also in reverse
 *
 * A plugin that throws in any phase fails the machine with a PluginError that names it; everything attached before is
 * released in reverse.
 */
import type { ContainerModule, ServiceIdentifier } from "inversify";
import type { Subscription } from "rxjs";
import type { DeviceTreeBuilder } from "../devicetree/index.ts";
import type { MemoryRegionConfig } from "../memory/memory-region.ts";
import type { PlainData, ResetKind } from "../plain-data.ts";
import { API_VERSION } from "../tokens.ts";
import type { Vmm } from "./vmm.ts";

/** The live part of a plugin. Every method is optional: a plugin has what it needs. */
export interface VmmPlugin {
  /** Claim addresses, registers, doorbells and lines; what goes into `scope` is released when the machine closes. */
  attach?(scope: Subscription): void | Promise<void>;
  /** Everything is attached, every vCPU exists, everybody has been reset. */
  start?(): void | Promise<void>;
  /** Before the scopes are released. */
  stop?(): void | Promise<void>;
  /** Take the reset state. Warm: as the guest asks for it; RAM and clock go on. */
  reset?(kind: ResetKind): void;
  /** Finish host I/O in flight, so that `save` finds nothing half done. */
  quiesce?(): void | Promise<void>;
  /** Complete state as plain data; changes nothing. */
  save?(): PlainData;
  /** Takes what `save` gave. @throws SnapshotError when it does not fit, with nothing changed. */
  restore?(state: PlainData): void;
  /** Raise it whenever what `save` gives changes its meaning. Default 1. */
  readonly stateVersion?: number;
  /** Adds its nodes to the machine's device tree; under its own name as the contributor. Called whenever a tree is built. */
  deviceTree?(tree: DeviceTreeBuilder): void;
}

/**
 * How a service gets into the machine's container.
 * - `once`: the machine's only one; two plugins that provide it are a ConfigError
 * - `add`: one of several (an irqchip)
 * - `replace`: takes the place of core's default (a router); twice is a ConfigError
 */
export interface Provision<T = unknown> {
  readonly token: ServiceIdentifier<T>;
  readonly mode: "once" | "add" | "replace";
  /** Called at most once per machine, when somebody first asks. */
  readonly make: (vmm: Vmm) => T;
}

/** What stands in a machine's list of plugins. Make it with {@link definePlugin}, or by hand: it is plain data. */
export interface PluginDefinition {
  /** Unique in its machine: "vgic", "uart0". */
  readonly name: string;
  /** The API it was built for: `API_VERSION` of the core it compiled against. */
  readonly apiVersion: number;
  /** Function style: services, without inversify. */
  readonly provides?: readonly Provision<never>[];
  /** Function style: makes the live part. */
  readonly create?: (vmm: Vmm) => VmmPlugin | void;
  /**
   * Memory it brings beside the machine's own: guest-visible bytes at a fixed place, of which its device is in charge. It finds the regions in
   * `vmm.memory.regions` by name. Core neither claims their addresses on the bus nor describes them: the plugin does, to answer what vCPUs
   * do not do by themselves (writes to read-only memory; everything, while the region is hidden).
   */
  readonly memory?: readonly MemoryRegionConfig[];
  /** Inversify style: binds the plugin's services, `plugin` among them. */
  readonly module?: ContainerModule;
  /** Inversify style: under which token the live part is bound. */
  readonly plugin?: ServiceIdentifier<VmmPlugin>;
  /** Bytes of guest-visible configuration that a snapshot must agree on, as plain data; compared when restoring. */
  readonly fingerprint?: PlainData;
}

/**
 * Defines a plugin in function style.
 *
 * @example
 * const blinker = (base: number, gsi: number) =>
 *   definePlugin({
 *     name: "blinker",
 *     create(vmm) {
 *       const device = new Blinker(vmm.router.line(gsi, "blinker"), vmm.clock);
 *       return {
 *         attach: (scope) => scope.add(vmm.bus.claim({ name: "blinker", base, size: 0x1000 }, device)),
 *         reset: () => device.reset(),
 *       };
 *     },
 *   });
 */
export function definePlugin(definition: Omit<PluginDefinition, "apiVersion" | "provides"> & { readonly provides?: readonly Provision<never>[] }): PluginDefinition {
  return { ...definition, apiVersion: API_VERSION };
}

/** A service that the machine has once. */
export function provide<T>(token: ServiceIdentifier<T>, make: (vmm: Vmm) => T): Provision<never> {
  return { token, mode: "once", make } as Provision<unknown> as Provision<never>;
}

/** One of several services under one token: irqchips. */
export function provideAlso<T>(token: ServiceIdentifier<T>, make: (vmm: Vmm) => T): Provision<never> {
  return { token, mode: "add", make } as Provision<unknown> as Provision<never>;
}

/** A service in the place of core's own: a router. */
export function provideInstead<T>(token: ServiceIdentifier<T>, make: (vmm: Vmm) => T): Provision<never> {
  return { token, mode: "replace", make } as Provision<unknown> as Provision<never>;
}
