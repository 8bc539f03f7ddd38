/** A machine from composition to close: phases in order, the ways a run ends, what is refused, and that nothing remains. */
import { lastValueFrom, toArray } from "rxjs";
import { describe, expect, it, vi } from "vitest";
import {
  breakpoint,
  compute,
  ConfigError,
  createMachine,
  definePlugin,
  isTraplineError,
  type Machine,
  type MachineConfig,
  type PluginDefinition,
  powerOff,
  read32,
  type RunOptions,
  type RunResult,
  scripted,
  systemReset,
  type TapError,
  type Vmm,
  VmmToken,
  wfi,
  write32,
} from "../index.ts";

const RAM = 0x4000_0000;
const DEVICE = 0x0900_0000;

/** Creates, uses and closes a machine. */
async function withMachine(config: MachineConfig, use: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = await createMachine(config);
  try {
    await use(machine);
  } finally {
    await machine.close().catch(() => {});
  }
}

/** A plugin that hands out its view of the machine. */
function keyhole(): { readonly plugin: PluginDefinition; readonly vmm: () => Vmm } {
  let seen: Vmm | undefined;
  const plugin = definePlugin({
    name: "keyhole",
    create(vmm) {
      seen = vmm;
    },
  });
  return { plugin, vmm: () => seen! };
}

/** A device whose writes do `act`. */
function device(act: (value: number) => void): PluginDefinition {
  return definePlugin({
    name: "device",
    create: (vmm) => ({
      attach: (scope) => scope.add(vmm.bus.claim({ name: "device", base: DEVICE, size: 0x1000 }, { read: () => 0, write: (_o, _w, value) => act(Number(value)) })),
    }),
  });
}

const forEver = scripted(function* () {
  for (;;) yield compute(1000);
});

