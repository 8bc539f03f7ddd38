/**
 * The contract of the GSI router: from a source's GSI to pins of irqchips or to an MSI (docs/adr/0003-gsi-pin-intid.md).
 *
 * Devices ask it for a line; irqfd signals `gsi$`; irqchips are added to it. Core binds {@link FixedRouter}, which wires
 * GSI n to pin n; the routing plugin of @trapline/irqfd-plugin binds one with a table, and then also {@link GsiRouting}.
 */
import type { Subscription } from "rxjs";
import type { Stateful } from "../plain-data.ts";
import type { Wire } from "../wire/wire.ts";
import type { GsiEvent, MsiEvent } from "./irq-event.ts";
import type { EdgeTrigger, LevelLine } from "./irq-line.ts";
import type { IrqResult, IrqSignal } from "./irq-signal.ts";
import type { Irqchip, MsiArgs } from "./irqchip.ts";

/** What travels on `router.gsi$`: a source's number, 0 … 2^32 − 1, and what it did. */
export type GsiArgs = readonly [gsi: number, signal: IrqSignal];

/** Where one GSI leads. */
export type RouteTarget =
  | { readonly irqchip: number; readonly pin: number }
  | { readonly msi: { readonly address: bigint; readonly data: number; readonly deviceId?: number } };

/**
 * An irqfd's end of one GSI, in which the router keeps the GSI resolved. One object per GSI and router; the resolution
 * follows every change of the table, so it may be kept as long as the router lives. Every call is an emission of `gsi$`.
 */
export interface GsiPort {
  readonly gsi: number;
  /** Drives the GSI, as a resampling irqfd does. */
  set(high: boolean): IrqResult;
  /** An edge: up and down. */
  pulse(): IrqResult;
  /** The signal of a plain irqfd: `pulse`, except where a profile copies Linux's fast path, which raises one pin and leaves it up. */
  fire(): IrqResult;
}

export interface GsiRouter extends Stateful {
  /** Sources → router. The owner is the router; anyone may emit. */
  readonly gsi$: Wire<GsiArgs, IrqResult, GsiEvent>;
  /** Message-signalled interrupts from devices → router, which asks the irqchips in order. */
  readonly msi$: Wire<MsiArgs, IrqResult, MsiEvent>;
  /** Irqchips in machine order; the index is the chip number in routes. */
  readonly irqchips: readonly Irqchip[];

  /** Adds a chip under the next number and owns its `completions$`; unsubscribe to give them up when the machine closes. */
  addIrqchip(irqchip: Irqchip): Subscription;
  /** A line into `gsi`; lines of one GSI are ORed. `owner` names the device in errors and dumps. @throws ConfigError for a GSI out of the router's range. */
  line(gsi: number, owner: string): LevelLine;
  /** A source of edges into `gsi`. @throws ConfigError for a GSI out of the router's range. */
  trigger(gsi: number, owner: string): EdgeTrigger;
  /** The port into `gsi`. @throws KvmError EINVAL where the router's profile has no such GSI and says so (Linux takes any number). */
  port(gsi: number): GsiPort;
  /** `completed` is called whenever the guest finishes a pin to which `gsi` leads, after the chip's own work. */
  onCompletion(gsi: number, completed: () => void): Subscription;
  /** Where `gsi` leads now; empty when nowhere. */
  resolve(gsi: number): readonly RouteTarget[];
  /** Who holds lines and triggers, by GSI: for dumps and lints. */
  readonly sources: readonly { readonly gsi: number; readonly owner: string; readonly trigger: "level" | "edge" }[];
}

/** One entry of a routing table. */
export interface GsiRoute {
  readonly gsi: number;
  readonly target: RouteTarget;
}

/** A GSI taken for a device that comes and goes: allocate, route, signal, release. */
export interface AllocatedGsi {
  readonly gsi: number;
  /** Replaces the routes of this GSI alone; an empty list unroutes it. @throws KvmError as {@link GsiRouting.replace}; then nothing changed. */
  route(targets: readonly RouteTarget[]): void;
  /** Unroutes it and gives the number back. Releasing again does nothing. */
  release(): void;
}

/** The table behind a router that has one. Bound by the routing plugin only. */
export interface GsiRouting {
  /** Replaces all routes at once, in-flight interrupts included. @throws KvmError in the order and with the errno of KVM_SET_GSI_ROUTING; then nothing changed. */
  replace(routes: readonly GsiRoute[]): void;
  readonly routes: readonly GsiRoute[];
  /** The default table as entries, for editing. */
  defaultRoutes(): readonly GsiRoute[];
  /** A GSI that nobody uses and no route names. `owner` names the device in dumps. @throws KvmError ENOSPC when there is none left. */
  allocate(owner: string): AllocatedGsi;
}
