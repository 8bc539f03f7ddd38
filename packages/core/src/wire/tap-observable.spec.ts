/**
 * A failing tap is unsubscribed and reported, and harms nobody: neither the owner, nor the emitter, nor the other taps.
 * The rows go through the ways in which RxJS lets user code run; the note is what plain RxJS 7.8 does with the same code.
 */
import { concatMap, finalize, map, mergeMap, type Observable, of, scan, share, Subject, Subscriber, switchMap, take, tap, throwError } from "rxjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TraplineError } from "../errors.ts";
import { Wire } from "./wire.ts";
import { type WireEvent, WireOrder } from "./wire-order.ts";

type NumberWire = Wire<readonly [value: number], number, WireEvent & { readonly value: number }>;

let reports: TraplineError[];
let wire: NumberWire;
let uncaught: unknown[];
const catchUncaught = (error: unknown): void => void uncaught.push(error);

beforeEach(() => {
  reports = [];
  uncaught = [];
  wire = new Wire<readonly [value: number], number, WireEvent & { readonly value: number }>(new WireOrder(undefined, (error) => reports.push(error)), {
    name: "uart0.accesses",
    unowned: 0,
    describe: (seq, atNs, _answer, value) => ({ seq, atNs, kind: "number", value }),
  });
  wire.own("uart0", (value) => value + 1);
  process.on("uncaughtException", catchUncaught); // where RxJS puts a consumer's exception, one timer tick later
});
afterEach(() => {
  process.off("uncaughtException", catchUncaught);
});

const boom = (): never => {
  throw new Error("boom");
};

/** What another copy of rxjs, or a library with subscribers of its own, may put behind a wire. */
class RawSubscriber extends Subscriber<unknown> {
  protected override _next = boom;
}

/** Ways to fail when the value 1 comes by. */
const FAILURES: readonly (readonly [what: string, subscribe: (source: Observable<{ readonly value: number }>) => { readonly closed: boolean }])[] = [
  ["in the consumer", (source) => source.subscribe(boom)],
  ["in an observer object", (source) => source.subscribe({ next: boom })],
  ["in an operator, without an error handler", (source) => source.pipe(map(boom)).subscribe()],
  ["behind one operator", (source) => source.pipe(map((x) => x)).subscribe(boom)],
  ["behind a chain of operators", (source) => source.pipe(map((x) => x), scan((n) => n + 1, 0), tap()).subscribe(boom)],
  ["in the middle of a chain", (source) => source.pipe(map((x) => x), tap(boom), map((x) => x)).subscribe()],
  ["in a projection of mergeMap", (source) => source.pipe(mergeMap(boom)).subscribe()],
  ["in an inner Observable of concatMap", (source) => source.pipe(concatMap(() => throwError(() => new Error("boom")))).subscribe()],
  ["behind switchMap to a plain Observable", (source) => source.pipe(switchMap(() => of(1))).subscribe(boom)],
  ["behind share", (source) => source.pipe(share()).subscribe(boom)],
  ["in an error handler", (source) => source.pipe(map(() => { throw new Error("first"); })).subscribe({ error: boom })],
  ["with an error handler that is null", (source) => source.pipe(map(boom)).subscribe({ error: null } as never)],
  ["in the consumer, and then in its teardown", (source) => source.pipe(finalize(() => { throw new Error("second"); })).subscribe(boom)],
];

