/** Step 4, the machine's line: everything is in machine.yaml; this runs it and shows what the device did. See README.md. */
import { fileURLToPath } from "node:url";
import { createMachine, formatTrace } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";

const machine = await createMachine(await loadMachineFile(fileURLToPath(new URL("machine.yaml", import.meta.url))));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

machine.trace$.subscribe((event) => {
  const isWrite = event.kind === "access" && event.device === "thermometer" && event.direction === "write";
  const isInterrupt = ["gsi", "gic.acknowledge"].includes(event.kind);
  if (isWrite || isInterrupt) say(formatTrace(event).replace(/^#\d+ +/, ""));
});

say(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
await machine.close();
