/**
 * The conformance suite of the eventfd contract (@trapline/core, event/event-fd.ts): what eventfd(2) and the kernel's own
 * eventfd_signal do, and what a wire adds to it. It runs on any factory of eventfds.
 *
 * @example
 * describeEventFd("my eventfd", (options) => factory.create(options));
 */
import { type EventFd, type EventFdOptions, isTraplineError, type KvmError, type SignalEvent, toBigint, type U64 } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Makes a fresh eventfd. Called for every test. */
export type EventFdUnderTest = (options?: EventFdOptions) => EventFd;

/** The most that write(2) can bring a counter to. */
const MAX = 2n ** 64n - 2n;

/** Registers the suite with vitest under `name`. */
export function describeEventFd(name: string, make: EventFdUnderTest): void {
  describe(`${name}, eventfd contract: the counter`, () => {
    counter(make);
    arithmetic(make);
  });
  describe(`${name}, eventfd contract: who is told`, () => {
    wire(make);
  });
  describe(`${name}, eventfd contract: waiting and closing`, () => {
    waiting(make);
    closing(make);
  });
}

/** A row: what is done to a fresh eventfd, and what each step answers. An errno stands for the KvmError with that errno. */
type Row = readonly [
  behaviour: string,
  options: EventFdOptions,
  steps: (e: EventFd) => readonly (() => unknown)[],
  answers: readonly unknown[],
];

const ROWS: readonly Row[] = [
  // eventfd(2): "initialized with the value specified in the argument initval"
  ["starts at 0", {}, (e) => [() => e.count, () => e.read()], [0, undefined]],
  ["starts at its start value, a 32-bit number", { count: 0xffff_ffff }, (e) => [() => e.count], [0xffff_ffff]],
  // "If EFD_SEMAPHORE was not specified and the counter has a nonzero value, then a read returns that value, and … reset to zero"
  ["read takes all", { count: 5 }, (e) => [() => e.read(), () => e.count, () => e.read()], [5, 0, undefined]],
  // "If EFD_SEMAPHORE was specified …, then a read returns the value 1, and the counter is decremented by 1"
  [
    "read takes 1 of a semaphore",
    { count: 3, semaphore: true },
    (e) => [() => e.read(), () => e.read(), () => e.count, () => e.read(), () => e.read()],
    [1, 1, 1, 1, undefined],
  ],
  // "A write adds the 8-byte integer value supplied in its buffer to the counter"
  ["write adds", { count: 5 }, (e) => [() => e.write(7), () => e.count, () => e.write(0), () => e.count], [true, 12, true, 12]],
  // "The maximum value that may be stored in the counter is the largest unsigned 64-bit value minus 1"
  ["write fills it to 2^64 − 2", {}, (e) => [() => e.write(MAX), () => e.write(0), () => e.read()], [true, true, MAX]],
  // "If the addition would cause the counter's value to exceed the maximum, then the write … fails with EAGAIN"
  ["write that does not fit changes nothing", { count: 1 }, (e) => [() => e.write(MAX), () => e.count], [false, 1]],
  // "A write will fail with EINVAL if … an attempt is made to write the value 0xffffffffffffffff"
  ["write of 2^64 − 1", { count: 1 }, (e) => [() => e.write(MAX + 1n), () => e.count], ["EINVAL", 1]],
  [
    "write of what is no unsigned 64-bit number",
    { count: 1 },
    (e) => [() => e.write(-1), () => e.write(0.5), () => e.write(2n ** 64n), () => e.count],
    ["EINVAL", "EINVAL", "EINVAL", 1],
  ],
  // eventfd_signal (fs/eventfd.c): adds 1, sticks at ULLONG_MAX
  ["signal adds 1", { count: 0xffff_ffff }, (e) => [() => e.signal(), () => e.count], [undefined, 0x1_0000_0000]],
  [
    "signal sticks at 2^64 − 1",
    {},
    (e) => [() => e.write(MAX), () => e.signal(), () => e.count, () => e.signal(), () => e.count],
    [true, undefined, MAX + 1n, undefined, MAX + 1n],
  ],
  // 64-bit values in their one form: a number up to 2^53 − 1, a bigint above
  [
    "crosses 2^53 exactly",
    {},
    (e) => [() => e.write(2 ** 53 - 1), () => e.signal(), () => e.count, () => e.signal(), () => e.count],
    [true, undefined, 2n ** 53n, undefined, 2n ** 53n + 1n],
  ],
  [
    "a semaphore counts down across 2^53",
    { semaphore: true },
    (e) => [() => e.write(2n ** 53n), () => e.read(), () => e.count],
    [true, 1, 2 ** 53 - 1],
  ],
];

function counter(make: EventFdUnderTest): void {
  it.each(ROWS)("%s", (_behaviour, options, steps, answers) => {
    const eventFd = make(options);
    expect(steps(eventFd).map(answerOf)).toEqual(answers);
    eventFd.close();
  });

  it("has the name that was asked for, and says whether it is a semaphore", () => {
    const [plain, semaphore] = [make({ name: "kick" }), make({ semaphore: true })];
    expect([plain.name, plain.semaphore, plain.closed, semaphore.semaphore]).toEqual(["kick", false, false, true]);
    expect(semaphore.name).not.toBe("");
  });

  it.each([-1, 0.5, 2 ** 32])("refuses the start value %d with EINVAL", (count) => {
    expect(answerOf(() => make({ count }))).toBe("EINVAL");
  });
}

