/** How often a place must be met, passed or doubted. Records are those of two pages. */
import { describe, expect, it } from "vitest";
import { RECORD_BYTES } from "../state/layout.ts";
import { HotPlaces } from "./hot-places.ts";

const PAGE = 0x10_0000;
const OTHER_PAGE = 0x11_0000;
const record = (instruction: number, page = PAGE): number => page + instruction * RECORD_BYTES;

/** How often execution is met at an instruction until an entry is to be compiled. */
function meetings(places: HotPlaces, instruction: number, page = PAGE): number {
  for (let n = 1; ; n++) {
    const at = record(instruction, page);
    if (places.meet(at) && places.meetEntry(at, at)) return n;
  }
}

describe("a neighbourhood", () => {
  it("is met 30 times before anybody asks for an entry, which is met twice then", () => {
    expect(meetings(new HotPlaces(), 7)).toBe(31);
  });

  it("costs twice as much each time, wherever in its 64 instructions", () => {
    const places = new HotPlaces();
    expect([7, 7, 63, 0].map((instruction) => meetings(places, instruction))).toEqual([31, 61, 121, 241]);
    expect(meetings(places, 64)).toBe(31);
    expect(meetings(places, 7, OTHER_PAGE)).toBe(31);
  });

  it("begins anew when its page does, and no other", () => {
    const places = new HotPlaces();
    for (const [instruction, page] of [[0, PAGE], [1023, PAGE], [0, OTHER_PAGE]] as const) meetings(places, instruction, page);
    places.forgetPage(PAGE);
    expect([meetings(places, 0), meetings(places, 1023), meetings(places, 0, OTHER_PAGE)]).toEqual([31, 31, 61]);
  });
});

describe("where compiled code leaves", () => {
  it("something is compiled when it was entered again 20 000 times, counted for each place", () => {
    const places = new HotPlaces();
    expect([12_000, 7999].map((times) => places.pass(record(1), times))).toEqual([false, false]);
    expect(places.pass(record(2), 19_999)).toBe(false);
    expect(places.pass(record(1), 1)).toBe(true);
    expect(places.pass(record(1), 19_999)).toBe(false);
  });
});

describe("an entry", () => {
  it("is given up when the fourth look finds it not worth entering", () => {
    const places = new HotPlaces();
    expect([1, 2, 3, 4].map(() => places.doubt(record(1)))).toEqual([false, false, false, true]);
  });
});

it("more places than are counted at a time are forgotten, and counted anew", () => {
  const places = new HotPlaces();
  for (let n = 0; n < 3; n++) places.doubt(record(0));
  for (let n = 1; n <= 4096; n++) places.doubt(record(n));
  expect(places.doubt(record(0))).toBe(false);
});