describe("composing", () => {
  it("takes every plugin through the phases of vmm-plugin.ts, and back in reverse", async () => {
    const log: string[] = [];
    const told = (name: string): PluginDefinition =>
      definePlugin({
        name,
        create() {
          log.push(`${name} define`);
          return {
            attach(scope) {
              log.push(`${name} attach`);
              scope.add(() => log.push(`${name} released`));
            },
            reset: (kind) => void log.push(`${name} reset ${kind}`),
            start: () => void log.push(`${name} start`),
            stop: () => void log.push(`${name} stop`),
          };
        },
      });
    const machine = await createMachine({ plugins: [told("a"), told("b")] });
    expect(log.splice(0)).toEqual(["a define", "b define", "a attach", "b attach", "a reset power-on", "b reset power-on", "a start", "b start"]);
    await machine.reset("warm");
    expect(log.splice(0)).toEqual(["a reset warm", "b reset warm"]);
    await machine.close();
    expect(log).toEqual(["b stop", "b released", "a stop", "a released"]);
  });

  it("waits for asynchronous phases", async () => {
    const log: string[] = [];
    const slow = (name: string): PluginDefinition =>
      definePlugin({
        name,
        create: () => ({
          async attach() {
            await new Promise((resolve) => setImmediate(resolve));
            log.push(`${name} attach`);
          },
          async start() {
            await new Promise((resolve) => setImmediate(resolve));
            log.push(`${name} start`);
          },
          async stop() {
            await new Promise((resolve) => setImmediate(resolve));
            log.push(`${name} stop`);
          },
        }),
      });
    await (await createMachine({ plugins: [slow("a"), slow("b")] })).close();
    expect(log).toEqual(["a attach", "b attach", "a start", "b start", "b stop", "a stop"]);
  });

  it("shows every vCPU and the memory from `define` on, and every irqchip from `attach` on", async () => {
    let seen: unknown;
    const curious = definePlugin({
      name: "curious",
      create: (vmm) => ({
        attach() {
          seen = [vmm.machineName, vmm.vcpus.length, vmm.topology.count, vmm.memory.regions.length, vmm.irqchips.length, vmm.get(VmmToken) === vmm];
        },
      }),
    });
    await withMachine({ name: "m", memory: [{ base: RAM, size: 0x1000 }], vcpus: 3, plugins: [curious, scripted()] }, async () => {
      expect(seen).toEqual(["m", 3, 3, 1, 0, true]);
    });
  });

  it("puts memory on the bus, for the host and for vCPUs without a view of it", async () => {
    await withMachine({ memory: [{ base: RAM, size: 0x1000 }, { base: 0, size: 0x1000, readOnly: true, name: "rom" }], plugins: [] }, async ({ bus, memory }) => {
      expect(bus.write(RAM + 4, 4, 0x1234_5678, -1)).toBe(0);
      expect([bus.read(RAM + 6, 2, -1), memory.read(RAM + 4, 4)]).toEqual([0x1234, 0x1234_5678]);
      bus.write(0, 4, 1, 0);
      expect(bus.read(0, 4, 0)).toBe(0);
    });
  });

  it("works without any vCPU: a machine that only the host drives", async () => {
    await withMachine({ plugins: [device(() => {})] }, async (machine) => {
      expect([machine.vcpus, machine.bus.read(DEVICE, 4, -1)]).toEqual([[], 0]);
    });
  });

  it("and without any vCPU time passes all the same", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin] }, async (machine) => {
      const fired: number[] = [];
      vmm().clock.timer("once", () => fired.push(machine.clock.nowNs())).armAt(300);
      vmm().clock.timer("later", () => fired.push(machine.clock.nowNs())).armAt(3000);
      expect(await machine.run({ untilNs: 1000 })).toEqual({ reason: "until" });
      expect([fired, machine.clock.nowNs()]).toEqual([[300], 1000]);
      expect(await machine.run()).toEqual({ reason: "idle" });
      expect([fired, machine.clock.nowNs()]).toEqual([[300, 3000], 3000]);
    });
  });

  //   what is wrong                       the machine                                                        what the error says
  const WRONG: readonly (readonly [string, () => MachineConfig, string])[] = [
    ["vCPUs without a backend", () => ({ vcpus: 2, plugins: [] }), "machine machine has 2 vCPUs and nothing to run them; add a vCPU backend to its plugins: scripted(…), softCpu(…)"],
    ["a negative number of vCPUs", () => ({ vcpus: -1, plugins: [scripted()] }), "a machine of -1 vCPUs; ask for 0 to 65536"],
    ["two vCPUs with one affinity", () => ({ vcpus: [0, 1, 0], plugins: [scripted()] }), "vCPUs 0 and 2 both have affinity 0x0; give each vCPU an affinity of its own"],
    ["a quantum of nothing", () => ({ quantum: 0, plugins: [] }), "quantum 0 is no number of instructions; use a whole number from 1"],
    ["two plugins of one name", () => ({ plugins: [device(() => {}), device(() => {})] }), "plugins[0] and plugins[1] are both named device; give each plugin of a machine a name of its own"],
    ["another API version", () => ({ plugins: [{ ...device(() => {}), apiVersion: 2 }] }), "plugin device was built for API version 2, this core has version 1; install a version of the plugin that fits, or the core it wants"],
    ["a plugin that does nothing", () => ({ plugins: [definePlugin({ name: "idler" })] }), "plugin idler does nothing; give it `create` or `provides` (function style), or `module` and `plugin` (inversify style)"],
    ["a plugin in both styles", () => ({ plugins: [{ ...device(() => {}), plugin: Symbol.for("x") as never }] }), "plugin device has both `create` and `plugin`; use one of the two styles"],
    ["something that is no plugin", () => ({ plugins: [42 as never] }), "plugins[0] is no plugin: it has no name; list what definePlugin returns; a plugin that takes options must be called with them"],
    ["a plugin that was not called", () => ({ plugins: [scripted as never] }), "plugins[0] is no plugin: it is a function; list what definePlugin returns; a plugin that takes options must be called with them"],
    ["no list of plugins", () => ({}) as never, "the machine has no list of plugins; give it `plugins`, if need be an empty list"],
    ["memory that overlaps", () => ({ memory: [{ base: 0, size: 0x2000 }, { base: 0x1000, size: 0x1000 }], plugins: [] }), "memory ram1 at 0x1000+0x1000 overlaps memory ram at 0x0+0x2000; move or shrink one of the two"],
    ["a clock that cannot be", () => ({ clock: { kind: "virtual", instructionsPerUs: 0 }, plugins: [] }), "the virtual clock cannot run at 0 instructions per µs; use a whole number from 1 to 1000000"],
    ["a claim that nobody owns", () => ({ plugins: [definePlugin({ name: "lazy", create: (vmm) => ({ attach: (scope) => scope.add(vmm.bus.region({ name: "lazy0", base: 0, size: 8 })) }) })] }), "nobody answers accesses to lazy0; own its accesses$ in attach, or claim it with a device"],
  ];

  it.each(WRONG)("refuses %s", async (_what, config, message) => {
    const error: unknown = await createAndFail(config());
    expect((error as Error).message).toBe(message);
    expect(isTraplineError(error, "config")).toBe(true);
    expect((error as ConfigError).facts.remedy).toBeTruthy();
  });

  it("refuses more programs than vCPUs", async () => {
    const error = await createAndFail({ vcpus: 1, plugins: [scripted(function* () {}, function* () {})] });
    expect((error as Error).message).toContain("2 scripted programs for 1 vCPUs; raise vcpus, or drop a program");
    expect(isTraplineError(isTraplineError(error, "plugin") ? error.cause : error, "config")).toBe(true);
  });

  it("tells a plugin that asks too early what to do", async () => {
    const hasty = definePlugin({ name: "hasty", provides: scriptedProvides((vmm) => vmm.topology.count > vmm.memory.regions.length + vmm.vcpus.length) });
    const error = await createAndFail({ vcpus: 1, plugins: [hasty] });
    expect((error as Error).message).toContain("topology does not exist while the vCPU backend is being made; ask for it in createVcpus or attach");
  });
});

