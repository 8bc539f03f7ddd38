/** Time by hand, and what a device does with it. */
import { expect, it } from "vitest";
import { ManualClock } from "./manual-clock.ts";
import { RecordedLine, RecordedTrigger } from "./recorded-line.ts";

it("fires timers on its way, each at its own time", () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  const [early, late] = ["early", "late"].map((name) => clock.timer(name, () => fired.push(`${name} at ${clock.nowNs()}`)));
  late!.armAt(70);
  early!.armAt(30);
  expect(clock.armed).toEqual([
    { name: "early", deadlineNs: 30 },
    { name: "late", deadlineNs: 70 },
  ]);
  clock.advance(29);
  expect(fired).toEqual([]);
  clock.advance(100);
  expect([fired, clock.nowNs(), clock.armed]).toEqual([["early at 30", "late at 70"], 129, []]);
});

it("goes to the next timer, and says which", () => {
  const clock = new ManualClock();
  const tick = clock.timer("tick", () => tick.armAt(clock.nowNs() + 10));
  tick.armAt(10);
  expect([clock.advanceToTimer(), clock.advanceToTimer(), clock.nowNs()]).toEqual(["tick", "tick", 20]);
  tick.disarm();
  expect([clock.advanceToTimer(), clock.nowNs()]).toEqual([undefined, 20]);
});

it("does not go back", () => {
  expect(() => new ManualClock().advance(-1)).toThrow("the clock cannot move by -1 ns");
  expect(() => new ManualClock().advance(Number.NaN)).toThrow("the clock cannot move by NaN ns");
});

it("times what a device does to its line and its trigger", () => {
  const clock = new ManualClock();
  const [line, trigger] = [new RecordedLine(clock), new RecordedTrigger(clock)];
  for (const high of [true, true, false, true]) {
    clock.advance(5);
    line.set(high);
  }
  trigger.pulse();
  expect([line.high, line.edges, line.changes.map(({ atNs }) => atNs), trigger.pulses]).toEqual([true, "hlh", [5, 15, 20], [20]]);
});
