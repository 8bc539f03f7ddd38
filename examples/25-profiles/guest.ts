/** The guest of all three machines: two vCPUs that say which interrupt they take. All are edges, so that nothing must be lowered. */
import { type GuestProgram, type PluginDefinition, scripted, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";

const GICD_ICFGR2 = 0x0800_0c08;
const SGI_FRAME = 0x080b_0000;

const program = (vcpu: number): GuestProgram => ({
  *main() {
    const frame = SGI_FRAME + 0x2_0000 * vcpu;
    yield* enableDistributor();
    for (const spi of [1, 8]) yield* enableSpi(spi);
    yield write32(GICD_ICFGR2, 0x2_0008); //        SPI 1 and 8
    yield write32(frame + 0x0080, 0xffff_ffff); //  GICR_IGROUPR0
    yield write32(frame + 0x0c04, 0x200); //        GICR_ICFGR1: INTID 20
    yield write32(frame + 0x0100, 1 << 20); //      GICR_ISENABLER0
    yield* enableCpuInterface();
    for (;;) yield wfi();
  },
  *irq() {
    const intid = yield* acknowledge();
    process.stdout.write(`    vcpu${vcpu} takes INTID ${intid}\n`);
    yield endOfInterrupt(intid);
  },
});

const guest: PluginDefinition = scripted(program(0), program(1));
export default guest;
