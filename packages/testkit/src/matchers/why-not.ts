/**
 * Why an interrupt does not arrive, asked of every irqchip of a machine: its own `explain`, where it has one, or else what
 * `peekPin` tells of the pins behind that INTID. Cold: only failed expectations ask.
 */
import { describeIntid, type Irqchip, type Machine, type PinState } from "@trapline/core";
import { describeVcpu } from "../bench/run-end.ts";

/** Pins that are looked at for a name; chips with more are not searched further. */
export const MAX_PINS = 4096;

/** Sentences, one a line. @param irqchip only that one is asked; default: all */
export function whyNot(machine: Pick<Machine, "irqchips" | "vcpus">, intid: number, vcpu: number, irqchip?: string): readonly string[] {
  const { vcpus } = machine;
  const irqchips = machine.irqchips.filter(({ name }) => irqchip === undefined || name === irqchip);
  const chips = irqchips.flatMap((chip) => explainOne(chip, intid, vcpu).map((text) => `${chip.name}: ${text}`));
  const target = vcpus[vcpu];
  const said =
    chips.length > 0
      ? chips
      : [
          irqchips.length === 0
            ? `the machine has no irqchip${irqchip === undefined ? "" : ` ${irqchip}`}`
            : `no irqchip knows ${interruptName(machine, intid, irqchip)}`,
        ];
  return [...said, target === undefined ? `there is no vCPU ${vcpu}` : describeVcpu(target)];
}

/** "SPI 1 (INTID 33)", or "interrupt 3" where none of the chips in question calls its inputs by INTIDs. */
export function interruptName(machine: Pick<Machine, "irqchips">, intid: number, irqchip?: string): string {
  const chips = machine.irqchips.filter(({ name }) => irqchip === undefined || name === irqchip);
  const hasIntids = (chip: Irqchip): boolean => chip.kvm !== undefined || pinsOf(chip).some((pin) => /\bINTID \d/.test(chip.describePin(pin)));
  return chips.length > 0 && !chips.some(hasIntids) ? `interrupt ${intid}` : `${describeIntid(intid)} (INTID ${intid})`;
}

function explainOne(chip: Irqchip, intid: number, vcpu: number): readonly string[] {
  if (chip.explain !== undefined) return chip.explain(intid, vcpu).text.split("\n");
  const pins = pinsOf(chip).filter((pin) => new RegExp(`\\bINTID ${intid}\\b`).test(chip.describePin(pin)));
  const found = pins.length > 0 ? pins : intid < chip.pinCount ? [intid] : [];
  return found.flatMap((pin) => {
    const state = chip.peekPin(pin);
    return state === undefined ? [] : [`pin ${pin} (${chip.describePin(pin)}): ${describePinState(state)}`];
  });
}

export function pinsOf(chip: Irqchip): readonly number[] {
  return Array.from({ length: Math.min(chip.pinCount, MAX_PINS) }, (_, pin) => pin);
}

/** "the line is high, it is pending, not enabled". */
export function describePinState({ line, pending, active, enabled }: PinState): string {
  const parts = [
    `the line is ${line ? "high" : "low"}`,
    pending ? "it is pending" : "it is not pending",
    ...(active ? ["active (taken and not finished)"] : []),
    enabled ? "enabled" : "not enabled",
  ];
  return parts.join(", ");
}
