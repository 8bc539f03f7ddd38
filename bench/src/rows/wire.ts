/**
 * A hop over a wire, beside a plain Subject that does a part of the same (it has no answer, no order, no safe taps).
 *
 * `wire/owner` is one wire and its owner: what the wire itself costs. `wire/16-owners` is sixteen in turn, each with code of
 * its own, half of them tapped before: V8 then can no longer fold the owner into the emission, as in a machine with many
 * devices, and an indirect call is most of the figure.
 */
import { Wire, type WireEvent, WireOrder } from "@trapline/core";
import { Subject } from "rxjs";
import { atMost, atMostBytes, type PreparedRow, type Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

interface Ping extends WireEvent {
  readonly value: number;
}

type PingWire = Wire<readonly [offset: number, value: number], number, Ping>;

function pingWire(order: WireOrder, name: string): PingWire {
  return new Wire<readonly [offset: number, value: number], number, Ping>(order, {
    name,
    unowned: 0,
    describe: (seq, atNs, _answer, _offset, value) => ({ seq, atNs, kind: "ping", value }),
  });
}

/** An owner that keeps the other machinery honest: it has state, and its answer depends on what it is told. */
class Adder {
  total = 0;
  add(offset: number, value: number): number {
    this.total = (this.total + value) | 0;
    return this.total ^ offset;
  }
}

function hop(taps: number): PreparedRow {
  const order = new WireOrder();
  const wire = pingWire(order, "measured");
  const adder = new Adder();
  wire.own("adder", (offset, value) => adder.add(offset, value));
  let seen = 0;
  for (let n = 0; n < taps; n++) wire.subscribe(({ value }) => (seen = (seen + value) | 0));
  return timedLoop((n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + wire.emit(i & 0xfff, i)) | 0;
    return sum + seen;
  });
}

function sixteenOwners(): PreparedRow {
  const order = new WireOrder();
  let total = 0;
  const owners = [
    (offset: number) => offset + 1,
    (offset: number, value: number) => offset ^ value,
    (_: number, value: number) => (total = (total + value) | 0),
    () => total,
  ];
  const wires = Array.from({ length: 16 }, (_, n) => {
    const wire = pingWire(order, `wire${n}`);
    wire.own("owner", owners[n % owners.length]!);
    return wire;
  });
  for (const wire of wires) {
    const tap = wire.subscribe(({ value }) => (total = value));
    for (let i = 0; i < 2000; i++) wire.emit(i, i);
    tap.unsubscribe();
  }
  return timedLoop((n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + wires[i & 15]!.emit(i & 0xfff, i)) | 0;
    return sum;
  });
}

function subject(): PreparedRow {
  const pings = new Subject<{ readonly offset: number; readonly value: number }>();
  const adder = new Adder();
  pings.subscribe(({ offset, value }) => adder.add(offset, value));
  return timedLoop((n) => {
    for (let i = 0; i < n; i++) pings.next({ offset: i & 0xfff, value: i });
    return adder.total;
  });
}

export const rows: readonly Row[] = [
  { name: "wire/owner", unit: "ns", reference: "wire/rxjs-subject", targets: [atMost(5), atMostBytes(0)], prepare: () => hop(0) },
  { name: "wire/owner-1tap", unit: "ns", reference: "wire/rxjs-subject", targets: [atMost(30)], prepare: () => hop(1) },
  { name: "wire/owner-3taps", unit: "ns", reference: "wire/rxjs-subject", prepare: () => hop(3) },
  { name: "wire/16-owners", unit: "ns", targets: [atMostBytes(0)], prepare: sixteenOwners },
  { name: "wire/rxjs-subject", unit: "ns", prepare: subject },
];
