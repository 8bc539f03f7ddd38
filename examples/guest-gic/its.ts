/**
 * The few lines of an ITS driver that a scripted guest needs: LPIs on for vCPU 0, one device, one event. Frame where QEMU's
 * `virt` board has it, tables in RAM. Formats: Arm IHI 0069, "ITS commands" and "The ITS tables".
 */
import { type GuestCode, read32, read64, type U64, u64, write32, write64, write8 } from "@trapline/core";

const GITS = 0x0808_0000;
const GICR = 0x080a_0000;
/** What an MSI is written to: GITS_TRANSLATER. */
export const GITS_TRANSLATER: number = GITS + 0x1_0040;
const VALID = 0x8000_0000;

/** RAM for the command queue, the tables and the LPIs: 320 KiB from `base`, a multiple of 64 KiB. */
export interface ItsTables {
  readonly base: number;
}

/** Turns LPIs and the ITS on, and makes collection 0 vCPU 0. */
export function* enableIts({ base }: ItsTables): GuestCode {
  const [queue, config, pending] = [base, base + 0x1_0000, base + 0x2_0000];
  const [devices, collections] = [base + 0x3_0000, base + 0x4_0000];
  yield write64(GICR + 0x0070, u64(0, config | 13)); //       GICR_PROPBASER: 14 INTID bits
  yield write64(GICR + 0x0078, u64(1 << 30, pending)); //     GICR_PENDBASER, PTZ
  yield write32(GICR + 0x0000, 1); //                         GICR_CTLR.EnableLPIs
  yield write64(GITS + 0x0100, u64(VALID, devices)); //       GITS_BASER0: device table, one 64 KiB page
  yield write64(GITS + 0x0108, u64(VALID, collections)); //   GITS_BASER1: collection table, one 64 KiB page
  yield write64(GITS + 0x0080, u64(VALID, queue)); //         GITS_CBASER: 4 KiB of commands
  yield write32(GITS + 0x0000, 1); //                         GITS_CTLR.Enabled
  yield* command(base, 0x09, 0, 0, u64(VALID, 0)); //         MAPC collection 0 → vCPU 0
}

/** Maps `eventId` of `deviceId` to LPI `intid` in collection 0, enabled at priority 0xa0. */
export function* mapEvent({ base }: ItsTables, deviceId: number, eventId: number, intid: number): GuestCode {
  yield write8(base + 0x1_0000 + (intid - 8192), 0xa1); //    its configuration byte: priority, enable
  yield* command(base, 0x08, deviceId, u64(0, 4), u64(VALID, base + 0x1000)); // MAPD, 5 EventID bits
  yield* command(base, 0x0a, deviceId, u64(intid, eventId), 0); // MAPTI, collection 0
  yield* command(base, 0x0c, deviceId, u64(0, eventId), 0); //  INV: read the configuration byte again
}

/** Appends one command of four doublewords and waits until the ITS has read it. */
function* command(queue: number, code: number, deviceId: number, dw1: U64, dw2: U64): GuestCode {
  const offset = (yield* read32(GITS + 0x0088)) & 0xf_ffe0; // GITS_CWRITER
  yield write64(queue + offset, u64(deviceId, code));
  yield write64(queue + offset + 8, dw1);
  yield write64(queue + offset + 16, dw2);
  yield write64(queue + offset + 24, 0);
  const next = (offset + 32) % 0x1000;
  yield write64(GITS + 0x0088, next);
  while ((yield* read64(GITS + 0x0090)) !== next); //         GITS_CREADR
}
