/** A level interrupt through its whole life on a GICv3: raised, taken, served, lowered, ended, raised again. See README.md. */
import { createMachine, formatTrace, ofKind, powerOff, read32, scripted, wfi, write32 } from "@trapline/core";
import { vgicV3 } from "@trapline/vgic-plugin";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { sensor } from "./sensor.ts";

const SENSOR = 0x0900_0000;
const CTRL = SENSOR;
const LEVEL = SENSOR + 4;
const DATA = SENSOR + 8;

let served = 0;

const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableSpi(1);
    yield* enableCpuInterface();
    yield write32(CTRL, 1);
    while (served < 2) yield wfi();
    yield powerOff();
  },
  *irq() {
    const intid = yield* acknowledge();
    while ((yield* read32(LEVEL)) > 0) process.stdout.write(`guest: sample ${yield* read32(DATA)}\n`);
    yield endOfInterrupt(intid);
    served++;
  },
});

const machine = await createMachine({
  name: "level-interrupt",
  plugins: [guest, vgicV3({ spis: 32 }), sensor({ base: SENSOR, gsi: 1 })], // GSI 1 → pin 1 → SPI 1 (INTID 33)
});

const life$ = machine.trace$.pipe(ofKind("gsi", "pin", "vcpu-line", "gic.acknowledge", "gic.eoi", "gic.deactivate", "completion"));
life$.subscribe((event) => process.stdout.write(`${formatTrace(event)}\n`));

process.stdout.write(`${JSON.stringify(await machine.run({ timeoutMs: 10_000 }))}\n`);
await machine.close();
