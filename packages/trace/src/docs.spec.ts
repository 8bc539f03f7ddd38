/** docs/tracing.md tells what the level interrupt of the specs really looks like, in every format. */
import { readFileSync } from "node:fs";
import { toJsonLine } from "@trapline/core";
import { expect, it } from "vitest";
import { JourneyTracker, journeyText, IrqStatistics, latencyText, listeners, TextOutput, topText, VcdWriter } from "./index.ts";
import { levelInterrupt, WIRING } from "./story.fixture.ts";

const GUIDE = readFileSync(new URL("../../../docs/tracing.md", import.meta.url), "utf8");
const BLOCKS = [...GUIDE.matchAll(/^```(?:text|json)\n(.*?)\n```$/gms)].map(([, block]) => block!);

it("its outputs are true", () => {
  const { events } = levelInterrupt();
  const statistics = new IrqStatistics();
  const journeys: string[] = [];
  const tracker = new JourneyTracker(listeners(statistics, { ended: (journey) => void journeys.push(journeyText(journey, tracker.wiring)) }), WIRING);
  for (const event of events) tracker.next(event);
  tracker.finish();
  for (const text of [...journeys, topText(statistics, tracker.wiring), latencyText(statistics, tracker.wiring), events.slice(1, 3).map((event) => toJsonLine(event)).join("\n")]) {
    expect(BLOCKS).toContain(text);
  }
  const output = new TextOutput();
  const vcd = new VcdWriter(output, WIRING);
  vcd.next(events[0]!);
  vcd.finish();
  expect(output.text).toContain(BLOCKS.find((block) => block.startsWith("$scope")));
});
