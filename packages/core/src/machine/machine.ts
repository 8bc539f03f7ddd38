/**
 * A machine: composed from plugins, run, reset, saved and closed. The phases are in vmm-plugin.ts.
 *
 * Many machines may live in one process; they share nothing, and after `close` nothing of one remains.
 */
import type { ServiceIdentifier } from "inversify";
import { type Observable, ReplaySubject, Subscription } from "rxjs";
import type { Bus } from "../bus/bus.ts";
import type { DrivenClock } from "../clock/clock.ts";
import { addMemory, type DeviceTree, DeviceTreeBuilder } from "../devicetree/index.ts";
import { ConfigError, InvariantError, isTraplineError, messageOf, SnapshotError, type TraplineError } from "../errors.ts";
import type { GsiRouter } from "../irq/gsi-router.ts";
import type { VcpuLine } from "../irq/irq-signal.ts";
import type { Irqchip } from "../irq/irqchip.ts";
import type { GuestMemory } from "../memory/guest-memory.ts";
import type { ResetKind } from "../plain-data.ts";
import { differences } from "../snapshot/machine-shape.ts";
import { captureMemory, restoreMemory } from "../snapshot/memory-pages.ts";
import { decodeSnapshot, encodeSnapshot } from "../snapshot/snapshot-file.ts";
import * as tokens from "../tokens.ts";
import { traceOf } from "../trace/trace.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import { exitOwner } from "../vcpu/exit-dispatch.ts";
import { RunLoop } from "../vcpu/run-loop.ts";
import type { Vcpu } from "../vcpu/vcpu.ts";
import { TapObservable } from "../wire/tap-observable.ts";
import { Wire, type WireEnd } from "../wire/wire.ts";
import { guard, guardAsync } from "./blame.ts";
import { checkConfig, type MachineConfig } from "./machine-config.ts";
import { MachineCore } from "./machine-core.ts";
import { type ContainerClass, containerClassFor } from "./machine-inversify.ts";
import type { MachineEvent } from "./machine-event.ts";
import { MachineState } from "./machine-state.ts";
import { PluginHost } from "./plugin-host.ts";
import { checkRunOptions, MAX_TIMEOUT_MS, type RunOptions, type RunResult } from "./run-options.ts";
import { regionsWithoutOwner } from "./unowned.ts";

/** Errors kept for those who subscribe to `errors$` late. */
const KEPT_ERRORS = 64;

export class Machine {
  /** Failures the machine survived: a tap that threw, events lost, what plugins report. Replays the last 64; completes on close. */
  readonly errors$: Observable<TraplineError>;
  /** Every event of every wire, in order. Hot; costs nothing until subscribed. */
  readonly trace$: Observable<TraceEvent>;
  /** Started, reset, restoring, closed. */
  readonly events$: WireEnd<readonly [what: MachineEvent["what"], reset: ResetKind | undefined], void, MachineEvent>;

  private readonly config: MachineConfig;
  private readonly core: MachineCore;
  private readonly plugins = new PluginHost();
  private readonly state: MachineState;
  private readonly scope = new Subscription();
  private readonly errors = new ReplaySubject<TraplineError>(KEPT_ERRORS);
  private readonly events: Wire<readonly [what: MachineEvent["what"], reset: ResetKind | undefined], void, MachineEvent>;
  private readonly loop: RunLoop;
  /** Name of the vCPU backend, which is to blame for what goes into `scope`. */
  private backend = "core";
  private ending: RunResult | undefined;
  private failure: { readonly cause: unknown } | undefined;
  private closing: Promise<void> | undefined;
  private hasPowered = false;

