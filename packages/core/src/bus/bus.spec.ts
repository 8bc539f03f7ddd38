/** One address space: claims, accesses that fit and that do not, doorbells in front, and what nobody claims. */
import { describe, expect, it } from "vitest";
import { isTraplineError, type TraplineError } from "../errors.ts";
import type { U64 } from "../u64.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { Bus } from "./bus.ts";
import { type BusDevice, EXTERNAL_ABORT, type Width } from "./bus-device.ts";

const UART = 0x0900_0000;
const WIDTHS: readonly Width[] = [1, 2, 4, 8];

/** Answers reads with the offset and keeps what it is told. */
class Recorder implements BusDevice {
  readonly log: string[] = [];
  read(offset: number, width: Width, vcpu: number): U64 {
    this.log.push(`read${8 * width} +${offset.toString(16)} by ${vcpu}`);
    return offset;
  }
  write(offset: number, width: Width, value: U64, vcpu: number): void {
    this.log.push(`write${8 * width} +${offset.toString(16)} = ${value.toString(16)} by ${vcpu}`);
  }
  peek(offset: number): U64 {
    return 1000 + offset;
  }
  nameAt(offset: number): string | undefined {
    return offset === 0 ? "UARTDR" : undefined;
  }
}

function watched(policy?: "raz-wi" | "external-abort"): { readonly bus: Bus; readonly events: string[] } {
  const bus = new Bus(new WireOrder(), "mmio", policy);
  const events: string[] = [];
  bus.unclaimed$.subscribe(({ direction, address, value, answer, crosses, vcpu }) => {
    events.push(`${direction} ${address.toString(16)}${value === undefined ? "" : ` = ${value}`} by ${vcpu}: ${answer}${crosses === undefined ? "" : `, crosses ${crosses}`}`);
  });
  return { bus, events };
}

describe("a claimed range", () => {
  it.each(WIDTHS)("answers reads and writes of %d bytes, by offset and vCPU", (width) => {
    const bus = new Bus(new WireOrder(), "mmio");
    const uart = new Recorder();
    bus.claim({ name: "uart0", base: UART, size: 0x1000 }, uart);
    expect(bus.read(UART + 0x18, width, 3)).toBe(0x18);
    expect(bus.write(UART + 0x1000 - width, width, 0x41, -1)).toBe(0);
    expect(uart.log).toEqual([`read${8 * width} +18 by 3`, `write${8 * width} +${(0x1000 - width).toString(16)} = 41 by -1`]);
  });

  it("carries 64-bit values whole, both ways", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    let held: U64 = 0;
    bus.claim({ name: "ram", base: 0, size: 8 }, { read: () => held, write: (_o, _w, value) => void (held = value) });
    bus.write(0, 8, 0xfedc_ba98_7654_3210n, 0);
    expect(bus.read(0, 8, 0)).toBe(0xfedc_ba98_7654_3210n);
  });

  it("may answer with an external abort, also to a write", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    bus.claim({ name: "broken", base: 0, size: 8 }, { read: () => EXTERNAL_ABORT, write: () => EXTERNAL_ABORT });
    expect([bus.read(0, 4, 0), bus.write(0, 4, 1, 0)]).toEqual([EXTERNAL_ABORT, EXTERNAL_ABORT]);
  });

  it("shows its accesses to taps, with the register's name where the device knows it", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const events: unknown[] = [];
    bus.claim({ name: "uart0", base: UART, size: 0x1000 }, new Recorder()).accesses$.subscribe((event) => events.push(event));
    bus.write(UART, 1, 0x68, 0);
    bus.read(UART + 0x18, 4, 1);
    const common = { atNs: 0, kind: "access", bus: "mmio", device: "uart0" };
    expect(events).toEqual([
      { ...common, seq: 1, address: UART, offset: 0, width: 1, direction: "write", value: 0x68, register: "UARTDR", vcpu: 0 },
      { ...common, seq: 2, address: UART + 0x18, offset: 0x18, width: 4, direction: "read", value: 0x18, vcpu: 1 },
    ]);
  });

  it("shows an aborted read without a value", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const events: unknown[] = [];
    bus.claim({ name: "broken", base: 0, size: 8 }, { read: () => EXTERNAL_ABORT, write: () => {} }).accesses$.subscribe((event) => events.push(event));
    bus.read(4, 4, 0);
    expect(events).toEqual([
      { seq: 1, atNs: 0, kind: "access", bus: "mmio", device: "broken", address: 4, offset: 4, width: 4, direction: "read", aborted: true, vcpu: 0 },
    ]);
  });

  it("may be claimed first and owned later: until then it aborts", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const region = bus.region({ name: "late", base: 0, size: 8 });
    expect([region.accesses$.ownerName, bus.read(0, 4, 0)]).toEqual([undefined, EXTERNAL_ABORT]);
    region.accesses$.own("late", (isWrite, offset) => (isWrite ? 0 : offset + 1));
    expect(bus.read(4, 4, 0)).toBe(5);
  });

  it("given back is unclaimed, its taps complete, and it can be claimed again", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const first = bus.claim({ name: "first", base: 0x1000, size: 0x1000 }, new Recorder());
    let ended = false;
    first.accesses$.subscribe({ complete: () => (ended = true) });
    first.release();
    expect([ended, bus.read(0x1000, 4, 0), bus.claims]).toEqual([true, EXTERNAL_ABORT, []]);
    const second = bus.claim({ name: "second", base: 0x1800, size: 0x1000 }, new Recorder());
    first.release(); // once is enough
    expect(bus.claims).toEqual([second]);
    expect(bus.read(0x1800, 4, 0)).toBe(0);
  });
});

