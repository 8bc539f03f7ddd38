// The CPUs that the golden vectors, the random checks and the random streams try: one row each. Every row is held to every vector.
import type { CpuUnderTest } from "./cpu-under-test.fixture.ts";
import { El0Cpu } from "./el0-cpu.fixture.ts";

/** A CPU to try; `create` gives one with nothing in its caches. */
export interface CpuRow {
  readonly name: string;
  readonly create: () => CpuUnderTest;
}

export const cpusUnderTest: readonly CpuRow[] = [
  { name: "interpreter", create: () => new El0Cpu(false) },
  { name: "compiled code", create: () => new El0Cpu(true) },
];
