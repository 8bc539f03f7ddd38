/** Two worlds hear the same bell: vCPU 0 through the GIC, vCPU 1 through the PLIC. Whoever comes first stops it. */
import { compute, type GuestProgram, type PluginDefinition, read32, scripted, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";

const [RING, STOP] = [0x0a00_0000, 0x0a00_0004];
const PLIC = 0x0c00_0000;
const [PRIORITY, ENABLE, THRESHOLD, CLAIM] = [PLIC, PLIC + 0x2000, PLIC + 0x20_0000, PLIC + 0x20_0004];
const SOURCE = 10;
const say = (line: string): void => void process.stdout.write(`    ${line}\n`);

const applications: GuestProgram = {
  *main() {
    yield* enableDistributor();
    yield* enableSpi(SOURCE);
    yield* enableCpuInterface();
    yield compute(1000); // until the other one listens
    yield write32(RING, 1);
    for (;;) yield wfi();
  },
  *irq() {
    const intid = yield* acknowledge();
    say(`vCPU 0 takes INTID ${intid} and stops the bell`);
    yield write32(STOP, 1);
    yield endOfInterrupt(intid);
  },
};

const management: GuestProgram = {
  *main() {
    yield write32(PRIORITY + 4 * SOURCE, 1);
    yield write32(ENABLE, 1 << SOURCE);
    yield write32(THRESHOLD, 0);
    for (;;) yield wfi();
  },
  *irq() {
    const id = yield* read32(CLAIM);
    say(`vCPU 1 claims source ${id}: the bell is silent already, but a PLIC takes no request back`);
    yield write32(CLAIM, id);
  },
};

const guest: PluginDefinition = scripted(applications, management);
export default guest;
