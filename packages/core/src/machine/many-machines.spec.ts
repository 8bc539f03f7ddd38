/** Many machines in one process: they share nothing, and nothing of one remains after `close`. */
import { Container } from "inversify";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createMachine, definePlugin, type Machine, type MachineConfig, powerOff, read32, scripted, token, toJsonLine, write32 } from "../index.ts";

const DEVICE = 0x0900_0000;
const RAM = 0x4000_0000;
const SharedToken = token<{ readonly name: string }>("spec/Shared");

/** A machine with a device, RAM, a timer and a guest that touches all of them. */
function config(start: number): MachineConfig {
  const counter = definePlugin({
    name: "counter",
    create(vmm) {
      let value = start;
      const timer = vmm.clock.timer("tick", () => value++);
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name: "counter", base: DEVICE, size: 8 }, { read: () => value, write: (_o, _w, v) => void (value = Number(v)) })),
        reset: () => timer.armAt(2),
      };
    },
  });
  const guest = scripted(function* () {
    const value = yield* read32(DEVICE);
    yield write32(RAM, value);
    const later = yield* read32(DEVICE);
    yield powerOff(later);
  });
  return { name: `m${start}`, memory: [{ base: RAM, size: 0x1000 }], plugins: [counter, guest] };
}

describe("two machines", () => {
  it("share neither addresses nor state, time nor numbers, even when they run in turns", async () => {
    const machines = await Promise.all([createMachine(config(10)), createMachine(config(20))]);
    const traces = machines.map((machine) => {
      const lines: string[] = [];
      machine.trace$.subscribe((event) => lines.push(toJsonLine(event)));
      return lines;
    });
    const step = async (machine: Machine, untilNs: number): Promise<string> => (await machine.run({ untilNs })).reason;
    expect([await step(machines[0]!, 1), await step(machines[1]!, 3), await step(machines[0]!, 100), await step(machines[1]!, 100)]).toEqual(["until", "until", "power-off", "power-off"]);
    expect(machines.map((machine) => machine.memory.read(RAM, 4))).toEqual([10, 20]);
    expect(traces[0]!.map((line) => line.replaceAll("10", "20").replaceAll("11", "21"))).toEqual(traces[1]);
    await machines[0].close();
    expect(machines[1].bus.read(DEVICE, 4, -1)).toBe(21); // the other one is not touched
    await machines[1].close();
  });

  it("give the same trace, byte for byte", async () => {
    const traces: string[] = [];
    for (let n = 0; n < 2; n++) {
      const machine = await createMachine(config(5));
      machine.trace$.subscribe((event) => (traces[n] = `${traces[n] ?? ""}${toJsonLine(event)}\n`));
      await machine.run();
      await machine.close();
    }
    expect(traces[0]).toBe(traces[1]);
    expect(traces[0]).toContain('"kind":"access"');
  });
});

describe("hundreds of machines, created, run and closed", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;

  async function heapAfter(machines: number, parent?: Container): Promise<number> {
    for (let n = 0; n < machines; n++) {
      const machine = await createMachine({ ...config(n), ...(parent === undefined ? {} : { parent }) });
      machine.trace$.subscribe(() => {});
      machine.errors$.subscribe(() => {});
      await machine.run();
      await machine.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    return process.memoryUsage().heapUsed;
  }

  it.each([["on their own", undefined], ["with one parent container", new Container()]])("%s leave nothing behind", async (_how, parent) => {
    parent?.bind(SharedToken).toConstantValue({ name: "shared" });
    const before = await heapAfter(50, parent);
    const after = await heapAfter(200, parent);
    // A machine takes some 100 KiB while it lives; what a process collects by itself (code, caches) is far below 4 KiB each.
    expect((after - before) / 200).toBeLessThan(4096);
  });
});
