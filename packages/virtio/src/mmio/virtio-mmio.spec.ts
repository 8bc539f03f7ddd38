/** virtio over MMIO as a driver sees it: the rows, InterruptStatus, both versions, and a driver that writes anything (virtio 1.2, 4.2). */
import { GuestMemory, type PlainData, VirtualClock, type Width, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EchoDevice } from "../testing/echo-device.fixture.ts";
import { MmioFrame } from "./mmio-frame.ts";
import { legacyRegisters, modernRegisters } from "./virtio-mmio.registers.ts";
import { VirtioMmio } from "./virtio-mmio.ts";

const RAM = 0x4000_0000;
const QUEUE = RAM + 0x1000;

interface Rig {
  readonly device: EchoDevice;
  readonly mmio: VirtioMmio;
  readonly memory: GuestMemory;
  readonly frame: MmioFrame;
  /** What the interrupt did. */
  readonly line: string[];
  r(offset: number, width?: Width): number;
  w(offset: number, value: number, width?: Width): void;
}

function rig(legacy = false): Rig {
  const clock = new VirtualClock();
  const order = new WireOrder(() => clock.nowNs());
  const memory = new GuestMemory(order, [{ base: RAM, size: 0x1_0000 }]);
  const device = new EchoDevice();
  const mmio = new VirtioMmio(device, { memory, order }, legacy);
  const frame = new MmioFrame(mmio);
  const line: string[] = [];
  mmio.interrupt = { raise: () => void line.push("raise"), lower: () => void line.push("lower") };
  return {
    ...{ device, mmio, memory, frame, line },
    r: (offset, width = 4) => Number(frame.read(offset, width, 0)),
    w: (offset, value, width = 4) => frame.write(offset, width, value, 0),
  };
}

/** 3.1.1 with the modern registers: queue 0 with 8 entries at QUEUE. */
function bringUp({ r, w, line }: Rig): void {
  w(0x070, 0);
  w(0x070, 1);
  w(0x070, 3);
  w(0x024, 1);
  w(0x020, 1);
  w(0x024, 0);
  w(0x020, 0);
  w(0x070, 11);
  expect(r(0x070)).toBe(11);
  w(0x030, 0);
  expect(r(0x044)).toBe(0);
  w(0x038, 8);
  for (const [offset, address] of [[0x080, QUEUE], [0x090, QUEUE + 0x100], [0x0a0, QUEUE + 0x200]] as const) {
    w(offset, address);
    w(offset + 4, 0);
  }
  w(0x044, 1);
  w(0x070, 15);
  line.splice(0);
}

/** A chain of 1 byte out, 1 byte in, at entry `entry` of a queue whose parts are at these addresses. */
function offer(memory: GuestMemory, entry: number, table: number, available: number): void {
  for (const [n, flags] of [1, 2].entries()) {
    memory.store(table + 16 * n, 8, RAM + n);
    memory.store(table + 16 * n + 8, 4, 1);
    memory.store(table + 16 * n + 12, 2, flags);
    memory.store(table + 16 * n + 14, 2, 1);
  }
  memory.store(available + 4 + 2 * (entry % 8), 2, 0);
  memory.store(available + 2, 2, entry + 1);
}

