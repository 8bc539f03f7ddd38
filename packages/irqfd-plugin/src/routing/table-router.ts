/**
 * The GSI router with a table (kvm-irq-abi.md, C): from GSIs to pins and messages as a {@link RoutingProfile} says, replaced
 * as a whole while interrupts are in flight.
 *
 * A replacement is three steps (J.4 rule 5): every port gets its new targets; then, where pins are ORs, pins that lost their
 * last high GSI are lowered and after them those that gained one are raised; then the old table is nobody's. An injection
 * under way acts on the targets it began with, or stops where the new table took over.
 *
 * Hot: the owner of `gsi$`. Everything else is cold.
 */
import {
  type EdgeTrigger,
  type GsiArgs,
  type GsiEvent,
  type GsiPort,
  type GsiRoute,
  type GsiRouter,
  type GsiRouting,
  HIGH,
  IGNORED,
  type Irqchip,
  type IrqResult,
  type LevelLine,
  LOW,
  type MsiArgs,
  type MsiEvent,
  msiEvent,
  NO_DEVICE_ID,
  fromBigint,
  hex,
  type PlainData,
  PULSE,
  type RouteTarget,
  SharedLines,
  signalName,
  Wire,
  type WireOrder,
  type AllocatedGsi,
} from "@trapline/core";
import { Subscription } from "rxjs";
import { refusal } from "../refusal.ts";
import { checkRoutes, checkTargets, type Routes } from "./check-routes.ts";
import { ChipPins } from "./chip-pins.ts";
import { type Deliver, deliverStraight, deliverWiredOr } from "./deliver.ts";
import { GsiAllocator } from "./gsi-allocator.ts";
import { type GsiUser, GsiUsers } from "./gsi-users.ts";
import { DEAD_TARGET, MsiTarget, type PinSource, type Target } from "./route-target.ts";
import type { RoutingProfile } from "./routing-profile.ts";
import { checkSavedRouter, type SavedRouter, savedRouter } from "./saved-router.ts";
import { type PortHost, TablePort } from "./table-port.ts";

/** vCPUs that pins are laid out for while a machine has no irqchip: as many as a word of the proposal names. */
const VCPUS_WITHOUT_CHIP = 256;

export class TableRouter implements GsiRouter, GsiRouting, PortHost {
  readonly profile: RoutingProfile;
  readonly gsi$: Wire<GsiArgs, IrqResult, GsiEvent>;
  readonly msi$: Wire<MsiArgs, IrqResult, MsiEvent>;
  readonly irqchips: Irqchip[] = [];
  emitting: TablePort | undefined = undefined;
  /** True until KVM_SET_GSI_ROUTING: the profile's own table is in force. */
  usesDefaultTable = true;

  private readonly chips: ChipPins[] = [];
  private readonly shared: SharedLines;
  private readonly deliver: Deliver;
  private readonly users: GsiUsers;
  private readonly allocator: GsiAllocator;
  /** What was set, or installed at initialisation, and the routes of allocated GSIs. A computed default is not in here. */
  private entries: Routes = new Map();
  /** Every GSI that is routed, driven, listened to or held. */
  private ports = new Map<number, TablePort>();
  private routeCount = 0;
  private listening = 0;
  private settling = false;

