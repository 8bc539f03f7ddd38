import { fileURLToPath } from "node:url";
import { loadMachineFile } from "@trapline/core/machine-file";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const file = fileURLToPath(new URL("machine.yaml", import.meta.url));

it("prints the claims of the file and the guest's sum: 2 × 1 + 2 × 16", () => {
  expect(runExample("03-machine-file").stdout).toBe(
    ["09000000     1000 left", "09001000     1000 right", "40000000   100000 ram", '{"reason":"power-off","vcpu":0,"status":34}', ""].join("\n"),
  );
});

it("names its plugins in machine order", async () => {
  expect((await loadMachineFile(file)).plugins.map(({ name }) => name)).toEqual(["scripted", "left", "right"]);
});