describe("the rows", () => {
  it.each([
    ["modern", modernRegisters, false],
    ["legacy", legacyRegisters, true],
  ])("of the %s interface have their reset values, and what is RO stays so", (_what, bank, legacy) => {
    const { r, w } = rig(legacy);
    const values = (): string[] => bank.registers.map(({ name, offset }) => `${name} ${r(offset).toString(16)}`);
    const before = values();
    for (const { offset, spec } of bank.registers) if (spec.access === "RO") w(offset, 0xffff_ffff);
    expect(values()).toEqual(before);
    expect(before.slice(0, 5)).toEqual(["MagicValue 74726976", `Version ${legacy ? 1 : 2}`, "DeviceID 2a", "VendorID 50415254", expect.stringMatching(/Features [0-9a-f]+3$/)]);
  });

  it("take 32-bit accesses only (4.2.2.2)", () => {
    const { r, w } = rig();
    expect([r(0, 1), r(0, 2), r(0, 8), r(2)]).toEqual([0, 0, 0, 0]);
    w(0x070, 1, 1);
    w(0x070, 1, 8);
    expect(r(0x070)).toBe(0);
  });

  it("have features in two windows of 32 bits", () => {
    const { r, w } = rig();
    const windows = [0, 1, 2].map((select) => {
      w(0x014, select);
      return r(0x010).toString(16);
    });
    expect(windows).toEqual(["30000003", "100001", "0"]);
  });

  it("say how long a queue may be, and 0 for one that is not there", () => {
    const { r, w } = rig();
    const sizes = [0, 1, 2].map((select) => {
      w(0x030, select);
      return r(0x034);
    });
    expect(sizes).toEqual([8, 256, 0]);
  });

  it("have no shared memory: length and base are −1 for every region", () => {
    const { r, w } = rig();
    w(0x0ac, 0);
    expect([0x0b0, 0x0b4, 0x0b8, 0x0bc].map((offset) => r(offset))).toEqual([0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff]);
  });

  it("are followed by the configuration, of any width, aligned", () => {
    const { r, w, device, frame } = rig();
    w(0x104, 0x0403_0201);
    w(0x100, 0x55, 1);
    w(0x102, 0x7766, 2);
    expect([...device.bytes]).toEqual([0x55, 0, 0x66, 0x77, 1, 2, 3, 4]);
    expect([r(0x104, 1), r(0x106, 2), r(0x104), frame.read(0x100, 8, 0)]).toEqual([1, 0x0403, 0x0403_0201, 0x0403_0201_7766_0055n]);
    w(0x101, 0xffff, 2);
    expect([r(0x101, 2), r(0x108), r(0x1f8, 8), device.bytes[1]]).toEqual([0, 0, 0, 0]);
    device.change(0, 1);
    expect(r(0x0fc)).toBe(0); // not started: nobody was told
  });
});

describe("a driver", () => {
  it("sends and gets back: notify, InterruptStatus, InterruptACK (4.2.2, 4.2.3.4)", () => {
    const box = rig();
    const { memory, r, w, line } = box;
    bringUp(box);
    memory.store(RAM, 1, 0xa5);
    offer(memory, 0, QUEUE, QUEUE + 0x100);
    w(0x050, 0);
    expect([memory.read(RAM + 1, 1), memory.read(QUEUE + 0x202, 2), r(0x060)]).toEqual([0xa5, 1, 1]);
    w(0x064, 1);
    expect([r(0x060), line]).toEqual([0, ["raise", "lower"]]);
  });

  it("is interrupted once for a bit that stays set, and again for each that becomes set", () => {
    const box = rig();
    const { memory, device, r, w, line } = box;
    bringUp(box);
    for (const entry of [0, 1]) {
      offer(memory, entry, QUEUE, QUEUE + 0x100);
      w(0x050, 0);
    }
    device.change(0, 1);
    expect([r(0x060), r(0x0fc), line]).toEqual([3, 1, ["raise", "raise"]]);
    w(0x064, 1);
    expect([r(0x060), line.length]).toEqual([2, 2]);
    offer(memory, 2, QUEUE, QUEUE + 0x100);
    w(0x050, 0);
    expect([r(0x060), line]).toEqual([3, ["raise", "raise", "raise"]]);
    w(0x064, 0xffff_fffe);
    w(0x064, 1);
    expect([r(0x060), line.at(-1)]).toEqual([0, "lower"]);
  });

  it("that breaks a ring reads DEVICE_NEEDS_RESET after a configuration interrupt, and can begin again", () => {
    const box = rig();
    const { memory, r, w } = box;
    bringUp(box);
    memory.store(QUEUE + 0x102, 2, 1000);
    w(0x050, 0);
    expect([r(0x070), r(0x060)]).toEqual([15 | 64, 2]);
    w(0x070, 0);
    expect([r(0x070), r(0x060), r(0x044), r(0x038)]).toEqual([0, 0, 0, 0]);
    memory.store(QUEUE + 0x102, 2, 0);
    bringUp(box);
    offer(memory, 0, QUEUE, QUEUE + 0x100);
    w(0x050, 0);
    expect(r(0x060)).toBe(1);
  });

  it("may name any queue in QueueNotify", () => {
    const box = rig();
    bringUp(box);
    for (const value of [1, 2, 0xffff_ffff]) box.w(0x050, value);
    expect(box.device.log.filter((entry) => entry.startsWith("notify"))).toEqual([]);
  });
});

