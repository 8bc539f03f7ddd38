/** `@trapline/testkit/vitest`: the matchers, registered, and vitest's `test` with machines in it. */
import "./matchers/register.ts";

export type { TraplineMatchers } from "./matchers/register.ts";
export { type BootMachine, type MachineFixtures, test } from "./matchers/machine-test.ts";
export type { Bootable, BootOptions } from "./matchers/open-machines.ts";
export type { DeliverOptions } from "./matchers/to-deliver.ts";
export type { AnyRecorder, RaisedLine } from "./matchers/trace-matchers.ts";