  /** Use {@link createMachine}. */
  constructor(config: MachineConfig, inversify: ContainerClass) {
    this.config = config;
    const report = (error: TraplineError): void => this.errors.next(error);
    this.errors$ = new TapObservable<TraplineError>(
      () => {}, // who fails while being told of failures is past help
      (subscriber) => {
        const inner = this.errors.subscribe(subscriber);
        return () => inner.unsubscribe();
      },
    );
    this.core = new MachineCore(config, inversify, {
      hold: () => this.loop.hold(),
      wake: () => this.loop.wake(),
      powerOff: (status) => this.end({ reason: "power-off", vcpu: -1, status: status ?? 0, ...(status === undefined ? {} : { reported: true }) }),
      requestReset: () => this.resetSoon(),
      report,
    });
    this.loop = new RunLoop(this.core.clock, config.quantum);
    this.state = new MachineState(this.core, this.plugins, this.loop);
    this.events = this.events$ = new Wire<readonly [what: MachineEvent["what"], reset: ResetKind | undefined], void, MachineEvent>(this.core.order, {
      name: "machine.events",
      unowned: undefined,
      describe: (seq, atNs, _answer, what, reset) => ({ seq, atNs, kind: "machine", what, ...(reset === undefined ? {} : { reset }) }),
    });
    this.trace$ = traceOf(this.core.order, (cause) => this.core.order.tapFailed("machine.trace", cause));
  }

  get name(): string {
    return this.core.machineName;
  }
  get clock(): DrivenClock {
    return this.core.clock;
  }
  get bus(): Bus {
    return this.core.bus;
  }
  get ports(): Bus {
    return this.core.ports;
  }
  get memory(): GuestMemory {
    return this.core.memory;
  }
  get vcpus(): readonly Vcpu[] {
    return this.core.vcpus;
  }
  get irqchips(): readonly Irqchip[] {
    return this.core.irqchips;
  }
  get router(): GsiRouter {
    return this.core.router;
  }

  /** A service by its token. @throws ConfigError naming the token when nothing provides it. */
  get<T>(token: ServiceIdentifier<T>): T {
    return this.core.get(token);
  }

  /** As `get`; undefined when nothing provides it. */
  find<T>(token: ServiceIdentifier<T>): T | undefined {
    return this.core.find(token);
  }

  /** Takes the machine through its phases. Called once, by {@link createMachine}. */
  async compose(): Promise<void> {
    const { core, plugins, config } = this;
    for (const plugin of config.plugins) core.container.load(plugin, core);
    const backend = core.find(tokens.VcpuBackendToken);
    this.backend = backend?.name ?? this.backend;
    core.makeHardware(backend);
    core.setVcpus(guard(this.backend, "define", () => backend?.createVcpus(this.scope) ?? []));
    this.loop.vcpus = core.vcpus;
    plugins.define(config.plugins, core.container, core);
    this.wireUp();
    await plugins.attach();
    this.refuseUnowned();
    this.resetAll("power-on");
    await plugins.start();
    this.events.emit("started", undefined);
  }

