/** Runs the example as a user does and reads what it prints. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("prints the story of its README: down by doorbell, the element before the index, up by irqfd", () => {
  const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const story = readme.split("```text\n")[1]!.split("\n```")[0]!;
  const withoutRemarks = story.replaceAll(/^( {2}.*?\S) {2,}\S.*$/gm, "$1");
  expect(runExample("40-virtio-rng").stdout.trimEnd()).toBe(withoutRemarks);
}, 60_000);