describe("two claims", () => {
  it("that overlap are refused with both parties and both ranges; the first stays", () => {
    const { bus } = watched();
    const uart = bus.claim({ name: "pl011", base: UART, size: 0x1000 }, new Recorder());
    const refused = attempt(() => bus.claim({ name: "rtc", base: UART + 0x800, size: 0x1000 }, new Recorder()));
    expect(isTraplineError(refused, "config")).toBe(true);
    expect(refused?.message).toBe("rtc at 0x900_0800+0x1000 overlaps pl011 at 0x900_0000+0x1000 on the mmio bus; move one of the two, or shrink it");
    expect(refused?.facts).toMatchObject({ subject: "rtc at 0x900_0800+0x1000", other: "pl011 at 0x900_0000+0x1000" });
    expect(bus.claims).toEqual([uart]);
  });

  it.each([
    ["from below", { base: UART - 8, size: 9 }],
    ["from above", { base: UART + 0xfff, size: 1 }],
    ["from inside", { base: UART + 4, size: 4 }],
    ["around", { base: 0, size: 2 ** 41 }],
    ["exactly", { base: UART, size: 0x1000 }],
  ])("collide %s", (_how, range) => {
    const { bus } = watched();
    bus.claim({ name: "uart0", base: UART, size: 0x1000 }, new Recorder());
    expect(() => bus.claim({ name: "other", ...range }, new Recorder())).toThrow(/overlaps uart0 at 0x900_0000\+0x1000/);
  });

  it("may be adjacent, even within one page", () => {
    const { bus } = watched();
    const names = ["a", "b", "c"];
    for (const [n, name] of names.entries()) bus.claim({ name, base: 0x100 * n, size: 0x100 }, new Recorder());
    expect([0, 0xff, 0x100, 0x1ff, 0x200, 0x2ff, 0x300].map((at) => bus.claimAt(at)?.name)).toEqual(["a", "a", "b", "b", "c", "c", undefined]);
    expect(bus.claims.map(({ name }) => name)).toEqual(names);
  });
});

