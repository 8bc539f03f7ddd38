/** A broken device storms, a good one does not; a plugin made of operators notices and cuts the broken one off. See README.md. */
import { createMachine, scripted, wfi } from "@trapline/core";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { drawLines, lineScript, recordTrace } from "@trapline/testkit";
import { vgicV3 } from "@trapline/vgic-plugin";
import { stormDetector } from "./storm-detector.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const sleeper = scripted(function* () {
  for (;;) yield wfi();
});
const devices = lineScript({
  3: "--hlhlhlhlhlhlhlhlhl", // loose contact
  4: "--p-------p-------p-", // as it should be
});

const machine = await createMachine({
  name: "storm",
  plugins: [sleeper, ...kvmInterrupts(), vgicV3(), devices, stormDetector({ rises: 5, withinNs: 10_000, tell: say })],
});
const trace = recordTrace(machine, "gsi", "pin");
await machine.run({ untilNs: 30_000, timeoutMs: 10_000 });
for (const [line, drawing] of Object.entries(drawLines(trace.events))) say(`${line.padEnd(10)}${drawing}`);
await machine.close();
