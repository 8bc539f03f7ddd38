/** The contract of a wire, DESIGN.md §3: one owner who answers, taps who watch, one order for everything. */
import fc from "fast-check";
import { bufferCount, filter, firstValueFrom, map, take, toArray } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, it } from "vitest";
import { isTraplineError, type TraplineError } from "../errors.ts";
import { Wire } from "./wire.ts";
import { MAX_DEPTH, type WireEvent, WireOrder } from "./wire-order.ts";

/** A wire that carries one number and is answered with one. */
interface Ping extends WireEvent {
  readonly value: number;
  readonly answer: number;
}
type PingWire = Wire<readonly [value: number], number, Ping>;

const UNOWNED = -1;

function pingWire(order: WireOrder, name: string, owner?: (value: number) => number): PingWire {
  const wire: PingWire = new Wire<readonly [value: number], number, Ping>(order, {
    name,
    unowned: UNOWNED,
    describe: (seq, atNs, answer, value) => ({ seq, atNs, kind: name, value, answer }),
  });
  if (owner !== undefined) wire.own(`${name} owner`, owner);
  return wire;
}

/** Everything `wire` shows, as "#seq value→answer". */
function watch(wire: PingWire, log: string[] = []): string[] {
  wire.subscribe((event) => log.push(`#${event.seq} ${event.value}→${event.answer}`));
  return log;
}

describe("the owner of a wire", () => {
  it("answers in place: the emission returns its value", () => {
    const wire = pingWire(new WireOrder(), "ping", (value) => value * 2);
    expect(wire.emit(21)).toBe(42);
  });

  it("is given up to six positional arguments, and so is the event", () => {
    const order = new WireOrder();
    type Six = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
    const wire = new Wire<Six, number, WireEvent & { readonly all: Six }>(order, {
      name: "six",
      unowned: 0,
      describe: (seq, atNs, _answer, a, b, c, d, e, f) => ({ seq, atNs, kind: "six", all: [a, b, c, d, e, f] }),
    });
    const seen: Six[] = [];
    wire.own("sum", (a, b, c, d, e, f) => a + b + c + d + e + f);
    wire.subscribe(({ all }) => seen.push(all));
    expect(wire.emit(1, 2, 4, 8, 16, 32)).toBe(63);
    expect(seen).toEqual([[1, 2, 4, 8, 16, 32]]);
  });

  it("is one: a second is refused with both names, and the first goes on", () => {
    const wire = pingWire(new WireOrder(), "gsi");
    wire.own("router", () => 1);
    const refused = attempt(() => wire.own("impostor", () => 2));
    expect(isTraplineError(refused, "config")).toBe(true);
    expect(refused?.message).toBe("impostor wants to own gsi, which router owns; a wire has one owner: tap it instead, or remove one of the two");
    expect(refused?.facts).toMatchObject({ subject: "impostor", other: "router" });
    expect(wire.ownerName).toBe("router");
    expect(wire.emit(0)).toBe(1);
  });

  it("may leave and be followed: unowned in between", () => {
    const wire = pingWire(new WireOrder(), "ping");
    expect([wire.ownerName, wire.emit(0)]).toEqual([undefined, UNOWNED]);
    const first = wire.own("first", () => 1);
    expect([wire.ownerName, wire.emit(0)]).toEqual(["first", 1]);
    first.unsubscribe();
    expect([wire.ownerName, wire.emit(0)]).toEqual([undefined, UNOWNED]);
    wire.own("second", () => 2);
    first.unsubscribe(); // leaving twice does not evict the second
    expect([wire.ownerName, wire.emit(0)]).toEqual(["second", 2]);
  });

  it.each([["untapped", false], ["tapped", true]])("throws to the emitter, the same object, on an %s wire", (_what, tapped) => {
    const wire = pingWire(new WireOrder(), "ping");
    const bug = new RangeError("no such register");
    const owning = wire.own("device", () => {
      throw bug;
    });
    const seen = tapped ? watch(wire) : [];
    expect(attempt(() => wire.emit(1))).toBe(bug);
    owning.unsubscribe();
    expect(wire.emit(2)).toBe(UNOWNED); // the wire is none the worse
    expect(seen).toEqual(tapped ? ["#2 2→-1"] : []); // the failed emission kept its number and is not shown
  });

  it("that throws hides only its own event: nested ones that completed are shown", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const inner = pingWire(order, "inner", (value) => value);
    const outer = pingWire(order, "outer", (value) => {
      inner.emit(value + 1);
      throw new Error("after the line went up");
    });
    for (const wire of [outer, inner]) wire.subscribe((event) => log.push(`#${event.seq} ${event.kind} ${event.value}`));
    expect(() => outer.emit(10)).toThrow("after the line went up");
    expect(log).toEqual(["#2 inner 11"]);
  });

  it("may catch what a nested owner threw, and then answers as if nothing was", () => {
    const order = new WireOrder();
    const failing = pingWire(order, "failing", () => {
      throw new Error("no");
    });
    const outer = pingWire(order, "outer", () => {
      try {
        return failing.emit(0);
      } catch {
        return 7;
      }
    });
    const seen = [...watch(outer), ...watch(failing)];
    expect(outer.emit(1)).toBe(7);
    expect(order.depth).toBe(0);
    expect(seen).toEqual([]);
    expect(watch(outer)).toEqual([]); // a tap sees events from after its subscription only
  });
});