function arithmetic(make: EventFdUnderTest): void {
  it("agrees with 64-bit arithmetic, whatever is done to it", () => {
    const step = fc.oneof(fc.constantFrom("signal" as const, "read" as const), fc.bigInt(0n, MAX), fc.bigInt(0n, 10n));
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (semaphore, steps) => {
        const eventFd = make({ semaphore });
        let model = 0n;
        for (const each of steps) {
          if (each === "signal") {
            eventFd.signal();
            model = model > MAX ? model : model + 1n;
          } else if (each === "read") {
            const taken = model === 0n ? undefined : semaphore ? 1n : model;
            const got = eventFd.read();
            expect(got === undefined ? undefined : toBigint(got)).toBe(taken);
            model -= taken ?? 0n;
          } else {
            expect(eventFd.write(each)).toBe(model + each <= MAX);
            if (model + each <= MAX) model += each;
          }
          expect([toBigint(eventFd.count), typeof eventFd.count]).toEqual([model, model < 2n ** 53n ? "number" : "bigint"]);
        }
        eventFd.close();
      }),
    );
  });
}

function wire(make: EventFdUnderTest): void {
  it("tells its owner of every signal and write, 0 included, with the value, after counting it", () => {
    const eventFd = make();
    const told: [value: U64, count: U64][] = [];
    eventFd.signals$.own("test", (value) => void told.push([value, eventFd.count]));
    eventFd.signal();
    eventFd.write(3);
    eventFd.write(0);
    expect(told).toEqual([
      [1, 1],
      [3, 4],
      [0, 4],
    ]);
  });

  it("does not tell of a write that failed, or of a read", () => {
    const eventFd = make({ count: 2 });
    const told: U64[] = [];
    eventFd.signals$.own("test", (value) => void told.push(value));
    expect([eventFd.write(MAX), eventFd.read(), answerOf(() => eventFd.write(MAX + 1n))]).toEqual([false, 2, "EINVAL"]);
    expect(told).toEqual([]);
  });

  it("lets the owner take the count, as an irqfd does, before anybody who waits", async () => {
    const eventFd = make();
    const answers: U64[] = [];
    const reading = eventFd.readAsync().then((value) => answers.push(value));
    const owner = eventFd.signals$.own("irqfd", () => void eventFd.read());
    eventFd.signal();
    await Promise.resolve();
    expect([answers, eventFd.count]).toEqual([[], 0]);
    owner.unsubscribe();
    eventFd.write(2);
    await reading;
    expect(answers).toEqual([2]);
  });

  it("shows taps the value, and the count that the owner left", () => {
    const eventFd = make({ name: "kick" });
    const seen: Pick<SignalEvent, "kind" | "eventFd" | "value" | "count">[] = [];
    eventFd.signals$.subscribe(({ kind, eventFd: named, value, count }) => seen.push({ kind, eventFd: named, value, count }));
    eventFd.write(4);
    eventFd.signals$.own("irqfd", () => void eventFd.read());
    eventFd.signal();
    expect(seen).toEqual([
      { kind: "signal", eventFd: "kick", value: 4, count: 4 },
      { kind: "signal", eventFd: "kick", value: 1, count: 0 },
    ]);
  });
}

function waiting(make: EventFdUnderTest): void {
  it("gives a reader what is there, or lets it wait for the first signal", async () => {
    const eventFd = make({ count: 7 });
    expect(await eventFd.readAsync()).toBe(7);
    const reading = eventFd.readAsync();
    eventFd.write(0); // wakes nobody: the counter is still 0
    eventFd.write(3);
    expect([await reading, eventFd.count]).toEqual([3, 0]);
  });

  it("serves the readers of a semaphore one each, in the order in which they came", async () => {
    const eventFd = make({ semaphore: true });
    const order: string[] = [];
    const readings = ["first", "second", "third"].map((name) => eventFd.readAsync().then((value) => order.push(`${name} ${value}`)));
    eventFd.write(2);
    await Promise.all(readings.slice(0, 2));
    expect([order, eventFd.count]).toEqual([["first 1", "second 1"], 0]);
    eventFd.signal();
    await readings[2];
    expect(order.at(-1)).toBe("third 1");
  });
}

function closing(make: EventFdUnderTest): void {
  it("ends everything, once: readers get EBADF, listeners are told, taps complete", async () => {
    const eventFd = make();
    const log: string[] = [];
    eventFd.signals$.subscribe({ complete: () => log.push("complete") });
    eventFd.onClose(() => log.push("told"));
    eventFd.onClose(() => log.push("left")).unsubscribe();
    const reading = eventFd.readAsync();
    eventFd.close();
    eventFd.close();
    expect([log, eventFd.closed]).toEqual([expect.arrayContaining(["told", "complete"]), true]);
    expect(log).toHaveLength(2);
    await expect(reading).rejects.toMatchObject({ errno: "EBADF" });
    await expect(eventFd.readAsync()).rejects.toMatchObject({ errno: "EBADF" });
    eventFd.onClose(() => log.push("at once"));
    expect(log.at(-1)).toBe("at once");
  });

  it("answers reads and writes of a closed one with EBADF, and ignores signals", () => {
    const eventFd = make({ count: 1 });
    const told: U64[] = [];
    eventFd.signals$.own("test", (value) => void told.push(value));
    eventFd.close();
    expect([answerOf(() => eventFd.read()), answerOf(() => eventFd.write(1)), answerOf(() => eventFd.signal())]).toEqual([
      "EBADF",
      "EBADF",
      undefined,
    ]);
    expect(told).toEqual([]);
  });
}

/** What a call answers; the errno, where it is refused. */
function answerOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (isTraplineError(error, "kvm")) return (error as KvmError).errno;
    throw error;
  }
}
