/** The story as a user sees it, and the operator by itself: signals in, storms out. */
import type { GsiEvent } from "@trapline/core";
import { from, lastValueFrom, toArray } from "rxjs";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";
import { storms } from "./storm-detector.ts";

it("prints the story of its README", () => {
  expect(runExample("16-storm-detector").stdout.trimEnd().split("\n")).toEqual([
    "GSI 3 storms: 5 rises in 8000 ns at 10 µs; cut off",
    "GSI 3     --hlhlhlhlhlhlhlhlhl",
    "gic pin 3 --hlhlhlhlh",
    "GSI 4     --p-------p-------p",
    "gic pin 4 --p-------p-------p",
  ]);
});

const rise = (gsi: number, atNs: number, signal: GsiEvent["signal"] = "high"): GsiEvent => ({
  seq: atNs,
  atNs,
  kind: "gsi",
  gsi,
  signal,
  result: 1,
});
const told = (...events: readonly GsiEvent[]) => lastValueFrom(from(events).pipe(storms({ rises: 3, withinNs: 100 }), toArray()));

it.each([
  ["three rises within the time", [rise(1, 0), rise(1, 50), rise(1, 100)], [{ gsi: 1, atNs: 100, withinNs: 100 }]],
  ["three rises a little slower", [rise(1, 0), rise(1, 50), rise(1, 101)], []],
  ["a storm that begins late", [rise(1, 0), rise(1, 500), rise(1, 510), rise(1, 520)], [{ gsi: 1, atNs: 520, withinNs: 20 }]],
  ["falls, which do not count", [rise(1, 0), rise(1, 1, "low"), rise(1, 2), rise(1, 3, "low")], []],
  ["pulses, which do", [rise(1, 0, "pulse"), rise(1, 1, "pulse"), rise(1, 2, "pulse")], [{ gsi: 1, atNs: 2, withinNs: 2 }]],
  ["three rises of different GSIs", [rise(1, 0), rise(2, 1), rise(3, 2)], []],
  ["a storm that goes on, told once", [0, 1, 2, 3, 4, 5].map((atNs) => rise(1, atNs)), [{ gsi: 1, atNs: 2, withinNs: 2 }]],
])("%s", async (_what, events, expected) => {
  expect(await told(...events)).toEqual(expected);
});
