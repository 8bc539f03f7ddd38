/** Three devices behind a combiner, and the combiner behind one SPI of a GICv3. See README.md. */
import { compute, createMachine, GsiRoutingToken, read32, scripted, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { drawLines, lineScript, recordTrace } from "@trapline/testkit";
import { vgicV3 } from "@trapline/vgic-plugin";
import { combiner } from "./combiner.ts";

const [STATUS, ENABLE] = [0x0b00_0000, 0x0b00_0008];
const COMBINED = 5; // GSI, and SPI, of the combiner's output
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let seen = 0;
const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableSpi(COMBINED);
    yield* enableCpuInterface();
    yield write32(ENABLE, 0b111);
    for (;;) yield wfi();
  },
  *irq() {
    yield compute(1200); // saves its registers, slowly
    const intid = yield* acknowledge();
    const status = yield* read32(STATUS);
    say(`INTID ${intid}: inputs ${[0, 1, 2].filter((input) => (status & (1 << input)) !== 0).join(" and ")}`);
    seen |= status;
    yield write32(ENABLE, 0b111 & ~seen); // each is served once
    yield endOfInterrupt(intid);
  },
});

// What the three devices do, a microsecond a column.
const devices = lineScript({ 8: "--h----l", 9: "----h--l", 10: "----h-l" });

const machine = await createMachine({
  name: "cascade",
  plugins: [guest, ...kvmInterrupts(), vgicV3(), combiner({ base: STATUS, gsi: COMBINED }), devices],
});
const trace = recordTrace(machine, "gsi", "pin", "vcpu-line");

// GSIs 8, 9 and 10 lead to the combiner, which is chip 1; the others to the GIC, as before.
const routing = machine.get(GsiRoutingToken);
const others = routing.routes.filter(({ gsi }) => gsi < 8 || gsi > 10);
routing.replace([...others, ...[0, 1, 2].map((pin) => ({ gsi: 8 + pin, target: { irqchip: 1, pin } }))]);

await machine.run({ timeoutMs: 10_000 }); // until everybody sleeps
for (const [line, drawing] of Object.entries(drawLines(trace.events))) say(`${line.padEnd(16)}${drawing}`);
await machine.close();
