/** Turns, slices, idling and sleeping, on machines of scripted vCPUs. No test sleeps: host time is only waited for where it is faked. */
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HostClock } from "../clock/host-clock.ts";
import {
  compute,
  createMachine,
  definePlugin,
  DELIVERED,
  type GuestCode,
  HIGH,
  IRQ_LINE,
  type Irqchip,
  IrqchipToken,
  irqchipWires,
  type Machine,
  type MachineConfig,
  type PluginDefinition,
  powerOff,
  provideAlso,
  read32,
  scripted,
  ScriptedVcpu,
  toJsonLine,
  type Vmm,
  wfi,
  WireOrder,
  write32,
} from "../index.ts";
import { GuestMemory } from "../memory/guest-memory.ts";
import { RunLoop } from "./run-loop.ts";

const DEVICE = 0x0900_0000;
const TIMER = 0x0900_1000;

/** Writes are logged as "vcpu:value", reads are answered with 1. */
function logger(log: string[]): PluginDefinition {
  return definePlugin({
    name: "logger",
    create: (vmm) => ({
      attach: (scope) => scope.add(vmm.bus.claim({ name: "logger", base: DEVICE, size: 8 }, { read: () => 1, write: (_o, _w, value, vcpu) => void log.push(`${vcpu}:${value}`) })),
    }),
  });
}

/** A write of n arms a timer n ns ahead; when it fires, IRQ of the vCPU that asked goes high; a read lowers it. */
function oneShot(): PluginDefinition {
  return definePlugin({
    name: "one-shot",
    create(vmm) {
      const timers = vmm.vcpus.map((vcpu) => vmm.clock.timer(`one-shot ${vcpu.id}`, () => vcpu.setLine(IRQ_LINE, true)));
      return {
        attach: (scope) =>
          scope.add(
            vmm.bus.claim({ name: "one-shot", base: TIMER, size: 8 }, {
              read(_offset, _width, vcpu) {
                vmm.vcpus[vcpu]!.setLine(IRQ_LINE, false);
                return 0;
              },
              write: (_offset, _width, value, vcpu) => timers[vcpu]!.armAt(vmm.clock.nowNs() + Number(value)),
            }),
          ),
        save: () => timers.map((timer) => timer.save()),
        restore: (state) => {
          for (const [n, saved] of (state as ReturnType<typeof timers[number]["save"]>[]).entries()) timers[n]!.restore(saved);
        },
      };
    },
  });
}

/** A plugin that hands out its view of the machine. */
function keyhole(): { readonly plugin: PluginDefinition; readonly vmm: () => Vmm } {
  let seen: Vmm | undefined;
  return { plugin: definePlugin({ name: "keyhole", create: (vmm) => void (seen = vmm) }), vmm: () => seen! };
}

async function withMachine(config: MachineConfig, use: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = await createMachine(config);
  try {
    await use(machine);
  } finally {
    await machine.close();
  }
}

const counting = (to: number) =>
  function* (): GuestCode {
    for (let n = 1; n <= to; n++) yield write32(DEVICE, n);
  };