describe("an access that does not fit a claim", () => {
  //   what                         address         width  direction   crosses
  const MISFITS = [
    ["before everything", /*    */ UART - 0x100, /**/ 4, undefined],
    ["behind everything", /*    */ UART + 0x1000, /**/ 4, undefined],
    ["across the end", /*       */ UART + 0xffe, /**/ 4, "uart0 at 0x900_0000+0x1000"],
    ["across the start", /*     */ UART - 2, /*    */ 4, "uart0 at 0x900_0000+0x1000"],
    ["one byte across the end", /**/ UART + 0xff9, /**/ 8, "uart0 at 0x900_0000+0x1000"],
    ["far away", /*             */ 2 ** 50, /*     */ 8, undefined],
    ["at the end of the world", /**/ 2 ** 53 - 1, /**/ 1, undefined],
  ] as const;

  it.each(MISFITS)("%s gets an external abort by default, in the open", (_what, address, width, crosses) => {
    const { bus, events } = watched();
    const uart = new Recorder();
    bus.claim({ name: "uart0", base: UART, size: 0x1000 }, uart);
    expect([bus.read(address, width, 0), bus.write(address, width, 7, 1)]).toEqual([EXTERNAL_ABORT, EXTERNAL_ABORT]);
    const tail = crosses === undefined ? "" : `, crosses ${crosses}`;
    expect(events).toEqual([`read ${address.toString(16)} by 0: external-abort${tail}`, `write ${address.toString(16)} = 7 by 1: external-abort${tail}`]);
    expect(uart.log).toEqual([]);
  });

  it.each(MISFITS)("%s reads as zero and ignores writes under raz-wi, in the open", (_what, address, width) => {
    const { bus, events } = watched("raz-wi");
    bus.claim({ name: "uart0", base: UART, size: 0x1000 }, new Recorder());
    expect([bus.read(address, width, 0), bus.write(address, width, 7, 1)]).toEqual([0, 0]);
    expect(events.map((line) => line.replace(/, crosses.*/, ""))).toEqual([
      `read ${address.toString(16)} = 0 by 0: raz-wi`,
      `write ${address.toString(16)} = 7 by 1: raz-wi`,
    ]);
  });

  it("across the border of two adjacent claims belongs to neither", () => {
    const { bus, events } = watched();
    const [low, high] = [new Recorder(), new Recorder()];
    bus.claim({ name: "low", base: 0x0, size: 0x10 }, low);
    bus.claim({ name: "high", base: 0x10, size: 0x10 }, high);
    expect(bus.read(0xe, 4, 0)).toBe(EXTERNAL_ABORT);
    expect([low.log, high.log, events]).toEqual([[], [], ["read e by 0: external-abort, crosses low at 0x0+0x10"]]);
  });

  it("can be answered by whoever owns unclaimed$", () => {
    const { bus, events } = watched();
    const asked: string[] = [];
    bus.unclaimed$.own("fuzzer", (isWrite, address, width, value, vcpu) => {
      asked.push(`${isWrite ? "write" : "read"}${8 * width} ${address.toString(16)} ${value} ${vcpu}`);
      return isWrite ? 0 : 0x55;
    });
    expect([bus.read(0x10, 2, 0), bus.write(0x20, 8, 9, 1)]).toEqual([0x55, 0]);
    expect(asked).toEqual(["read16 10 0 0", "write64 20 9 1"]);
    expect(events).toEqual(["read 10 = 85 by 0: raz-wi", "write 20 = 9 by 1: raz-wi"]);
    expect(() => bus.unclaimed$.own("second", () => 0)).toThrow("second wants to own mmio.unclaimed, which fuzzer owns");
  });
});

describe("addresses up to 2^53", () => {
  //   base                        size          what is special
  it.each([
    ["below the 2^40 border", 2 ** 40 - 0x1000, 0x1000],
    ["above it", 2 ** 40, 0x1000],
    ["across it", 2 ** 40 - 0x800, 0x1000],
    ["in 64 MiB chunks, many of them", 2 ** 30, 2 ** 36],
    ["in a 52-bit physical address space, on top", 2 ** 52 - 0x1000, 0x1000],
    ["at the very top", 2 ** 53 - 0x1000, 0x1000],
  ])("%s", (_what, base, size) => {
    const { bus } = watched();
    const device = new Recorder();
    bus.claim({ name: "far", base, size }, device);
    expect([bus.read(base, 8, 0), bus.read(base + size - 8, 8, 0)]).toEqual([0, size - 8]);
    expect([bus.read(base + size / 2, 1, 0), bus.read(base - 8, 8, 0), bus.read(base + size - 4, 8, 0)]).toEqual([size / 2, EXTERNAL_ABORT, EXTERNAL_ABORT]);
  });
});