describe("the order of events", () => {
  it("shows a cause before its effects, when the outermost emission has ended", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const pin = pingWire(order, "pin", () => log.push("pin owner"));
    const gsi = pingWire(order, "gsi", (value) => {
      log.push("gsi owner in");
      pin.emit(value);
      log.push("gsi owner out");
      return 0;
    });
    const access = pingWire(order, "access", (value) => {
      log.push("access owner in");
      gsi.emit(value);
      gsi.emit(value);
      log.push("access owner out");
      return 0;
    });
    for (const wire of [pin, gsi, access]) wire.subscribe(({ seq, kind }) => log.push(`tap #${seq} ${kind}`));
    access.emit(1);
    expect(log).toEqual([
      "access owner in",
      "gsi owner in",
      "pin owner",
      "gsi owner out",
      "gsi owner in",
      "pin owner",
      "gsi owner out",
      "access owner out",
      "tap #1 access",
      "tap #2 gsi",
      "tap #3 pin",
      "tap #4 gsi",
      "tap #5 pin",
    ]);
  });

  it("stamps each event with the machine time at which it began", () => {
    let nowNs = 100;
    const order = new WireOrder(() => nowNs);
    const inner = pingWire(order, "inner", () => 0);
    const outer = pingWire(order, "outer", () => {
      nowNs += 5;
      inner.emit(0);
      return 0;
    });
    const seen: (readonly [string, number])[] = [];
    for (const wire of [outer, inner]) wire.subscribe(({ kind, atNs }) => seen.push([kind, atNs]));
    outer.emit(0);
    expect(seen).toEqual([["outer", 100], ["inner", 105]]);
  });

  /** What an owner emits in turn: wire number and nested emissions; `fails` throws at its end, to its own caller. */
  interface Emission {
    readonly wire: number;
    readonly fails: boolean;
    readonly causes: readonly Emission[];
  }
  const WIRES = 4;
  const emissions = fc.letrec<{ emission: Emission; causes: readonly Emission[] }>((tie) => ({
    emission: fc.record({ wire: fc.nat(WIRES - 1), fails: fc.boolean(), causes: tie("causes") }),
    causes: fc.oneof({ maxDepth: 6 }, fc.constant([]), fc.array(tie("emission"), { maxLength: 3 })),
  })).emission;

  /** Plays the emissions on real wires, of which those in `tapped` are watched. */
  function play(story: readonly Emission[], tapped: ReadonlySet<number>): { readonly seen: string[]; readonly last: number } {
    const order = new WireOrder();
    const seen: string[] = [];
    let current: Emission | undefined;
    const owner = (): number => {
      const mine = current!;
      for (const cause of mine.causes) emit(cause);
      if (mine.fails) throw new Error("as told");
      return 0;
    };
    const wires = Array.from({ length: WIRES }, (_, n) => pingWire(order, `w${n}`, owner));
    function emit(emission: Emission): void {
      current = emission;
      try {
        wires[emission.wire]!.emit(emission.wire);
      } catch {
        // the caller goes on: an exception concerns the emission that threw only
      }
    }
    for (const [n, wire] of wires.entries()) if (tapped.has(n)) wire.subscribe(({ seq, kind }) => seen.push(`#${seq} ${kind}`));
    for (const emission of story) emit(emission);
    return { seen, last: order.sequence };
  }

  /** The rule itself: numbers in the order in which emissions begin, failed ones left out. */
  function expected(story: readonly Emission[], tapped: ReadonlySet<number>): { readonly seen: string[]; readonly last: number } {
    let last = 0;
    const seen: string[] = [];
    const visit = ({ wire, fails, causes }: Emission): void => {
      const seq = ++last;
      if (!fails && tapped.has(wire)) seen.push(`#${seq} w${wire}`);
      causes.forEach(visit);
    };
    story.forEach(visit);
    return { seen, last };
  }

  it("is the order in which emissions began, whoever watches and whoever fails", () => {
    fc.assert(
      fc.property(fc.array(emissions, { maxLength: 5 }), fc.uniqueArray(fc.nat(WIRES - 1)), (story, watched) => {
        expect(play(story, new Set(watched))).toEqual(expected(story, new Set(watched)));
      }),
    );
  });

  it("gives every emission the same number whether or not anybody watches", () => {
    fc.assert(
      fc.property(fc.array(emissions, { maxLength: 5 }), fc.nat(WIRES - 1), (story, one) => {
        const all = play(story, new Set([0, 1, 2, 3])).seen.filter((line) => line.endsWith(`w${one}`));
        expect(play(story, new Set([one])).seen).toEqual(all);
      }),
    );
  });

  it(`ends at ${MAX_DEPTH} nested emissions with an error that names the wire`, () => {
    const order = new WireOrder();
    let deepest = 0;
    const wire: PingWire = pingWire(order, "feedback", (value) => {
      deepest = Math.max(deepest, value);
      return wire.emit(value + 1);
    });
    const thrown = attempt(() => wire.emit(1));
    expect(isTraplineError(thrown, "invariant")).toBe(true);
    expect(thrown?.message).toBe("feedback is nested 128 emissions deep; look for owners that emit to each other in a circle");
    expect(deepest).toBe(MAX_DEPTH);
    expect(order.depth).toBe(0);
  });
});