describe("a legacy driver (4.2.4)", () => {
  /** Queue 0 with 8 entries in one page at QUEUE, its used ring 64 bytes aligned: at 0x80 + 0x16 → 0xc0. */
  function bringUpLegacy({ w }: Rig, align = 64): void {
    w(0x070, 3);
    w(0x024, 0);
    w(0x020, 1);
    w(0x028, 4096);
    w(0x030, 0);
    w(0x038, 8);
    w(0x03c, align);
    w(0x040, QUEUE / 4096);
    w(0x070, 7);
  }

  it("gives a page number and an alignment", () => {
    const box = rig(true);
    const { memory, device, r, w } = box;
    bringUpLegacy(box);
    expect(r(0x040)).toBe(QUEUE / 4096);
    memory.store(RAM, 1, 0x77);
    offer(memory, 0, QUEUE, QUEUE + 0x80);
    w(0x050, 0);
    expect([memory.read(RAM + 1, 1), memory.read(QUEUE + 0xc2, 2), r(0x060), r(0x070)]).toEqual([0x77, 1, 1, 7]);
    expect([device.host!.legacy, device.host!.features]).toEqual([true, 1n]);
  });

  it("may write GuestPageSize before it resets the device, as Linux does; only the machine's reset forgets it", () => {
    const box = rig(true);
    box.w(0x028, 4096);
    box.w(0x070, 0);
    expect(box.mmio.guestPageSize).toBe(4096);
    box.mmio.reset();
    expect(box.mmio.guestPageSize).toBe(0);
  });

  it("stops a queue with page 0", () => {
    const box = rig(true);
    bringUpLegacy(box);
    box.w(0x040, 0);
    expect([box.r(0x040), box.mmio.state.queue(0).ready]).toEqual([0, false]);
    box.w(0x040, QUEUE / 4096);
    expect(box.mmio.state.queue(0).ready).toBe(true);
  });

  it.each([0, 3, 0x8000_0001])("fails its device with an alignment of %d", (align) => {
    const box = rig(true);
    bringUpLegacy(box, align);
    expect([box.mmio.state.failure, box.r(0x040)]).toEqual([expect.stringMatching(/no powers of two/), 0]);
    box.w(0x070, 0);
    bringUpLegacy(box);
    expect(box.mmio.state.failure).toBeUndefined();
  });

  it("fails its device with a page outside RAM", () => {
    const box = rig(true);
    box.w(0x028, 0x8000_0000);
    box.w(0x03c, 4096);
    box.w(0x040, 0xffff_ffff);
    expect(box.mmio.state.failure).toMatch(/outside RAM/);
  });
});

const OFFSET = fc.oneof(fc.constantFrom(0x014, 0x020, 0x024, 0x028, 0x030, 0x038, 0x03c, 0x040, 0x044, 0x050, 0x060, 0x064, 0x070, 0x080, 0x090, 0x0a0), fc.nat(0x1ff));
const VALUE = fc.oneof(fc.constantFrom(0n, 1n, 3n, 8n, 11n, 15n, 4096n, BigInt(QUEUE), BigInt(QUEUE / 4096), 0x80n, 0xffn), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const ACCESS = fc.record({ write: fc.boolean(), offset: OFFSET, width: fc.constantFrom<Width>(4, 4, 4, 1, 2, 8), value: VALUE });

it.each([false, true])("whatever a driver does nothing throws, the line agrees with InterruptStatus, and a copy is the same (legacy: %s)", (legacy) => {
  fc.assert(
    fc.property(fc.array(ACCESS, { maxLength: 80 }), (accesses) => {
      const box = rig(legacy);
      const { mmio, frame, device } = box;
      let high = false;
      mmio.interrupt = { raise: () => void (high = true), lower: () => void (high = false) };
      for (const { write, offset, width, value } of accesses) {
        if (offset + width > 0x200) continue;
        const peeked = BigInt(frame.peek(offset, width, 0));
        expect(peeked >> BigInt(8 * width)).toBe(0n);
        if (write) frame.write(offset, width, BigInt.asUintN(8 * width, value), 0);
        else expect(BigInt(frame.read(offset, width, 0)) >> BigInt(8 * width)).toBe(0n);
        if (device.host !== undefined) device.change(1, 1);
        expect(high).toBe(mmio.interruptStatus !== 0);
      }
      const copy = rig(legacy);
      copy.mmio.restore(mmio.save());
      expect(copy.mmio.save()).toEqual(mmio.save());
    }),
    { numRuns: 150 },
  );
});

it("a saved state that does not fit is refused, and nothing changes", () => {
  const box = rig();
  bringUp(box);
  const good = box.mmio.save() as Record<string, PlainData>;
  for (const spoilt of [null, 7, [], { ...good, interruptStatus: 4 }, { ...good, guestPageSize: -1 }, { ...good, state: null }]) {
    expect(() => box.mmio.restore(spoilt)).toThrow(/saved state of echo0/);
    expect(box.mmio.save()).toEqual(good);
  }
});
