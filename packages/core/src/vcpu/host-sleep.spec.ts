import { expect, it } from "vitest";
import { timerMs } from "./host-sleep.ts";

it.each([
  [50, true, 49, "one early, since a timer may be one late"],
  [2, true, 1, "at least one"],
  [1999.7, true, 1998, "whole milliseconds"],
  [50, false, 50, "not exact: not before"],
  [0.3, false, 1, "not exact: not before"],
  [0, false, 0, "now"],
  [Infinity, true, 2 ** 31 - 1, "as long as setTimeout can wait"],
  [Infinity, false, 2 ** 31 - 1, "as long as setTimeout can wait"],
])("for a deadline %d ms away (exact: %s) the host's timer is set to %d ms: %s", (ms, exact, expected) => {
  expect(timerMs(ms, exact)).toBe(expected);
});
