/** Saving and restoring whole machines: what comes back, what is refused, and that a refused file changes nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compileRegisters,
  compute,
  createMachine,
  definePlugin,
  type Machine,
  type MachineConfig,
  type PlainData,
  type PluginDefinition,
  powerOff,
  read32,
  RegisterFrame,
  scripted,
  SnapshotError,
  toJsonLine,
  type TraceEvent,
  write32,
} from "../index.ts";
import { fromJson, toJson } from "./plain-codec.ts";
import { decodeSnapshot, encodeSnapshot, snapshotShape } from "./snapshot-file.ts";

const RAM = 0x4000_0000;
const COUNTER = 0x0900_0000;

/** A device with a register, a timer and 64-bit state: counts its own expiries. */
class Counter {
  value = 0;
  big = 0x1234_5678_9abc_def0n;
}

const counterRegisters = compileRegisters<Counter>("COUNTER", 0x1000, [
  { name: "VALUE", offset: 0, access: "RW", read: (c) => c.value, write: (c, v) => { c.value = Number(v); } },
]);

function counter(options: { readonly fingerprint?: PlainData; readonly stateVersion?: number; readonly failRestore?: boolean } = {}): PluginDefinition {
  return definePlugin({
    name: "counter",
    fingerprint: options.fingerprint ?? null,
    create(vmm) {
      const device = new Counter();
      const timer = vmm.clock.timer("counter", () => {
        device.value++;
        timer.armAt(vmm.clock.nowNs() + 100);
      });
      return {
        stateVersion: options.stateVersion ?? 1,
        attach: (scope) => scope.add(vmm.bus.claim({ name: "counter", base: COUNTER, size: 0x1000 }, new RegisterFrame(device, counterRegisters))),
        reset() {
          device.value = 0;
          timer.armAt(100);
        },
        save: () => ({ value: device.value, big: device.big, timer: timer.save() }),
        restore(state) {
          if (options.failRestore) throw new Error("this device cannot");
          const saved = state as { value: number; big: bigint; timer: ReturnType<typeof timer.save> };
          device.value = saved.value;
          device.big = saved.big;
          timer.restore(saved.timer);
        },
      };
    },
  });
}

function config(overrides: Partial<MachineConfig> & { readonly counter?: PluginDefinition } = {}): MachineConfig {
  const { counter: device = counter(), ...rest } = overrides;
  const guest = scripted(function* () {
    for (let n = 0; n < 40; n++) {
      const value = yield* read32(COUNTER);
      yield write32(RAM + 4 * n, value + n);
      yield compute(37);
    }
    yield powerOff(7);
  });
  return { memory: [{ base: RAM, size: 0x10_0000 }], plugins: [guest, device], ...rest };
}

async function traceToEnd(machine: Machine): Promise<string[]> {
  const lines: string[] = [];
  const tap = machine.trace$.subscribe((event: TraceEvent) => lines.push(toJsonLine(event)));
  const result = await machine.run();
  tap.unsubscribe();
  expect(result).toEqual({ reason: "power-off", vcpu: 0, status: 7 });
  return lines;
}

