/**
 * A GICv2m frame: MSIs as SPIs (gic.md D; Arm BSA, "GICv2m Architecture"). A write of an INTID in its range to
 * MSI_SETSPI_NS is one edge of that SPI. Several frames may stand in a machine, each with SPIs of its own.
 *
 * A message is latched even where the guest left the SPI level-triggered, so that it is never lost.
 */
import { compileRegisters, ConfigError, IGNORED, type IrqResult, lo32, type RegisterBank, RegisterFrame } from "@trapline/core";
import { FIRST_SPECIAL, FIRST_SPI } from "./intid-space.ts";
import type { MsiTarget } from "./lpi/lpi-controller.ts";
import type { Vgic } from "./vgic.ts";
import { checkFrame, refuseUnless } from "./vgic-v3-options.ts";

export const GICV2M_FRAME_SIZE = 0x1000;
const SETSPI_NS = 0x040;

/** Where the frame is, and which SPIs are its own. */
export interface GicV2mOptions {
  /** Unique in its machine. Default "gicv2m". */
  readonly name?: string;
  /** Default 0x0802_0000. */
  readonly base?: number;
  /** First SPI, counted from 0 (INTID 32). Default 48. */
  readonly firstSpi?: number;
  /** 1 … 128. Default 64. */
  readonly spis?: number;
}

/** The registers of a frame. */
export const gicV2mRegisters: RegisterBank<GicV2mFrame> = compileRegisters<GicV2mFrame>("GICV2M", GICV2M_FRAME_SIZE, [
  { name: "MSI_TYPER", offset: 0x008, access: "RO", read: (frame) => (frame.firstIntid << 16) | frame.count, fields: { BASE_SPI: [25, 16], NUM_SPI: [9, 0] } },
  { name: "MSI_SETSPI_NS", offset: SETSPI_NS, access: "WO", widths: [2, 4], write: (frame, value) => void frame.message(lo32(value)) },
  { name: "MSI_IIDR", offset: 0xfcc, access: "RO", reset: 0x0510_0000, note: "no value that turns on a quirk of Linux" },
  { name: "ID", offset: 0xfd0, count: 12, access: "RO" },
]);

/** The frame: a write of one of its INTIDs to MSI_SETSPI_NS is an edge of that SPI. */
export class GicV2mFrame implements MsiTarget {
  readonly name: string;
  readonly base: number;
  readonly size: number = GICV2M_FRAME_SIZE;
  readonly firstIntid: number;
  readonly count: number;
  readonly frame: RegisterFrame<GicV2mFrame>;
  private readonly gic: Vgic;

  /** @throws ConfigError for SPIs that the GIC does not have. */
  constructor(gic: Vgic, options: GicV2mOptions = {}) {
    const { name = "gicv2m", base = 0x0802_0000, firstSpi = 48, spis = 64 } = options;
    checkFrame(name, "base", base, GICV2M_FRAME_SIZE);
    refuseUnless(Number.isInteger(firstSpi) && firstSpi >= 0, name, "firstSpi", firstSpi, "a whole number from 0");
    refuseUnless(Number.isInteger(spis) && spis >= 1 && spis <= 128, name, "spis", spis, "a whole number from 1 to 128");
    if (firstSpi + spis > gic.space.spis || FIRST_SPI + firstSpi + spis > FIRST_SPECIAL - 1) {
      throw new ConfigError(`${name} takes SPIs ${firstSpi} to ${firstSpi + spis - 1}, and ${gic.name} has ${gic.space.spis}`, {
        subject: name,
        other: gic.name,
        value: firstSpi + spis,
        limit: Math.min(gic.space.spis, FIRST_SPECIAL - 1 - FIRST_SPI),
        remedy: "lower firstSpi or spis, or give the GIC more SPIs",
      });
    }
    this.gic = gic;
    this.name = name;
    this.base = base;
    this.firstIntid = FIRST_SPI + firstSpi;
    this.count = spis;
    this.frame = new RegisterFrame<GicV2mFrame>(this, gicV2mRegisters);
  }

  /** What is written to MSI_SETSPI_NS: the INTID in bits 9:0. Others are ignored. */
  message(data: number): IrqResult {
    const intid = data & 0x3ff;
    const mine = intid >= this.firstIntid && intid < this.firstIntid + this.count;
    return mine ? this.gic.latchSpi(intid) : IGNORED;
  }

  /** The same message when a device sends it on `msi$` rather than as a store. */
  deliver(offset: number, data: number): IrqResult {
    return offset === SETSPI_NS ? this.message(data) : IGNORED;
  }
}