  constructor(order: WireOrder, profile: RoutingProfile) {
    this.profile = profile;
    this.gsi$ = new Wire<GsiArgs, IrqResult, GsiEvent>(order, {
      name: "router.gsi",
      unowned: IGNORED,
      describe: (seq, atNs, result, gsi, signal) => ({ seq, atNs, kind: "gsi", gsi, signal: signalName(signal), result }),
    });
    this.msi$ = new Wire<MsiArgs, IrqResult, MsiEvent>(order, {
      name: "router.msi",
      unowned: IGNORED,
      describe: (seq, atNs, result, address, data, deviceId) => msiEvent(seq, atNs, "router", address, data, deviceId, result),
    });
    const deliver = (this.deliver = profile.wiredOr ? deliverWiredOr : deliverStraight);
    this.gsi$.own("gsi routing", (gsi, signal) => {
      const { emitting } = this;
      const port = emitting !== undefined && emitting.gsi === gsi ? emitting : this.find(gsi);
      return port === undefined ? IGNORED : deliver(port, signal);
    });
    this.msi$.own("gsi routing", (address, data, deviceId) => this.sendMsi(address, data, deviceId));
    this.shared = new SharedLines((gsi, high) => this.gsi$.emit(gsi, high ? HIGH : LOW));
    this.users = new GsiUsers(profile);
    this.allocator = new GsiAllocator(profile.deviceGsis, (gsi) => this.isTaken(gsi));
  }

  addIrqchip(irqchip: Irqchip): Subscription {
    const index = this.irqchips.push(irqchip) - 1;
    this.chips.push(new ChipPins(irqchip, index, this.profile));
    const scope = irqchip.completions$.own("gsi routing", (pin) => this.completed(index, pin));
    if (irqchip.kvm === undefined) this.chipReady(index);
    else scope.add(irqchip.kvm.onInitialised(() => this.chipReady(index)));
    return scope;
  }

  line(gsi: number, owner: string): LevelLine {
    this.users.add(gsi, owner, "level");
    return this.shared.line(gsi);
  }

  trigger(gsi: number, owner: string): EdgeTrigger {
    this.users.add(gsi, owner, "edge");
    const port = this.hold(gsi);
    return { pulse: () => void port.pulse() };
  }

  port(gsi: number): GsiPort {
    const fault = this.profile.irqfdChecksGsi ? this.profile.gsiFault(gsi) : undefined;
    if (fault !== undefined) throw refusal("EINVAL", "kvm_irqfd.gsi", hex(gsi), fault);
    return this.hold(gsi);
  }

  onCompletion(gsi: number, completed: () => void): Subscription {
    const port = this.portFor(gsi);
    port.listeners = [...port.listeners, completed];
    this.listening++;
    return new Subscription(() => {
      port.listeners = port.listeners.filter((other) => other !== completed);
      this.listening--;
    });
  }

  /** Pins by the chips' own numbers, as their wires show them; pins that a chip does not implement are left out. */
  resolve(gsi: number): readonly RouteTarget[] {
    const targets = this.find(gsi)?.targets ?? [];
    return targets.flatMap(({ message, pin }): RouteTarget[] => {
      if (pin !== undefined) return [{ irqchip: pin.index, pin: pin.number }];
      return message === undefined ? [] : [message];
    });
  }

  replace(routes: readonly GsiRoute[]): void {
    const entries = checkRoutes(routes, this.profile, this.pinLimits());
    this.usesDefaultTable = false;
    this.publish(entries);
  }

  get sources(): readonly GsiUser[] {
    return this.users.all;
  }

  get routes(): readonly GsiRoute[] {
    return [...this.entries].flatMap(([gsi, targets]) => targets.map((target) => ({ gsi, target })));
  }

  defaultRoutes(): readonly GsiRoute[] {
    const chip = this.chips[0];
    if (chip === undefined) return [];
    return [...chip.defaults()].slice(0, this.profile.maxRoutes).map(([gsi, interrupt]) => ({ gsi, target: { irqchip: 0, pin: chip.defaultPin(interrupt)! } }));
  }

  allocate(owner: string): AllocatedGsi {
    const gsi = this.allocator.take();
    const user = this.users.add(gsi, owner, "edge");
    let released = false;
    return {
      gsi,
      route: (targets) => {
        if (released) throw refusal("EINVAL", `GSI ${hex(gsi)} of ${owner}`, "released", "an allocated GSI", "allocate another one");
        this.routeOne(gsi, targets);
      },
      release: () => {
        if (released) return;
        released = true;
        this.routeOne(gsi, []);
        this.users.remove(user);
        this.allocator.giveBack(gsi);
      },
    };
  }

