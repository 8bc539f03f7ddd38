/**
 * Plugins in inversify's own style, and plugins built against another copy of this package. Every parameter of a decorated
 * class names its token: esbuild, and so tsx and vitest, emit no type metadata.
 */
import { ContainerModule, inject, injectable, multiInject, optional, type ServiceIdentifier } from "inversify";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Subscription } from "rxjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as core from "../index.ts";
import {
  API_VERSION,
  type Bus,
  BusToken,
  type Clock,
  ClockToken,
  createMachine,
  isTraplineError,
  type PluginDefinition,
  powerOff,
  read32,
  scripted,
  token,
  type Vmm,
  type VmmPlugin,
  VmmToken,
  write32,
} from "../index.ts";

const DEVICE = 0x0900_0000;

interface StopwatchOptions {
  readonly base: number;
}
const StopwatchOptionsToken: ServiceIdentifier<StopwatchOptions> = token<StopwatchOptions>("spec/StopwatchOptions");
const StopwatchToken: ServiceIdentifier<VmmPlugin> = token<VmmPlugin>("spec/Stopwatch");
const ListenerToken: ServiceIdentifier<string> = token<string>("spec/Listener");

/** Reads give machine time. */
class Stopwatch implements VmmPlugin {
  private readonly bus: Bus;
  private readonly clock: Clock;
  private readonly options: StopwatchOptions;

  constructor(bus: Bus, clock: Clock, options: StopwatchOptions) {
    this.bus = bus;
    this.clock = clock;
    this.options = options;
  }

  attach(scope: Subscription): void {
    scope.add(this.bus.claim({ name: "stopwatch", base: this.options.base, size: 8 }, { read: () => this.clock.nowNs(), write: () => {} }));
  }
}

@injectable()
class DecoratedStopwatch extends Stopwatch {
  readonly listeners: readonly string[];

  constructor(
    @inject(BusToken) bus: Bus,
    @inject(ClockToken) clock: Clock,
    @inject(StopwatchOptionsToken) options: StopwatchOptions,
    @multiInject(ListenerToken) @optional() listeners: readonly string[] = [],
  ) {
    super(bus, clock, options);
    this.listeners = listeners;
  }
}

//   style                        the module
const STYLES: readonly (readonly [string, ContainerModule, ServiceIdentifier<VmmPlugin>])[] = [
  [
    "@injectable and @inject",
    new ContainerModule(({ bind }) => {
      bind(StopwatchOptionsToken).toConstantValue({ base: DEVICE });
      bind(DecoratedStopwatch).toSelf().inSingletonScope();
    }),
    DecoratedStopwatch,
  ],
  [
    "toResolvedValue",
    new ContainerModule(({ bind }) => {
      bind(StopwatchToken).toResolvedValue((bus, clock) => new Stopwatch(bus, clock, { base: DEVICE }), [BusToken, ClockToken]).inSingletonScope();
    }),
    StopwatchToken,
  ],
  [
    "toDynamicValue",
    new ContainerModule(({ bind }) => {
      bind(StopwatchToken).toDynamicValue((context) => new Stopwatch(context.get(BusToken), context.get(ClockToken), { base: DEVICE })).inSingletonScope();
    }),
    StopwatchToken,
  ],
  [
    "toResolvedValue over the whole machine",
    new ContainerModule(({ bind }) => {
      bind(StopwatchToken).toResolvedValue((vmm: Vmm) => new Stopwatch(vmm.bus, vmm.clock, { base: DEVICE }), [VmmToken]).inSingletonScope();
    }),
    StopwatchToken,
  ],
];

const guest = (): PluginDefinition =>
  scripted(function* () {
    yield write32(DEVICE, 0);
    yield powerOff(yield* read32(DEVICE));
  });

describe("a plugin in inversify's style", () => {
  it.each(STYLES)("with %s is composed like any other, machine after machine", async (_style, module, plugin) => {
    const definition: PluginDefinition = { name: "stopwatch", apiVersion: API_VERSION, module, plugin };
    for (let n = 0; n < 2; n++) {
      const machine = await createMachine({ plugins: [guest(), definition] });
      expect(await machine.run()).toEqual({ reason: "power-off", vcpu: 0, status: 2 });
      await machine.close();
    }
  });

  it("may collect what other plugins bind under one token", async () => {
    const listener = (name: string): PluginDefinition => ({ name, apiVersion: API_VERSION, module: new ContainerModule(({ bind }) => void bind(ListenerToken).toConstantValue(name)) });
    const [, module, plugin] = STYLES[0]!;
    const machine = await createMachine({ plugins: [listener("one"), { name: "stopwatch", apiVersion: API_VERSION, module, plugin }, listener("two")] });
    expect(machine.get(DecoratedStopwatch as ServiceIdentifier<DecoratedStopwatch>).listeners).toEqual(["one", "two"]);
    await machine.close();
  });

  it("that forgot to bind its plugin is told so", async () => {
    const definition: PluginDefinition = { name: "forgetful", apiVersion: API_VERSION, module: new ContainerModule(() => {}), plugin: StopwatchToken };
    await expect(createMachine({ plugins: [definition] })).rejects.toThrow("plugin forgetful failed in define: nothing provides spec/Stopwatch");
  });

  it("whose dependency nobody binds is named, with what is missing", async () => {
    const definition: PluginDefinition = {
      name: "needy",
      apiVersion: API_VERSION,
      module: new ContainerModule(({ bind }) => void bind(DecoratedStopwatch).toSelf()),
      plugin: DecoratedStopwatch,
    };
    const error: unknown = await createMachine({ plugins: [definition] }).catch((e: unknown) => e);
    expect(isTraplineError(error, "plugin")).toBe(true);
    expect((error as Error).message).toMatch(/plugin needy failed in define: .*spec\/StopwatchOptions/s);
  });
});