  /**
   * Runs until the guest or the host ends it. May be called again afterwards, unless the machine failed or closed.
   * @throws ConfigError while it runs already or after close
   * @throws what an owner threw, or a plugin in a reset that the guest asked for: only `reset` or `close` help then
   */
  async run(options: RunOptions = {}): Promise<RunResult> {
    this.checkRunnable();
    checkRunOptions(options);
    this.ending = undefined;
    const { untilNs = Infinity, timeoutMs = Infinity, signal } = options;
    const stop = (reason: "timeout" | "stopped"): void => this.end({ reason });
    const onAbort = (): void => stop("stopped");
    if (signal?.aborted === true) return { reason: "stopped" };
    signal?.addEventListener("abort", onAbort);
    const timer = timeoutMs > MAX_TIMEOUT_MS ? undefined : setTimeout(() => stop("timeout"), timeoutMs);
    try {
      const end = await this.loop.run(untilNs).catch((cause: unknown) => void (this.failure = { cause }));
      // Said by the loop, or by a reset that failed between two instructions.
      if (this.failure !== undefined) throw isTraplineError(this.failure.cause) ? this.failure.cause : ownerThrew(this.failure.cause);
      return this.ending ?? { reason: end! };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Ends `run` after the current instruction, with reason "stopped". */
  stop(): void {
    this.end({ reason: "stopped" });
  }

  /**
   * Resets everything between two instructions. Resolves when done; a run in progress goes on.
   * @throws PluginError when something cannot be reset: then a run in progress ends with the same error, and later ones are
   * refused until a reset succeeds
   */
  async reset(kind: ResetKind): Promise<void> {
    this.checkOpen();
    await this.loop.between(() => this.resetAll(kind));
  }

  /** A reset that the guest or a device asked for, and nobody waits for: its failure is the run's. */
  private resetSoon(): void {
    this.loop.between(() => this.resetAll("warm")).catch(() => {}); // resetAll keeps it for `run`
  }

  /**
   * The whole machine as bytes, taken between two instructions after host I/O was drained; a run in progress goes on.
   * @throws PluginError or SnapshotError when something cannot be saved
   */
  async save(): Promise<Uint8Array> {
    this.checkOpen();
    const snapshot = await this.loop.between(async () => {
      await this.plugins.quiesce();
      return { shape: this.state.shape(), state: this.state.save(), memory: captureMemory(this.core.memory) };
    });
    return encodeSnapshot(snapshot);
  }

  /**
   * Takes the state that `save` gave, of this machine or of one composed alike.
   * @throws SnapshotError naming every difference; then nothing was changed
   */
  async restore(file: Uint8Array): Promise<void> {
    this.checkOpen();
    const snapshot = await decodeSnapshot(file);
    const found = differences(snapshot.shape, this.state.shape());
    if (found.length > 0) {
      throw new SnapshotError(`the snapshot is of another machine: ${found.join("; ")}`, {
        subject: "snapshot",
        other: this.name,
        remedy: "compose the machine as it was when it was saved",
      });
    }
    await this.loop.between(async () => {
      await this.plugins.quiesce();
      const before = this.state.save();
      this.events.emit("restoring", undefined); // the last number of the old order: what follows is numbered as it was saved
      try {
        this.state.restore(snapshot.state);
        const { sequence } = this.core.order;
        restoreMemory(this.core.memory, snapshot.memory);
        this.core.order.sequence = sequence; // filling memory is no event of the saved machine
      } catch (error) {
        this.state.rollBack(before);
        throw error;
      }
      this.failure = undefined;
    });
  }

  /**
   * The device tree: memory from core, the rest from the plugins. `writeDtb` makes it a blob, `printDts` text.
   * @throws PluginError, DeviceTreeError naming two contributors that disagree, or a label nobody defines
   */
  deviceTree(): DeviceTree {
    this.checkOpen();
    const builder = new DeviceTreeBuilder();
    builder.node("/", "core").set("#address-cells", 2).set("#size-cells", 2);
    for (const { name, base, size, readOnly } of this.core.ownRegions) if (!readOnly) addMemory(builder, { base, size }, `memory region ${name}`);
    this.plugins.each("device-tree", (plugin) => plugin.deviceTree?.(builder));
    return builder.build();
  }

  /** Stops, releases everything in reverse, and completes every wire. Calling it again waits for the first. @throws PluginError, after everything was released. */
  close(): Promise<void> {
    return (this.closing ??= this.tearDown());
  }

  private async tearDown(): Promise<void> {
    this.loop.stop();
    await this.loop.between(() => {}); // a run in progress has left its last instruction
    const errors: unknown[] = [...(await this.plugins.close())];
    const last = (plugin: string, step: () => void | Promise<void>): Promise<void> =>
      guardAsync(plugin, "stop", step).catch((error: unknown) => void errors.push(error));
    await last(this.backend, () => this.scope.unsubscribe());
    this.events.emit("closed", undefined);
    this.events.complete();
    await last("core", () => this.core.close());
    this.core.order.close();
    this.errors.complete();
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join("; "));
  }

  /** Owners for what vCPUs and irqchips emit. */
  private wireUp(): void {
    const { core, scope } = this;
    for (const vcpu of core.vcpus) {
      const owner = exitOwner(vcpu, {
        bus: core.bus,
        ports: core.ports,
        sysregs: core.sysregs,
        hypercalls: core.hypercalls,
        machine: {
          shutdown: (id, status) => this.end({ reason: "power-off", vcpu: id, status }),
          reset: () => this.resetSoon(),
          debug: (id, pc) => this.end({ reason: "debug", vcpu: id, pc }),
          fault: (id, pc, message) => this.end({ reason: "fault", vcpu: id, pc, message }),
        },
      });
      scope.add(vcpu.exits$.own("machine", owner));
    }
    for (const irqchip of core.irqchips) {
      scope.add(core.router.addIrqchip(irqchip));
      scope.add(irqchip.vcpuLines$.own("machine", (vcpu, line, level) => this.driveLine(vcpu, line, level)));
    }
  }

  /** Whoever drives it, a device or the outside: a machine asleep because all its vCPUs wait must look again. */
  private driveLine(vcpu: number, line: VcpuLine, level: boolean): void {
    this.core.vcpus[vcpu]?.setLine(line, level);
    if (level) this.loop.wake();
  }

  private refuseUnowned(): void {
    const region = regionsWithoutOwner(this.core.bus, this.core.ports)[0];
    if (region === undefined) return;
    throw new ConfigError(`nobody answers accesses to ${region.name}`, {
      subject: region.name,
      remedy: "own its accesses$ in attach, or claim it with a device",
    });
  }

  private resetAll(kind: ResetKind): void {
    this.failure = undefined;
    try {
      this.resetParts(kind);
    } catch (cause) {
      this.failure = { cause };
      this.loop.stop();
      throw cause;
    }
    this.events.emit("reset", kind);
  }

  private resetParts(kind: ResetKind): void {
    const { core, plugins } = this;
    if (kind === "power-on") {
      core.clock.reset();
      // New memory is zero. Clearing it all the same would make the host commit every page of it.
      if (this.hasPowered || core.memory.ramWritten) core.memory.clearRam();
      this.hasPowered = true;
    }
    // Devices first: they drive their lines low; then the chips forget what they latched; then the vCPUs start.
    plugins.each("reset", (plugin) => plugin.reset?.(kind));
    guard("router", "reset", () => core.router.reset(kind));
    for (const irqchip of core.irqchips) guard(irqchip.name, "reset", () => irqchip.reset(kind));
    for (const vcpu of core.vcpus) guard(`vcpu${vcpu.id}`, "reset", () => vcpu.reset(kind));
    this.loop.reset();
  }

  private end(result: RunResult): void {
    this.ending ??= result;
    this.loop.stop();
  }

  private checkOpen(): void {
    if (this.closing === undefined) return;
    throw new ConfigError(`machine ${this.name} is closed`, { subject: this.name, remedy: "create another one" });
  }

  private checkRunnable(): void {
    this.checkOpen();
    if (this.loop.running) {
      throw new ConfigError(`machine ${this.name} is running`, { subject: this.name, remedy: "wait for the first run to end, or stop it" });
    }
    if (this.failure !== undefined) {
      throw new ConfigError(`machine ${this.name} failed earlier: ${messageOf(this.failure.cause)}`, {
        subject: this.name,
        remedy: "reset it or close it",
        cause: this.failure.cause,
      });
    }
  }
}

function ownerThrew(cause: unknown): InvariantError {
  return new InvariantError(`a vCPU was stopped: the owner of an exit or of something behind it threw: ${messageOf(cause)}`, {
    remedy: "a device must answer whatever a guest does; see the cause",
    cause,
  });
}

/**
 * Composes a machine. When it resolves, everything is attached and in its power-on state.
 * @throws ConfigError, HostError or PluginError; then everything is released already.
 */
export async function createMachine(config: MachineConfig): Promise<Machine> {
  checkConfig(config);
  const machine = new Machine(config, await containerClassFor(config));
  try {
    await machine.compose();
    return machine;
  } catch (error) {
    await machine.close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
}