describe("running ends", () => {
  //   with                                             the program                                                    options
  const ENDINGS: readonly (readonly [RunResult, PluginDefinition, options?: RunOptions])[] = [
    [{ reason: "power-off", vcpu: 0, status: 0 }, scripted(function* () { yield powerOff(); })],
    [{ reason: "power-off", vcpu: 0, status: 42 }, scripted(function* () { yield powerOff(42); })],
    [{ reason: "fault", vcpu: 0, pc: 0x10, message: "vcpu0: external abort: read of 4 bytes at 0x10" }, scripted(function* () { yield read32(0x10); })],
    [{ reason: "debug", vcpu: 0, pc: 0 }, scripted(function* () { yield breakpoint(); })],
    [{ reason: "halted" }, scripted(function* () { yield compute(10); })],
    [{ reason: "halted" }, scripted()],
    [{ reason: "idle" }, scripted(function* () { yield wfi(); })],
    [{ reason: "until" }, forEver, { untilNs: 12_345 }],
    [{ reason: "until" }, forEver, { untilNs: 0 }],
    [{ reason: "timeout" }, forEver, { timeoutMs: 1 }],
    [{ reason: "stopped" }, forEver, { signal: AbortSignal.abort() }],
  ];

  it.each<readonly [RunResult, PluginDefinition, RunOptions | undefined]>(ENDINGS.map(([result, program, options]) => [result, program, options] as const))("%o", async (expected, program, options) => {
    await withMachine({ plugins: [program] }, async (machine) => {
      expect(await machine.run(options)).toEqual(expected);
    });
  });

  it("at untilNs exactly, whatever an instruction costs and wherever a slice would end", async () => {
    for (const instructionsPerUs of [1, 3, 1000, 7919, 1_000_000]) {
      await withMachine({ clock: { kind: "virtual", instructionsPerUs }, quantum: 7, plugins: [forEver] }, async (machine) => {
        await machine.run({ untilNs: 5000 });
        const perInstruction = Math.ceil(1000 / instructionsPerUs);
        expect(machine.clock.nowNs()).toBeGreaterThanOrEqual(5000);
        expect(machine.clock.nowNs()).toBeLessThan(5000 + perInstruction);
      });
    }
  });

  it("by an AbortSignal while it runs", async () => {
    const controller = new AbortController();
    await withMachine({ plugins: [device(() => controller.abort()), scripted(function* () { yield compute(10); yield write32(DEVICE, 1); for (;;) yield compute(1); })] }, async (machine) => {
      expect(await machine.run({ signal: controller.signal })).toEqual({ reason: "stopped" });
      expect(machine.vcpus[0]!.retired).toBe(11);
    });
  });

  it("by stop, after the current instruction", async () => {
    const machineOf: { machine?: Machine } = {};
    await withMachine({ plugins: [device(() => machineOf.machine!.stop()), scripted(function* () { for (;;) yield write32(DEVICE, 1); })] }, async (machine) => {
      machineOf.machine = machine;
      expect(await machine.run()).toEqual({ reason: "stopped" });
      expect(machine.vcpus[0]!.retired).toBe(1);
      expect(await machine.run()).toEqual({ reason: "stopped" }); // and goes on where it was
      expect(machine.vcpus[0]!.retired).toBe(2);
    });
  });

  it.each([0, 3])("by a plugin that reports the guest's status: %i", async (code) => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, device((status) => vmm().powerOff(status)), scripted(function* () { yield write32(DEVICE, code); })] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "power-off", vcpu: -1, status: code, reported: true });
    });
  });

  it("by a plugin that switches the machine off, with nothing to report", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, device(() => vmm().powerOff()), scripted(function* () { yield write32(DEVICE, 3); })] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "power-off", vcpu: -1, status: 0 });
    });
  });

  it("for a breakpoint, and can go on behind it", async () => {
    const written: number[] = [];
    const program = scripted(function* () {
      yield breakpoint();
      yield write32(DEVICE, 1);
      yield powerOff();
    });
    await withMachine({ plugins: [device((value) => written.push(value)), program] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "debug", vcpu: 0, pc: 0 });
      expect(written).toEqual([]);
      expect(await machine.run()).toMatchObject({ reason: "power-off" });
      expect(written).toEqual([1]);
    });
  });

  it.each([2 ** 31, 2 ** 40, Infinity])("not too early: a timeout of %d ms is longer than a host timer can wait", async (timeoutMs) => {
    const delays = vi.spyOn(globalThis, "setTimeout");
    try {
      await withMachine({ plugins: [scripted(function* () { yield compute(10); })] }, async (machine) => {
        expect(await machine.run({ timeoutMs })).toEqual({ reason: "halted" });
        expect(delays.mock.calls.filter(([, ms]) => (ms ?? 0) >= 2 ** 31)).toEqual([]); // Node makes 1 ms of them
      });
    } finally {
      delays.mockRestore();
    }
  });

  it.each([
    [{ untilNs: NaN }, "run cannot end at untilNs NaN; give nanoseconds since power-on, or leave it out"],
    [{ timeoutMs: NaN }, "run cannot end after timeoutMs NaN; give milliseconds of host time, or leave it out"],
    [{ timeoutMs: -1 }, "run cannot end after timeoutMs -1; give milliseconds of host time, or leave it out"],
  ])("never without knowing when: %o is refused", async (options, message) => {
    await withMachine({ plugins: [forEver] }, async (machine) => {
      await expect(machine.run(options)).rejects.toThrow(message);
    });
  });
});