describe("a doorbell", () => {
  it("inside a device's range takes the writes it matches; the others and all reads go to the device", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const virtio = new Recorder();
    const rung: string[] = [];
    bus.claim({ name: "virtio0", base: 0x0a00_0000, size: 0x200 }, virtio);
    bus.doorbell("queue 1", { address: 0x0a00_0050, width: 4, value: 1 }).hits$.own("ioeventfd", (value, vcpu, width) => void rung.push(`${value} by ${vcpu}, ${width} bytes`));
    expect(bus.write(0x0a00_0050, 4, 1, 2)).toBe(0);
    expect([rung, virtio.log]).toEqual([["1 by 2, 4 bytes"], []]);
    bus.write(0x0a00_0050, 4, 0, 0);
    bus.write(0x0a00_0050, 2, 1, 0);
    expect(bus.read(0x0a00_0050, 4, 0)).toBe(0x50); // vector 106: reads are never a doorbell's
    expect([rung.length, virtio.log]).toEqual([1, ["write32 +50 = 0 by 0", "write16 +50 = 1 by 0", "read32 +50 by 0"]]);
  });

  it("needs no range around it, and swallows its writes with or without an owner", () => {
    const { bus, events } = watched();
    const hits: unknown[] = [];
    bus.doorbell("lonely", { address: 0x5000, width: 0 }).hits$.subscribe((event) => hits.push(event));
    expect([bus.write(0x5000, 8, 2n ** 63n, 1), bus.write(0x5000, 1, 3, 0)]).toEqual([0, 0]);
    expect(hits).toEqual([
      { seq: 1, atNs: 0, kind: "doorbell", bus: "mmio", doorbell: "lonely", address: 0x5000, width: 8, value: 2n ** 63n, vcpu: 1 },
      { seq: 2, atNs: 0, kind: "doorbell", bus: "mmio", doorbell: "lonely", address: 0x5000, width: 1, value: 3, vcpu: 0 },
    ]);
    expect(events).toEqual([]);
    expect(bus.read(0x5000, 4, 0)).toBe(EXTERNAL_ABORT);
  });

  it("that collides is refused with both names and both matches", () => {
    const { bus } = watched();
    bus.doorbell("net tx", { address: 0x5000, width: 4 });
    const refused = attempt(() => bus.doorbell("net rx", { address: 0x5000, width: 4, value: 1 }));
    expect(isTraplineError(refused, "config")).toBe(true);
    expect(refused?.message).toBe(
      "doorbell net rx (0x5000 width 4 value 0x1) collides with net tx (0x5000 width 4); use another address, width or value, or release the other one first",
    );
    expect(bus.doorbellConflict({ address: 0x5000, width: 0 })?.name).toBe("net tx");
    expect([bus.doorbellConflict({ address: 0x5000, width: 2 }), bus.doorbellCount]).toEqual([undefined, 1]);
  });

  it("given back lets the writes through again, and completes its taps", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const device = new Recorder();
    bus.claim({ name: "device", base: 0x5000, size: 8 }, device);
    const bell = bus.doorbell("bell", { address: 0x5000, width: 4 });
    let ended = false;
    bell.hits$.subscribe({ complete: () => (ended = true) });
    bell.release();
    bus.write(0x5000, 4, 1, 0);
    expect([ended, device.log, bus.doorbellCount]).toEqual([true, ["write32 +0 = 1 by 0"], 0]);
  });

  it("given back twice does not take away one that came after it", () => {
    const bus = new Bus(new WireOrder(), "mmio");
    const match = { address: 0x5000, width: 4 } as const;
    const first = bus.doorbell("first", match);
    first.release();
    let rung = 0;
    bus.doorbell("second", match).hits$.own("second", () => void rung++);
    first.release();
    bus.write(0x5000, 4, 1, 0);
    expect([rung, bus.doorbellCount]).toEqual([1, 1]);
  });

  it.each([
    [{ address: 0x5000, width: 3 }, "doorbell bell has width 3; use 1, 2, 4 or 8, or 0 for any width"],
    [{ address: 0x5000, width: 16 }, "doorbell bell has width 16; use 1, 2, 4 or 8, or 0 for any width"],
    [{ address: 0x5000, width: 0, value: 1 }, "doorbell bell insists on a value but on no width; give the width of the write, or leave out the value"],
    [{ address: -1, width: 4 }, "bell has base address -1"],
  ])("that makes no sense is refused: %o", (match, message) => {
    expect(() => new Bus(new WireOrder(), "mmio").doorbell("bell", match as never)).toThrow(message);
  });
});

