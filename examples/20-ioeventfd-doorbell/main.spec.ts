/** Runs the example as a user does and reads what it prints. */
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("rings per value, counts what gathers, and leaves the rest to the device", () => {
  expect(runExample("20-ioeventfd-doorbell").stdout).toBe("worker 0: 1 kick\ndevice: write of 2 at +0x50\nworker 1: 2 kicks\n");
}, 60_000);
