/**
 * A plugin that throws, in every phase of its life: the machine says who and when, and lets go of everything in reverse.
 * Three plugins stand in a row; the middle one fails.
 */
import { ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import {
  createMachine,
  definePlugin,
  IrqchipToken,
  isTraplineError,
  type Machine,
  type MachineConfig,
  type PluginDefinition,
  PluginError,
  type PluginPhase,
  powerOff,
  provide,
  provideAlso,
  scripted,
  systemReset,
  token,
  VcpuBackendToken,
  type VmmPlugin,
  write32,
} from "../index.ts";

const BUG = new Error("bug");

/** A plugin that writes down what happens to it and throws where told to. */
function witness(name: string, log: string[], failIn?: PluginPhase, asynchronously = false): PluginDefinition {
  const enter = (phase: PluginPhase): void => {
    log.push(`${name} ${phase}`);
    if (phase === failIn) throw BUG;
  };
  const enterLater = async (phase: PluginPhase): Promise<void> => {
    await Promise.resolve();
    enter(phase);
  };
  const either = (phase: PluginPhase): void | Promise<void> => (asynchronously ? enterLater(phase) : enter(phase));
  return definePlugin({
    name,
    create() {
      enter("define");
      return {
        attach(scope) {
          scope.add(() => log.push(`${name} released`));
          return either("attach");
        },
        start: () => either("start"),
        stop: () => either("stop"),
        reset: () => enter("reset"),
        quiesce: () => either("quiesce"),
        save() {
          enter("save");
          return null;
        },
        restore: () => enter("restore"),
        deviceTree: () => enter("device-tree"),
      };
    },
  });
}

async function failure(use: () => unknown): Promise<PluginError> {
  try {
    await use();
  } catch (error) {
    return error as PluginError;
  }
  throw new Error("nothing failed");
}

function expectBlame(error: PluginError, plugin: string, phase: PluginPhase, cause: unknown = BUG): void {
  expect(isTraplineError(error, "plugin")).toBe(true);
  expect(error).toMatchObject({ plugin, phase, cause, facts: { subject: plugin } });
  expect(error.message).toBe(`plugin ${plugin} failed in ${phase}: ${(cause as Error).message}`);
}

describe("a plugin that throws while the machine is composed", () => {
  const DEFINED = ["a define", "b define", "c define"];
  const ATTACHED = [...DEFINED, "a attach", "b attach", "c attach"];
  const RESET = [...ATTACHED, "a reset", "b reset", "c reset"];

  //   phase      what happens, up to the last release
  const PHASES: readonly (readonly [PluginPhase, readonly string[]])[] = [
    ["define", ["a define", "b define"]],
    ["attach", [...DEFINED, "a attach", "b attach", "b released", "a released"]],
    ["reset", [...ATTACHED, "a reset", "b reset", "c released", "b released", "a released"]],
    ["start", [...RESET, "a start", "b start", "c released", "b released", "a stop", "a released"]],
  ];

  for (const asynchronously of [false, true]) {
    it.each(PHASES.filter(([phase]) => !asynchronously || phase === "attach" || phase === "start"))(
      `in %s${asynchronously ? ", later" : ""}`,
      async (phase, expected) => {
        const log: string[] = [];
        const plugins = [witness("a", log), witness("b", log, phase, asynchronously), witness("c", log)];
        expectBlame(await failure(() => createMachine({ plugins })), "b", phase);
        expect(log).toEqual(expected);
      },
    );
  }

  it("in load: nothing has been made yet", async () => {
    const log: string[] = [];
    const module = new ContainerModule(() => {
      throw BUG;
    });
    const broken: PluginDefinition = { name: "broken", apiVersion: 1, module };
    expectBlame(await failure(() => createMachine({ plugins: [witness("a", log), broken] })), "broken", "load");
    expect(log).toEqual([]);
  });

  it("lets a second attempt compose: nothing of the first is left", async () => {
    let failing = true;
    const claimer = definePlugin({ name: "claimer", create: (vmm) => ({ attach: (scope) => scope.add(vmm.bus.claim({ name: "x", base: 0, size: 8 }, { read: () => 0, write: () => {} })) }) });
    const moody = definePlugin({ name: "moody", create: () => ({ start: () => { if (failing) throw BUG; } }) });
    expectBlame(await failure(() => createMachine({ plugins: [claimer, moody] })), "moody", "start");
    failing = false;
    await (await createMachine({ plugins: [claimer, moody] })).close();
  });

  it("is blamed also when another plugin's call made it throw", async () => {
    const service = token<{ ask(): void }>("spec/Service");
    const culprit = definePlugin({ name: "culprit", provides: [provide(service, () => ({ ask: () => { throw new PluginError("culprit", "attach", BUG); } }))] });
    const caller = definePlugin({ name: "caller", create: (vmm) => ({ attach: () => vmm.get(service).ask() }) });
    expectBlame(await failure(() => createMachine({ plugins: [culprit, caller] })), "culprit", "attach");
  });

  //   what fails                                 the plugin's services                                                           phase
  it.each<readonly [string, () => PluginDefinition["provides"], PluginPhase]>([
    ["making its vCPU backend", () => [provide(VcpuBackendToken, () => { throw BUG; })], "define"],
    ["making its vCPUs", () => [provide(VcpuBackendToken, () => ({ name: "maker", createVcpus: () => { throw BUG; } }))], "define"],
    ["making its irqchip", () => [provideAlso(IrqchipToken, () => { throw BUG; })], "define"],
  ])("while %s", async (_what, provides, phase) => {
    const log: string[] = [];
    const maker = definePlugin({ name: "maker", provides: provides()! });
    expectBlame(await failure(() => createMachine({ vcpus: 0, plugins: [witness("a", log), maker] })), "maker", phase);
    expect(log.filter((line) => line.endsWith("attach"))).toEqual([]);
  });

  it("while making a service that another plugin asks for: the maker is blamed, not the asker", async () => {
    const service = token<number>("spec/Service");
    const maker = definePlugin({ name: "maker", provides: [provide<number>(service, () => { throw BUG; })] });
    const asker = definePlugin({ name: "asker", create: (vmm) => ({ attach: () => void vmm.get(service) }) });
    expectBlame(await failure(() => createMachine({ plugins: [maker, asker] })), "maker", "define");
  });
});

describe("a plugin that throws while the machine lives", () => {
  async function living(failIn: PluginPhase, use: (machine: Machine, log: string[]) => Promise<void>, first: readonly PluginDefinition[] = []): Promise<void> {
    const log: string[] = [];
    let armed = false;
    // Power-on reset is part of composing; the failure is meant for later.
    const late = witness("b", log, failIn);
    const guarded: PluginDefinition = {
      ...late,
      create(vmm) {
        const plugin = late.create!(vmm) as Required<VmmPlugin>;
        return { ...plugin, reset: (kind) => (armed ? plugin.reset(kind) : undefined) };
      },
    };
    const machine = await createMachine({ plugins: [...first, witness("a", log), guarded, witness("c", log)] });
    armed = true;
    log.length = 0;
    try {
      await use(machine, log);
    } finally {
      await machine.close().catch(() => {});
    }
  }

  it("in reset: the caller is told", () =>
    living("reset", async (machine) => {
      expectBlame(await failure(() => machine.reset("warm")), "b", "reset");
    }));

  it.each<PluginPhase>(["quiesce", "save"])("in %s: the caller is told, and the machine can go on", (phase) =>
    living(phase, async (machine) => {
      expectBlame(await failure(() => machine.save()), "b", phase);
      expect(await machine.run()).toEqual({ reason: "halted" });
    }, [scripted(function* () {})]));

  it("in restore: the caller is told", () =>
    living("restore", async (machine) => {
      const file = await machine.save();
      expectBlame(await failure(() => machine.restore(file)), "b", "restore");
    }));

  it("in device-tree: the caller is told", () =>
    living("device-tree", async (machine) => {
      expectBlame(await failure(() => machine.deviceTree()), "b", "device-tree");
    }));

  it("in stop: everything is released all the same, and then the caller is told", () =>
    living("stop", async (machine, log) => {
      expectBlame(await failure(() => machine.close()), "b", "stop");
      expect(log).toEqual(["c stop", "c released", "b stop", "b released", "a stop", "a released"]);
    }));

  it("in stop, together with another one: both are told", async () => {
    const log: string[] = [];
    const machine = await createMachine({ plugins: [witness("a", log, "stop"), witness("b", log, "stop", true), witness("c", log)] });
    const error = (await failure(() => machine.close())) as unknown as AggregateError;
    expect(error.errors.map((e: PluginError) => [e.plugin, e.phase])).toEqual([["b", "stop"], ["a", "stop"]]);
    expect(error.message).toBe("plugin b failed in stop: bug; plugin a failed in stop: bug");
  });

  it("in what it put into its scope: the rest is released, and the caller is told", async () => {
    const log: string[] = [];
    const leaky = definePlugin({ name: "leaky", create: () => ({ attach: (scope) => scope.add(() => { throw BUG; }) }) });
    const machine = await createMachine({ plugins: [witness("a", log), leaky] });
    const ended: string[] = [];
    machine.trace$.subscribe({ complete: () => ended.push("trace") });
    const error = await failure(() => machine.close());
    expect(error).toMatchObject({ plugin: "leaky", phase: "stop" });
    expect([log.slice(-2), ended]).toEqual([["a stop", "a released"], ["trace"]]);
  });

  it("in a reset that the guest asked for: the run rejects, and later runs are refused until a reset succeeds", async () => {
    let failing = false;
    const moody = definePlugin({ name: "moody", create: () => ({ reset: () => { if (failing) throw BUG; } }) });
    let boots = 0;
    const guest = scripted(function* () {
      boots++;
      if (boots === 1) yield systemReset();
      yield powerOff();
    });
    const machine = await createMachine({ name: "m", plugins: [moody, guest] });
    failing = true;
    expectBlame(await failure(() => machine.run()), "moody", "reset");
    await expect(machine.run()).rejects.toThrow("machine m failed earlier: plugin moody failed in reset: bug; reset it or close it");
    await expect(machine.reset("warm")).rejects.toThrow("plugin moody failed in reset: bug");
    failing = false;
    await machine.reset("power-on");
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    await machine.close();
  });

  it("in a reset that a device asked for is not an unhandled rejection either", async () => {
    let failing = false;
    const watchdog = definePlugin({
      name: "watchdog",
      create: (vmm) => ({
        attach: (scope) => scope.add(vmm.bus.claim({ name: "watchdog", base: 0, size: 8 }, { read: () => 0, write: () => vmm.requestReset() })),
        reset: () => { if (failing) throw BUG; },
      }),
    });
    const machine = await createMachine({ plugins: [watchdog, scripted(function* () { yield write32(0, 1); for (;;) yield write32(0, 1); })] });
    failing = true;
    expectBlame(await failure(() => machine.run()), "watchdog", "reset");
    machine.bus.write(0, 4, 1, -1); // from the host, while nothing runs
    await machine.close();
  });

  it("as a backend whose teardown throws: the machine closes all the same", async () => {
    const base = scripted(function* () {}).provides![0] as unknown as { make: (vmm: unknown) => { name: string; createVcpus: (scope: unknown) => never } };
    const clumsy = definePlugin({
      name: "clumsy",
      provides: [provide(VcpuBackendToken, (vmm) => ({
        name: "clumsy",
        createVcpus(scope) {
          scope.add(() => { throw BUG; });
          return base.make(vmm).createVcpus(scope);
        },
      }))],
    });
    const machine = await createMachine({ plugins: [clumsy] });
    const ended: string[] = [];
    machine.trace$.subscribe({ complete: () => ended.push("trace") });
    machine.errors$.subscribe({ complete: () => ended.push("errors") });
    const error = await failure(() => machine.close());
    expect([error.plugin, error.phase, ended]).toEqual(["clumsy", "stop", ["trace", "errors"]]);
  });
});

describe("whatever a plugin throws", () => {
  it.each([["a string", "went wrong", "went wrong"], ["nothing", undefined, "undefined"], ["an object without a prototype", Object.create(null) as unknown, "a value that cannot be printed"]])(
    "%s, the machine says who and when",
    async (_what, thrown, text) => {
      const config: MachineConfig = { plugins: [definePlugin({ name: "odd", create: () => ({ attach: () => { throw thrown; } }) })] };
      expect((await failure(() => createMachine(config))).message).toBe(`plugin odd failed in attach: ${text}`);
    },
  );
});
