/**
 * Doorbells: finding the one that a write rings, or that there is none, and the whole of such a write. On the bus of core for
 * now. The layout is what virtio guests have: one notification register per queue, four bytes apart, matched by width and
 * value; a miss is a write to such a register with another value.
 *
 * `hit` and `miss` are the match alone; `ring` adds the write on the bus and the doorbell's owner, `bus-write` the way from the
 * vCPU's exit. The references are what an ioeventfd is in Linux, a walk along a list of devices (virt/kvm/eventfd.c), and a
 * Map by address with a list in each entry.
 */
import { Bus, createMachine, type DoorbellMatch, MMIO_WRITE, scripted, WireOrder, write32 } from "@trapline/core";
import { Latch } from "../fixtures/devices.ts";
import type { Operations } from "../harness/heap.ts";
import { random } from "../harness/random.ts";
import { atMost, atMostBytes, atMostTimes, type PreparedRow, type Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

const BASE = 0x0a00_0000;
/** Writes drawn beforehand. */
const WRITES = 8192;
/** What a doorbell's owner does: count. */
interface Bell {
  readonly match: DoorbellMatch & { readonly value: number };
  rung: number;
}

function bells(count: number, sameAddress = false): Bell[] {
  return Array.from({ length: count }, (_, n) => ({
    match: { address: sameAddress ? BASE : BASE + 4 * n, width: 4, value: sameAddress ? n : n & 0xff },
    rung: 0,
  }));
}

/** Addresses and values to write: of all bells alike, or beside them by the value. */
function draw(all: readonly Bell[], what: "hit" | "miss"): { readonly addresses: Float64Array; readonly values: Uint32Array } {
  const below = random(all.length);
  const chosen = Array.from({ length: WRITES }, () => all[below(all.length)]!.match);
  return {
    addresses: Float64Array.from(chosen, ({ address }) => address),
    values: Uint32Array.from(chosen, ({ value }) => (what === "hit" ? value : value + all.length + 0x100)),
  };
}

function registerAll(bus: Bus, all: readonly Bell[]): void {
  bus.claim({ name: "device behind", base: BASE, size: 0x1_0000 }, new Latch());
  for (const [n, bell] of all.entries()) bus.doorbell(`queue${n}`, bell.match).hits$.own("ioeventfd", () => void bell.rung++);
}

/** What the loops do besides: load an address and a value. */
const emptyLoop =
  ({ addresses, values }: ReturnType<typeof draw>): Operations =>
  (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const at = i & (WRITES - 1);
      sum += addresses[at]! + values[at]!;
    }
    return sum;
  };

/** The match alone. */
function match(all: readonly Bell[], what: "hit" | "miss"): PreparedRow {
  const bus = new Bus(new WireOrder(), "mmio");
  registerAll(bus, all);
  const drawn = draw(all, what);
  const { addresses, values } = drawn;
  return timedLoop(
    (n) => {
      let found = 0;
      for (let i = 0; i < n; i++) {
        const at = i & (WRITES - 1);
        if (bus.doorbellAt(addresses[at]!, 4, values[at]!) !== undefined) found++;
      }
      return found;
    },
    { empty: emptyLoop(drawn) },
  );
}

/** The write, the match and the owner. */
function ring(all: readonly Bell[]): PreparedRow {
  const bus = new Bus(new WireOrder(), "mmio");
  registerAll(bus, all);
  const drawn = draw(all, "hit");
  const { addresses, values } = drawn;
  return timedLoop(
    (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const at = i & (WRITES - 1);
        sum += bus.write(addresses[at]!, 4, values[at]!, 0) as number;
      }
      return sum + all[0]!.rung;
    },
    { empty: emptyLoop(drawn) },
  );
}