  /** Lines are wires: they stay as the devices drive them, which reset on their own. The table is the host's. */
  reset(): void {}

  save(): PlainData {
    const high = [...this.ports.values()].filter((port) => port.high).map((port) => port.gsi);
    return savedRouter(this.profile.name, this.usesDefaultTable, this.routes, high, this.shared.save());
  }

  /** Nobody is signalled: the chips restore their own view of their pins. @throws SnapshotError */
  restore(state: PlainData): void {
    const saved: SavedRouter = checkSavedRouter(state, this.profile, this.pinLimits());
    this.usesDefaultTable = saved.usesDefaultTable;
    for (const port of this.ports.values()) port.high = false;
    for (const gsi of saved.high) this.portFor(gsi).high = true;
    this.assign(saved.entries);
    for (const chip of this.chips) for (const pin of chip.pins) pin.driven = pin.highSources !== 0;
    this.shared.restore(saved.lines);
  }

  close(): void {
    this.gsi$.complete();
    this.msi$.complete();
  }

  /** The chip at `index` has its interrupts now. */
  private chipReady(index: number): void {
    if (index === 0 && this.profile.defaultTable === "at-initialisation") {
      this.usesDefaultTable = true;
      this.publish(checkRoutes(this.defaultRoutes(), this.profile, this.pinLimits()));
    } else {
      this.publish(this.entries); // pins may have come to exist
    }
  }

  private publish(entries: Routes): void {
    const messages = this.assign(entries);
    this.settle(messages);
  }

  /**
   * Gives every port its targets under `entries`; drives nothing.
   * @returns messages of GSIs that are high and lead to a message now where they led to pins: level is told, not lost
   */
  private assign(entries: Routes): readonly Target[] {
    const messages: Target[] = [];
    const before = this.ports;
    for (const chip of this.chips) chip.clearSources();
    this.entries = entries;
    this.routeCount = 0;
    for (const targets of entries.values()) this.routeCount += targets.length;
    this.emitting = undefined;
    this.ports = new Map();
    // forEach: half the time of for…of on a Map of thousands
    entries.forEach((targets, gsi) => this.adopt(before.get(gsi) ?? new TablePort(this, gsi), targets, messages));
    before.forEach((port, gsi) => {
      if (port.needed && !entries.has(gsi)) this.adopt(port, this.defaultTargets(gsi), messages);
    });
    return messages;
  }

  private adopt(port: TablePort, entries: readonly RouteTarget[], messages: Target[]): void {
    const hadMessage = port.targets.length === 1 && port.targets[0]!.message !== undefined;
    port.targets = entries.length === 1 ? this.alone(entries[0]!) : entries.map((entry) => this.target(entry));
    this.ports.set(port.gsi, port);
    for (let i = 0; i < port.targets.length; i++) {
      const target = port.targets[i]!;
      if (target.pin !== undefined) {
        target.pin.sources.push(port);
        if (port.high) target.pin.highSources++;
      } else if (port.high && !hadMessage && target.message !== undefined) {
        messages.push(target);
      }
    }
    port.edge = this.profile.irqfdShortcut && port.targets.length === 1 && port.targets[0]!.pin !== undefined ? HIGH : PULSE;
  }

  private target(entry: RouteTarget): Target {
    if ("msi" in entry) {
      const { address, data, deviceId = NO_DEVICE_ID } = entry.msi;
      return new MsiTarget(entry, this.msi$ as never, fromBigint(address), data, deviceId);
    }
    return this.chips[entry.irqchip]?.at(entry.pin) ?? DEAD_TARGET;
  }

  private alone(entry: RouteTarget): readonly Target[] {
    const target = this.target(entry);
    return target.pin?.alone ?? [target];
  }

  /** Lowers what nobody holds any more, then raises, until chips and table agree; a handler may change the table meanwhile. */
  private settle(messages: readonly Target[]): void {
    if (!this.profile.wiredOr) return this.dropUnused();
    if (!this.settling) {
      this.settling = true;
      try {
        while (this.settlePins(false) || this.settlePins(true));
        this.dropUnused();
      } finally {
        this.settling = false;
      }
    }
    for (const message of messages) message.raise();
  }

