/** What the device-tree nodes of all PrimeCells have in common on QEMU's `virt` board, and the machine-file options that say where one is. */
import { type DeviceTreeBuilder, gicSpi, nodeNameAt, type NodeContribution, ref } from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";
import { UARTCLK_HZ } from "./pl011/pl011.ts";
import { PRIMECELL_FRAME_SIZE } from "./prime-cell.ts";

export interface PrimeCellPlace {
  /** Guest-physical address of its 4 KiB frame. */
  readonly base: number;
  /** The source number of its interrupt. */
  readonly gsi: number;
  /** What the device tree calls the interrupt, counted from 0 (INTID 32). Default: the GSI, as the fixed and the mainline router wire it. */
  readonly spi: number;
}

/** The node of a PrimeCell and the fixed 24 MHz clock that all of them share. */
export function primeCellNode(tree: DeviceTreeBuilder, part: string, name: string, { base, spi }: PrimeCellPlace): NodeContribution {
  const clock = tree.node("/apb-pclk", name).label("apb_pclk").compatible("fixed-clock");
  clock.set("#clock-cells", 0).set("clock-frequency", UARTCLK_HZ).set("clock-output-names", "clk24mhz");
  const node = tree.node(`/${nodeNameAt(part, base)}`, name).compatible(`arm,${part}`, "arm,primecell");
  node.reg({ base, size: PRIMECELL_FRAME_SIZE }).interrupts(gicSpi(spi, "level-high"));
  return part === "pl011"
    ? node.set("clocks", [ref("apb_pclk"), ref("apb_pclk")]).set("clock-names", ["uartclk", "apb_pclk"])
    : node.set("clocks", ref("apb_pclk")).set("clock-names", "apb_pclk");
}

/** `base`, `gsi` and `spi` of a machine file, with the defaults in words. */
export const placeOptions = (base: string, gsi: number): Readonly<Record<string, JsonSchema>> => ({
  base: { type: "integer", minimum: 0, multipleOf: PRIMECELL_FRAME_SIZE, description: `guest-physical address of its 4 KiB frame; default ${base}` },
  gsi: { type: "integer", minimum: 0, description: `source number of its interrupt; default ${gsi}` },
  spi: { type: "integer", minimum: 0, maximum: 987, description: "its interrupt in the device tree, where the GSI is no SPI number; default: gsi" },
});
