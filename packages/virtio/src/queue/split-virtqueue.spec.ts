/** The split virtqueue against a driver that keeps the rules, one that breaks each of them, and one that writes anything (virtio 1.2, 2.7). */
import { GuestMemory, isTraplineError, type PlainData, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { Driver, type DriverOptions, type DriverQueue, RAM_BASE } from "../testing/driver.fixture.ts";
import { SplitVirtqueue } from "./split-virtqueue.ts";
import { DESC_F_INDIRECT as INDIRECT, DESC_F_NEXT as NEXT, DESC_F_WRITE as WRITE, legacyRing } from "./split-ring.ts";

const SIZE = 8;
const RAM_BYTES = 0x1_0000;

/** A device that does nothing by itself: the spec holds its queue. */
function idle(): VirtioDevice {
  return {
    name: "idle0",
    type: 4,
    features: 0n,
    queueSizes: [SIZE],
    config: { size: 0, read: () => 0, write: () => {} },
    start: () => {},
    notify: () => {},
    reset: () => {},
    save: () => null,
    restore: () => {},
  };
}

function rig(options: DriverOptions = {}): { readonly driver: Driver; readonly ring: DriverQueue; readonly queue: SplitVirtqueue } {
  const driver = new Driver(idle(), { ramBytes: RAM_BYTES, ...options });
  const ring = driver.queue(0);
  return { driver, ring, queue: ring.queue };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("a chain (2.6.4)", () => {
  it.each([false, true])("has what the device may read first, then what it may write (indirect: %s)", (indirect) => {
    const { driver, ring, queue } = rig();
    const head = ring.add({ out: [text("head"), text("er")], in: [3, 5], indirect });
    const chain = queue.pop()!;
    expect(driver.failure).toBeUndefined();
    expect([chain.head, chain.readableBytes, chain.writableBytes]).toEqual([head, 6, 8]);
    expect(chain.read(0, 100)).toEqual(text("header"));
    expect(chain.write(0, text("answered, and more"))).toBe(8);
    queue.push(chain, 8);
    expect(ring.used()).toEqual([{ head, written: 8, bytes: text("answered") }]);
  });

  const READS: readonly [offset: number, length: number, expected: string][] = [
    [0, 0, ""],
    [0, 2, "ab"],
    [1, 4, "bcde"],
    [3, 9, "def"],
    [6, 1, ""],
    [99, 1, ""],
  ];
  it.each(READS)("is read from %d, %d bytes, across its pieces", (offset, length, expected) => {
    const { ring, queue } = rig();
    ring.add({ out: [text("abc"), text("d"), text("ef")] });
    const chain = queue.pop()!;
    expect(chain.read(offset, length)).toEqual(text(expected));
    expect(chain.readable(offset, length).map((piece) => new TextDecoder().decode(piece)).join("")).toBe(expected);
  });

  it("gives its pieces in place, one a descriptor", () => {
    const { driver, ring, queue } = rig();
    const head = ring.add({ out: [bytes(1)], in: [100, 28] });
    const chain = queue.pop()!;
    expect(chain.readable()).toEqual([bytes(1)]);
    const pieces = chain.writable(90);
    expect(pieces.map(({ length }) => length)).toEqual([10, 28]);
    for (const piece of pieces) piece.fill(7);
    driver.overwrites.length = 0;
    chain.wrote(90, 38);
    expect(driver.overwrites.map(({ length }) => length)).toEqual([10, 28]);
    queue.push(chain, 128);
    expect(ring.used()[0]).toMatchObject({ head, bytes: Uint8Array.from({ length: 128 }, (_, n) => (n < 90 ? 0 : 7)) });
  });

  it("keeps what its descriptors said when it was popped", () => {
    const { ring, queue } = rig();
    const head = ring.add({ out: [text("before")] });
    const chain = queue.pop()!;
    ring.describe(ring.setup.descriptors, head, 0, 0xffff_ffff, INDIRECT | NEXT, 0xffff);
    expect(chain.read(0, 6)).toEqual(text("before"));
  });

  it("of many long pieces is copied both ways", () => {
    const { ring, queue } = rig();
    const long = Uint8Array.from({ length: 300 }, (_, n) => n & 0xff);
    ring.add({ out: [long.subarray(0, 133), long.subarray(133)], in: [133, 167] });
    const chain = queue.pop()!;
    expect(chain.read(0, 300)).toEqual(long);
    queue.push(chain, chain.write(0, long));
    expect(ring.used()[0]!.bytes).toEqual(long);
  });

  it("may have a table of its own behind ordinary descriptors (2.7.5.3.2)", () => {
    const { driver, ring, queue } = rig();
    const buffer = driver.allocate(16);
    const table = driver.allocate(32);
    ring.describe(ring.setup.descriptors, 2, buffer, 4, NEXT, 5);
    ring.describe(ring.setup.descriptors, 5, table, 32, INDIRECT | WRITE, 0);
    ring.describe(table, 0, buffer + 4, 4, NEXT, 1);
    ring.describe(table, 1, buffer + 8, 8, WRITE, 0);
    ring.publish(2);
    expect(queue.pop()).toMatchObject({ head: 2, readableBytes: 8, writableBytes: 8 });
    expect(driver.failure).toBeUndefined();
  });
});

describe("the rings", () => {
  it("give chains in the driver's order and take them back in any, round and round", () => {
    const { driver, ring, queue } = rig();
    const mark = driver.mark();
    ring.startAt(0xfff0);
    for (let round = 0; round < 20; round++) {
      const heads = [ring.add({ in: [1] }), ring.add({ in: [1] })];
      const [first, second] = [queue.pop()!, queue.pop()!];
      expect([first.head, second.head]).toEqual(heads);
      expect(queue.pop()).toBeUndefined();
      second.write(0, bytes(2));
      queue.push(second, 1);
      queue.push(first, 0);
      expect(ring.used().map(({ head, written }) => [head, written])).toEqual([[second.head, 1], [first.head, 0]]);
      driver.rewind(mark);
    }
  });

  it("have the element before the index, and the CPU is told of both (2.7.8)", () => {
    const { driver, ring, queue } = rig();
    ring.add({ in: [4] });
    const chain = queue.pop()!;
    driver.overwrites.length = 0;
    queue.push(chain, 0);
    const { used } = ring.setup;
    expect(driver.overwrites).toEqual([{ address: used + 4, length: 8 }, { address: used + 2, length: 2 }]);
  });

  it("give an unpopped chain again", () => {
    const { ring, queue } = rig();
    const head = ring.add({ out: [text("x")] });
    queue.unpop(queue.pop()!);
    const again = queue.pop()!;
    expect(again.head).toBe(head);
    queue.push(again, 0);
    expect(ring.used()).toHaveLength(1);
  });

  it("take a chain back once, and none from before a reset", () => {
    const { ring, queue } = rig();
    ring.add({ in: [1] });
    const chain = queue.pop()!;
    queue.push(chain, 0);
    queue.push(chain, 0);
    expect(ring.used()).toHaveLength(1);
    ring.add({ in: [1] });
    const old = queue.pop()!;
    ring.clear();
    ring.add({ in: [1] });
    queue.push(old, 0);
    expect(ring.used()).toEqual([]);
    expect(queue.pop()).toBeDefined();
  });

  it("refuse a device that says it wrote more than it could", () => {
    const { ring, queue } = rig();
    ring.add({ in: [1] });
    const chain = queue.pop()!;
    expect(() => queue.push(chain, 2)).toThrow(/2 bytes of a chain with 1/);
  });
});

describe("interrupts", () => {
  it("come for each chain unless the driver said NO_INTERRUPT (2.7.7)", () => {
    const { driver, ring, queue } = rig();
    for (const [off, expected] of [[false, 1], [true, 1], [false, 2]] as const) {
      ring.noInterrupt = off;
      ring.add({ in: [1] });
      queue.push(queue.pop()!, 0);
      expect(driver.interrupts).toEqual([expected]);
    }
  });

  it("come at the entry that used_event names, whatever the flag says (EVENT_IDX, 2.7.7.1)", () => {
    const { driver, ring, queue } = rig({ eventIdx: true });
    ring.noInterrupt = true;
    ring.usedEvent = 2;
    for (const expected of [0, 0, 1, 1]) {
      ring.add({ in: [1] });
      queue.push(queue.pop()!, 0);
      expect(driver.interrupts).toEqual([expected]);
    }
  });

  it("are asked of the driver behind what the device has seen: avail_event (2.7.10)", () => {
    const { ring, queue } = rig({ eventIdx: true });
    queue.pop();
    expect(ring.availEvent).toBe(0);
    ring.add({ in: [1] });
    ring.add({ in: [1] });
    queue.pop();
    expect(ring.availEvent).toBe(2);
  });

  it("leave avail_event alone without EVENT_IDX", () => {
    const { driver, ring, queue } = rig();
    ring.add({ in: [1] });
    queue.pop();
    expect([ring.availEvent, driver.overwrites]).toEqual([0, []]);
  });
});

describe("a driver that breaks the rules fails its device", () => {
  const BUFFER = RAM_BASE + 0x8000;
  const TABLE = RAM_BASE + 0x9000;
  type Descriptor = readonly [address: number, length: number, flags: number, next: number];
  interface Rules {
    readonly table?: readonly Descriptor[];
    readonly indirect?: false;
    readonly head?: number;
  }
  const RAM_END = RAM_BASE + RAM_BYTES;
  const loop: readonly Descriptor[] = [[BUFFER, 1, NEXT, 1], [BUFFER, 1, NEXT, 0]];
  const long = Array.from({ length: SIZE + 1 }, (_, n): Descriptor => [BUFFER, 1, n < SIZE ? NEXT : 0, n + 1]);

  const ROWS: readonly [what: string, descriptors: readonly Descriptor[], reason: RegExp, rules?: Rules][] = [
    ["head out of range", [], /leads to descriptor 8 of 8/, { head: SIZE }],
    ["next out of range (2.7.5)", [[BUFFER, 1, NEXT, SIZE]], /leads to descriptor 8 of 8/],
    ["a loop (2.7.5.2)", loop, /more than 8 buffers, or is a loop/],
    ["a loop of one", [[BUFFER, 1, NEXT, 0]], /or is a loop/],
    ["an empty buffer", [[BUFFER, 0, 0, 0]], /is empty/],
    ["a buffer below RAM", [[RAM_BASE - 1, 2, 0, 0]], /outside RAM/],
    ["a buffer across the end of RAM", [[RAM_END - 1, 2, 0, 0]], /outside RAM/],
    ["a buffer at the top of the address space", [[2 ** 64 - 4096, 0xffff_ffff, 0, 0]], /outside RAM/],
    ["writable, then readable (2.7.4.2)", [[BUFFER, 1, WRITE | NEXT, 1], [BUFFER, 1, 0, 0]], /readable buffer after a writable/],
    ["an indirect table that was not negotiated (2.7.5.3.1)", [[TABLE, 16, INDIRECT, 0]], /not negotiated/, { indirect: false, table: [[BUFFER, 1, 0, 0]] }],
    ["INDIRECT with NEXT (2.7.5.3.1)", [[TABLE, 16, INDIRECT | NEXT, 1]], /has a next one/, { table: [[BUFFER, 1, 0, 0]] }],
    ["a table in a table (2.7.5.3.1)", [[TABLE, 16, INDIRECT, 0]], /indirect itself/, { table: [[TABLE, 16, INDIRECT, 0]] }],
    ["the descriptor table as its own indirect table", [[-1, 16 * SIZE, INDIRECT, 0]], /indirect itself/],
    ["an empty table", [[TABLE, 0, INDIRECT, 0]], /table of 0 bytes/],
    ["a table with half a descriptor", [[TABLE, 24, INDIRECT, 0]], /table of 24 bytes/],
    ["a table outside RAM", [[RAM_END, 16, INDIRECT, 0]], /indirect table .* outside memory/],
    ["a huge table", [[TABLE, 0xffff_fff0, INDIRECT, 0]], /indirect table .* outside memory/],
    ["next out of the table", [[TABLE, 32, INDIRECT, 0]], /leads to descriptor 2 of 2/, { table: [[BUFFER, 1, NEXT, 1], [BUFFER, 1, NEXT, 2]] }],
    ["a chain in a table longer than the queue (2.7.5.3.1)", [[TABLE, 16 * long.length, INDIRECT, 0]], /more than 8 buffers/, { table: long }],
    ["a loop in a table", [[TABLE, 32, INDIRECT, 0]], /or is a loop/, { table: loop }],
  ];

  it.each(ROWS)("%s", (_what, descriptors, reason, { table = [], indirect = true, head = 0 } = {}) => {
    const { driver, ring, queue } = rig();
    queue.indirect = indirect;
    for (const [n, [address, ...rest]] of descriptors.entries()) ring.describe(ring.setup.descriptors, n, address < 0 ? ring.setup.descriptors : address, ...rest);
    for (const [n, descriptor] of table.entries()) ring.describe(TABLE, n, ...descriptor);
    ring.publish(head);
    expect(queue.pop()).toBeUndefined();
    expect(driver.failure).toMatch(reason);
    expect(queue.pop()).toBeUndefined();
  });

  it("an available index that jumps by more than the queue has (2.7.13.3)", () => {
    const { driver, ring, queue } = rig();
    driver.pokeWord(ring.setup.available + 2, 2, SIZE);
    expect([queue.pop(), driver.failure]).toEqual([undefined, expect.stringMatching(/empty/)]);
    const other = rig();
    other.driver.pokeWord(other.ring.setup.available + 2, 2, SIZE + 1);
    expect([other.queue.pop(), other.driver.failure]).toEqual([undefined, expect.stringMatching(/9 entries ahead of the device, and it has 8/)]);
  });

  it("a descriptor made available again while in flight", () => {
    const { driver, ring, queue } = rig();
    ring.publish(ring.add({ in: [1] }));
    expect(queue.pop()).toBeDefined();
    expect([queue.pop(), driver.failure]).toEqual([undefined, expect.stringMatching(/while in flight/)]);
  });

  it("a writable buffer in ROM, though it may be read", () => {
    const ROM = 0x1000;
    const memory = new GuestMemory(new WireOrder(), [{ base: RAM_BASE, size: RAM_BYTES }, { base: ROM, size: 0x1000, readOnly: true }]);
    const { driver, ring, queue } = rig({ memory });
    ring.describe(ring.setup.descriptors, 0, ROM, 16, 0, 0);
    ring.describe(ring.setup.descriptors, 1, ROM, 16, WRITE, 0);
    ring.publish(0);
    ring.publish(1);
    expect(queue.pop()!.readableBytes).toBe(16);
    expect([queue.pop(), driver.failure]).toEqual([undefined, expect.stringMatching(/outside RAM/)]);
  });

  it("and then chains in flight are not given back", () => {
    const { driver, ring, queue } = rig();
    ring.add({ in: [1] });
    const chain = queue.pop()!;
    driver.host.fail("something else");
    queue.push(chain, 0);
    expect([ring.used(), driver.interrupts]).toEqual([[], [0]]);
  });
});

describe("a ring that the device cannot use fails it", () => {
  const at = RAM_BASE + 0x1000;
  const good = { size: 4, descriptors: at, available: at + 0x100, used: at + 0x200 };
  it.each([
    ["size 0", { size: 0 }, /size 0/],
    ["a size that is no power of two (2.7)", { size: 3 }, /size 3/],
    ["a size beyond what the device offers", { size: 16 }, /size 16 is no power of two from 1 to 8/],
    ["a misaligned descriptor table", { descriptors: at + 8 }, /descriptor table .* aligned to 16/],
    ["a misaligned available ring", { available: at + 1 }, /available ring .* aligned to 2/],
    ["a misaligned used ring", { used: at + 2 }, /used ring .* aligned to 4/],
    ["a used ring that begins in the descriptor table", { used: at + 60 }, /used ring .* overlaps/],
    ["a used ring that ends in the available ring", { used: at + 0x100 - 36 }, /used ring .* overlaps/],
    ["descriptors outside RAM", { descriptors: 0 }, /descriptor table at 0x0 is outside RAM/],
    ["an available ring outside RAM", { available: 2 ** 63 }, /available ring .* outside RAM/],
    ["a used ring across the end of RAM", { used: RAM_BASE + RAM_BYTES - 4 }, /used ring .* outside RAM/],
  ])("%s", (_what, wrong, reason) => {
    const { driver, queue } = rig();
    queue.enable({ ...good, ...wrong });
    expect([queue.ready, queue.size, queue.pop()]).toEqual([false, 0, undefined]);
    expect(driver.failure).toMatch(reason);
  });

  it("but one with the most entries is fine", () => {
    const memory = new GuestMemory(new WireOrder(), [{ base: RAM_BASE, size: 0x20_0000 }]);
    const failures: string[] = [];
    const queue = new SplitVirtqueue(0, 32768, memory, { failed: false, fail: (reason) => void failures.push(reason), interrupt: () => {} });
    queue.enable(legacyRing(32768, RAM_BASE, 4096));
    for (let n = 0; n < 32768; n++) {
      memory.store(RAM_BASE + 16 * n, 8, RAM_BASE);
      memory.store(RAM_BASE + 16 * n + 8, 4, 1);
      memory.store(RAM_BASE + 16 * 32768 + 4 + 2 * n, 2, n);
    }
    memory.store(RAM_BASE + 16 * 32768 + 2, 2, 32768);
    let popped = 0;
    while (queue.pop() !== undefined) popped++;
    expect([popped, failures]).toEqual([32768, []]);
  });
});

describe("the largest queue", () => {
  const MOST = 32768;
  const TABLE = RAM_BASE + 0x10_0000;

  /** Every descriptor leads to one indirect table of 32768 buffers of `length` bytes. */
  function largest(length: number): { readonly queue: SplitVirtqueue; readonly failures: string[] } {
    const memory = new GuestMemory(new WireOrder(), [{ base: RAM_BASE, size: 0x20_0000 }]);
    const failures: string[] = [];
    const owner = { failed: false, fail: (reason: string) => void failures.push(reason), interrupt: () => {} };
    const queue = new SplitVirtqueue(0, MOST, memory, owner);
    queue.indirect = true;
    const setup = legacyRing(MOST, RAM_BASE, 4096);
    queue.enable(setup);
    const put = (at: number, address: number, size: number, flags: number, next: number): void => {
      memory.store(at, 8, address);
      memory.store(at + 8, 4, size);
      memory.store(at + 12, 2, flags);
      memory.store(at + 14, 2, next);
    };
    for (let n = 0; n < MOST; n++) {
      put(setup.descriptors + 16 * n, TABLE, 16 * MOST, INDIRECT, 0);
      put(TABLE + 16 * n, RAM_BASE, length, n + 1 < MOST ? NEXT : 0, n + 1);
      memory.store(setup.available + 4 + 2 * n, 2, n);
    }
    memory.store(setup.available + 2, 2, MOST);
    return { queue, failures };
  }

  it("remembers 2^20 buffers of chains in flight, and no more", () => {
    const { queue, failures } = largest(1);
    const chains = Array.from({ length: 32 }, () => queue.pop()!);
    expect(chains.map(({ readableBytes }) => readableBytes)).toEqual(Array(32).fill(MOST));
    queue.push(chains.pop()!, 0);
    expect(queue.pop()).toBeDefined();
    expect([queue.pop(), failures]).toEqual([undefined, [expect.stringMatching(/more than 1048576 buffers are in flight/)]]);
  });

  it("has no chains of more than 2^32 bytes (2.7.5.2)", () => {
    const { queue, failures } = largest(0x2_0001);
    expect([queue.pop(), failures]).toEqual([undefined, [expect.stringMatching(/more than 2\^32 bytes/)]]);
    expect(largest(0x2_0000).queue.pop()!.readableBytes).toBe(2 ** 32);
  });
});

it("a legacy ring lies in one piece, its used ring aligned (2.7.2)", () => {
  //                 size  base    align       available          used
  const ROWS = [
    [256, 0x10_0000, 4096, 0x10_1000, 0x10_2000],
    [8, 0x10_0000, 64, 0x10_0080, 0x10_00c0],
    [1, 0x2000, 4096, 0x2010, 0x3000],
  ] as const;
  for (const [size, base, align, available, used] of ROWS) expect(legacyRing(size, base, align)).toEqual({ size, descriptors: base, available, used });
});

describe("a snapshot", () => {
  it("keeps positions and chains in flight, which the device asks for by head", async () => {
    const before = rig({ eventIdx: true });
    const [one, two] = [before.ring.add({ out: [text("a")], in: [4] }), before.ring.add({ in: [2], indirect: true })];
    const three = before.ring.add({ in: [1] });
    before.queue.pop();
    before.queue.pop();
    const driver = await before.driver.moveTo(idle());
    const ring = driver.queue(0);
    const { queue } = ring;
    expect(queue.save()).toEqual(before.queue.save());
    const second = queue.resume(two)!;
    const first = queue.resume(one)!;
    expect(first.read(0, 9)).toEqual(text("a"));
    queue.push(second, second.write(0, text("hi")));
    queue.push(first, 0);
    expect(queue.pop()!.head).toBe(three);
    expect(ring.used()).toEqual([{ head: two, written: 2, bytes: text("hi") }, { head: one, written: 0, bytes: bytes() }]);
  });

  it("holds the chain as it was popped, whatever memory says now: a machine fills it later", async () => {
    const before = rig();
    const head = before.ring.add({ out: [text("then")], in: [9] });
    before.queue.pop();
    before.ring.describe(before.ring.setup.descriptors, head, 0, 0xffff_ffff, INDIRECT | NEXT, 0xffff);
    const driver = await before.driver.moveTo(idle());
    const chain = driver.queue(0).queue.resume(head)!;
    expect([chain.read(0, 4), chain.writableBytes]).toEqual([text("then"), 9]);
  });

  it.each([
    ["never was in flight", (ring: DriverQueue, head: number) => ring.queue.resume(head + 1)],
    ["was asked for already", (ring: DriverQueue, head: number) => ring.queue.resume(head) && ring.queue.resume(head)],
  ])("fails the device for a head that %s", async (_what, resume) => {
    const before = rig();
    const head = before.ring.add({ in: [4] });
    before.queue.pop();
    const driver = await before.driver.moveTo(idle());
    expect(resume(driver.queue(0), head)).toBeUndefined();
    expect(driver.failure).toMatch(/was not in flight/);
  });

  it("can be taken back as long as nothing else happened", () => {
    const { ring, queue } = rig();
    ring.add({ in: [1] });
    const empty = queue.check(queue.save());
    const chain = queue.pop()!;
    const state = queue.save();
    queue.load(empty)();
    expect(queue.save()).toEqual(state);
    queue.push(chain, 0);
    expect(ring.used()).toHaveLength(1);
  });

  it("of another machine is refused, and nothing changes", () => {
    const { ring, queue } = rig();
    ring.add({ in: [1] });
    queue.pop();
    const good = queue.save() as Record<string, PlainData>;
    const setup = good["ring"] as Record<string, PlainData>;
    const [chain] = good["inFlight"] as Record<string, PlainData>[];
    const spoilt: PlainData[] = [null, 7, [], ...Object.keys(good).map((key) => ({ ...good, [key]: "x" })), { ...good, inFlight: [chain!, chain!] }];
    for (const wrong of [{ head: SIZE }, { head: -1 }, { readable: 2 }, { pieces: [0, 1] }, { pieces: [RAM_BASE] }, { pieces: Array(2 * SIZE + 2).fill(RAM_BASE) as number[] }]) {
      spoilt.push({ ...good, inFlight: [{ ...chain!, ...wrong }] });
    }
    for (const [key, value] of [["size", 3], ["used", 0], ["descriptors", -16], ["available", 2 ** 53]] as const) spoilt.push({ ...good, ring: { ...setup, [key]: value } });
    for (const state of spoilt) {
      let thrown: unknown;
      try {
        queue.check(state);
      } catch (error) {
        thrown = error;
      }
      expect(isTraplineError(thrown) && thrown.kind).toBe("snapshot");
    }
    expect(queue.save()).toEqual(good);
  });
});

it("whatever a driver writes, a device pops and pushes in bounded steps and nothing throws", () => {
  const address = fc.oneof(fc.constantFrom(0, RAM_BASE - 1, RAM_BASE + RAM_BYTES - 1, 2 ** 53, 2 ** 64 - 2048), fc.integer({ min: RAM_BASE, max: RAM_BASE + 0x400 }));
  const length = fc.oneof(fc.constantFrom(0, 16, 128, 0xffff_ffff), fc.nat(0x300));
  const descriptor = fc.record({ table: fc.boolean(), slot: fc.nat(SIZE), address, length, flags: fc.nat(7), next: fc.oneof(fc.nat(SIZE), fc.nat(0xffff)) });
  const step = fc.record({ descriptor, head: fc.nat(SIZE + 1), jump: fc.option(fc.nat(0xffff), { freq: 20, nil: undefined }), pushes: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, eventIdx) => {
      const { driver, ring, queue } = rig({ eventIdx });
      const table = driver.allocate(16 * (SIZE + 1));
      const held: ReturnType<SplitVirtqueue["pop"]>[] = [];
      for (const { descriptor: d, head, jump, pushes } of steps) {
        ring.describe(d.table ? table : ring.setup.descriptors, d.slot % (d.table ? SIZE + 1 : SIZE), d.address, d.length, d.flags, d.next);
        ring.publish(head);
        if (jump !== undefined) driver.pokeWord(ring.setup.available + 2, 2, jump);
        for (let chain = queue.pop(); chain !== undefined; chain = queue.pop()) {
          held.push(chain);
          expect(chain.readable().length + chain.writable().length).toBeLessThanOrEqual(SIZE);
          expect(chain.read(0, 64).length).toBe(Math.min(64, chain.readableBytes));
        }
        expect(held.length).toBeLessThanOrEqual(SIZE);
        for (let n = 0; n < pushes && held.length > 0; n++) {
          const chain = held.shift()!;
          queue.push(chain, chain.write(0, text("anything at all")));
        }
      }
      expect(queue.check(queue.save()).inFlight.length).toBeLessThanOrEqual(SIZE);
    }),
    { numRuns: 300 },
  );
});
