/** A message-signalled interrupt through the ITS: (device, event) → LPI → vCPU. See README.md. */
import { createMachine, formatTrace, ofKind, powerOff, scripted, wfi } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableIts, endOfInterrupt, GITS_TRANSLATER, mapEvent } from "@trapline/example-guest-gic";
import { gicIts, vgicV3 } from "@trapline/vgic-plugin";

const RAM = 0x4000_0000;
const DEVICE = 0x08; // a requester id, as PCI would give it
const EVENT = 2;
const LPI = 8192 + 5;
let arrived = 0;

const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableCpuInterface();
    yield* enableIts({ base: RAM });
    yield* mapEvent({ base: RAM }, DEVICE, EVENT, LPI);
    while (arrived < 2) yield wfi();
    yield powerOff(arrived);
  },
  *irq() {
    const intid = yield* acknowledge();
    process.stdout.write(`guest: INTID ${intid}\n`);
    yield endOfInterrupt(intid);
    arrived++;
  },
});

const machine = await createMachine({
  name: "msi-its",
  memory: [{ base: RAM, size: 0x10_0000 }],
  plugins: [guest, vgicV3(), gicIts({ base: 0x0808_0000 })],
});

// The device: writes event numbers to GITS_TRANSLATER as DEVICE. The guest has not mapped event 7: it goes nowhere.
for (const [atNs, event] of [[1_000_000, EVENT], [2_000_000, 7], [3_000_000, EVENT]] as const) {
  machine.clock.timer("device", () => machine.router.msi$.emit(GITS_TRANSLATER, event, DEVICE)).armAt(atNs);
}

machine.trace$.pipe(ofKind("msi", "vcpu-line", "gic.acknowledge", "gic.eoi")).subscribe((event) => process.stdout.write(`${formatTrace(event)}\n`));
process.stdout.write(`${JSON.stringify(await machine.run({ timeoutMs: 10_000 }))}\n`);
await machine.close();
