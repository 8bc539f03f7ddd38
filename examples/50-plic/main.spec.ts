/** The story as a user sees it; that the machine file found the package; and what a failed expectation says of somebody else's chip. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GsiRoutingToken } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";
import { recordTrace } from "@trapline/testkit";
import { test } from "@trapline/testkit/vitest";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const file = new URL("machine.yaml", import.meta.url);

it("prints the story of its README", () => {
  const story = readFileSync(new URL("README.md", import.meta.url), "utf8")
    .split("```text\n")[1]!
    .split("```")[0]!;
  const withoutRemarks = story
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^([\d.]+ µs {2}.*?) {3,}.*$/, "$1"));
  expect(runExample("50-plic").stdout.trimEnd().split("\n")).toEqual(withoutRemarks);
});

it("finds the PLIC as Node finds a package", async () => {
  const { plugins } = await loadMachineFile(fileURLToPath(file));
  expect(plugins.map(({ name }) => name)).toEqual(["scripted", "gsi-routing", "gic", "plic", "bell"]);
});

test("delivers the bell to both", async ({ bootMachine }) => {
  const machine = await bootMachine(file);
  const routing = machine.get(GsiRoutingToken);
  routing.replace([...routing.routes, { gsi: 10, target: { irqchip: 1, pin: 10 } }]);
  const trace = recordTrace(machine, "pin", "completion");
  await expect(machine).toDeliver(42, { vcpu: 0, irqchip: "gic" });
  await expect(machine).toDeliver(10, { vcpu: 1, irqchip: "plic" });
  expect(trace).toHaveRaised({ pin: 10, irqchip: "plic" }, 1);
  await machine.run();
  expect(trace).toHaveSeen({ kind: "completion", irqchip: "plic", pin: 10 }, 1);
  expect(machine).toBeQuiescent();
});

test("without the route the PLIC says why it is silent, in the words of its specification", async ({ bootMachine }) => {
  const machine = await bootMachine(file);
  await expect(expect(machine).toDeliver(10, { vcpu: 1, irqchip: "plic", within: 10_000 })).rejects.toThrow(
    "plic: source 10 does not interrupt vCPU 1: its IP bit is 0, and the line is low",
  );
});
