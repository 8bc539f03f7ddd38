/** Runs the example as a user does: it prints, byte for byte, what its README tells. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("prints the story of its README: no signal is lost but those to GSIs without a route", () => {
  const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const story = readme.split("```text\n")[1]!.split("```")[0]!;
  expect(runExample("24-rerouting").stdout).toBe(story);
}, 60_000);