describe("peek", () => {
  it("reads without side effects, where the device can", () => {
    const { bus, events } = watched();
    const uart = new Recorder();
    bus.claim({ name: "uart0", base: UART, size: 0x1000 }, uart);
    bus.claim({ name: "mute", base: 0x1000, size: 8 }, { read: () => 1, write: () => {} });
    expect(bus.peek(UART + 4, 4)).toBe(1004);
    expect([bus.peek(0x1000, 4), bus.peek(0x2000, 4), bus.peek(UART + 0xffe, 4), bus.peek(UART - 2, 4)]).toEqual([undefined, undefined, undefined, undefined]);
    expect([uart.log, events]).toEqual([[], []]);
  });

  it("sees the end of a range at the end of the address space", () => {
    const { bus } = watched();
    bus.claim({ name: "top", base: 2 ** 53 - 8, size: 8 }, new Recorder());
    expect([bus.peek(2 ** 53 - 1, 1), bus.peek(2 ** 53 - 1, 2), bus.peek(2 ** 53 - 2, 4)]).toEqual([1007, undefined, undefined]);
  });
});

describe("the port bus", () => {
  it("is another space: the same address on both is two places (vector 99)", () => {
    const order = new WireOrder();
    const [bus, ports] = [new Bus(order, "mmio"), new Bus(order, "pio")];
    const [mmio, pio] = [new Recorder(), new Recorder()];
    const events: string[] = [];
    bus.claim({ name: "mmio uart", base: 0x3f8, size: 8 }, mmio);
    ports.claim({ name: "port uart", base: 0x3f8, size: 8 }, pio).accesses$.subscribe(({ bus: space }) => events.push(space));
    bus.doorbell("bell", { address: 0x3f8, width: 1 });
    ports.write(0x3f8, 1, 0x41, 0);
    expect([mmio.log, pio.log, events]).toEqual([[], ["write8 +0 = 41 by 0"], ["pio"]]);
    expect(() => ports.claim({ name: "again", base: 0x3fc, size: 1 }, pio)).toThrow("on the pio bus");
  });
});

describe("a bus that closes", () => {
  it("releases every claim and doorbell, and completes every wire", () => {
    const { bus } = watched();
    const ended: string[] = [];
    bus.claim({ name: "a", base: 0, size: 8 }, new Recorder()).accesses$.subscribe({ complete: () => ended.push("a") });
    bus.doorbell("b", { address: 0, width: 4 }).hits$.subscribe({ complete: () => ended.push("b") });
    bus.unclaimed$.subscribe({ complete: () => ended.push("unclaimed") });
    bus.close();
    expect(ended.sort()).toEqual(["a", "b", "unclaimed"]);
    expect([bus.claims, bus.doorbellCount]).toEqual([[], 0]);
  });
});

function attempt(use: () => unknown): TraplineError | undefined {
  try {
    use();
  } catch (error) {
    return error as TraplineError;
  }
  return undefined;
}