describe("a plugin built against another copy of core", () => {
  let folder: string;
  let other: typeof core;

  beforeAll(async () => {
    const here = path.resolve(import.meta.dirname, "../..");
    folder = mkdtempSync(path.join(tmpdir(), "trapline-core-copy-"));
    cpSync(path.join(here, "src"), path.join(folder, "src"), { recursive: true, filter: (source) => !source.endsWith(".spec.ts") });
    symlinkSync(path.join(here, "node_modules"), path.join(folder, "node_modules"), "junction");
    other = (await import(/* @vite-ignore */ path.join(folder, "src/index.ts"))) as typeof core;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is another copy indeed", () => {
    expect(other.ConfigError).not.toBe(core.ConfigError);
    expect(other.BusToken).toBe(core.BusToken); // tokens are what copies have in common
  });

  it("composes, runs, taps and wires with ours", async () => {
    const rows = other.compileRegisters<{ value: number }>("FOREIGN", 8, [
      { name: "VALUE", offset: 0, access: "RW", read: (d) => d.value, write: (d, v) => { d.value = other.lo32(v); } },
    ]);
    const own: string[] = [];
    const foreign = other.definePlugin({
      name: "foreign",
      provides: [other.provide(other.token<string>("spec/Foreign"), () => "service of the other copy")],
      create(vmm) {
        const device = { value: 7 };
        const pulses = new other.Wire<readonly [n: number], number, core.WireEvent & { readonly n: number }>(vmm.order, {
          name: "foreign.pulses",
          unowned: 0,
          describe: (seq, atNs, _answer, n) => ({ seq, atNs, kind: "foreign.pulse", n }),
        });
        return {
          attach(scope) {
            scope.add(pulses.own("foreign", (n) => n * 2));
            const region = vmm.bus.claim({ name: "foreign", base: DEVICE, size: 8 }, new other.RegisterFrame(device, rows));
            scope.add(region);
            region.accesses$.subscribe(({ direction }) => own.push(`${direction} → ${pulses.emit(21)}`));
          },
        };
      },
    });
    const machine = await createMachine({ plugins: [guest(), foreign] });
    const kinds: string[] = [];
    machine.trace$.subscribe(({ kind }) => kinds.push(kind));
    expect(await machine.run()).toEqual({ reason: "power-off", vcpu: 0, status: 0 });
    expect(own).toEqual(["write → 42", "read → 42"]);
    expect(kinds).toContain("foreign.pulse");
    expect(machine.get(token<string>("spec/Foreign"))).toBe("service of the other copy");
    await machine.close();
  });

  it("may be the vCPU backend", async () => {
    const machine = await createMachine({ memory: [{ base: 0, size: 0x1000 }], plugins: [other.scripted(function* () {
      yield other.write32(0, 5);
      yield other.powerOff(yield* other.read32(0));
    })] });
    expect(await machine.run()).toEqual({ reason: "power-off", vcpu: 0, status: 5 });
    await machine.close();
  });

  it("fails with errors that ours recognises", async () => {
    const foreign = other.definePlugin({
      name: "foreign",
      create: (vmm) => ({
        attach() {
          vmm.bus.claim({ name: "ours", base: 0, size: 8 }, { read: () => 0, write: () => {} });
          throw new other.ConfigError("an error of the other copy", { subject: "foreign" });
        },
      }),
    });
    const error: unknown = await createMachine({ plugins: [foreign] }).catch((e: unknown) => e);
    expect(error).toMatchObject({ plugin: "foreign", phase: "attach" });
    const { cause } = error as Error;
    expect([cause instanceof core.ConfigError, isTraplineError(cause, "config"), other.isTraplineError(error, "plugin")]).toEqual([false, true, true]);
  });

  it("whose tap throws harms nobody", async () => {
    const machine = await createMachine({ plugins: [guest(), other.definePlugin({
      name: "foreign",
      create: (vmm) => ({ attach: () => void vmm.bus.unclaimed$.subscribe(() => { throw new Error("clumsy"); }) }),
    })] });
    const errors: string[] = [];
    machine.errors$.subscribe(({ kind }) => errors.push(kind));
    expect(await machine.run()).toMatchObject({ reason: "fault" });
    expect(errors).toEqual(["tap"]);
    await machine.close();
  });
});
