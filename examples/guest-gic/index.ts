/**
 * The few lines of a GICv3 driver that the scripted guests of these examples need, in the manual's words: distributor and
 * redistributors where QEMU's `virt` board has them, group 1 only, one security state.
 */
import { type GuestCode, lo32, mrs, msr, write32, write64, write8 } from "@trapline/core";
import { iccEncoding } from "@trapline/vgic-plugin";

const GICD = 0x0800_0000;
const GICR = 0x080a_0000;
const GICR_STRIDE = 0x2_0000;
const SGI_BASE = 0x1_0000;

const icc = (name: string): number => iccEncoding(name)!;
const ICC_PMR_EL1 = icc("ICC_PMR_EL1");
const ICC_IGRPEN1_EL1 = icc("ICC_IGRPEN1_EL1");
const ICC_IAR1_EL1 = icc("ICC_IAR1_EL1");
const ICC_EOIR1_EL1 = icc("ICC_EOIR1_EL1");
const ICC_SGI1R_EL1 = icc("ICC_SGI1R_EL1");

/** GICD_CTLR.EnableGrp1: once per machine. */
export function* enableDistributor(): GuestCode {
  yield write32(GICD, 1 << 1);
}

/** Lets every priority through and enables group 1: once per vCPU. */
export function* enableCpuInterface(): GuestCode {
  yield msr(ICC_PMR_EL1, 0xff);
  yield msr(ICC_IGRPEN1_EL1, 1);
}

/** SPI `n` in group 1 (its neighbours too: nobody here wants group 0), priority 0xa0, routed to the vCPU with affinity `affinity`, enabled. */
export function* enableSpi(n: number, affinity = 0): GuestCode {
  const intid = 32 + n;
  const word = 4 * (intid >> 5);
  const bit = 1 << (intid & 31);
  yield write32(GICD + 0x0080 + word, 0xffff_ffff); // GICD_IGROUPR
  yield write8(GICD + 0x0400 + intid, 0xa0); //        GICD_IPRIORITYR
  yield write64(GICD + 0x6000 + 8 * intid, affinity); // GICD_IROUTER
  yield write32(GICD + 0x0100 + word, bit >>> 0); //   GICD_ISENABLER
}

/** SGIs of vCPU `vcpu` in group 1, enabled. */
export function* enableSgis(vcpu: number): GuestCode {
  const frame = GICR + vcpu * GICR_STRIDE + SGI_BASE;
  yield write32(frame + 0x0080, 0xffff); // GICR_IGROUPR0
  yield write32(frame + 0x0100, 0xffff); // GICR_ISENABLER0
}

/** Takes the interrupt that is signalled: its INTID, or 1023. */
export function* acknowledge(): Generator<ReturnType<typeof mrs>, number, unknown> {
  return lo32((yield mrs(ICC_IAR1_EL1)) as number);
}

/** Drops the running priority and deactivates. */
export const endOfInterrupt = (intid: number): ReturnType<typeof msr> => msr(ICC_EOIR1_EL1, intid);

/** Sends SGI `intid` to the vCPU whose Aff0 is `aff0`, in cluster 0. */
export const sendSgi = (intid: number, aff0: number): ReturnType<typeof msr> => msr(ICC_SGI1R_EL1, (intid << 24) | (1 << aff0));

export { enableIts, GITS_TRANSLATER, type ItsTables, mapEvent } from "./its.ts";
