/** A lost interrupt, hunted down: what the trace, the chip and the lint say of it, and the machine mended. See README.md. */
import { createMachine, lintMachine, type SpiTrigger } from "@trapline/core";
import { IrqStatistics, type Journey, journeyText, JourneyTracker, listeners, topText, whyText, wiringOf } from "@trapline/trace";
import { VgicToken } from "@trapline/vgic-plugin";
import { board } from "./machine.ts";

const INTID = 33;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function hunt(says: SpiTrigger): Promise<void> {
  const packets: number[] = [];
  const machine = await createMachine(board(says, (packet) => void packets.push(packet)));
  const statistics = new IrqStatistics();
  const journeys: Journey[] = [];
  const tracker = new JourneyTracker(listeners(statistics, { ended: (journey) => void journeys.push(journey) }), wiringOf(machine));
  machine.trace$.subscribe((event) => tracker.next(event));

  const { reason } = await machine.run({ timeoutMs: 10_000 });
  print(`${says}: ${reason}, packets ${packets.join(" ")}`);
  tracker.finish();
  print(topText(statistics, tracker.wiring));
  if (packets.length < 5) {
    print(journeyText(journeys.at(-2)!, tracker.wiring)); // the last one that arrived …
    print(whyText(journeys.at(-1)!, tracker.wiring)); //     … and the one that did not
    print(machine.get(VgicToken).explain(INTID, 0).text);
    for (const { severity, subject, message, remedy } of lintMachine(machine).filter(({ rule }) => rule === "trigger-mismatch"))
      print(`${severity}: ${subject}: ${message}; ${remedy}`);
  }
  await machine.close();
}

await hunt("edge-rising");
print("");
await hunt("level-high");
