/** A guest asks a virtio device for random bytes: doorbell → device → irqfd → GIC → guest. See README.md. */
import { createMachine, formatTrace, ofKind, powerOff, read64, scripted, wfi } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { vgicV3 } from "@trapline/vgic-plugin";
import { rng } from "@trapline/virtio";
import { acknowledgeDevice, ask, bringUp, BUFFER, GSI, RAM } from "./driver.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);

let answered = false;
const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableSpi(GSI); // the mainline profile: GSI n is SPI n
    yield* enableCpuInterface();
    yield* bringUp();
    yield* ask(0);
    while (!answered) yield wfi();
    print(`guest: got 0x${(yield* read64(BUFFER)).toString(16)}`);
    yield powerOff();
  },
  *irq() {
    const intid = yield* acknowledge();
    const status = yield* acknowledgeDevice();
    print(`guest: INTID ${intid}, InterruptStatus ${status}`);
    answered = true;
    yield endOfInterrupt(intid); // the line drops, and the device is asked whether it has more
  },
});

const machine = await createMachine({
  memory: [{ base: RAM, size: 0x1_0000 }],
  plugins: [guest, vgicV3({ spis: 32 }), ...kvmInterrupts(), rng({ seed: 1 })],
});
const shown = ["virtio", "doorbell", "signal", "overwrite", "gsi", "pin", "gic.acknowledge", "completion"] as const;
const tap = machine.trace$.pipe(ofKind(...shown)).subscribe((event) => print(`  ${formatTrace(event).replace(/^ *#\d+ +[\d.]+ µs {2}/, "")}`));
print(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
tap.unsubscribe();
await machine.close();
