/**
 * Why an interrupt did or did not arrive, from its last journey. What the registers of the chip say only the machine knows (`explain` of an
 * irqchip); a trace shows how far it came, and what nobody did after that.
 */
import { hex } from "@trapline/core";
import { beginningOf, handledNs, type Journey, waitedNs } from "../journey/journey.ts";
import type { Wiring } from "../wiring.ts";
import { journeyName, sourceText } from "./journey-text.ts";
import { duration, timeText } from "./text.ts";

/** One or two sentences. */
export function whyText(journey: Journey, wiring: Wiring): string {
  const name = journeyName(journey);
  const { outcome, steps, vcpu } = journey;
  switch (outcome) {
    case "completed":
      return `${name} arrived: vCPU ${vcpu ?? "?"} took it${after(waitedNs(journey))} and was done${after(handledNs(journey))}.`;
    case "active":
      return `${name} is active: vCPU ${vcpu} took it at ${timeText(steps.acknowledge!.atNs)} and has not ended it${journey.ownNumbers ? "" : " (EOIR, or DIR with split EOI)"}.`;
    case "reset":
      return `${name} was forgotten in a reset or a restore while it ${steps.acknowledge === undefined ? "waited" : "was active"}.`;
    case "withdrawn":
      return withdrawnText(journey);
    case "ignored":
      return ignoredText(journey, wiring);
    case "pending":
      return pendingText(journey, wiring);
  }
}

const after = (ns: number | undefined): string => (ns === undefined ? "" : ` after ${duration(ns)}`);

function withdrawnText(journey: Journey): string {
  const { lower } = journey.steps;
  const held = lower!.atNs - beginningOf(journey).atNs;
  const masked =
    journey.steps.line === undefined ? "was never signalled to a vCPU" : `was signalled to vCPU ${journey.vcpu}, which did not take it`;
  return `${journeyName(journey)} ${masked}: the line was high for ${duration(held)} and went low again, and a level-sensitive interrupt goes with its line.`;
}

function ignoredText(journey: Journey, wiring: Wiring): string {
  const { origin, gsi, irqchip, pin, intid, message } = journey;
  const source = sourceText(journey, wiring);
  if (message !== undefined)
    return `The message ${hex(message.data)} to ${hex(message.address)} was taken by nobody, or blocked: it is not mapped, or its target is off.`;
  if (pin === undefined) return `${source === "" ? "The signal" : `The signal of ${source}`} was ignored: GSI ${gsi} leads nowhere.`;
  const input = intid === undefined ? `pin ${pin} of ${irqchip}` : `${journeyName(journey)}, ${irqchip} pin ${pin}`;
  if (origin !== "edge") return `The signal of ${source} was ignored: ${irqchip} does not implement ${input}.`;
  return `The pulse of ${source} left nothing behind: ${input} is level-sensitive, and a pulse is over at once; configure it as edge-triggered, or hold the line.`;
}

function pendingText(journey: Journey, wiring: Wiring): string {
  const { origin, steps, vcpu, edge } = journey;
  const name = journeyName(journey);
  const since = timeText(beginningOf(journey).atNs);
  if (origin !== "held") {
    if (steps.line !== undefined)
      return `${name} waits since ${since}: vCPU ${vcpu}'s line is high for it, and the guest does not take it; it has its interrupts masked, or does not run.`;
    return `${name} waits since ${since} and is not signalled: it is disabled, masked by priority or group, or has no target; the machine knows which.`;
  }
  const source = sourceText(journey, wiring) || "its source";
  const held = `${name} is lost: ${source} holds its line high since the end of the interrupt before, at ${since}, and nobody took it again`;
  if (edge === true)
    return `${held}; the guest configured it as edge-triggered, and a line that stays high has no edge: configure it as level-sensitive.`;
  return `${held}; it is configured as edge-triggered, disabled, or masked: the machine knows which.`;
}

/** What to say of an interrupt that the trace does not show. */
export function neverText(name: string, wiring: Wiring, intid: number): string {
  const sources = wiring.irqchips.flatMap(({ name: chip }) => wiring.sourcesOf(chip, wiring.pinOf(chip, intid, 0)));
  const from = sources.map(({ owner, gsi }) => `${owner} (GSI ${gsi})`);
  return `${name} was never raised in this trace${from.length === 0 ? ", and nothing is wired to it" : `; its source is ${from.join(", ")}`}.`;
}
