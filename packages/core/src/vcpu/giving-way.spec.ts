/** When the event loop has its turn, by how slices end and when. */
import { describe, expect, it } from "vitest";
import { GivingWay, YIELD_MS } from "./giving-way.ts";
import type { SliceEnd } from "./vcpu.ts";

/** A slice: how it ended ("nobody" when none ran), its instructions, the host's time at its end. */
type Slice = readonly [end: SliceEnd | "nobody", ran: number, atMs: number];

/** Which of the slices a turn of the event loop came behind, by index. */
function turnsAmong(slices: readonly Slice[]): number[] {
  let nowMs = 0;
  const givingWay = new GivingWay(() => nowMs);
  const turns: number[] = [];
  for (const [index, [end, ran, atMs]] of slices.entries()) {
    nowMs = atMs;
    if (!givingWay.isDueAfter(end === "nobody" ? undefined : end, ran)) continue;
    turns.push(index);
    givingWay.given();
  }
  return turns;
}

const LONG = 50_000;
const handOver = (atMs: number): Slice[] => [["yielded", 10, atMs], ["waiting", 90, atMs]];

describe("the event loop's turn", () => {
  it.each<[string, readonly Slice[], number[]]>([
    ["does not come before its time", [["budget", LONG, 1], ["kicked", LONG, YIELD_MS - 1]], []],
    ["comes behind a slice that was used up", [["budget", LONG, 1], ["budget", LONG, YIELD_MS]], [1]],
    ["behind one that was kicked, however short", [["kicked", 1, YIELD_MS]], [0]],
    ["behind one that went off", [["off", LONG, YIELD_MS]], [0]],
    ["when nobody can run", [["nobody", 0, YIELD_MS]], [0]],
    ["again after as long", [["budget", LONG, 10], ["budget", LONG, 19], ["budget", LONG, 20], ["budget", LONG, 29]], [0, 2]],
    ["is not looked for behind each short slice", [...Array.from({ length: 15 }, (): Slice => ["budget", 5, 99]), ["budget", 5, 99]], [15]],
    ["waits while who was woken goes first, until somebody computes", [["yielded", LONG, 10], ["waiting", 90, 10], ["budget", 1000, 10]], [2]],
    ["or until nobody can run", [["yielded", LONG, 10], ["waiting", 90, 10], ["nobody", 0, 10]], [2]],
    ["not longer than a millisecond", [["yielded", LONG, 10], ["waiting", 90, 10.9], ["yielded", 90, 11], ["waiting", 90, 11]], [2]],
    ["nor for ever", [["yielded", LONG, 10], ...Array.from({ length: 10 }, () => handOver(10)).flat()], [16]],
  ])("%s", (_, slices, expected) => {
    expect(turnsAmong(slices)).toEqual(expected);
  });

  it("has slices end soon while it is due", () => {
    let nowMs = 0;
    const givingWay = new GivingWay(() => nowMs);
    expect(givingWay.mostInstructions).toBe(Infinity);
    nowMs = YIELD_MS;
    givingWay.isDueAfter("yielded", LONG);
    expect(givingWay.mostInstructions).toBe(1000);
    givingWay.given();
    expect(givingWay.mostInstructions).toBe(Infinity);
  });
});
