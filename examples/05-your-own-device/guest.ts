/** The driver: sets a limit, sleeps, switches the fan on when the alarm comes, and off again when it has cooled down. */
import { compute, lo32, type PluginDefinition, powerOff, read32, scripted, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";

const [TEMP, LIMIT, STATUS, FAN] = [0x0a00_0000, 0x0a00_0004, 0x0a00_0008, 0x0a00_000c];
const SPI = 7;
let cooled = false;

const guest: PluginDefinition = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableSpi(SPI);
    yield* enableCpuInterface();
    yield write32(LIMIT, 25_000);
    while (!cooled) yield wfi();
    while (lo32(yield* read32(TEMP)) > 22_000) yield compute(10_000); // 10 µs
    yield write32(FAN, 0);
    yield powerOff(lo32(yield* read32(TEMP)) / 1000);
  },
  *irq() {
    const intid = yield* acknowledge();
    yield write32(FAN, 1);
    yield write32(STATUS, 1); // the line drops
    cooled = true;
    yield endOfInterrupt(intid);
  },
});

export default guest;
