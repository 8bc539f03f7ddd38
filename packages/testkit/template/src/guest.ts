/** A driver, as a scripted guest: three blinks, then off. GICv3 where QEMU's `virt` board has it, SPI 7. */
import { lo32, mrs, msr, type PluginDefinition, powerOff, read32, scripted, sysregEncoding, wfi, write32, write8 } from "@trapline/core";

const GICD = 0x0800_0000;
const INTID = 32 + 7;
const ICC_PMR_EL1 = sysregEncoding(3, 0, 4, 6, 0);
const ICC_IAR1_EL1 = sysregEncoding(3, 0, 12, 12, 0);
const ICC_EOIR1_EL1 = sysregEncoding(3, 0, 12, 12, 1);
const ICC_IGRPEN1_EL1 = sysregEncoding(3, 0, 12, 12, 7);
const [PERIOD, COUNT, ACK] = [0x0a00_0000, 0x0a00_0004, 0x0a00_0008];

const guest: PluginDefinition = scripted({
  *main() {
    yield write32(GICD, 1 << 1); //              GICD_CTLR.EnableGrp1
    yield write32(GICD + 0x084, 1 << 7); //      GICD_IGROUPR1: group 1
    yield write8(GICD + 0x400 + INTID, 0xa0); // GICD_IPRIORITYR
    yield write32(GICD + 0x104, 1 << 7); //      GICD_ISENABLER1
    yield msr(ICC_PMR_EL1, 0xff);
    yield msr(ICC_IGRPEN1_EL1, 1);
    yield write32(PERIOD, 1_000_000); //         1 ms
    while ((yield* read32(COUNT)) < 3) yield wfi();
    yield powerOff(yield* read32(COUNT));
  },
  *irq() {
    const intid = lo32(yield* mrs(ICC_IAR1_EL1));
    yield write32(ACK, 1); // the line drops
    yield msr(ICC_EOIR1_EL1, intid);
  },
});

export default guest;