describe("taps", () => {
  it("see the completed event, with the answer", () => {
    const wire = pingWire(new WireOrder(), "ping", (value) => value * value);
    const seen: Ping[] = [];
    wire.subscribe((event) => seen.push(event));
    wire.emit(7);
    expect(seen).toEqual([{ seq: 1, atNs: 0, kind: "ping", value: 7, answer: 49 }]);
  });

  it("cannot change what other taps see: a shared event is frozen", () => {
    const reports: TraplineError[] = [];
    const wire = pingWire(new WireOrder(undefined, (error) => reports.push(error)), "ping", () => 0);
    wire.subscribe((event) => {
      (event as { value: number }).value = 666;
    });
    const seen = watch(wire);
    wire.emit(1);
    expect(seen).toEqual(["#1 1→0"]);
    expect(reports.map(({ kind }) => kind)).toEqual(["tap"]);
  });

  it("see the events numbered after they subscribed, in an owner too", () => {
    const order = new WireOrder();
    const late: string[] = [];
    const inner = pingWire(order, "inner", () => 0);
    const outer: PingWire = pingWire(order, "outer", (value) => {
      if (value === 1) {
        watch(outer, late);
        watch(inner, late);
      }
      return inner.emit(value);
    });
    outer.emit(1); // outer took #1 before anybody watched
    outer.emit(2);
    expect(late).toEqual(["#2 1→0", "#3 2→0", "#4 2→0"]);
  });

  it("that subscribe while events are delivered see only later ones", () => {
    const wire = pingWire(new WireOrder(), "ping", () => 0);
    const late: string[] = [];
    wire.pipe(take(1)).subscribe(() => watch(wire, late));
    const early = watch(wire);
    wire.emit(1);
    wire.emit(2);
    expect(early).toEqual(["#1 1→0", "#2 2→0"]);
    expect(late).toEqual(["#2 2→0"]);
  });

  it("that are unsubscribed while events are delivered see nothing more, not even the event at hand", () => {
    const order = new WireOrder();
    const wire = pingWire(order, "ping", () => 0);
    const outer = pingWire(order, "outer", () => wire.emit(1) + wire.emit(2));
    const victimSaw: number[] = [];
    wire.subscribe(() => victim.unsubscribe());
    const victim = wire.subscribe(({ value }) => victimSaw.push(value));
    const other = watch(wire);
    outer.emit(0);
    expect(victimSaw).toEqual([]);
    expect(other).toEqual(["#2 1→0", "#3 2→0"]);
    expect(wire.tapped).toBe(true);
  });

  it("may emit: everybody sees the new event after the ones that were waiting", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const answer = pingWire(order, "answer", (value) => value);
    const wire = pingWire(order, "ping", (value) => value);
    const outer = pingWire(order, "outer", () => wire.emit(1) + wire.emit(2));
    wire.subscribe(({ value }) => {
      log.push(`tap emits ${value * 10} and is told ${answer.emit(value * 10)}`);
    });
    for (const w of [answer, wire]) w.subscribe(({ seq, kind, value }) => log.push(`#${seq} ${kind} ${value}`));
    outer.emit(0);
    expect(log).toEqual([
      "tap emits 10 and is told 10",
      "#2 ping 1",
      "tap emits 20 and is told 20",
      "#3 ping 2",
      "#4 answer 10",
      "#5 answer 20",
    ]);
  });

  it("are counted by `tapped`", () => {
    const wire = pingWire(new WireOrder(), "ping");
    expect(wire.tapped).toBe(false);
    const tap = wire.subscribe();
    expect(wire.tapped).toBe(true);
    tap.unsubscribe();
    expect(wire.tapped).toBe(false);
  });
});