describe("a tap that throws", () => {
  it.each(FAILURES)("%s is unsubscribed and reported; nobody else notices", async (_what, subscribe) => {
    const seen: number[] = [];
    wire.subscribe(({ value }) => seen.push(value));
    const failing = subscribe(wire);
    wire.subscribe(({ value }) => seen.push(-value));

    expect(wire.emit(1)).toBe(2);
    expect(wire.emit(2)).toBe(3);
    expect(seen).toEqual([1, -1, 2, -2]);
    expect(failing.closed).toBe(true);
    expect(reports[0]).toMatchObject({ kind: "tap", facts: { subject: "uart0.accesses" } });
    expect(reports[0]?.message).toBe("a tap of uart0.accesses threw and was unsubscribed: boom; catch inside the subscriber; the machine and the other taps go on");
    expect((reports[0]!.cause as Error).message).toBe("boom");

    await new Promise((resolve) => setTimeout(resolve, 0)); // RxJS would throw on this tick
    expect(uncaught).toEqual([]);
  });

  it("in its error handler's absence of trouble is not reported: the handler took care", () => {
    const handled: string[] = [];
    wire.pipe(map(boom)).subscribe({ error: (error: Error) => handled.push(error.message) });
    wire.emit(1);
    expect([handled, reports]).toEqual([["boom"], []]);
    expect(wire.tapped).toBe(false);
  });

  it("in its complete handler is reported", () => {
    const order: string[] = [];
    wire.subscribe({ complete: boom });
    wire.subscribe({ complete: () => order.push("other") });
    wire.complete();
    expect([order, reports.map(({ kind }) => kind)]).toEqual([["other"], ["tap"]]);
  });

  it("in its teardown only is reported", () => {
    const seen: number[] = [];
    wire.pipe(take(1), finalize(boom)).subscribe(({ value }) => seen.push(value));
    wire.pipe(finalize(boom)).subscribe({ complete: () => seen.push(0) });
    wire.emit(1);
    wire.complete();
    expect(seen).toEqual([1, 0]);
    expect(reports.map(({ kind }) => kind)).toEqual(["tap", "tap"]);
    expect(reports[0]?.message).toMatch(/1 errors occurred during unsubscription/);
  });

  it.each([
    ["in a teardown with operators behind it", () => wire.pipe(finalize(boom), map((x) => x)).subscribe(boom)],
    ["in a subscriber of its own making", () => wire.subscribe(new RawSubscriber())],
  ])("%s is reported", (_what, subscribe) => {
    const seen: number[] = [];
    const failing = subscribe();
    wire.subscribe(({ value }) => seen.push(value));
    expect([wire.emit(1), wire.emit(2)]).toEqual([2, 3]);
    wire.complete();
    expect([failing.closed, seen]).toEqual([true, [1, 2]]);
    expect(reports.map(({ kind }) => kind)).toContain("tap");
  });

  it.each([
    ["nothing", undefined, "undefined"],
    ["a string", "bad", "bad"],
    ["a symbol", Symbol("bad"), "Symbol(bad)"],
    ["an object without a prototype", Object.create(null) as unknown, "a value that cannot be printed"],
    ["an error whose message throws", Object.defineProperty(new Error(), "message", { get: boom }), "a value that cannot be printed"],
  ])("may throw %s", (_what, thrown, text) => {
    wire.subscribe(() => {
      throw thrown;
    });
    expect(wire.emit(1)).toBe(2);
    expect(reports.map(({ message }) => message)).toEqual([
      `a tap of uart0.accesses threw and was unsubscribed: ${text}; catch inside the subscriber; the machine and the other taps go on`,
    ]);
  });
});

describe("a tap that behaves", () => {
  it("may be a Subject", () => {
    const subject = new Subject<{ readonly value: number }>();
    const seen: number[] = [];
    subject.subscribe({ next: ({ value }) => seen.push(value), complete: () => seen.push(-1) });
    wire.subscribe(subject);
    wire.emit(4);
    wire.complete();
    expect(seen).toEqual([4, -1]);
  });

  it("may be an object with methods, which keep their `this`", () => {
    class Counter {
      count = 0;
      next(): void {
        this.count++;
      }
    }
    const counter = new Counter();
    wire.subscribe(counter);
    wire.emit(1);
    expect(counter.count).toBe(1);
  });

  it("may use the three-callback form", () => {
    const log: string[] = [];
    wire.subscribe(
      () => log.push("next"),
      () => log.push("error"),
      () => log.push("complete"),
    );
    wire.emit(1);
    wire.complete();
    expect(log).toEqual(["next", "complete"]);
  });

  it("is told of the end before it is torn down, as RxJS does it", () => {
    const log: string[] = [];
    const plain = new Subject<number>();
    for (const source of [plain, wire] as Observable<unknown>[]) {
      source.pipe(finalize(() => log.push("finalize"))).subscribe({ complete: () => log.push("complete") });
    }
    plain.complete();
    expect(log.splice(0)).toEqual(["complete", "finalize"]);
    wire.complete();
    expect(log).toEqual(["complete", "finalize"]);
  });

  it("behind share ends by itself when its last consumer leaves", () => {
    const shared = wire.pipe(share());
    const seen: number[] = [];
    const first = shared.subscribe(({ value }) => seen.push(value));
    const second = shared.subscribe(({ value }) => seen.push(value * 10));
    wire.emit(1);
    first.unsubscribe();
    wire.emit(2);
    second.unsubscribe();
    expect([seen, wire.tapped]).toEqual([[1, 10, 20], false]);
  });
});