/** Lets the host's event loop go round. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  it.each([
    [1, "0:1 1:1 2:1 0:2 1:2 2:2 0:3 1:3 2:3"],
    [2, "0:1 0:2 1:1 1:2 2:1 2:2 0:3 1:3 2:3"],
    [3, "0:1 0:2 0:3 1:1 1:2 1:3 2:1 2:2 2:3"],
  ])("of %d instructions go round in the order of the vCPUs", async (quantum, expected) => {
    const log: string[] = [];
    await withMachine({ vcpus: 3, quantum, plugins: [logger(log), scripted(counting(3), counting(3), counting(3))] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "halted" });
      expect(log.join(" ")).toBe(expected);
    });
  });

  it("leave out vCPUs that wait or are off", async () => {
    const log: string[] = [];
    const sleepy = function* (): GuestCode {
      yield write32(DEVICE, 1);
      yield wfi();
      yield write32(DEVICE, 2);
    };
    await withMachine({ vcpus: 4, quantum: 1, plugins: [logger(log), scripted(sleepy, counting(3), function* () {})] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "idle" });
      expect(log.join(" ")).toBe("0:1 1:1 1:2 1:3");
    });
  });

  it("end at a timer's deadline, so that no vCPU runs past what another waits for", async () => {
    const log: string[] = [];
    const waiter = function* (): GuestCode {
      yield write32(TIMER, 10);
      yield wfi();
      yield write32(DEVICE, 100);
      yield powerOff();
    };
    const busy = function* (): GuestCode {
      for (let n = 1; ; n++) yield write32(DEVICE, n);
    };
    await withMachine({ vcpus: 2, plugins: [logger(log), oneShot(), scripted(waiter, busy)] }, async (machine) => {
      await machine.run();
      // Armed at 1 ns for 11 ns; WFI takes until 2, then vcpu1 has 9 instructions before vcpu0 runs again.
      expect(log.join(" ")).toBe("1:1 1:2 1:3 1:4 1:5 1:6 1:7 1:8 1:9 0:100");
    });
  });

  it("stop at once when the machine is switched off: later vCPUs do not run", async () => {
    const log: string[] = [];
    await withMachine({ vcpus: 2, plugins: [logger(log), scripted(function* () { yield powerOff(5); }, counting(3))] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "power-off", vcpu: 0, status: 5 });
      expect(log).toEqual([]);
    });
  });

  it("give the host's event loop its turn, however busy the guest is", async () => {
    await withMachine({ plugins: [scripted(function* () { for (;;) yield compute(1000); })] }, async (machine) => {
      const run = machine.run();
      setImmediate(() => machine.stop());
      expect(await run).toEqual({ reason: "stopped" });
    });
  });
});

/** A guest of several vCPUs that compute, write and sleep in a rhythm of their own. */
function orchestra(seed: readonly number[]): MachineConfig {
  const player = (pace: number) =>
    function* (): GuestCode {
      for (let n = 1; n <= 6; n++) {
        yield write32(DEVICE, n);
        yield compute(pace);
        if (n % 3 === 0) {
          yield write32(TIMER, pace);
          yield wfi();
          yield read32(TIMER);
        }
      }
    };
  return { vcpus: seed.length, quantum: 7, plugins: [logger([]), oneShot(), scripted(...seed.map(player))] };
}

const paces = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });

async function traced(machine: Machine, run: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const tap = machine.trace$.subscribe((event) => lines.push(toJsonLine(event)));
  await run();
  tap.unsubscribe();
  return lines;
}

