/** What `npm start` runs: a guest of machine code takes one interrupt of each kind; the trace tells which way each went. See README.md. */
import { readFileSync } from "node:fs";
import { createMachine, GsiRoutingToken, type SerialPort, UNPLUGGED } from "@trapline/core";
import { pl011 } from "@trapline/devices";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { softCpu } from "@trapline/soft-cpu";
import { assemble } from "@trapline/testkit/assembler";
import { gicIts, vgicV3 } from "@trapline/vgic-plugin";
import { beacon } from "./beacon.plugin.ts";
import { InterruptReport } from "./report.ts";

const [TICK, DOORBELL, MESSAGE] = [40, 41, 42]; // GSIs
const GITS_TRANSLATER = 0x0809_0040n;

/** The other end of the UART's cable: whatever the guest sends goes to the terminal. */
const terminal: SerialPort = { ...UNPLUGGED, send: (byte) => void process.stdout.write(String.fromCharCode(byte)) };

const program = assemble(readFileSync(new URL("guest.s", import.meta.url), "utf8"), { base: 0x4008_0000, file: "guest.s" });

const machine = await createMachine({
  name: "demonstration",
  memory: [{ base: 0x4000_0000, size: 0x20_0000 }],
  vcpus: 2,
  plugins: [
    softCpu(),
    ...kvmInterrupts(), // eventfd, GSI routing, irqfd, ioeventfd
    vgicV3({ spis: 32 }),
    gicIts({ base: 0x0808_0000 }),
    pl011({ port: terminal }),
    beacon({ base: 0x0a00_0000, gsis: { tick: TICK, doorbell: DOORBELL, message: MESSAGE } }),
  ],
});
program.loadInto(machine.memory);
machine.get(GsiRoutingToken).replace([
  { gsi: TICK, target: { irqchip: 0, pin: 2 } },
  { gsi: DOORBELL, target: { irqchip: 0, pin: 3 } },
  { gsi: MESSAGE, target: { msi: { address: GITS_TRANSLATER, data: 2, deviceId: 8 } } },
]);

const report = new InterruptReport(machine);
const { reason } = await machine.run({ timeoutMs: 10_000 });
process.stdout.write(`\n${report.text()}\n\n${reason} after ${machine.vcpus.map((vcpu) => vcpu.retired).join(" + ")} instructions\n`);
await machine.close();
