import { createMachine, EventFdFactoryToken, isTraplineError, type SignalEvent, type U64, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterEventFd, pollEventFd } from "./counter-event-fd.ts";
import { EventFds } from "./event-fds.ts";
import { eventfd } from "./eventfd-plugin.ts";

const make = (count: U64 = 0, semaphore = false): CounterEventFd => new CounterEventFd(new WireOrder(), "e", count, semaphore);
const MAX = 2n ** 64n - 2n;

function errnoOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isTraplineError(error, "kvm")) return (error as unknown as { errno: string }).errno;
    throw error;
  }
  return "0";
}

describe("an eventfd (kvm-irq-abi.md K.6 and G)", () => {
  //  row   given                  calls                                     answers
  const VECTORS: readonly [row: string, given: () => CounterEventFd, call: (e: CounterEventFd) => unknown[], answers: unknown[]][] = [
    ["119", () => make(), (e) => [e.read()], [undefined]],
    ["120", () => make(5), (e) => [e.read(), e.count], [5, 0]],
    ["121", () => make(3, true), (e) => [e.read(), e.read(), e.read(), e.read()], [1, 1, 1, undefined]],
    ["122", () => make(MAX), (e) => [e.write(1), e.count, pollEventFd(e).writable], [false, MAX, false]],
    ["123", () => make(), (e) => [errnoOf(() => e.write(2n ** 64n - 1n)), e.count], ["EINVAL", 0]],
    ["G: write adds", () => make(5), (e) => [e.write(7), e.count], [true, 12]],
    ["G: write 0 fits a full counter", () => make(MAX), (e) => [e.write(0), e.count], [true, MAX]],
    ["G: signal saturates", () => make(MAX), (e) => [e.signal(), e.count, e.signal(), e.count], [undefined, MAX + 1n, undefined, MAX + 1n]],
    ["114: an overflow polls as error", () => make(MAX), (e) => [e.signal(), pollEventFd(e).overflowed, e.read()], [undefined, true, MAX + 1n]],
    ["G: crosses 2^53 exactly", () => make(2 ** 53 - 1), (e) => [e.signal(), e.count, e.signal(), e.count], [undefined, 2n ** 53n, undefined, 2n ** 53n + 1n]],
    ["G: a semaphore counts down across 2^53", () => make(2n ** 53n, true), (e) => [e.read(), e.count], [1, 2 ** 53 - 1]],
    ["closed: read", () => make(1), (e) => [e.close(), errnoOf(() => e.read())], [undefined, "EBADF"]],
    ["closed: write", () => make(1), (e) => [e.close(), errnoOf(() => e.write(1))], [undefined, "EBADF"]],
    ["closed: signal", () => make(1), (e) => [e.close(), e.signal(), e.count], [undefined, undefined, 1]],
    ["negative", () => make(1), (e) => [errnoOf(() => e.write(-1)), errnoOf(() => e.write(0.5)), e.count], ["EINVAL", "EINVAL", 1]],
  ];
  it.each(VECTORS)("%s", (_row, given, call, answers) => {
    expect(call(given())).toEqual(answers);
  });

  it("tells its owner of every write, 0 included, before a waiting reader", async () => {
    const e = make();
    const seen: [U64, U64][] = [];
    const reading = e.readAsync();
    e.signals$.own("test", (value) => void seen.push([value, e.count]));
    e.write(0);
    e.write(3);
    expect(seen).toEqual([[0, 0], [3, 3]]);
    expect(await reading).toBe(3);
    expect(e.count).toBe(0);
  });

  it("gives a waiting reader nothing that its owner took", async () => {
    const e = make();
    const owner = e.signals$.own("test", () => void e.read());
    let answer: U64 | undefined;
    const reading = e.readAsync().then((value) => (answer = value));
    e.signal();
    await Promise.resolve();
    expect(answer).toBeUndefined();
    owner.unsubscribe();
    e.write(2);
    expect(await reading).toBe(2);
  });

  it("serves the readers of a semaphore one each", async () => {
    const e = make(0, true);
    const readings = [e.readAsync(), e.readAsync(), e.readAsync()];
    e.write(3);
    expect(await Promise.all(readings)).toEqual([1, 1, 1]);
    expect(e.count).toBe(0);
  });

  it("rejects who waits, tells who asked, and completes its taps when closed, once", async () => {
    const e = make();
    const log: string[] = [];
    e.signals$.subscribe({ complete: () => log.push("complete") });
    e.onClose(() => log.push("told"));
    const gone = e.onClose(() => log.push("never"));
    gone.unsubscribe();
    const reading = e.readAsync();
    e.close();
    e.close();
    await expect(reading).rejects.toMatchObject({ errno: "EBADF" });
    await expect(e.readAsync()).rejects.toMatchObject({ errno: "EBADF" });
    e.onClose(() => log.push("at once"));
    expect(log).toEqual(["told", "complete", "at once"]);
  });

  it("shows taps the value and what the owner left of the count", () => {
    const e = make();
    const seen: Pick<SignalEvent, "value" | "count">[] = [];
    e.signals$.subscribe(({ value, count }) => seen.push({ value, count }));
    e.signals$.own("drain", () => void e.read());
    e.write(4);
    expect(seen).toEqual([{ value: 4, count: 0 }]);
  });

  it("agrees with 64-bit arithmetic over random calls", () => {
    const step = fc.oneof(
      fc.constant("signal" as const),
      fc.constant("read" as const),
      fc.bigInt(0n, 2n ** 64n - 2n),
      fc.integer({ min: 0, max: 10 }).map(BigInt),
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (semaphore, steps) => {
        const e = make(0, semaphore);
        let model = 0n;
        for (const s of steps) {
          if (s === "signal") {
            e.signal();
            model = model === 2n ** 64n - 1n ? model : model + 1n;
          } else if (s === "read") {
            const expected = model === 0n ? undefined : semaphore ? 1n : model;
            const got = e.read();
            expect(got === undefined ? undefined : BigInt(got)).toBe(expected);
            model -= expected ?? 0n;
          } else {
            const fits = model + s <= MAX;
            expect(e.write(s)).toBe(fits);
            if (fits) model += s;
          }
          expect(BigInt(e.count)).toBe(model);
          expect(typeof e.count).toBe(model < 2n ** 53n ? "number" : "bigint");
        }
      }),
    );
  });
});

