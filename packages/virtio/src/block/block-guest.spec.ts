/** A guest uses a disk through virtio-mmio: what it writes and flushes is in the file, and a machine restored in the middle goes on. */
import { readFileSync, writeFileSync } from "node:fs";
import {
  compute,
  createMachine,
  type GuestCode,
  type GuestOp,
  type Machine,
  powerOff,
  read32,
  read8,
  scripted,
  write16,
  write32,
  write64,
  write8,
} from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { BLK_T } from "./block-request.ts";
import { block, type BlockOptions } from "./block.plugin.ts";
import { folder, sectors } from "./disks/disk-bench.fixture.ts";

const RAM = 0x4000_0000;
const BASE = 0x0a00_0000;
const [TABLE, AVAILABLE, USED, REQUEST, DATA] = [RAM, RAM + 0x100, RAM + 0x200, RAM + 0x300, RAM + 0x1000];

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});

/** Resets, negotiates VERSION_1 and FLUSH, and sets up queue 0 with 4 entries. */
function* bringUp(): GuestCode {
  for (const status of [0, 1, 3]) yield write32(BASE + 0x070, status);
  for (const [select, features] of [
    [1, 1],
    [0, 1 << 9],
  ] as const) {
    yield write32(BASE + 0x024, select);
    yield write32(BASE + 0x020, features);
  }
  yield write32(BASE + 0x070, 11);
  yield write32(BASE + 0x030, 0);
  yield write32(BASE + 0x038, 4);
  for (const [offset, address] of [
    [0x080, TABLE],
    [0x090, AVAILABLE],
    [0x0a0, USED],
  ] as const) {
    yield write32(BASE + offset, address);
    yield write32(BASE + offset + 4, 0);
  }
  yield write32(BASE + 0x044, 1);
  yield write32(BASE + 0x070, 15);
}

function* descriptor(n: number, address: number, length: number, flags: number): GuestCode {
  yield write64(TABLE + 16 * n, address);
  yield write32(TABLE + 16 * n + 8, length);
  yield write32(TABLE + 16 * n + 12, flags | ((n + 1) << 16));
}

/** The `n`th request, of `length` bytes at DATA; waits until it came back, and returns its status. */
function* ask(n: number, type: number, sector: number, length: number): Generator<GuestOp, number, unknown> {
  const [NEXT, WRITE] = [1, 2];
  yield write32(REQUEST, type);
  yield write64(REQUEST + 8, sector);
  yield* descriptor(0, REQUEST, 16, NEXT);
  if (length > 0) yield* descriptor(1, DATA, length, NEXT | (type === BLK_T.IN ? WRITE : 0));
  yield* descriptor(length > 0 ? 2 : 1, REQUEST + 16, 1, WRITE);
  yield write16(AVAILABLE + 4 + 2 * (n % 4), 0);
  yield write16(AVAILABLE + 2, n + 1);
  yield write32(BASE + 0x050, 0);
  while ((yield* read32(USED)) >>> 16 !== n + 1) yield compute(5000);
  return (yield* read8(REQUEST + 16)) as number;
}

async function machineOf(guest: () => GuestCode, options: BlockOptions): Promise<Machine> {
  const machine = await createMachine({
    memory: [{ base: RAM, size: 0x1_0000 }],
    plugins: [scripted(guest), block({ slot: 0, ...options })],
  });
  opened.push(machine);
  return machine;
}

describe("a guest", () => {
  it("reads what is in the file, and what it writes is there once it has flushed", async () => {
    const path = folder();
    writeFileSync(path("root.img"), sectors(8, 0x0101_0101));
    const found: number[] = [];
    const guest = function* (): GuestCode {
      yield* bringUp();
      found.push(yield* ask(0, BLK_T.IN, 3, 512), yield* read8(DATA), yield* read8(DATA + 511));
      for (let n = 0; n < 512; n++) yield write8(DATA + n, n);
      found.push(yield* ask(1, BLK_T.OUT, 5, 512), yield* ask(2, BLK_T.FLUSH, 0, 0), yield* ask(3, BLK_T.OUT, 8, 512));
      yield powerOff();
    };
    const machine = await machineOf(guest, { file: path("root.img") });
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    expect(found).toEqual([0, 1, 1, 0, 0, 1]);
    const after = Uint8Array.from(sectors(8, 0x0101_0101));
    for (let n = 0; n < 512; n++) after[5 * 512 + n] = n;
    expect(readFileSync(path("root.img")).equals(after)).toBe(true);
  });

  it("goes on in another machine, restored at any moment, over the disk as it was kept", async () => {
    const guest = function* (): GuestCode {
      yield* bringUp();
      for (let n = 0; n < 4; n++) {
        yield write8(DATA, n + 1);
        yield* ask(n, BLK_T.OUT, n, 512);
      }
      yield* ask(4, BLK_T.IN, 0, 2048);
      yield powerOff();
    };
    const path = folder();
    const first = await machineOf(guest, { memory: 0x1_0000, overlay: path("a.cow") });
    await first.run({ untilNs: 120_000 });
    const saved = await first.save();
    await first.close(); // what was written is in the overlay now
    const second = await machineOf(guest, { memory: 0x1_0000, overlay: path("a.cow") });
    await second.restore(saved);
    expect(await second.run()).toMatchObject({ reason: "power-off" });
    expect([0, 512, 1024, 1536].map((at) => second.memory.read(DATA + at, 1))).toEqual([1, 2, 3, 4]);
  });

  it("sees the same times in every run", async () => {
    const times = async (): Promise<number> => {
      const guest = function* (): GuestCode {
        yield* bringUp();
        for (let n = 0; n < 10; n++) yield* ask(n, n % 3 === 2 ? BLK_T.FLUSH : BLK_T.OUT, n, n % 3 === 2 ? 0 : 512);
        yield powerOff();
      };
      const path = folder();
      writeFileSync(path("root.img"), sectors(32, 0));
      const machine = await machineOf(guest, { file: path("root.img") });
      await machine.run();
      return machine.clock.nowNs();
    };
    const [one, two] = [await times(), await times()];
    expect(two).toBe(one);
    expect(one).toBeGreaterThan(10 * 50_000);
  });
});
