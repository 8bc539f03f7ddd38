import { expect, it } from "vitest";
import { nearest } from "./did-you-mean.ts";

const KEYS = ["name", "memory", "vcpus", "clock", "plugins"];

it.each([
  ["memroy", "memory"],
  ["memorys", "memory"],
  ["Clock", "clock"],
  ["vcpu", "vcpus"],
  ["nmae", "name"],
  ["base", undefined],
  ["", undefined],
  ["x".repeat(1_000_000), undefined],
])("row %#: a word like another means that one, if it is near", (word, meant) => {
  expect(nearest(word, KEYS)).toBe(meant);
});