describe("a run is refused", () => {
  it("while another one goes on", async () => {
    await withMachine({ name: "busy", plugins: [forEver] }, async (machine) => {
      const first = machine.run();
      await expect(machine.run()).rejects.toThrow("machine busy is running; wait for the first run to end, or stop it");
      machine.stop();
      expect(await first).toEqual({ reason: "stopped" });
    });
  });

  it("after close, as is everything else", async () => {
    const machine = await createMachine({ name: "gone", plugins: [forEver] });
    await machine.close();
    const closed = "machine gone is closed; create another one";
    await expect(machine.run()).rejects.toThrow(closed);
    await expect(machine.save()).rejects.toThrow(closed);
    await expect(machine.restore(new Uint8Array())).rejects.toThrow(closed);
  });

  it("after close, as is a reset", async () => {
    const machine = await createMachine({ name: "gone", plugins: [forEver] });
    await machine.close();
    await expect(machine.reset("warm")).rejects.toThrow("machine gone is closed; create another one");
  });

  it("after an owner failed, until a reset", async () => {
    const bug = new TypeError("cannot read properties of undefined");
    let failing = true;
    const fragile = device(() => {
      if (failing) throw bug;
    });
    await withMachine({ name: "m", plugins: [fragile, scripted(function* () { yield write32(DEVICE, 1); yield powerOff(); })] }, async (machine) => {
      const first: unknown = await machine.run().catch((error: unknown) => error);
      expect(isTraplineError(first, "invariant")).toBe(true);
      expect((first as Error).message).toBe(
        "a vCPU was stopped: the owner of an exit or of something behind it threw: cannot read properties of undefined; a device must answer whatever a guest does; see the cause",
      );
      expect((first as Error).cause).toBe(bug);
      await expect(machine.run()).rejects.toThrow("machine m failed earlier: cannot read properties of undefined; reset it or close it");
      failing = false;
      await machine.reset("power-on");
      expect(await machine.run()).toMatchObject({ reason: "power-off" });
    });
  });

  it("rejecting with the owner's own error when that is one of ours", async () => {
    const bug = new ConfigError("the option was wrong all along");
    await withMachine({ plugins: [device(() => { throw bug; }), scripted(function* () { yield write32(DEVICE, 1); })] }, async (machine) => {
      await expect(machine.run()).rejects.toBe(bug);
    });
  });
});

