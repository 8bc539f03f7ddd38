/** A guest drives the entropy device through virtio-mmio, register by register, as a small driver without interrupts would (virtio 1.2, 3.1.1, 2.7.13, 4.2.3). */
import { createMachine, type GuestCode, type Machine, ofKind, powerOff, read32, read8, scripted, write16, write32, write64 } from "@trapline/core";
import { afterEach, expect, it } from "vitest";
import type { VirtioEvent } from "../transport/virtio-event.ts";
import { SeededEntropy } from "./entropy-source.ts";
import { rng } from "./rng.plugin.ts";

const RAM = 0x4000_0000;
const BASE = 0x0a00_0000;
const [TABLE, AVAILABLE, USED, BUFFER] = [RAM, RAM + 0x100, RAM + 0x200, RAM + 0x1000];
const BYTES = 16;

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});

/** Resets, negotiates VERSION_1 and sets up queue 0 with 4 entries. */
function* bringUp(): GuestCode {
  for (const status of [0, 1, 3]) yield write32(BASE + 0x070, status);
  for (const [select, features] of [[1, 1], [0, 0]] as const) {
    yield write32(BASE + 0x024, select);
    yield write32(BASE + 0x020, features);
  }
  yield write32(BASE + 0x070, 11);
  yield write32(BASE + 0x030, 0);
  yield write32(BASE + 0x038, 4);
  for (const [offset, address] of [[0x080, TABLE], [0x090, AVAILABLE], [0x0a0, USED]] as const) {
    yield write32(BASE + offset, address);
    yield write32(BASE + offset + 4, 0);
  }
  yield write32(BASE + 0x044, 1);
  yield write32(BASE + 0x070, 15);
}

/** One request for BYTES bytes, with descriptor and entry `n`. */
function* request(n: number): GuestCode {
  yield write64(TABLE + 16 * n, BUFFER + BYTES * n);
  yield write32(TABLE + 16 * n + 8, BYTES);
  yield write32(TABLE + 16 * n + 12, 2); // writable, no next
  yield write16(AVAILABLE + 4 + 2 * n, n);
  yield write16(AVAILABLE + 2, n + 1);
  yield write32(BASE + 0x050, 0);
}

function guest(found: number[]): () => GuestCode {
  return function* () {
    for (const offset of [0x000, 0x004, 0x008]) found.push(yield* read32(BASE + offset));
    yield* bringUp();
    yield* request(0);
    while ((yield* read32(BASE + 0x060)) === 0);
    yield write32(BASE + 0x064, 1);
    found.push(yield* read32(BASE + 0x060), yield* read32(USED), yield* read32(USED + 4), yield* read32(USED + 8));
    for (let n = 0; n < BYTES; n++) found.push(yield* read8(BUFFER + n));
    yield powerOff();
  };
}

it("finds it, asks for bytes, is told, and finds them in its buffer", async () => {
  const found: number[] = [];
  const machine = await createMachine({ memory: [{ base: RAM, size: 0x1_0000 }], plugins: [scripted(guest(found)), rng({ seed: 3 })] });
  opened.push(machine);
  const gsis: string[] = [];
  const steps: string[] = [];
  machine.trace$.pipe(ofKind("gsi")).subscribe(({ gsi, signal }) => void gsis.push(`${gsi} ${signal}`));
  machine.trace$.pipe(ofKind("virtio")).subscribe(({ device, step }: VirtioEvent) => void steps.push(`${device} ${step}`));
  expect(await machine.run()).toMatchObject({ reason: "power-off" });
  const expected = new Uint8Array(BYTES);
  new SeededEntropy(3).fillBytes(expected);
  //                    magic        version device  status used.idx<<16 id len      bytes
  expect(found).toEqual([0x7472_6976, 2, 4, /*   */ 0, 0x1_0000, 0, BYTES, ...expected]);
  expect(gsis).toEqual(["16 high", "16 low"]);
  expect(steps).toEqual(["rng0 reset", "rng0 features", "rng0 started"]);
});

it("gets the same bytes in every run under virtual time, and the next ones after a snapshot", async () => {
  const compose = async (): Promise<Machine> => {
    const machine = await createMachine({
      memory: [{ base: RAM, size: 0x1_0000 }],
      plugins: [
        scripted(function* () {
          yield* bringUp();
          yield* request(0);
          yield* request(1);
          yield powerOff();
        }),
        rng(),
      ],
    });
    opened.push(machine);
    return machine;
  };
  const [one, two] = [await compose(), await compose()];
  const request1Ns = await halfWay(one);
  await one.run();
  const other = await compose();
  await other.run({ untilNs: request1Ns });
  await two.restore(await other.save());
  await two.run();
  const bytes = (machine: Machine): Uint8Array => machine.memory.copyOut(BUFFER, 2 * BYTES)!;
  expect(bytes(two)).toEqual(bytes(one));
  expect(bytes(one).slice(0, BYTES)).not.toEqual(bytes(one).slice(BYTES));
});

/** Runs until the first request is answered and the second is not asked yet; returns when that is. */
async function halfWay(machine: Machine): Promise<number> {
  for (let untilNs = 1; ; untilNs++) {
    await machine.run({ untilNs });
    if (machine.memory.read(USED + 2, 2) === 1) return untilNs;
  }
}