describe("a saved machine", () => {
  it("continues identically in another one, wherever it was taken", async () => {
    const whole = await createMachine(config());
    const reference = await traceToEnd(whole);
    const memory = whole.memory.copyOut(RAM, 0x1000)!;
    await whole.close();

    for (const untilNs of [1, 38, 39, 100, 101, 555, 1500]) {
      const first = await createMachine(config());
      const before: string[] = [];
      first.trace$.subscribe((event) => before.push(toJsonLine(event)));
      expect(await first.run({ untilNs })).toEqual({ reason: "until" });
      const file = await first.save();
      await first.close();

      const second = await createMachine(config());
      await second.restore(file);
      const after = await traceToEnd(second);
      expect(second.memory.copyOut(RAM, 0x1000)).toEqual(memory);
      await second.close();
      expect([...before.filter((line) => !line.includes('"kind":"machine"')), ...after]).toEqual(reference);
    }
  });

  it("can be taken while the machine runs, and does not disturb it", async () => {
    const machine = await createMachine(config({ quantum: 5 }));
    const running = traceToEnd(machine);
    const file = await machine.save();
    const undisturbed = await running;
    await machine.close();
    const reference = await createMachine(config({ quantum: 5 }));
    expect(await traceToEnd(reference)).toEqual(undisturbed);
    await reference.close();
    expect((await decodeSnapshot(file)).shape.plugins.map(({ name }) => name)).toEqual(["scripted", "counter"]);
  });

  it("holds only the memory that is not zero", async () => {
    const machine = await createMachine(config({ memory: [{ base: RAM, size: 0x800_0000 }] }));
    machine.memory.copyIn(RAM + 0x700_0123, Uint8Array.of(1, 2, 3));
    const file = await machine.save();
    expect(file.length).toBeLessThan(0x1000);
    machine.memory.clear();
    await machine.restore(file);
    expect(machine.memory.copyOut(RAM + 0x700_0122, 5)).toEqual(Uint8Array.of(0, 1, 2, 3, 0));
    await machine.close();
  });
});

describe("a snapshot that does not fit is refused with the reason", () => {
  //                what is different here                                          what the message says
  const REFUSALS: readonly (readonly [string, Parameters<typeof config>[0], RegExp])[] = [
    ["another number of vCPUs", { vcpus: 2 }, /vCPUs \(affinities\): \[0\] was saved, \[0,1\] is here/],
    ["other memory", { memory: [{ base: RAM, size: 0x20_0000 }] }, /memory: .*"size":1048576.* was saved, .*"size":2097152.* is here/],
    ["another clock", { clock: { kind: "host" } }, /clock: "virtual" was saved, "host" is here/],
    ["another version of a plugin's state", { counter: counter({ stateVersion: 2 }) }, /state version of counter: 1 was saved, 2 is here/],
    ["another configuration of a plugin", { counter: counter({ fingerprint: { gsi: 3 } }) }, /configuration of counter: null was saved, \{"gsi":3\} is here/],
    ["a plugin too many", { plugins: [...config().plugins, definePlugin({ name: "extra", create: () => {} })] }, /plugins: \["scripted","counter"\] was saved/],
  ];

  it.each(REFUSALS)("%s", async (_what, overrides, message) => {
    const saved = await createMachine(config());
    const file = await saved.save();
    await saved.close();
    const other = await createMachine(config(overrides));
    await expect(other.restore(file)).rejects.toThrow(message);
    await expect(other.restore(file)).rejects.toMatchObject({ kind: "snapshot", facts: { remedy: expect.stringContaining("compose") as string } });
    await other.close();
  });

  it("and a plugin that fails to restore leaves everything as it was", async () => {
    const saved = await createMachine(config());
    await saved.run({ untilNs: 700 });
    const file = await saved.save();
    await saved.close();

    let failing = true;
    const fragile = definePlugin({
      name: "fragile",
      create: () => ({
        save: () => 1,
        restore() {
          if (failing) throw new Error("not today");
        },
      }),
    });
    const withFragile = (): MachineConfig => ({ ...config(), plugins: [...config().plugins, fragile] });
    const source = await createMachine(withFragile());
    await source.run({ untilNs: 700 });
    const good = await source.save();
    await source.close();

    const target = await createMachine(withFragile());
    await target.run({ untilNs: 300 });
    const before = await target.save();
    failing = true;
    await expect(target.restore(good)).rejects.toMatchObject({ kind: "plugin", plugin: "fragile", phase: "restore" });
    expect(target.clock.nowNs()).toBe(300);
    failing = false;
    expect(await target.save()).toEqual(before);
    await target.close();
    expect(file.length).toBeGreaterThan(0);
  });
});

