/**
 * vitest's `test` with a fixture that makes machines: they are closed when the test is over, whatever became of it, and what a
 * machine reported on `errors$` meanwhile (a tap that threw, lost events) fails the test.
 */
import type { Machine } from "@trapline/core";
import { test as base, type TestAPI } from "vitest";
import { type Bootable, type BootOptions, OpenMachines } from "./open-machines.ts";

/** Makes a machine for one test. @throws what `createMachine` or the machine file throws */
export type BootMachine = (what: Bootable, options?: BootOptions) => Promise<Machine>;

/** What a test can ask for. */
export interface MachineFixtures {
  /** Makes a machine that is closed behind the test. Any number of them. */
  readonly bootMachine: BootMachine;
}

/**
 * vitest's `test` with `bootMachine`; importing it registers the matchers.
 * @example
 * test("delivers", async ({ bootMachine }) => {
 *   const machine = await bootMachine([guest, myChip()]);
 *   await expect(machine).toDeliver(33);
 * });
 */
export const test: TestAPI<MachineFixtures> = base.extend<MachineFixtures>({
  bootMachine: async ({ task: _task }, use) => {
    const machines = new OpenMachines();
    try {
      await use((what, options) => machines.boot(what, options));
    } finally {
      await machines.close();
    }
  },
});
