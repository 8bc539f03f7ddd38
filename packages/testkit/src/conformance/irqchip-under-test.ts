/** What the irqchip suite needs to know of a chip: the contract, and how a guest would program it. */
import type { Irqchip, WireOrder } from "@trapline/core";

/** What an input senses. */
export type Trigger = "level" | "edge";

/**
 * A fresh chip and the guest's side of it. The methods do what a driver does, through the chip's own registers, so that
 * the suite tests what a guest sees.
 */
export interface IrqchipUnderTest {
  readonly irqchip: Irqchip;
  /** The order its wires were made with. */
  readonly order: WireOrder;
  /** Pins to use, at least three that lead to vCPU 0 and do not disturb each other. */
  readonly pins: readonly number[];
  /** Trigger modes the chip's pins can be in. */
  readonly triggers: readonly Trigger[];
  /**
   * What becomes of a level interrupt whose line falls before the guest takes it. Default "withdrawn", as on a GIC; "kept" on a
   * chip that latches the request and lets the guest find out (the gateways of a PLIC).
   */
  readonly fallenLevel?: "withdrawn" | "kept";
  /** A pin number that the chip has a number for but does not implement, where there is such a one. */
  readonly unimplementedPin?: number;
  /** Lets the pin through to vCPU 0, in the given trigger mode. */
  enable(pin: number, trigger: Trigger): void;
  disable(pin: number): void;
  /** The guest on vCPU 0 takes the best interrupt; the pin it belongs to, or undefined when there is none. */
  acknowledge(): number | undefined;
  /** The guest on vCPU 0 is done with it. */
  complete(pin: number): void;
}

/** Makes a fresh chip in its power-on state. Called for every test. */
export type IrqchipFactory = () => IrqchipUnderTest;