describe("a run in steps", () => {
  it("lets every vCPU have its turn, however small the steps", async () => {
    const log: string[] = [];
    await withMachine({ vcpus: 2, plugins: [logger(log), scripted(function* () { for (;;) yield compute(1); }, counting(3))], quantum: 10 }, async (machine) => {
      for (let untilNs = 1; untilNs <= 40; untilNs++) await machine.run({ untilNs });
      expect(log).toEqual(["1:1", "1:2", "1:3"]);
    });
  });

  it("is the run in one go: same events, same numbers, same times", async () => {
    await fc.assert(
      fc.asyncProperty(paces, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 }), async (seed, steps) => {
        const whole = await createMachine(orchestra(seed));
        const expected = await traced(whole, () => whole.run());
        await whole.close();
        const stepped = await createMachine(orchestra(seed));
        const lines = await traced(stepped, async () => {
          let untilNs = 0;
          for (const step of steps) await stepped.run({ untilNs: (untilNs += step) });
          await stepped.run();
        });
        await stepped.close();
        expect(lines).toEqual(expected);
      }),
      // Ends a step while everybody sleeps, so that an idle machine is asked once more than in one go.
      { numRuns: 60, examples: [[[8, 17], [58, 57]]] },
    );
  });

  it("has the same turns however often the event loop has its own", async () => {
    const property = fc.asyncProperty(paces, async (seed) => {
      const slow = { ...orchestra(seed.map((pace) => 300 * pace)), quantum: 5000 }; // so that slices are cut short while a turn is due
      const traces: string[][] = [];
      for (const msAQuestion of [0, 3, 100]) {
        let nowMs = 0;
        const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += msAQuestion));
        try {
          await withMachine(slow, async (machine) => void traces.push(await traced(machine, () => machine.run())));
        } finally {
          clock.mockRestore();
        }
      }
      expect(traces[1]).toEqual(traces[0]);
      expect(traces[2]).toEqual(traces[0]);
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("may be stopped, saved and restored into another machine anywhere, and goes on as if nothing had been", async () => {
    await fc.assert(
      fc.asyncProperty(paces, fc.integer({ min: 1, max: 250 }), async (seed, untilNs) => {
        const whole = await createMachine(orchestra(seed));
        const expected = await traced(whole, () => whole.run());
        await whole.close();
        const first = await createMachine(orchestra(seed));
        const before = await traced(first, () => first.run({ untilNs }));
        const file = await first.save();
        await first.close();
        const second = await createMachine(orchestra(seed));
        await second.restore(file);
        const after = await traced(second, () => second.run());
        await second.close();
        expect([...before, ...after]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("is not bent by somebody who only looks: saving between instructions changes no turn", async () => {
    const reference = await createMachine(orchestra([3, 5, 8]));
    const expected = await traced(reference, () => reference.run());
    await reference.close();
    const watched = await createMachine(orchestra([3, 5, 8]));
    const lines = await traced(watched, async () => {
      const run = watched.run();
      for (let n = 0; n < 5; n++) await watched.save();
      await run;
    });
    await watched.close();
    expect(lines).toEqual(expected);
  });
});

describe("when every vCPU waits", () => {
  const sleeper = function* (): GuestCode {
    yield write32(TIMER, 1_000_000);
    yield wfi();
    yield powerOff();
  };

  it("virtual time jumps to the next deadline", async () => {
    await withMachine({ plugins: [oneShot(), scripted(sleeper)] }, async (machine) => {
      expect(await machine.run()).toMatchObject({ reason: "power-off" });
      expect(machine.clock.nowNs()).toBe(1 + 1_000_000 + 1);
      expect(machine.vcpus[0]!.retired).toBe(3);
    });
  });

  it("jumps no further than untilNs, and goes on from there", async () => {
    await withMachine({ plugins: [oneShot(), scripted(sleeper)] }, async (machine) => {
      expect([await machine.run({ untilNs: 5000 }), machine.clock.nowNs()]).toEqual([{ reason: "until" }, 5000]);
      expect(await machine.run()).toMatchObject({ reason: "power-off" });
    });
  });

  it("and nothing can wake them, the run ends: idle, or halted when all are off", async () => {
    await withMachine({ vcpus: 2, plugins: [scripted(function* () { yield wfi(); })] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "idle" });
    });
    await withMachine({ vcpus: 2, plugins: [scripted(function* () { yield compute(1); })] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "halted" });
    });
  });

  it("or off, a timer that ticks for ever keeps no run alive", async () => {
    const ticking = definePlugin({
      name: "ticking",
      create(vmm) {
        const timer = vmm.clock.timer("tick", () => timer.armAt(vmm.clock.nowNs() + 100));
        return { reset: () => timer.armAt(100) };
      },
    });
    await withMachine({ plugins: [ticking, scripted(function* () { yield compute(250); })] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "halted" });
    });
  });
});

