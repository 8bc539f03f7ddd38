/** A timer of the virtual clock, armed and fired, while fifteen others wait: what a guest's timer interrupt costs the host first. */
import { VirtualClock } from "@trapline/core";
import { atMostBytes, type PreparedRow, type Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

const OTHERS = 15;
/** Beyond what any run of this row reaches: 2^52 ns. */
const NEVER_NS = 2 ** 52;

function armAndFire(): PreparedRow {
  const clock = new VirtualClock();
  let fired = 0;
  for (let n = 0; n < OTHERS; n++) clock.timer(`other${n}`, () => {}).armAt(NEVER_NS + n);
  const timer = clock.timer("measured", () => fired++);
  return timedLoop((n) => {
    for (let i = 0; i < n; i++) {
      timer.armAt(clock.nowNs() + 100);
      clock.elapse(100); // one instruction, one nanosecond
    }
    return fired;
  });
}

export const rows: readonly Row[] = [{ name: "clock/timer-arm-fire", unit: "ns", targets: [atMostBytes(0)], prepare: armAndFire }];
