/** A queue interrupt from a virtio device on PCI, through MSI-X and the ITS. See README.md. */
import { createMachine, formatTrace, ofKind, powerOff, read32, scripted, wfi } from "@trapline/core";
import { pcieHost } from "@trapline/devices";
import { acknowledge, enableCpuInterface, enableDistributor, enableIts, endOfInterrupt, GITS_TRANSLATER, mapEvent } from "@trapline/example-guest-gic";
import { enableMsix, placeBars, requestBytes, requestsDone, startVirtio } from "@trapline/example-guest-pci";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { gicIts, vgicV3 } from "@trapline/vgic-plugin";
import { rng } from "@trapline/virtio";

const RAM = 0x4000_0000;
const DEVICE = 3; // 00:03.0, requester id 0x18
const [TABLE, STRUCTURES] = [0x1000_0000, 0x80_0000_0000]; // where the guest puts BAR1 and BAR4
const [RING, BUFFER] = [RAM + 0x6_0000, RAM + 0x6_1000];
const print = (line: string): void => void process.stdout.write(`${line}\n`);

let done = 0;
const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableCpuInterface();
    yield* enableIts({ base: RAM });
    yield* mapEvent({ base: RAM }, DEVICE << 3, 1, 8192 + 5);
    yield* placeBars(DEVICE, { 1: TABLE, 4: STRUCTURES });
    yield* enableMsix(DEVICE, TABLE, [[GITS_TRANSLATER, 0], [GITS_TRANSLATER, 1]]);
    yield* startVirtio(STRUCTURES, { ring: RING, vector: 1 });
    for (let n = 0; n < 2; n++) {
      yield* requestBytes(STRUCTURES, RING, n, BUFFER, 4);
      while (done <= n) yield wfi();
      print(`guest: 0x${(yield* read32(BUFFER)).toString(16)}`);
    }
    yield powerOff();
  },
  *irq() {
    const intid = yield* acknowledge();
    done = yield* requestsDone(RING);
    yield endOfInterrupt(intid);
  },
});

const machine = await createMachine({
  memory: [{ base: RAM, size: 0x10_0000 }],
  plugins: [guest, vgicV3(), gicIts({ base: 0x0808_0000 }), ...kvmInterrupts(), pcieHost(), rng({ transport: "pci", slot: DEVICE, seed: 7 })],
});
const tap = machine.trace$
  .pipe(ofKind("doorbell", "signal", "gsi", "msi", "gic.acknowledge"))
  .subscribe((event) => print(`  ${formatTrace(event).replace(/^ *#\d+ +[\d.]+ µs {2}/, "")}`));
print(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
print(dumpRouting({ router: machine.router, find: (token) => machine.find(token) }).split("\n").filter((line) => line.includes("rng0")).join("\n"));
tap.unsubscribe();
await machine.close();