  private settlePins(high: boolean): boolean {
    let changed = false;
    for (const chip of this.chips) {
      for (const pin of chip.pins) {
        if (pin.driven === high || (pin.highSources !== 0) !== high) continue;
        pin.settle();
        changed = true;
      }
    }
    return changed;
  }

  private dropUnused(): void {
    for (const chip of this.chips) chip.dropUnused();
  }

  private routeOne(gsi: number, targets: readonly RouteTarget[]): void {
    checkTargets(gsi, targets, this.pinLimits());
    const port = this.portFor(gsi);
    const count = this.routeCount - (this.entries.get(gsi)?.length ?? 0) + targets.length;
    if (count > this.profile.maxRoutes) throw refusal("EINVAL", "kvm_irq_routing.nr", count, `0 … ${this.profile.maxRoutes}`);
    this.routeCount = count;
    if (targets.length === 0) this.entries.delete(gsi);
    else this.entries.set(gsi, [...targets]);
    const left = port.targets;
    for (const { pin } of left) pin?.removeSource(port);
    const messages: Target[] = [];
    this.adopt(port, targets, messages);
    if (this.profile.wiredOr) {
      for (const { pin } of left) if (pin?.highSources === 0) pin.settle();
      for (const { pin } of port.targets) pin?.settle();
    }
    for (const message of messages) message.raise();
    for (const { pin } of left) if (pin?.unused === true) this.chips[pin.index]!.drop(pin);
  }

  private defaultTargets(gsi: number): readonly RouteTarget[] {
    if (!this.usesDefaultTable || this.profile.defaultTable !== "computed") return [];
    const interrupt = this.profile.defaultInterrupt(gsi);
    const pin = interrupt === undefined ? undefined : this.chips[0]?.defaultPin(interrupt);
    return pin === undefined ? [] : [{ irqchip: 0, pin }];
  }

  private find(gsi: number): TablePort | undefined {
    const port = this.ports.get(gsi);
    if (port !== undefined || !this.usesDefaultTable || this.profile.defaultTable !== "computed") return port;
    return this.defaultTargets(gsi).length === 0 ? undefined : this.portFor(gsi);
  }

  private portFor(gsi: number): TablePort {
    let port = this.ports.get(gsi);
    if (port === undefined) this.adopt((port = new TablePort(this, gsi)), this.defaultTargets(gsi), []);
    return port;
  }

  private hold(gsi: number): TablePort {
    const port = this.portFor(gsi);
    port.held = true;
    return port;
  }

  private completed(index: number, own: number): void {
    if (this.listening === 0) return;
    const sources = this.chips[index]!.find(own)?.sources;
    if (sources === undefined || sources.length === 0) return;
    if (!this.profile.wiredOr) return tell(sources.at(-1)!);
    for (const port of [...sources]) tell(port);
  }

  /** The first chip that takes it; otherwise the most telling refusal. */
  private sendMsi(...[address, data, deviceId]: MsiArgs): IrqResult {
    let refused: IrqResult = IGNORED;
    for (const { capabilities, msi$ } of this.irqchips) {
      if (!capabilities.msi) continue;
      const result = msi$.emit(address, data, deviceId);
      if (result >= 0) return result;
      if (result !== IGNORED) refused = result;
    }
    return refused;
  }

  private pinLimits(): readonly number[] {
    return this.chips.length === 0 ? [this.profile.pinLimit(VCPUS_WITHOUT_CHIP)] : this.chips.map((chip) => chip.limit);
  }

  private isTaken(gsi: number): boolean {
    return this.entries.has(gsi) || this.ports.get(gsi)?.needed === true || this.users.has(gsi);
  }
}

function tell(port: PinSource): void {
  for (const listener of port.listeners) listener();
}
