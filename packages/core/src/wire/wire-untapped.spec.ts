/** What an emitter is told that wants to call the owner itself: the owner while there is one and nobody taps, else undefined. */
import { Subscriber } from "rxjs";
import { describe, expect, it } from "vitest";
import { Wire } from "./wire.ts";
import { type WireEvent, WireOrder } from "./wire-order.ts";

type PlainWire = Wire<readonly [], number, WireEvent>;

function told(order: WireOrder = new WireOrder()): { readonly wire: PlainWire; readonly heard: (string | undefined)[] } {
  const heard: (string | undefined)[] = [];
  const wire: PlainWire = new Wire<readonly [], number, WireEvent>(order, {
    name: "w",
    unowned: 0,
    untapped: (owner) => heard.push(owner === undefined ? undefined : String(owner())),
    describe: (seq, atNs) => ({ seq, atNs, kind: "w" }),
  });
  return { wire, heard };
}

describe("an emitter that calls the owner itself", () => {
  it("is told the owner, and when it goes", () => {
    const { wire, heard } = told();
    const ownership = wire.own("first", () => 1);
    ownership.unsubscribe();
    wire.own("second", () => 2);
    expect(heard).toEqual(["1", undefined, "2"]);
  });

  it("is told to stop with the first tap, and the owner again after the last", () => {
    const { wire, heard } = told();
    wire.own("owner", () => 1);
    const first = wire.subscribe();
    const second = wire.subscribe();
    first.unsubscribe();
    expect(heard.at(-1)).toBe(undefined);
    second.unsubscribe();
    expect(heard).toEqual(["1", undefined, undefined, undefined, "1"]);
  });

  it("is not told an owner who comes while somebody taps", () => {
    const { wire, heard } = told();
    const tap = wire.subscribe();
    wire.own("owner", () => 1);
    expect(heard).toEqual([undefined, undefined]);
    tap.unsubscribe();
    expect(heard.at(-1)).toBe("1");
  });

  it("counts those who watch all wires, on wires made later as well", () => {
    const order = new WireOrder();
    const watcher = new Subscriber<unknown>();
    const unwatch = order.watchAll(watcher);
    const { wire, heard } = told(order);
    wire.own("owner", () => 1);
    expect(heard.every((owner) => owner === undefined)).toBe(true);
    unwatch();
    expect(heard.at(-1)).toBe("1");
  });

  it("is told to stop for good when the wire completes", () => {
    const { wire, heard } = told();
    wire.own("owner", () => 1);
    wire.complete();
    expect(heard.at(-1)).toBe(undefined);
  });

  it("finds what it was told on the wire, too", () => {
    const { wire } = told();
    const found: (number | undefined)[] = [wire.direct?.()];
    const ownership = wire.own("first", () => 1);
    found.push(wire.direct?.());
    const tap = wire.subscribe();
    found.push(wire.direct?.());
    tap.unsubscribe();
    found.push(wire.direct?.());
    ownership.unsubscribe();
    found.push(wire.direct?.());
    wire.own("second", () => 2);
    found.push(wire.direct?.());
    wire.complete();
    found.push(wire.direct?.());
    expect(found).toEqual([undefined, 1, undefined, 1, undefined, 2, undefined]);
  });
});
