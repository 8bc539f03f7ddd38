// The CPUs that the golden vectors, the random checks and the random streams try: one row each. Every row is held to every vector.
import type { CpuUnderTest } from "./cpu-under-test.fixture.ts";
import { El0Cpu } from "./el0-cpu.fixture.ts";

/** A CPU to try; `create` gives one with nothing in its caches. */
export interface CpuRow {
  readonly name: string;
  readonly create: () => CpuUnderTest;
  /** Of so many golden vectors one is tried, unless ALL_VECTORS is set: compiling costs milliseconds each. */
  readonly stride: number;
}

export const cpusUnderTest: readonly CpuRow[] = [
  { name: "interpreter", create: () => new El0Cpu(false), stride: 2 },
  { name: "compiled code", create: () => new El0Cpu(true), stride: 32 },
];
