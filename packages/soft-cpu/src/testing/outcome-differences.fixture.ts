// Compares what a CPU did with what it should have done, and says every difference in words. The verdict of the golden vectors, the random
// checks and the random streams.
import type { CpuState, Outcome } from "./cpu-under-test.fixture.ts";

/** One sentence for every difference; none when the outcomes agree. */
export function outcomeDifferences(actual: Outcome, expected: Outcome): string[] {
  const found: string[] = [];
  const say = (what: string, is: string, should: string): void => {
    if (is !== should) found.push(`${what} is ${is}, expected ${should}`);
  };
  say("stop", actual.stop, expected.stop);
  say("pc", hex(actual.pc), hex(expected.pc));
  if (expected.address !== undefined) say("address", hex(actual.address), hex(expected.address));
  stateDifferences(actual.state, expected.state, say);
  if (Buffer.compare(actual.data, expected.data) === 0) return found; // the usual case, and 4096 bytes
  for (let i = 0; i < expected.data.length; i++) {
    if (actual.data[i] !== expected.data[i]) say(`window byte ${hex(i)}`, hex(actual.data[i]!), hex(expected.data[i]!));
  }
  return found;
}

function stateDifferences(actual: CpuState, expected: CpuState, say: (what: string, is: string, should: string) => void): void {
  for (let i = 0; i < 31; i++) {
    if (actual.x[i] !== expected.x[i]) say(`x${i}`, hex(actual.x[i]!), hex(expected.x[i]!));
  }
  for (let i = 0; i < 64; i++) {
    if (actual.v[i] !== expected.v[i]) say(`v${i >> 1}.d[${i & 1}]`, hex(actual.v[i]!), hex(expected.v[i]!));
  }
  for (const name of ["sp", "nzcv", "fpcr", "fpsr", "tpidr"] as const) say(name, hex(actual[name]), hex(expected[name]));
}

const hex = (value: bigint | number | undefined): string => (value === undefined ? "not given" : `0x${value.toString(16)}`);