describe("a wire that completes", () => {
  it("completes its taps, releases its owner and answers as unowned from then on", () => {
    const wire = pingWire(new WireOrder(), "ping", () => 1);
    const log: string[] = [];
    wire.subscribe({ next: ({ value }) => log.push(`next ${value}`), complete: () => log.push("complete") });
    wire.emit(1);
    wire.complete();
    wire.complete();
    expect([wire.emit(2), wire.ownerName, wire.tapped]).toEqual([UNOWNED, undefined, false]);
    wire.subscribe({ next: () => log.push("late next"), complete: () => log.push("late complete") });
    wire.emit(3);
    expect(log).toEqual(["next 1", "complete", "late complete"]);
  });

  it("inside an emission first lets its taps see what was completed before", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const wire: PingWire = pingWire(order, "hits", (value) => {
      if (value === 2) wire.complete(); // a doorbell that deassigns itself when it rings
      return value;
    });
    wire.subscribe({ next: ({ value }) => log.push(`next ${value}`), complete: () => log.push("complete") });
    const outer = pingWire(order, "outer", () => {
      wire.emit(1);
      wire.emit(2);
      log.push(`after the end: ${wire.emit(3)}`);
      return 0;
    });
    outer.emit(0);
    expect(log).toEqual(["after the end: -1", "next 1", "next 2", "complete"]);
  });

  it("inside a tap lets the taps see what is still queued", () => {
    const order = new WireOrder();
    const log: string[] = [];
    const wire = pingWire(order, "ping", (value) => value);
    const outer = pingWire(order, "outer", () => wire.emit(1) + wire.emit(2));
    wire.pipe(take(1)).subscribe(() => wire.complete());
    wire.subscribe({ next: ({ value }) => log.push(`next ${value}`), complete: () => log.push("complete") });
    outer.emit(0);
    expect(log).toEqual(["next 1", "next 2", "complete"]);
  });
});

describe("a wire is an Observable like any other", () => {
  it("pipes through filter, map and bufferCount", () => {
    const wire = pingWire(new WireOrder(), "ping", (value) => value);
    const pairs: number[][] = [];
    wire
      .pipe(
        filter(({ value }) => value % 2 === 1),
        map(({ value }) => value),
        bufferCount(2),
      )
      .subscribe((pair) => pairs.push(pair));
    for (let value = 1; value <= 9; value++) wire.emit(value);
    wire.complete();
    expect(pairs).toEqual([[1, 3], [5, 7], [9]]);
  });

  it("works with firstValueFrom, and is untapped again afterwards", async () => {
    const wire = pingWire(new WireOrder(), "ping", (value) => value);
    const third = firstValueFrom(wire.pipe(filter(({ value }) => value === 3)));
    for (let value = 1; value <= 5; value++) wire.emit(value);
    expect((await third).seq).toBe(3);
    expect(wire.tapped).toBe(false);
  });

  it("works with toArray and complete", async () => {
    const wire = pingWire(new WireOrder(), "ping", (value) => value);
    const all = firstValueFrom(wire.pipe(map(({ seq }) => seq), toArray()));
    wire.emit(1);
    wire.emit(2);
    wire.complete();
    expect(await all).toEqual([1, 2]);
  });

  it("draws as marbles", () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ hot, expectObservable, flush }) => {
      const source = /* */ "-a-(bc)-d-|";
      const values = /*  */ { a: 1, b: 2, c: 3, d: 4 };
      const squares = /**/ "-a-(bc)-d-|";
      const evens = /*  */ "---b----d-|";
      const wire = pingWire(new WireOrder(), "ping", (value) => value * value);
      hot(source, values).subscribe({ next: (value) => wire.emit(value), complete: () => wire.complete() });
      expectObservable(wire.pipe(map(({ answer }) => answer))).toBe(squares, { a: 1, b: 4, c: 9, d: 16 });
      expectObservable(wire.pipe(filter(({ value }) => value % 2 === 0), map(({ seq }) => seq))).toBe(evens, { b: 2, d: 4 });
      flush();
    });
  });
});

/** What `use` throws, as an error of this package where it is one. */
function attempt(use: () => unknown): TraplineError | undefined {
  try {
    use();
  } catch (error) {
    return error as TraplineError;
  }
  return undefined;
}