describe("the file", () => {
  const shape = { apiVersion: 1, clock: "virtual", vcpus: [], backend: null, memory: [], irqchips: [], plugins: [] };
  const empty = { shape, state: { a: 1n, b: Uint8Array.of(1, 2), $c: "x" } as PlainData, memory: { index: [], bytes: new Uint8Array(0) } };

  it("round-trips", async () => {
    expect(await decodeSnapshot(await encodeSnapshot(empty))).toEqual(empty);
  });

  it("round-trips memory of several pieces", async () => {
    const bytes = new Uint8Array(0x50_0000).map((_, n) => n >> 10);
    const memory = { index: [{ region: "ram", runs: [[0, 0x500]] as [number, number][], fills: [] }], bytes };
    const { memory: back } = await decodeSnapshot(await encodeSnapshot({ ...empty, memory }));
    expect([back.index, Buffer.compare(back.bytes, bytes)]).toEqual([memory.index, 0]);
  });

  it("tells what machine it is of without unpacking memory", async () => {
    const file = await encodeSnapshot(empty);
    expect(await snapshotShape(file)).toEqual(shape);
  });

  it("unpacks to no more than its header says", async () => {
    const bytes = new Uint8Array(0x1000);
    const large = await encodeSnapshot({ ...empty, memory: { index: [{ region: "ram", runs: [[0, 1]], fills: [] }], bytes } });
    const small = await encodeSnapshot({ ...empty, memory: { index: [{ region: "ram", runs: [[0, 1]], fills: [] }], bytes: bytes.subarray(1) } });
    const piece = (file: Uint8Array): number => 16 + new DataView(file.buffer).getUint32(12, true);
    const forged = new Uint8Array([...small.subarray(0, piece(small)), ...large.subarray(piece(large))]);
    await expect(decodeSnapshot(forged)).rejects.toThrow(/damaged: .*4095 bytes/);
  });

  it.each([
    ["no bytes", () => new Uint8Array(0), /no saved machine/],
    ["another kind of file", () => new TextEncoder().encode("#!/bin/sh\necho hello"), /no saved machine/],
    ["a format of the future", (file: Uint8Array) => file.with(8, 9), /format 9, this Trapline reads format 2/],
    ["a cut file", (file: Uint8Array) => file.subarray(0, file.length - 5), /damaged/],
    ["more behind its end", (file: Uint8Array) => new Uint8Array([...file, 0, 0, 0, 0]), /damaged: pieces of memory are missing/],
    ["a flipped bit", (file: Uint8Array) => file.with(file.length >> 1, file[file.length >> 1]! ^ 4), /damaged/],
  ] as const)("refuses %s", async (_what, damage, message) => {
    const file = damage(await encodeSnapshot(empty));
    await expect(decodeSnapshot(file)).rejects.toThrow(message);
    await expect(decodeSnapshot(file)).rejects.toBeInstanceOf(SnapshotError);
  });

  it("never throws anything but SnapshotError, whatever the bytes", async () => {
    const good = await encodeSnapshot(empty);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.nat(good.length), async (noise, at) => {
        const file = new Uint8Array([...good.subarray(0, at), ...noise, ...good.subarray(at + noise.length)]);
        await decodeSnapshot(file).catch((error: unknown) => expect(error).toBeInstanceOf(SnapshotError));
      }),
      { numRuns: 200 },
    );
  });
});

describe("plain data as JSON", () => {
  const plain = fc.letrec<{ value: PlainData }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.string(),
      fc.bigInt(),
      fc.uint8Array(),
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value")),
    ) as fc.Arbitrary<PlainData>,
  })).value;

  it("keeps a key named __proto__", () => {
    const data = JSON.parse('{"__proto__":{"$x":1}}') as PlainData;
    expect(JSON.stringify(fromJson(JSON.parse(JSON.stringify(toJson(data)))))).toBe('{"__proto__":{"$x":1}}');
  });

  it("round-trips everything, keys that start with $ and numbers JSON lacks included", () => {
    fc.assert(
      fc.property(plain, (data) => {
        const back = fromJson(JSON.parse(JSON.stringify(toJson(data))));
        expect(back).toEqual(normalise(data));
      }),
    );
  });

  /** JSON has no −0. */
  function normalise(data: PlainData): PlainData {
    if (Object.is(data, -0)) return 0;
    if (typeof data !== "object" || data === null || data instanceof Uint8Array) return data;
    if (Array.isArray(data)) return data.map(normalise);
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, normalise(value as PlainData)]));
  }
});