async function fromExit(): Promise<PreparedRow> {
  const all = bells(1000);
  const machine = await createMachine({
    plugins: [
      scripted(function* () {
        yield write32(BASE, 0);
      }),
    ],
  });
  registerAll(machine.bus, all);
  const drawn = draw(all, "hit");
  const { addresses, values } = drawn;
  const { exits$ } = machine.vcpus[0]!;
  return timedLoop(
    (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const at = i & (WRITES - 1);
        sum += exits$.emit(MMIO_WRITE, addresses[at]!, 4, values[at]!) as number;
      }
      return sum + all[0]!.rung;
    },
    { empty: emptyLoop(drawn), close: () => machine.close() },
  );
}

/** As in Linux: ask one after another whether it is meant. */
function listScan(all: readonly Bell[], what: "hit" | "miss"): PreparedRow {
  const drawn = draw(all, what);
  const { addresses, values } = drawn;
  const find = (address: number, width: number, value: number): Bell | undefined => {
    for (const bell of all) {
      const wanted = bell.match;
      if (wanted.address === address && wanted.width === width && wanted.value === value) return bell;
    }
    return undefined;
  };
  return timedLoop(
    (n) => {
      let found = 0;
      for (let i = 0; i < n; i++) {
        const at = i & (WRITES - 1);
        if (find(addresses[at]!, 4, values[at]!) !== undefined) found++;
      }
      return found;
    },
    { empty: emptyLoop(drawn) },
  );
}

function mapByAddress(all: readonly Bell[]): PreparedRow {
  const drawn = draw(all, "hit");
  const { addresses, values } = drawn;
  const byAddress = new Map<number, Bell[]>();
  for (const bell of all) byAddress.set(bell.match.address, [...(byAddress.get(bell.match.address) ?? []), bell]);
  const find = (address: number, width: number, value: number): Bell | undefined => {
    for (const bell of byAddress.get(address) ?? []) {
      if (bell.match.width === width && bell.match.value === value) return bell;
    }
    return undefined;
  };
  return timedLoop(
    (n) => {
      let found = 0;
      for (let i = 0; i < n; i++) {
        const at = i & (WRITES - 1);
        if (find(addresses[at]!, 4, values[at]!) !== undefined) found++;
      }
      return found;
    },
    { empty: emptyLoop(drawn) },
  );
}

const HIT = "ioeventfd/hit-1000";
const SCAN_HIT = "ioeventfd/list-scan-hit-1000";
const SCAN_MISS = "ioeventfd/list-scan-miss-1000";
const MAP_SAME = "ioeventfd/map-same-address-1000";

export const rows: readonly Row[] = [
  { name: HIT, unit: "ns", reference: SCAN_HIT, targets: [atMost(15), atMostBytes(0)], prepare: () => match(bells(1000), "hit") },
  { name: "ioeventfd/miss-1000", unit: "ns", reference: SCAN_MISS, targets: [atMost(25), atMostBytes(0)], prepare: () => match(bells(1000), "miss") },
  { name: "ioeventfd/hit-10000", unit: "ns", targets: [atMost(15), atMostTimes(2, HIT)], prepare: () => match(bells(10_000), "hit") },
  { name: "ioeventfd/miss-10000", unit: "ns", targets: [atMost(25)], prepare: () => match(bells(10_000), "miss") },
  {
    name: "ioeventfd/same-address-1000",
    unit: "ns",
    reference: MAP_SAME,
    targets: [atMost(15), atMostTimes(2, HIT)],
    prepare: () => match(bells(1000, true), "hit"),
  },
  { name: "ioeventfd/ring-1000", unit: "ns", targets: [atMost(40), atMostBytes(0)], prepare: () => ring(bells(1000)) },
  { name: "ioeventfd/bus-write", unit: "ns", targets: [atMost(40), atMostBytes(0)], prepare: fromExit },
  { name: SCAN_HIT, unit: "ns", prepare: () => listScan(bells(1000), "hit") },
  { name: SCAN_MISS, unit: "ns", prepare: () => listScan(bells(1000), "miss") },
  { name: "ioeventfd/map-hit-1000", unit: "ns", prepare: () => mapByAddress(bells(1000)) },
  { name: MAP_SAME, unit: "ns", prepare: () => mapByAddress(bells(1000, true)) },
];
