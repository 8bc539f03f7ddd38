// Compares what a CPU did with what it should have done, and says every difference in words. The verdict of the golden vectors, the random
// checks and the random streams.
import type { CpuState, Outcome } from "./cpu-under-test.fixture.ts";

/** One sentence for every difference; none when the outcomes agree. */
export function outcomeDifferences(actual: Outcome, expected: Outcome): string[] {
  const found: string[] = [];
  const say = (what: string, is: Told, should: Told): void => {
    if (is !== should) found.push(`${what} is ${tell(is)}, expected ${tell(should)}`);
  };
  say("stop", actual.stop, expected.stop);
  say("pc", actual.pc, expected.pc);
  if (expected.address !== undefined) say("address", actual.address, expected.address);
  stateDifferences(actual.state, expected.state, say);
  if (Buffer.compare(actual.data, expected.data) === 0) return found; // the usual case, and 4096 bytes
  for (let i = 0; i < expected.data.length; i++) {
    if (actual.data[i] !== expected.data[i]) say(`window byte ${tell(i)}`, actual.data[i]!, expected.data[i]!);
  }
  return found;
}

function stateDifferences(actual: CpuState, expected: CpuState, say: (what: string, is: Told, should: Told) => void): void {
  if (!areEqual(actual.x, expected.x)) expected.x.forEach((value, i) => say(`x${i}`, actual.x[i], value));
  if (!areEqual(actual.v, expected.v)) expected.v.forEach((value, i) => say(`v${i >> 1}.d[${i & 1}]`, actual.v[i], value));
  for (const name of ["sp", "nzcv", "fpcr", "fpsr", "tpidr"] as const) say(name, actual[name], expected[name]);
}

/** Bytes are compared ten times as fast as values. */
const areEqual = (a: BigUint64Array, b: BigUint64Array): boolean => Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

const bytesOf = ({ buffer, byteOffset, byteLength }: BigUint64Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

type Told = bigint | number | string | undefined;

const tell = (value: Told): string => (value === undefined ? "not given" : typeof value === "string" ? value : `0x${value.toString(16)}`);
