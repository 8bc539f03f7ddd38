/** What a device tree says of an ITS (Linux, bindings/interrupt-controller/arm,gic-v3.yaml; gic.md F.2). */
import type { AddressRange } from "@trapline/core";
import { ITS_FRAME_BYTES } from "./its.registers.ts";

/** The node of an ITS in a device tree, as data. */
export interface ItsNode {
  /** A child of the GIC's node. */
  readonly path: string;
  readonly compatible: readonly string[];
  /** An MSI specifier is one cell: the DeviceID. */
  readonly msiCells: 1;
  readonly reg: AddressRange;
}

/** The node of an ITS below the GIC whose distributor is at `distributorBase`; undefined while it has no address. */
export function itsNode({ base }: { readonly base: number }, distributorBase: number): ItsNode | undefined {
  if (base < 0) return undefined;
  return {
    path: `/intc@${distributorBase.toString(16)}/its@${base.toString(16)}`,
    compatible: ["arm,gic-v3-its"],
    msiCells: 1,
    reg: { base, size: ITS_FRAME_BYTES },
  };
}