describe("a machine held awake for the outside", () => {
  const waiting = function* (): GuestCode {
    yield wfi();
    yield powerOff(1);
  };

  it("sleeps instead of ending, and goes on when it is woken", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, scripted(waiting)] }, async (machine) => {
      const release = vmm().hold();
      let ended = false;
      const run = machine.run().finally(() => (ended = true));
      await turn();
      expect(ended).toBe(false);
      vmm().wake(); // for nothing
      await turn();
      expect(ended).toBe(false);
      vmm().vcpus[0]!.setLine(IRQ_LINE, true);
      vmm().wake();
      expect(await run).toEqual({ reason: "power-off", vcpu: 0, status: 1 });
      release();
    });
  });

  it("is woken by an interrupt line, whoever drives it", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, direct(), scripted(waiting)] }, async (machine) => {
      vmm().hold();
      const run = machine.run();
      await turn();
      machine.router.line(0, "button").set(true);
      expect(await run).toEqual({ reason: "power-off", vcpu: 0, status: 1 });
    });
  });

  it("ends as idle when the last hold is released; releasing twice counts once", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, scripted(waiting)] }, async (machine) => {
      const [first, second] = [vmm().hold(), vmm().hold()];
      let ended = false;
      const run = machine.run().finally(() => (ended = true));
      await turn();
      first();
      first();
      await turn();
      expect(ended).toBe(false);
      second();
      expect(await run).toEqual({ reason: "idle" });
    });
  });

  it.each<readonly [string, (machine: Machine, controller: AbortController) => unknown]>([
    ["stop", (machine) => machine.stop()],
    ["an AbortSignal", (_machine, controller) => controller.abort()],
    ["close", (machine) => machine.close()],
  ])("wakes up for %s", async (_what, end) => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, scripted(waiting)] }, async (machine) => {
      const controller = new AbortController();
      vmm().hold();
      const run = machine.run({ signal: controller.signal });
      await turn();
      end(machine, controller);
      expect(await run).toEqual({ reason: "stopped" });
    });
  });

  it("is saved while it sleeps", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, scripted(waiting)] }, async (machine) => {
      vmm().hold();
      const run = machine.run();
      await turn();
      expect((await machine.save()).length).toBeGreaterThan(0);
      machine.stop();
      expect(await run).toEqual({ reason: "stopped" });
    });
  });

  it("still jumps over idle while timers are armed", async () => {
    const { plugin, vmm } = keyhole();
    await withMachine({ plugins: [plugin, oneShot(), scripted(function* () { yield write32(TIMER, 500); yield wfi(); yield powerOff(); })] }, async (machine) => {
      vmm().hold();
      expect(await machine.run()).toMatchObject({ reason: "power-off" });
    });
  });
});

describe("on host time", () => {
  afterEach(() => void vi.useRealTimers());

  /** A loop whose monotonic clock and sleep are the test's. */
  function hosted(program: () => GuestCode): { readonly loop: RunLoop; readonly clock: HostClock; readonly vcpu: ScriptedVcpu; readonly advance: (ms: number) => Promise<void> } {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let nowMs = 1000;
    const clock = new HostClock(() => nowMs);
    const order = new WireOrder(() => clock.nowNs());
    const vcpu = new ScriptedVcpu(0, { main: program }, order, new GuestMemory(order, []), clock);
    vcpu.reset();
    const loop = new RunLoop(clock);
    loop.vcpus = [vcpu];
    return {
      loop,
      clock,
      vcpu,
      async advance(ms) {
        nowMs += ms;
        await vi.advanceTimersByTimeAsync(ms);
        // Where the computer is busy the loop may be giving way to the event loop, which takes a turn.
        for (let turns = 0; turns < 3; turns++) await turn();
      },
    };
  }
  const sleeper = function* (): GuestCode {
    yield wfi();
  };

  it("sleeps until the next deadline", async () => {
    const { loop, clock, vcpu, advance } = hosted(sleeper);
    clock.timer("alarm", () => vcpu.setLine(IRQ_LINE, true)).armAt(50e6);
    let end: string | undefined;
    void loop.run(Infinity).then((reason) => (end = reason));
    await advance(49);
    expect([end, vcpu.runnable]).toEqual([undefined, false]);
    await advance(1);
    expect([end, vcpu.off]).toEqual(["halted", true]);
  });

  it("sleeps until untilNs when that comes first", async () => {
    const { loop, clock, advance } = hosted(sleeper);
    clock.timer("alarm", () => {}).armAt(50e6);
    let end: string | undefined;
    void loop.run(20e6).then((reason) => (end = reason));
    await advance(19);
    expect(end).toBeUndefined();
    await advance(1);
    expect([end, clock.nowNs()]).toEqual(["until", 20e6]);
  });

  it("naps where a timer of the host would be too coarse, and lets the event loop have its turn between", async () => {
    const { loop, clock, vcpu, advance } = hosted(sleeper);
    clock.timer("alarm", () => vcpu.setLine(IRQ_LINE, true)).armAt(1.5e6);
    let end: string | undefined;
    void loop.run(Infinity).then((reason) => (end = reason));
    await advance(1.4);
    expect([end, vi.getTimerCount()]).toEqual([undefined, 0]);
    await advance(0.1);
    expect(end).toBe("halted");
  });

  it("does not nap while another loop of the process runs, which it would hold up", async () => {
    const both = [hosted(sleeper), hosted(sleeper)];
    const ends = both.map(({ loop, clock, vcpu }) => {
      clock.timer("alarm", () => vcpu.setLine(IRQ_LINE, true)).armAt(1.5e6);
      return loop.run(Infinity);
    });
    await turn();
    await turn();
    expect(vi.getTimerCount()).toBe(2);
    for (const { advance } of both) await advance(2);
    expect(await Promise.all(ends)).toEqual(["halted", "halted"]);
  });

  it("ends as idle when no timer is armed and nothing is held", async () => {
    const { loop } = hosted(sleeper);
    expect(await loop.run(Infinity)).toBe("idle");
  });

  it("sleeps through deadlines beyond what a host timer can wait", async () => {
    const { loop, clock, vcpu, advance } = hosted(sleeper);
    const farMs = 2 ** 31 + 1000;
    clock.timer("alarm", () => vcpu.setLine(IRQ_LINE, true)).armAt(farMs * 1e6);
    let end: string | undefined;
    void loop.run(Infinity).then((reason) => (end = reason));
    await advance(2 ** 31 - 1);
    expect(end).toBeUndefined();
    await advance(1001);
    expect(end).toBe("halted");
  });
});

