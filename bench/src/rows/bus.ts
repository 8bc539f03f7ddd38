/**
 * An access on the bus, from the address to the device's answer: uniformly random addresses in all regions, reads and writes
 * in turn. The regions are those of a board: frames packed together, a few large ones, some that share a page, and RAM and
 * a 64-bit window far above them.
 *
 * `regions-N`: devices of one class, as on boards where nearly everything is a register frame. `regions-256-6-classes`: of six,
 * which is more than V8 compiles into the caller; the difference is its price for an unpredictable call. The references do the same
 * with the two obvious look-ups and call the device without a wire: no order, no taps, no owner.
 */
import { type AddressRange, Bus, type BusDevice, WireOrder } from "@trapline/core";
import { Latch, ONE_CLASS, SIX_CLASSES } from "../fixtures/devices.ts";
import type { Operations } from "../harness/heap.ts";
import { random } from "../harness/random.ts";
import { atMost, atMostBytes, atMostTimes, type PreparedRow, type Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

/** Enough that no branch predictor learns them, few enough to stay in the second-level cache beside the tables. */
const ACCESSES = 8192;

interface Place extends AddressRange {
  readonly device: BusDevice;
}

/** A board of `count` regions from 128 MiB up: of every 16, 13 have 4 KiB, 2 share a page, one has 64 KiB. */
function board(count: number, classes = ONE_CLASS): Place[] {
  let base = 0x0800_0000;
  return Array.from({ length: count }, (_, n) => {
    const size = n % 16 < 2 ? 0x800 : n % 16 === 2 ? 0x1_0000 : 0x1000;
    const place = { base, size, device: new classes[n % classes.length]!() };
    base += size;
    if (n % 64 === 63) base += 0x10_0000; // boards leave gaps
    return place;
  });
}

/** Claimed, never accessed: every board has ranges whose numbers do not fit 32 bits, which V8 keeps differently. */
const ELSEWHERE: readonly AddressRange[] = [
  { base: 0x4000_0000, size: 0x1_0000_0000 },
  { base: 0x80_0000_0000, size: 0x80_0000_0000 },
];

/** Addresses drawn beforehand, so that the loops only load them. */
function addressesIn(places: readonly Place[]): Float64Array {
  const below = random(places.length);
  return Float64Array.from({ length: ACCESSES }, () => {
    const { base, size } = places[below(places.length)]!;
    return base + 4 * below(size / 4);
  });
}

/** What the loops do besides: loads an address, and knows whether it is the turn of a read. */
const emptyLoop =
  (addresses: Float64Array): Operations =>
  (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += addresses[i & (ACCESSES - 1)]! + ((i & 1) === 0 ? 0 : i & 0xff);
    return sum;
  };

function onBus(count: number, classes = ONE_CLASS): PreparedRow {
  const places = board(count, classes);
  const addresses = addressesIn(places);
  const bus = new Bus(new WireOrder(), "mmio");
  for (const [n, { base, size, device }] of places.entries()) bus.claim({ name: `device${n}`, base, size }, device);
  for (const [n, range] of ELSEWHERE.entries()) bus.claim({ name: `elsewhere${n}`, ...range }, new Latch());
  return timedLoop(
    (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const address = addresses[i & (ACCESSES - 1)]!;
        const answer = (i & 1) === 0 ? bus.read(address, 4, 0) : bus.write(address, 4, i & 0xff, 0);
        sum = (sum + (answer as number)) | 0;
      }
      return sum;
    },
    { empty: emptyLoop(addresses) },
  );
}

function withBinarySearch(count: number): PreparedRow {
  const places = board(count);
  const addresses = addressesIn(places);
  const find = (address: number): Place => {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (places[middle]!.base <= address) low = middle + 1;
      else high = middle;
    }
    return places[low - 1]!;
  };
  return timedLoop(
    (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const address = addresses[i & (ACCESSES - 1)]!;
        sum = (sum + access(find(address), address, i)) | 0;
      }
      return sum;
    },
    { empty: emptyLoop(addresses) },
  );
}

function withPageMap(count: number): PreparedRow {
  const places = board(count);
  const addresses = addressesIn(places);
  const pages = new Map<number, Place[]>();
  for (const place of places) {
    for (let page = Math.floor(place.base / 4096); page * 4096 < place.base + place.size; page++) {
      pages.set(page, [...(pages.get(page) ?? []), place]);
    }
  }
  return timedLoop(
    (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const address = addresses[i & (ACCESSES - 1)]!;
        for (const place of pages.get(Math.floor(address / 4096))!) {
          if (address >= place.base && address < place.base + place.size) sum = (sum + access(place, address, i)) | 0;
        }
      }
      return sum;
    },
    { empty: emptyLoop(addresses) },
  );
}

/** The `i`-th access: even ones read, odd ones write. */
function access(place: Place, address: number, i: number): number {
  if ((i & 1) === 0) return place.device.read(address - place.base, 4, 0) as number;
  place.device.write(address - place.base, 4, i & 0xff, 0);
  return 0;
}

export const rows: readonly Row[] = [
  { name: "bus/regions-16", unit: "ns", reference: "bus/binary-search-16", targets: [atMostBytes(0)], prepare: () => onBus(16) },
  {
    name: "bus/regions-256",
    unit: "ns",
    reference: "bus/binary-search-256",
    targets: [atMost(12), atMostBytes(0), atMostTimes(2, "bus/regions-16")],
    prepare: () => onBus(256),
  },
  {
    name: "bus/regions-4096",
    unit: "ns",
    reference: "bus/binary-search-4096",
    targets: [atMostBytes(0), atMostTimes(2, "bus/regions-16")],
    prepare: () => onBus(4096),
  },
  { name: "bus/regions-256-6-classes", unit: "ns", targets: [atMostBytes(0)], prepare: () => onBus(256, SIX_CLASSES) },
  { name: "bus/binary-search-16", unit: "ns", prepare: () => withBinarySearch(16) },
  { name: "bus/binary-search-256", unit: "ns", prepare: () => withBinarySearch(256) },
  { name: "bus/binary-search-4096", unit: "ns", prepare: () => withBinarySearch(4096) },
  { name: "bus/page-map-256", unit: "ns", prepare: () => withPageMap(256) },
  { name: "bus/page-map-4096", unit: "ns", prepare: () => withPageMap(4096) },
];
