/** The entropy device (virtio 1.2, 5.4) and its sources. */
import { describe, expect, it } from "vitest";
import { Driver } from "../testing/driver.fixture.ts";
import { EntropyDevice, MAX_BYTES } from "./entropy-device.ts";
import { type EntropySource, hostEntropy, SeededEntropy } from "./entropy-source.ts";
import { rng } from "./rng.plugin.ts";

const device = (source: EntropySource = new SeededEntropy(1)): EntropyDevice => new EntropyDevice("rng0", source);
const take = (source: EntropySource, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  source.fillBytes(bytes);
  return bytes;
};

describe("the entropy device (5.4)", () => {
  it("is device 4 with one queue, no features and no configuration", () => {
    expect(device()).toMatchObject({ type: 4, queueSizes: [8], features: 0n, config: { size: 0 } });
  });

  it("fills every buffer of a request, and says how much (5.4.6.1)", () => {
    const driver = new Driver(device());
    const requests = driver.queue(0);
    requests.send({ in: [3, 61] });
    const [used] = requests.used();
    expect(used).toMatchObject({ written: 64, bytes: concat(take(new SeededEntropy(1), 3), skipping(4, 61)) });
    expect(driver.interrupts).toEqual([1]);
  });

  it("tells the CPU what it wrote", () => {
    const driver = new Driver(device());
    driver.queue(0).send({ in: [3, 61] });
    expect(driver.overwrites.map(({ length }) => length)).toEqual([3, 61, 8, 2]);
  });

  it("gives a large request less than all: it may (5.4.6.1), and its work is bounded", () => {
    const driver = new Driver(device());
    driver.queue(0).send({ in: [MAX_BYTES - 1, 100] });
    expect(driver.queue(0).used()[0]!.written).toBe(MAX_BYTES);
  });

  it("answers all that is there at one notification, and gives back a request without room", () => {
    const driver = new Driver(device());
    const requests = driver.queue(0);
    requests.add({ in: [8] });
    requests.add({ out: [Uint8Array.of(1, 2)] });
    requests.add({ out: [Uint8Array.of(1, 2)], in: [4], indirect: true });
    requests.kick();
    expect(requests.used().map(({ written }) => written)).toEqual([8, 0, 4]);
    expect(driver.failure).toBeUndefined();
  });

  it("ends though every answer makes the next request available: a buffer that lies on the available ring", () => {
    let filled = 0;
    const counting: EntropySource = { ...hostEntropy, fillBytes: (bytes) => void bytes.set([++filled + 1, 0]) };
    const driver = new Driver(device(counting), { queueSize: 8 });
    const requests = driver.queue(0);
    requests.describe(requests.setup.descriptors, 0, requests.setup.available + 2, 2, 2, 0);
    requests.publish(0);
    requests.kick();
    expect([filled, driver.failure]).toEqual([8, undefined]);
  });

  it("gives a driver that comes again other numbers", () => {
    const driver = new Driver(device());
    driver.queue(0).send({ in: [16] });
    const [first] = driver.queue(0).used();
    driver.reset();
    driver.restart();
    driver.queue(0).send({ in: [16] });
    expect(driver.queue(0).used()[0]!.bytes).not.toEqual(first!.bytes);
  });

  it("goes on with the same numbers after a snapshot", async () => {
    const driver = new Driver(device());
    driver.queue(0).send({ in: [16] });
    const copy = await driver.moveTo(device(new SeededEntropy(99)));
    for (const each of [driver, copy]) each.queue(0).send({ in: [16] });
    expect(copy.queue(0).used().at(-1)!.bytes).toEqual(driver.queue(0).used().at(-1)!.bytes);
  });
});

describe("a seeded source", () => {
  it("is xoshiro128**: its reference's numbers after the state 1, 2, 3, 4", () => {
    const source = new SeededEntropy(0);
    source.restore([1, 2, 3, 4]);
    expect([...new Uint32Array(take(source, 16).buffer)]).toEqual([11520, 0, 5_927_040, 70_819_200]);
  });

  it("gives the same bytes for the same seed, on every host", () => {
    expect(Buffer.from(take(new SeededEntropy(0), 8)).toString("hex")).toBe("ac81668528e4576a");
    expect(Buffer.from(take(new SeededEntropy(2 ** 53 - 1), 8)).toString("hex")).toBe("7e78c0aea31d584d");
  });

  it("gives other bytes for another seed, in either half of it", () => {
    const seeds = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1];
    const streams = seeds.map((seed) => Buffer.from(take(new SeededEntropy(seed), 16)).toString("hex"));
    expect(new Set(streams).size).toBe(seeds.length);
  });

  it("spreads evenly: of 64 KiB every value comes about 256 times", () => {
    const counts = new Uint32Array(256);
    for (const byte of take(new SeededEntropy(7), 0x1_0000)) counts[byte]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
    expect(chiSquare).toBeGreaterThan(150); // 255 degrees of freedom: mean 255, deviation 23
    expect(chiSquare).toBeLessThan(360);
  });

  it("begins again when the machine is switched on", () => {
    const source = new SeededEntropy(5);
    const first = take(source, 8);
    source.reset();
    expect(take(source, 8)).toEqual(first);
  });

  it.each([[null], [[1, 2, 3]], [[0, 0, 0, 0]], [[1, 2, 3, -1]], ["words"]])("refuses %j as its saved state, and goes on as it was", (state) => {
    const [source, twin] = [new SeededEntropy(5), new SeededEntropy(5)];
    expect(() => source.restore(state)).toThrow(/four 32-bit words/);
    expect(take(source, 8)).toEqual(take(twin, 8));
  });
});

it("the host's source fills any length, and has no state", () => {
  const bytes = take(hostEntropy, 0x1_0001);
  expect(new Set(bytes).size).toBe(256);
  expect(hostEntropy.save()).toBeNull();
  expect(() => hostEntropy.restore([1, 2, 3, 4])).toThrow(/from the host/);
});

it.each([-1, 0.5, 2 ** 53, Number.NaN])("seed %d is refused", (seed) => {
  expect(() => rng({ seed })).toThrow(/rng0 has seed/);
});

/** Bytes of seed 1 after the first `skip`. */
function skipping(skip: number, length: number): Uint8Array {
  return take(new SeededEntropy(1), skip + length).slice(skip);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