describe("tasks between instructions", () => {
  it("run at once while nothing runs, in order", async () => {
    const loop = new RunLoop(new HostClock());
    const log: number[] = [];
    await Promise.all([1, 2, 3].map((n) => loop.between(async () => {
      await Promise.resolve();
      log.push(n);
    })));
    expect(log).toEqual([1, 2, 3]);
  });

  it("hold every vCPU until they are done, asynchronous ones too", async () => {
    const log: string[] = [];
    const asking: { machine?: Machine; saved?: Promise<unknown> } = {};
    const slow = definePlugin({ name: "slow", create: () => ({
      async quiesce() {
        log.push("quiesce begins");
        await turn();
        log.push("quiesce ends");
      },
    }) });
    const asker = definePlugin({ name: "asker", create: (vmm) => ({
      attach: (scope) => scope.add(vmm.bus.claim({ name: "asker", base: TIMER, size: 8 }, { read: () => 0, write: () => void (asking.saved = asking.machine!.save()) })),
    }) });
    const guest = function* (): GuestCode {
      yield write32(TIMER, 0);
      yield write32(DEVICE, 1);
    };
    await withMachine({ plugins: [slow, asker, logger(log), scripted(guest)] }, async (machine) => {
      asking.machine = machine;
      await machine.run();
      await asking.saved;
      expect(log).toEqual(["quiesce begins", "quiesce ends", "0:1"]);
    });
  });

  it("that are under way keep a run from beginning", async () => {
    const log: string[] = [];
    const loop = new RunLoop(new HostClock());
    const task = loop.between(async () => {
      await turn();
      log.push("task done");
    });
    expect(await loop.run(Infinity)).toBe("idle");
    log.push("run done");
    await task;
    expect(log.slice(-2)).toEqual(["task done", "run done"]);
  });

  it("that fail reject their own promise and nothing else", async () => {
    const loop = new RunLoop(new HostClock());
    const failing = loop.between(() => {
      throw new Error("task bug");
    });
    const fine = loop.between(() => 7);
    await expect(failing).rejects.toThrow("task bug");
    expect(await fine).toBe(7);
  });
});

/** The smallest irqchip there is: pin 0 is IRQ of vcpu0. */
function direct(): PluginDefinition {
  return definePlugin({
    name: "direct",
    provides: [
      provideAlso(IrqchipToken, (vmm): Irqchip => {
        const wires = irqchipWires(vmm.order, "direct");
        const chip: Irqchip = {
          ...wires,
          name: "direct",
          pinCount: 1,
          capabilities: { msi: false, completions: false, synchronous: true },
          describePin: (pin) => `input ${pin}`,
          peekPin: () => undefined,
          reset: () => {},
          save: () => null,
          restore: () => {},
        };
        chip.pins$.own("direct", (_pin, signal) => {
          chip.vcpuLines$.emit(0, IRQ_LINE, signal === HIGH);
          return DELIVERED;
        });
        return chip;
      }),
    ],
  });
}
