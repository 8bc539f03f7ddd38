// Finds a smaller stream that still fails: without units (halves, quarters, ... single ones), then with registers of the first state set
// back to the background. All candidates of a step are tried together, because a run of the oracle costs more than its cases.
import { backgroundState } from "../src/testing/background.fixture.ts";
import { copyState } from "../src/testing/cpu-under-test.fixture.ts";
import { RESERVED, type Stream } from "./stream.ts";

/** Index of a candidate that still fails, or -1. */
export type FindFailing = (candidates: readonly Stream[]) => number;

/** @param stream one that fails */
export function shrinkStream(stream: Stream, findFailing: FindFailing): Stream {
  return setRegistersBack(leaveUnitsOut(stream, findFailing), findFailing);
}

function leaveUnitsOut(stream: Stream, findFailing: FindFailing): Stream {
  let smallest = stream;
  for (let size = Math.ceil(stream.units.length / 2); size >= 1; ) {
    const candidates = withoutRuns(smallest, size);
    const found = candidates[candidates.length === 0 ? -1 : findFailing(candidates)];
    if (found !== undefined) smallest = found;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
  }
  return smallest;
}

/** The stream without each run of `size` units; what branched over them leads behind them, or to the end. */
function withoutRuns({ units, pre }: Stream, size: number): Stream[] {
  const candidates: Stream[] = [];
  for (let start = 0; start < units.length; start += size) {
    const rest = [...units.slice(0, start), ...units.slice(start + size)];
    if (rest.length > 0) candidates.push({ units: rest, pre });
  }
  return candidates;
}

function setRegistersBack(stream: Stream, findFailing: FindFailing): Stream {
  const background = backgroundState();
  let smallest = stream;
  for (let i = 0; i < 31; i++) {
    if (RESERVED.includes(i)) continue; // without its bases the stream would fail in another way
    const pre = copyState(smallest.pre);
    pre.x[i] = background.x[i]!;
    const candidate = { units: smallest.units, pre };
    if (findFailing([candidate]) === 0) smallest = candidate;
  }
  return smallest;
}
