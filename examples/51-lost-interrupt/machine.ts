/** The machine of the story: a GICv3, a radio, and a driver that configures the interrupt as the device tree has it. See README.md. */
import { defineMachine, type MachineConfig, powerOff, read32, scripted, type SpiTrigger, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { vgicV3 } from "@trapline/vgic-plugin";
import { radio } from "./radio.ts";

const GICD_ICFGR2 = 0x0800_0c08; // INTIDs 32 to 47, two bits each
const RADIO = 0x0900_0000;
const SPI = 1; // INTID 33
const PACKETS_NS = [1_000_000, 2_000_000, 2_000_001, 3_000_000, 4_000_000];

export function board(says: SpiTrigger, received: (packet: number) => void = () => {}): MachineConfig {
  let count = 0;
  const driver = scripted({
    *main() {
      yield* enableDistributor();
      yield write32(GICD_ICFGR2, says === "edge-rising" ? 0b10 << (2 * SPI) : 0);
      yield* enableSpi(SPI);
      yield* enableCpuInterface();
      while (count < PACKETS_NS.length) yield wfi();
      yield powerOff();
    },
    *irq() {
      const intid = yield* acknowledge();
      received(yield* read32(RADIO)); // one packet for each interrupt
      count++;
      yield endOfInterrupt(intid);
    },
  });
  return defineMachine({
    name: "radio-board",
    memory: [{ base: 0x4000_0000, size: 0x10_0000 }],
    plugins: [driver, vgicV3({ spis: 32 }), radio({ base: RADIO, gsi: SPI, says, packetsNs: PACKETS_NS })],
  });
}

export default (): MachineConfig => board("edge-rising");