describe("a reset", () => {
  const counting = (): { readonly config: MachineConfig; readonly log: string[] } => {
    const log: string[] = [];
    const config: MachineConfig = {
      memory: [{ base: RAM, size: 0x1000 }],
      plugins: [
        scripted(function* () {
          const boots = yield* read32(RAM);
          yield write32(RAM, boots + 1);
          if (boots === 0) yield systemReset();
          yield powerOff(boots + 1);
        }),
      ],
    };
    return { config, log };
  };

  it("that the guest asks for is warm: RAM and time go on, the program starts again", async () => {
    const { config } = counting();
    await withMachine(config, async (machine) => {
      const kinds = lastValueFrom(machine.events$.pipe(toArray()));
      expect(await machine.run()).toEqual({ reason: "power-off", vcpu: 0, status: 2 });
      expect(machine.clock.nowNs()).toBe(6);
      await machine.close();
      expect((await kinds).map(({ what, reset }) => [what, reset])).toEqual([["reset", "warm"], ["closed", undefined]]);
    });
  });

  it("by power-on clears RAM, time and timers", async () => {
    const { config } = counting();
    const { plugin, vmm } = keyhole();
    await withMachine({ ...config, plugins: [...config.plugins, plugin] }, async (machine) => {
      await machine.run();
      let fired = 0;
      vmm().clock.timer("left over", () => fired++).armAt(100);
      await machine.reset("power-on");
      expect([machine.clock.nowNs(), machine.memory.read(RAM, 4), vmm().clock.nextDeadlineNs()]).toEqual([0, 0, Infinity]);
      expect(await machine.run()).toEqual({ reason: "power-off", vcpu: 0, status: 2 });
      expect(fired).toBe(0);
    });
  });

  it("by the first power-on forgets what plugins put into RAM while attaching, as by every other", async () => {
    const early = definePlugin({ name: "early", create: ({ memory }) => ({ attach: () => void memory.write(RAM, 4, 1) }) });
    await withMachine({ memory: [{ base: RAM, size: 0x1000 }], plugins: [early] }, async (machine) => {
      expect(machine.memory.read(RAM, 4)).toBe(0);
    });
  });

  it("by the first power-on leaves new memory alone, so that the host commits nothing for what no guest touches", async () => {
    const bytes = 512 * 1024 * 1024;
    const before = process.memoryUsage().rss;
    await withMachine({ memory: [{ base: RAM, size: bytes }], plugins: [] }, async (machine) => {
      machine.memory.write(RAM, 4, 1);
      expect(process.memoryUsage().rss - before).toBeLessThan(bytes / 4);
    });
  });

  it("by power-on keeps what is in ROM", async () => {
    await withMachine({ memory: [{ base: 0, size: 0x1000, readOnly: true }, { base: RAM, size: 0x1000 }], plugins: [] }, async (machine) => {
      machine.memory.write(0, 8, 0xd503_201f_1400_0000n);
      machine.memory.write(RAM, 4, 1);
      await machine.reset("power-on");
      expect([machine.memory.read(0, 8), machine.memory.read(RAM, 4)]).toEqual([0xd503_201f_1400_0000n, 0]);
    });
  });

  it("by the host takes a running machine between two instructions and lets it go on", async () => {
    await withMachine({ plugins: [forEver], quantum: 10 }, async (machine) => {
      const run = machine.run();
      await machine.reset("power-on");
      machine.stop();
      expect(await run).toEqual({ reason: "stopped" });
    });
  });

  it("wakes a machine that sleeps because everything waits", async () => {
    const { plugin, vmm } = keyhole();
    const resets: string[] = [];
    const program = scripted(function* () {
      yield write32(DEVICE, 1);
      yield wfi();
    });
    await withMachine({ plugins: [plugin, device(() => resets.push("ran")), program] }, async (machine) => {
      const release = vmm().hold();
      const run = machine.run();
      await new Promise((resolve) => setImmediate(resolve)); // asleep by now
      await machine.reset("power-on");
      await new Promise((resolve) => setImmediate(resolve));
      expect(resets).toEqual(["ran", "ran"]);
      release();
      expect(await run).toEqual({ reason: "idle" });
    });
  });
});

