/**
 * From the trace of a machine to a table: for each interrupt its name, when it was raised, taken and ended, and the way it went. All of
 * it is what the events tell; of the machine itself the report knows only how it is wired when it begins.
 */
import { describeIntid, hex, type Machine, type TraceEvent } from "@trapline/core";
import { beginningOf, endOf, type Journey, JourneyTracker, table, timeText, wiringOf } from "@trapline/trace";

const HEADING = ["interrupt", "trigger", "raised at", "taken in", "ended in", "its way"];
/** How the signal came, where the guest has not said that the input senses edges. */
const TRIGGERS = { line: "level", "private-line": "level", held: "level", edge: "edge", sgi: "edge", message: "message", unseen: "" };

export class InterruptReport {
  private readonly tracker: JourneyTracker;
  private readonly ended: Journey[] = [];
  /** Doorbells that the guest has rung: "ioeventfd NAME", and who wrote where. */
  private readonly rung = new Map<string, string>();

  /** Watches from now on. */
  constructor(machine: Machine) {
    this.tracker = new JourneyTracker({ ended: (journey) => void this.ended.push(journey) }, wiringOf(machine));
    machine.trace$.subscribe((event) => this.next(event));
  }

  /** The interrupts that were taken, in the order in which they were raised. */
  text(): string {
    this.tracker.finish();
    const taken = this.ended.filter(({ steps }) => steps.acknowledge !== undefined).sort((a, b) => a.number - b.number);
    return table([HEADING, ...taken.map((journey) => this.row(journey))]);
  }

  private next(event: TraceEvent): void {
    if (event.kind === "doorbell") this.rung.set(event.doorbell, `vCPU ${event.vcpu} writes ${hex(event.address)}`);
    this.tracker.next(event);
  }

  private row(journey: Journey): string[] {
    const { intid, origin, edge, steps } = journey;
    const { atNs } = beginningOf(journey);
    const after = (end: { readonly atNs: number } | undefined): string => (end === undefined ? "" : timeText(end.atNs - atNs));
    const name = intid === undefined ? "" : describeIntid(intid);
    const trigger = edge === true ? "edge" : TRIGGERS[origin];
    return [name, trigger, timeText(atNs), after(steps.acknowledge), after(endOf(journey)), this.way(journey)];
  }

  private way(journey: Journey): string {
    const { origin, sender, eventFd, gsi, message, irqchip, pin, intid, vcpu, steps } = journey;
    const stations = [
      origin === "sgi" && `vCPU ${sender}`,
      origin === "private-line" && `timer of vCPU ${vcpu}`,
      this.rung.get(`ioeventfd ${eventFd}`),
      eventFd !== undefined && `eventfd ${eventFd}`,
      gsi !== undefined && `GSI ${gsi}`,
      message !== undefined && `message ${message.data} of device ${message.deviceId} → ITS`,
      pin !== undefined && `${irqchip} pin ${pin}`,
      `INTID ${intid}`,
      `vCPU ${vcpu}`,
      steps.resample !== undefined && "resampled",
    ];
    return stations.filter((station) => typeof station === "string").join(" → ");
  }
}
