/** What the router suite needs to know of a router: the contract, and how it names the pins of its first irqchip. */
import type { GsiRouter, GsiRouting, WireOrder } from "@trapline/core";

export interface RouterUnderTest {
  readonly router: GsiRouter;
  /** The order its wires were made with. */
  readonly order: WireOrder;
  /** The GSI that leads to that pin of the first irqchip added, from the start. Pins 0 … 7 are asked for. */
  gsiOf(pin: number): number;
  /** A GSI of the router that leads nowhere while a machine's only chip has eight pins. */
  readonly unroutedGsi: number;
  /** Its table, where it has one. */
  readonly routing?: GsiRouting;
  /**
   * A pin is the OR of the GSIs that lead to it, and a change of the table drives what it moves. False: as in Linux, every
   * signal goes straight to the pin and nothing is driven again. Default true; counts only with a table.
   */
  readonly wiredOr?: boolean;
}

/** Makes a fresh router without irqchips. Called for every test. */
export type RouterFactory = () => RouterUnderTest;
