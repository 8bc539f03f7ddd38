/** Device status, negotiation, queue registers and configuration, without a transport's addresses (virtio 1.2, 2.1 … 2.4, 3.1). */
import { GuestMemory, type PlainData, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { EchoDevice } from "../testing/echo-device.fixture.ts";
import { DEVICE_AREA, DRIVER_AREA } from "./queue-registers.ts";
import { TransportState } from "./transport-state.ts";
import type { VirtioEvent } from "./virtio-event.ts";

const RAM = 0x4000_0000;
const VERSION_1 = 1n << 32n;
const [ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED] = [1, 2, 4, 8, 64, 128];

interface Rig {
  readonly state: TransportState;
  readonly device: EchoDevice;
  readonly memory: GuestMemory;
  readonly interrupts: string[];
  readonly steps: string[];
}

function rig(legacy = false, device: EchoDevice = new EchoDevice()): Rig {
  const order = new WireOrder();
  const memory = new GuestMemory(order, [{ base: RAM, size: 0x1_0000 }]);
  const interrupts: string[] = [];
  const ports = { queueInterrupt: (n: number) => void interrupts.push(`queue ${n}`), configInterrupt: () => void interrupts.push("config"), wasReset: () => void interrupts.splice(0) };
  const state = new TransportState(device, { memory, order }, ports, legacy);
  const steps: string[] = [];
  state.steps$.subscribe(({ step, reason }: VirtioEvent) => void steps.push(reason === undefined ? step : `${step}: ${reason}`));
  return { state, device, memory, interrupts, steps };
}

function choose(state: TransportState, features: bigint): void {
  for (const select of [0, 1]) {
    state.driverFeatureSelect = select;
    state.writeDriverFeatures(Number((features >> BigInt(32 * select)) & 0xffff_ffffn));
  }
}

/** 3.1.1, up to a queue 0 at RAM with 8 entries. */
function bringUp({ state }: Rig, features: bigint = state.offered): void {
  state.writeStatus(ACKNOWLEDGE);
  state.writeStatus(ACKNOWLEDGE | DRIVER);
  choose(state, features);
  state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
  const queue = state.selected!;
  queue.writeSize(8);
  queue.writeWord(0, RAM);
  queue.writeWord(DRIVER_AREA, RAM + 0x100);
  queue.writeWord(DEVICE_AREA, RAM + 0x200);
  queue.makeReady(true);
  state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

/** One chain for queue 0: a byte to read, a byte to write. */
function offer({ memory, state }: Rig, entry: number): void {
  for (const [n, flags] of [1, 2].entries()) {
    memory.store(RAM + 16 * n, 8, RAM + 0x1000 + n);
    memory.store(RAM + 16 * n + 8, 4, 1);
    memory.store(RAM + 16 * n + 12, 2, flags);
    memory.store(RAM + 16 * n + 14, 2, 1);
  }
  memory.store(RAM + 0x100 + 2, 2, entry + 1);
  state.notify(0);
}

describe("features (2.2)", () => {
  it("are the device's, with those of rings and transport; no bit beyond 63", () => {
    const { state } = rig();
    const windows = [0, 1, 2, 0xffff_ffff].map((select) => {
      state.deviceFeatureSelect = select;
      return state.deviceFeatures.toString(16);
    });
    expect(windows).toEqual(["30000003", "100001", "0", "0"]);
  });

  it("of a legacy device end at bit 31, without VERSION_1 (6.3)", () => {
    const { state } = rig(true);
    expect(state.offered.toString(16)).toBe("38000003");
  });

  const ROWS: readonly [what: string, features: bigint, refused: RegExp | undefined][] = [
    ["the least", VERSION_1, undefined],
    ["everything offered", VERSION_1 | 3n | (3n << 28n) | (1n << 52n), undefined],
    ["without VERSION_1 (6.1)", 1n, /VERSION_1 was not accepted/],
    ["one that was not offered", VERSION_1 | 4n, /0x4 were not offered/],
    ["ACCESS_PLATFORM", VERSION_1 | (1n << 33n), /not offered/],
    ["the highest", VERSION_1 | (1n << 63n), /not offered/],
    ["one that needs another (2.2.2)", VERSION_1 | 2n, /feature 1 needs feature 0/],
  ];
  it.each(ROWS)("%s", (_what, features, refused) => {
    const { state, steps } = rig();
    state.writeStatus(ACKNOWLEDGE | DRIVER);
    choose(state, features);
    state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(state.status).toBe(refused === undefined ? 11 : 3);
    expect(steps).toEqual([refused === undefined ? "features" : expect.stringMatching(refused)]);
  });

  it("cannot change after FEATURES_OK (3.1.1), and can be tried again after a refusal", () => {
    const { state } = rig();
    state.writeStatus(ACKNOWLEDGE | DRIVER);
    choose(state, 4n);
    state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(state.status).toBe(3);
    choose(state, VERSION_1);
    state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(state.status).toBe(11);
    choose(state, 3n);
    expect([state.features, state.driverFeatures]).toEqual([VERSION_1, 1]);
  });

  it("cannot be accepted before ACKNOWLEDGE and DRIVER", () => {
    const { state, steps } = rig();
    choose(state, VERSION_1);
    state.writeStatus(FEATURES_OK);
    state.writeStatus(DRIVER | FEATURES_OK);
    expect([state.status, steps.length]).toEqual([2, 2]);
    state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(state.status).toBe(11);
  });
});

describe("device status (2.1)", () => {
  it("starts the device with DRIVER_OK, and says so", () => {
    const box = rig();
    bringUp(box);
    expect([box.state.status, box.device.log, box.steps]).toEqual([15, ["start"], ["features", "started"]]);
    expect([box.device.host!.features, box.device.host!.legacy]).toEqual([box.state.offered, false]);
  });

  it("keeps bits that a driver wants to clear, and has none but those of the standard", () => {
    const { state } = rig();
    state.writeStatus(0x3000 | 0x30 | NEEDS_RESET | ACKNOWLEDGE | DRIVER);
    state.writeStatus(ACKNOWLEDGE);
    expect(state.status).toBe(3);
    state.writeStatus(FAILED);
    expect(state.status).toBe(0x83);
  });

  it("needs a reset after DRIVER_OK without FEATURES_OK, and the device does not start", () => {
    const box = rig();
    box.state.writeStatus(ACKNOWLEDGE | DRIVER | DRIVER_OK);
    expect([box.state.status, box.device.log, box.interrupts]).toEqual([7 | NEEDS_RESET, [], ["config"]]);
  });

  it("is 0 after a reset, whatever was in flight: its completion changes nothing", () => {
    const box = rig();
    bringUp(box);
    box.device.hold = true;
    offer(box, 0);
    const [{ chain, queue }] = box.device.held as [EchoDevice["held"][number]];
    const virtqueue = box.device.host!.queue(queue);
    box.state.writeStatus(0);
    expect([box.state.status, box.state.features, box.state.queues.map(({ ready }) => ready), box.device.held]).toEqual([0, 0n, [false, false], []]);
    virtqueue.push(chain, 1);
    expect([box.memory.read(RAM + 0x202, 2), box.interrupts]).toEqual([0, []]);
    bringUp(box);
    box.device.hold = false;
    offer(box, 0);
    expect(box.memory.read(RAM + 0x202, 2)).toBe(1);
  });

  it("is reset by a zero in its low byte, which is all there is of it", () => {
    const box = rig();
    bringUp(box);
    box.state.writeStatus(0x1_0000);
    expect(box.state.status).toBe(0);
  });
});

describe("a device that needs a reset (2.1.2)", () => {
  it("says so in its status, interrupts once, and its queues are dead until the reset", () => {
    const box = rig();
    bringUp(box);
    box.memory.store(RAM + 0x102, 2, 100);
    box.state.notify(0);
    box.state.notify(0);
    expect([box.state.status, box.interrupts]).toEqual([15 | NEEDS_RESET, ["config"]]);
    expect(box.steps.at(-1)).toMatch(/^failed: queue 0: its available index is 100/);
    expect(box.device.log).toEqual(["start", "notify 0"]);
    box.state.writeStatus(0);
    bringUp(box);
    box.memory.store(RAM + 0x102, 2, 0);
    offer(box, 0);
    expect(box.memory.read(RAM + 0x202, 2)).toBe(1);
  });

  it("before DRIVER_OK interrupts when that comes, and does not start", () => {
    const box = rig();
    box.state.writeStatus(ACKNOWLEDGE | DRIVER);
    choose(box.state, VERSION_1);
    box.state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    box.state.selected!.makeReady(true);
    expect([box.state.status, box.interrupts, box.steps.at(-1)]).toEqual([11 | NEEDS_RESET, [], expect.stringMatching(/descriptor table at 0x0 is outside RAM/)]);
    box.state.writeStatus(15);
    expect([box.state.status, box.interrupts, box.device.log]).toEqual([15 | NEEDS_RESET, ["config"], []]);
  });

  it("has no bit for it when it is legacy, and is silent", () => {
    const box = rig(true);
    box.state.writeStatus(ACKNOWLEDGE | DRIVER | DRIVER_OK);
    box.device.host!.fail("enough");
    expect([box.state.status, box.interrupts, box.state.failed]).toEqual([7, [], true]);
  });
});

describe("queue registers", () => {
  it("are those of the selected queue; there is none beyond the last", () => {
    const { state } = rig();
    const sizes = [0, 1, 2, 0xffff_ffff].map((select) => {
      state.queueSelect = select;
      return state.selected?.maxSize;
    });
    expect(sizes).toEqual([8, 256, undefined, undefined]);
  });

  it("stay as they are while the queue is ready", () => {
    const box = rig();
    bringUp(box);
    const queue = box.state.selected!;
    queue.writeSize(4);
    queue.writeWord(0, 0);
    expect([queue.size, queue.words[0]]).toEqual([8, RAM]);
    queue.makeReady(false);
    queue.writeSize(0x1_0004);
    expect([queue.size, queue.ready]).toEqual([4, false]);
  });

  it("ring no device: notifications for queues that are not ready, or that it has not", () => {
    const box = rig();
    box.state.notify(0);
    bringUp(box);
    for (const index of [1, 2, -1, 0.5, 2 ** 32]) box.state.notify(index);
    expect(box.device.log).toEqual(["start"]);
    expect(() => box.device.host!.queue(2)).toThrow(RangeError);
  });
});

describe("configuration (2.5)", () => {
  it("reads 0 beyond its end, and writes there do nothing", () => {
    const { state, device } = rig();
    state.writeConfig(4, 4, 0x0403_0201);
    state.writeConfig(8, 4, 0xffff_ffff);
    state.writeConfig(6, 4, 0x0a0b_0c0d);
    expect([...device.bytes]).toEqual([0, 0, 0, 0, 1, 2, 0x0d, 0x0c]);
    expect([state.readConfig(4, 4), state.readConfig(8, 1), state.readConfig(2 ** 20, 8)]).toEqual([0x0c0d_0201, 0, 0]);
  });

  it("is read with up to 64 bits, in the one form of a U64", () => {
    const { state } = rig();
    state.writeConfig(0, 4, 7);
    expect(state.readConfig(0, 8)).toBe(7);
    state.writeConfig(4, 4, 0x8000_0000);
    expect(state.readConfig(0, 8)).toBe(0x8000_0000_0000_0007n);
  });

  it("that changes has another generation (2.4.1), and interrupts a started driver", () => {
    const box = rig();
    const before = box.state.configGeneration;
    box.state.configChanged();
    bringUp(box);
    box.device.change(0, 1);
    expect([box.state.configGeneration, box.interrupts]).toEqual([before + 2, ["config"]]);
  });
});

describe("a legacy driver", () => {
  it("may use the device before DRIVER_OK, and choose its features later (3.1.2)", () => {
    const box = rig(true);
    box.state.queue(0).enable({ size: 8, descriptors: RAM, available: RAM + 0x100, used: RAM + 0x200 });
    offer(box, 0);
    expect([box.device.log, box.interrupts]).toEqual([["start", "notify 0"], ["queue 0"]]);
    choose(box.state, 0xffff_ffff_ffffn);
    box.state.writeStatus(ACKNOWLEDGE | DRIVER | DRIVER_OK);
    expect([box.device.log.length, box.state.status, box.device.host!.features.toString(16), box.device.host!.legacy]).toEqual([2, 7, "38000003", true]);
  });

  it("has no FEATURES_OK", () => {
    const { state } = rig(true);
    state.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(state.status).toBe(3);
  });
});

describe("a snapshot", () => {
  it("goes on identically, with requests in flight", () => {
    const box = rig();
    bringUp(box);
    box.device.hold = true;
    box.device.change(3, 9);
    box.memory.store(RAM + 0x1000, 1, 0x5a);
    offer(box, 0);
    const copy = rig();
    copy.state.restore(box.state.save());
    copy.memory.window(RAM, 0x1_0000)!.set(box.memory.window(RAM, 0x1_0000)!); // as a machine does: after its devices
    expect(copy.state.save()).toEqual(box.state.save());
    copy.device.finish();
    expect([copy.memory.read(RAM + 0x1001, 1), copy.memory.read(RAM + 0x202, 2), copy.interrupts]).toEqual([0x5a, 1, ["queue 0"]]);
  });

  it("that does not fit is refused, and nothing changes", () => {
    const box = rig();
    bringUp(box);
    box.device.hold = true;
    offer(box, 0);
    const good = box.state.save() as Record<string, PlainData>;
    const spoilt: PlainData[] = [null, 7, { ...good, queues: [] }, { ...good, features: -1n }, { ...good, status: 256 }, ...Object.keys(good).map((key) => ({ ...good, [key]: 2.5 }))];
    for (const state of spoilt) {
      expect(() => box.state.restore(state)).toThrow(/saved state|no state of/);
      expect(box.state.save()).toEqual(good);
    }
    box.device.finish();
    expect(box.memory.read(RAM + 0x202, 2)).toBe(1);
  });
});

it.each<[what: string, wrong: Partial<VirtioDevice>]>([
  ["a queue of 3 entries", { queueSizes: [3] }],
  ["a queue of 65536 entries", { queueSizes: [65536] }],
  ["a feature of the rings", { features: 1n << 28n }],
  ["a feature beyond bit 63", { features: 1n << 64n }],
])("a device with %s is refused", (_what, wrong) => {
  const device = Object.assign(new EchoDevice(), wrong);
  expect(() => rig(false, device)).toThrow(/echo0 (has a queue|offers features)/);
});

it("whatever a driver writes, status and device agree, and a copy is the same", () => {
  const bit = fc.constantFrom(0, 1, 3, 11, 15, 4, 64, 128, 0xff, 0x100);
  const address = fc.constantFrom(0, RAM, RAM + 0x100, RAM + 0x200, RAM + 0xfff8, 0xffff_ffff);
  const act = fc.oneof(
    fc.tuple(fc.constant("status" as const), bit),
    fc.tuple(fc.constant("features" as const), fc.constantFrom(0, 1, 2, 3, 0x3000_0003, 0xffff_ffff)),
    fc.tuple(fc.constant("select" as const), fc.constantFrom(0, 1, 2, 0xffff_ffff)),
    fc.tuple(fc.constant("size" as const), fc.constantFrom(0, 4, 8, 255, 256, 0xffff)),
    fc.tuple(fc.constant("address" as const), address),
    fc.tuple(fc.constant("ready" as const), fc.constantFrom(0, 1)),
    fc.tuple(fc.constant("notify" as const), fc.constantFrom(0, 1, 2, 0xffff)),
    fc.tuple(fc.constant("offer" as const), fc.nat(9)),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.boolean(), (acts, legacy) => {
      const box = rig(legacy);
      const { state } = box;
      for (const [what, value] of acts) {
        if (what === "status") state.writeStatus(value);
        if (what === "features") state.writeDriverFeatures(value);
        if (what === "select") state.driverFeatureSelect = state.queueSelect = value;
        if (what === "size") state.selected?.writeSize(value);
        if (what === "address") for (const word of [0, DRIVER_AREA, DEVICE_AREA]) state.selected?.writeWord(word, value + 0x80 * word);
        if (what === "ready") state.selected?.makeReady(value === 1);
        if (what === "notify") state.notify(value);
        if (what === "offer") offer(box, value);
        expect(state.failed && !legacy).toBe((state.status & NEEDS_RESET!) !== 0);
        expect(box.device.host !== undefined).toBe(state.started);
        expect(state.status & 0x30).toBe(0);
      }
      const copy = rig(legacy);
      copy.state.restore(state.save());
      expect(copy.state.save()).toEqual(state.save());
    }),
    { numRuns: 200 },
  );
});
