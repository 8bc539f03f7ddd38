import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("prints what its README says, whichever style the plugin is written in", () => {
  expect(runExample("02-plugin-styles").stdout).toBe(
    ["red on", "red off", "green on", "green off", '{"reason":"power-off","vcpu":0,"status":0}', ""].join("\n"),
  );
});
