/** A GSI that leads to two irqchips, one of them from a package that this repository's packages do not know. See README.md. */
import { fileURLToPath } from "node:url";
import { createMachine, formatTrace, GsiRoutingToken } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";

const BELL = 10;
const INTERRUPTS = new Set(["gsi", "pin", "vcpu-line", "completion", "gic.acknowledge", "plic.acknowledge"]);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const machine = await createMachine(await loadMachineFile(fileURLToPath(new URL("machine.yaml", import.meta.url))));

// The default table leads GSI 10 to SPI 10 of chip 0. Now also to source 10 of chip 1.
const routing = machine.get(GsiRoutingToken);
routing.replace([...routing.routes, { gsi: BELL, target: { irqchip: 1, pin: BELL } }]);
for (const target of machine.router.resolve(BELL)) {
  if ("pin" in target)
    say(`GSI ${BELL} → ${machine.irqchips[target.irqchip]!.name}: ${machine.irqchips[target.irqchip]!.describePin(target.pin)}`);
}

machine.trace$.subscribe((event) => {
  if (INTERRUPTS.has(event.kind)) say(formatTrace(event).replace(/^#\d+ +/, ""));
});
say(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
await machine.close();
