import { expect, it } from "vitest";
import { createMachine, type MachineConfig } from "../index.ts";

it("refuses keys a machine does not have, before anything is made", async () => {
  const config = { memroy: [], plugins: [] } as MachineConfig;
  await expect(createMachine(config)).rejects.toMatchObject({
    kind: "config",
    message: 'a machine has no "memroy"; its keys are name, memory, vcpus, clock, unclaimed, quantum, plugins, parent',
    facts: { subject: "machine", value: "memroy" },
  });
});
