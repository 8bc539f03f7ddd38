/** Runs the example as a user does: it prints, byte for byte, what its README tells, remarks apart. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("prints the story of its README: the line drops once, then everybody is told, and who still asserts signals again", () => {
  const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const story = readme.split("```text\n")[1]!.split("```")[0]!;
  expect(runExample("23-irqfd-resample").stdout).toBe(story.replaceAll(/ +# .*$/gm, ""));
}, 60_000);