describe("the eventfds of a machine", () => {
  it("are made by the plugin and closed with the machine", async () => {
    const machine = await createMachine({ plugins: [eventfd()] });
    const factory = machine.get(EventFdFactoryToken);
    const [a, b] = [factory.create(), factory.create({ name: "kick", count: 2, semaphore: true })];
    expect([a.name, b.name, b.count, b.semaphore]).toEqual(["eventfd0", "kick", 2, true]);
    await machine.close();
    expect([a.closed, b.closed]).toEqual([true, true]);
  });

  it("refuse a start value of more than 32 bits", () => {
    expect(() => new EventFds(new WireOrder()).create({ count: 2 ** 32 })).toThrow("EINVAL: eventfd initval is 4294967296 where a whole number from 0 to 2^32 − 1 is allowed");
  });

  it("save and restore their counters", () => {
    const from = new EventFds(new WireOrder());
    from.create({ name: "a" }).write(2n ** 60n);
    from.create({ name: "b", semaphore: true }).signal();
    from.create({ name: "gone" }).close();
    const to = new EventFds(new WireOrder());
    const [a, b] = [to.create({ name: "a", count: 9 }), to.create({ name: "b", semaphore: true })];
    to.restore(from.save());
    expect([a.count, b.count]).toEqual([2n ** 60n, 1]);
  });

  it.each([
    ["another number of them", [{ name: "a" }]],
    ["another name", [{ name: "a" }, { name: "c" }]],
    ["another kind", [{ name: "a" }, { name: "b", semaphore: true }]],
  ])("refuse a snapshot with %s, changing nothing", (_what, options) => {
    const from = new EventFds(new WireOrder());
    for (const option of options) from.create(option).signal();
    const to = new EventFds(new WireOrder());
    const fds = [to.create({ name: "a" }), to.create({ name: "b" })];
    expect(() => to.restore(from.save())).toThrow(expect.objectContaining({ kind: "snapshot" }));
    expect(fds.map((fd) => fd.count)).toEqual([0, 0]);
  });
});
