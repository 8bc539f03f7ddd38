/** A journey in words: its name, its source, its steps with the time between them. */
import { hex } from "@trapline/core";
import { beginningOf, type Journey, JOURNEY_STEPS, type JourneyStep } from "../journey/journey.ts";
import { intidText, type Wiring } from "../wiring.ts";
import { duration, table, timeText } from "./text.ts";

/** What to call the interrupt: "SPI 1 (INTID 33)", "PPI 11 (INTID 27) of vCPU 2", "plic pin 3", "pic interrupt 33", "GSI 7". */
export function journeyName({ intid, ownNumbers, private: isPrivate, irqchip, pin, gsi, vcpu, message }: Journey): string {
  if (intid !== undefined && !(ownNumbers && intid === pin)) {
    const name = ownNumbers ? `${irqchip} interrupt ${intid}` : intidText(intid);
    return isPrivate && vcpu !== undefined ? `${name} of vCPU ${vcpu}` : name;
  }
  if (pin !== undefined) return `${irqchip} pin ${pin}`;
  if (gsi !== undefined) return `GSI ${gsi}`;
  return message === undefined ? "an interrupt" : `message ${hex(message.data)} to ${hex(message.address)}`;
}

/** Who raised it: "uart0 (GSI 1)", "eventfd rx (GSI 40)", "vCPU 0". */
export function sourceText({ origin, gsi, eventFd, message, sender, irqchip, pin }: Journey, wiring: Wiring): string {
  if (origin === "sgi") return `vCPU ${sender}`;
  if (origin === "private-line") return "the vCPU's own";
  const source = gsi === undefined ? wiring.sourcesOf(irqchip ?? "", pin)[0] : wiring.ownersOf(gsi)[0];
  const number = gsi ?? source?.gsi;
  const owners =
    eventFd === undefined ? (number === undefined ? [] : wiring.ownersOf(number).map(({ owner }) => owner)) : [`eventfd ${eventFd}`];
  if (number !== undefined) return owners.length === 0 ? `GSI ${number}` : `${owners.join(", ")} (GSI ${number})`;
  if (message === undefined) return eventFd === undefined ? "" : `eventfd ${eventFd}`;
  return message.deviceId === undefined ? "a message" : `device ${hex(message.deviceId)}`;
}

/** Its steps as a table: when, how long after the one before, what. */
export function journeyText(journey: Journey, wiring: Wiring): string {
  const steps = JOURNEY_STEPS.flatMap((step) => (journey.steps[step] === undefined ? [] : [{ step, ...journey.steps[step] }]));
  steps.sort((a, b) => a.seq - b.seq);
  let beforeNs = beginningOf(journey).atNs;
  const rows = steps.map(({ step, seq, atNs }) => {
    const after = atNs - beforeNs;
    beforeNs = atNs;
    return [`#${seq}`, timeText(atNs), after > 0 ? `+${duration(after)}` : "", stepText(step, journey, wiring)];
  });
  const merged = journey.merged === 0 ? "" : `, ${journey.merged} more merged into it`;
  return `${journeyName(journey)}: ${outcomeText(journey)}${merged}\n${indent(table(rows))}`;
}

/** In a word or two: a line that is held and not taken is no ordinary waiting. */
const outcomeText = ({ outcome, origin }: Journey): string => (outcome === "pending" && origin === "held" ? "held, not taken" : outcome);

function stepText(step: JourneyStep, journey: Journey, wiring: Wiring): string {
  const { origin, gsi, eventFd, irqchip, pin, vcpu, priority } = journey;
  switch (step) {
    case "signal":
      return `eventfd ${eventFd} is signalled`;
    case "raise":
      return raiseText(journey, wiring);
    case "pin":
      return `${irqchip} pin ${pin} ${origin === "edge" ? "gets a pulse" : "goes high"}`;
    case "line":
      return `${irqchip} drives a line of vCPU ${vcpu} high`;
    case "acknowledge":
      return `vCPU ${vcpu} takes it${priority === undefined ? "" : `, priority ${hex(priority, 2)}`}`;
    case "lower":
      return gsi === undefined ? "the line goes low" : `GSI ${gsi} goes low`;
    case "endOfInterrupt":
      return "end of interrupt: the priority drops";
    case "deactivate":
      return "deactivated";
    case "completion":
      return "completed: the router is told";
    case "resample":
      return "resampled: the device is told";
  }
}

function raiseText(journey: Journey, wiring: Wiring): string {
  const { origin, gsi, message, irqchip, pin } = journey;
  const source = sourceText(journey, wiring);
  if (origin === "held") return `still high${source === "" ? "" : `: ${source}`}`;
  if (origin === "sgi") return `${source} asks for it`;
  if (origin === "private-line") return "its private line goes high";
  if (message !== undefined) return `message ${hex(message.data)} to ${hex(message.address)}${source === "a message" ? "" : `, ${source}`}`;
  if (gsi === undefined) return `${irqchip} pin ${pin} ${origin === "edge" ? "gets a pulse" : "goes high"}`;
  return `${source} ${origin === "edge" ? "pulses" : "goes high"}`;
}

const indent = (text: string): string => text.replace(/^/gm, "  ");