describe("closing", () => {
  it("completes trace$, events$ and errors$, once, and releases what was claimed", async () => {
    const machine = await createMachine({ memory: [{ base: RAM, size: 0x1000 }], plugins: [device(() => {}), forEver] });
    const ended: string[] = [];
    machine.trace$.subscribe({ complete: () => ended.push("trace") });
    machine.events$.subscribe({ next: ({ what }) => ended.push(what), complete: () => ended.push("events") });
    machine.errors$.subscribe({ complete: () => ended.push("errors") });
    machine.vcpus[0]!.exits$.subscribe({ complete: () => ended.push("exits") });
    const { bus } = machine;
    const [first, second] = [machine.close(), machine.close()];
    expect(second).toBe(first);
    await first;
    await machine.close();
    expect(ended).toEqual(["closed", "events", "trace", "exits", "errors"]);
    expect([bus.claims, bus.read(RAM, 4, -1)]).toEqual([[], -1]);
  });

  it("ends a run in progress first", async () => {
    const log: string[] = [];
    const stopper = definePlugin({ name: "stopper", create: () => ({ stop: () => void log.push("stop") }) });
    const machine = await createMachine({ plugins: [forEver, stopper] });
    const run = machine.run().then((result) => log.push(result.reason));
    await machine.close();
    await run;
    expect(log.sort()).toEqual(["stop", "stopped"]);
  });

  it("can be asked for by the guest's own access", async () => {
    const machineOf: { closing?: Promise<void>; machine?: Machine } = {};
    const suicidal = device(() => {
      machineOf.closing = machineOf.machine!.close();
    });
    machineOf.machine = await createMachine({ plugins: [suicidal, scripted(function* () { for (;;) yield write32(DEVICE, 1); })] });
    expect(await machineOf.machine.run()).toEqual({ reason: "stopped" });
    await machineOf.closing;
    expect(machineOf.machine.vcpus[0]!.retired).toBe(1);
  });

  it("tells late watchers of errors what they missed", async () => {
    const machine = await createMachine({ plugins: [scripted(function* () { yield wfi(); })] });
    machine.trace$.subscribe(() => {
      throw new Error("clumsy watcher");
    });
    await machine.run();
    await machine.close();
    const errors = await lastValueFrom(machine.errors$.pipe(toArray()));
    expect(errors.map((error) => [error.kind, (error as TapError).facts.subject])).toEqual([["tap", "machine.trace"]]);
  });
});

/** What createMachine rejects with. */
async function createAndFail(config: MachineConfig): Promise<unknown> {
  const outcome: unknown = await createMachine(config).then(
    (machine) => machine.close().then(() => undefined),
    (error: unknown) => error,
  );
  expect(outcome).toBeDefined();
  return outcome;
}

/** What the scripted backend provides, made by somebody who looks around first. */
function scriptedProvides(look: (vmm: Vmm) => unknown): NonNullable<PluginDefinition["provides"]> {
  return scripted().provides!.map((provision) => {
    const { make } = provision as unknown as { make: (vmm: Vmm) => unknown };
    return {
      ...provision,
      make: (vmm: Vmm) => {
        look(vmm);
        return make(vmm);
      },
    } as never;
  });
}
