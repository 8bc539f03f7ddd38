/** Runs the example as a user does and reads what it prints. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const run = (): string => runExample("01-first-machine").stdout;

it("prints the story of its README: a greeting, three interrupts from source to completion, power-off", () => {
  const lines = run().trimEnd().split("\n");
  expect(lines[0]).toBe("hello from the guest");
  expect(lines.at(-1)).toBe('{"reason":"power-off","vcpu":0,"status":0}');
  expect(lines.filter((line) => line.startsWith("tick"))).toEqual(["tick 1 on pin 1", "tick 2 on pin 1", "tick 3 on pin 1"]);

  // One interrupt, from the device to the end: source, pin, vCPU; taken; source and pin drop; completed.
  const first = lines.slice(1, 9).map((line) => line.replace(/^ *#\d+ +[\d.]+ µs {2}/, ""));
  expect(first).toEqual([
    "GSI 1 high",
    "tiny pin 1 high",
    "tiny drives IRQ of vcpu0 high",
    "tiny drives IRQ of vcpu0 low",
    "GSI 1 low",
    "tiny pin 1 low",
    "tick 1 on pin 1",
    "tiny pin 1 completed",
  ]);
});

it("is deterministic: two runs print the same bytes", () => {
  expect(run()).toBe(run());
});
