/** `await expect(machine).toDeliver(33, { vcpu: 0, within: 1e6 })`: runs the machine until that vCPU has taken that interrupt. */
import { formatTrace, type Machine, type TraceEvent } from "@trapline/core";
import { describeEnd, describeTime } from "../bench/run-end.ts";
import type { MatcherAnswer } from "./answer.ts";
import { interruptName, whyNot } from "./why-not.ts";

/** Who takes the interrupt, and how long that may last. */
export interface DeliverOptions {
  /** Who takes it. Default 0. */
  readonly vcpu?: number;
  /** By that irqchip alone, where several have interrupts of this number. Default: any. */
  readonly irqchip?: string;
  /** Machine time, nanoseconds. Default: one second. */
  readonly within?: number;
  /** Host time, milliseconds. Default: ten seconds. */
  readonly timeoutMs?: number;
}

/** Somebody took an interrupt, as chips tell it: "gic.acknowledge", "my-chip.acknowledge". */
interface Acknowledge {
  readonly intid: number;
  readonly vcpu: number;
  readonly irqchip?: string;
}

const KEPT_LINES = 12;
/** What is shown of a run in which the interrupt did not come. */
const INTERRUPT_KINDS = /^(gsi|msi|pin|private-line|vcpu-line|completion)$|\.(acknowledge|eoi)$/;

export async function toDeliver(machine: Machine, intid: number, options: DeliverOptions): Promise<MatcherAnswer> {
  const { vcpu = 0, irqchip, within = 1e9, timeoutMs = 10_000 } = options;
  const begun = machine.clock.nowNs();
  const story: string[] = [];
  let taken: number | undefined;
  let told = false;
  const tap = machine.trace$.subscribe((event) => {
    const acknowledge = acknowledged(event);
    told ||= acknowledge !== undefined;
    if (INTERRUPT_KINDS.test(event.kind)) story.push(formatTrace(event));
    if (story.length > KEPT_LINES) story.shift();
    if (acknowledge?.intid !== intid || acknowledge.vcpu !== vcpu || taken !== undefined) return;
    if (irqchip !== undefined && acknowledge.irqchip !== irqchip) return;
    taken = event.atNs;
    machine.stop();
  });
  try {
    const end = await machine.run({ untilNs: begun + within, timeoutMs });
    const name = interruptName(machine, intid, irqchip);
    const limit = `within ${describeTime(within)}`;
    const seen = story.length === 0 ? "nothing happened on the interrupt wires" : `what happened, at last:\n${indent(story)}`;
    if (taken !== undefined) {
      const after = describeTime(taken - begun);
      return { pass: true, message: () => `expected vCPU ${vcpu} not to take ${name} ${limit}; it did, after ${after}\n\n${seen}` };
    }
    const took = describeTime(machine.clock.nowNs() - begun);
    const why = whyNot(machine, intid, vcpu, irqchip);
    const silent =
      told || story.length === 0
        ? []
        : ["no chip told of an acknowledge: a chip of your own says it by an event whose kind ends in .acknowledge, with intid and vcpu"];
    const ended = `${describeEnd(machine, end)}, after ${took}`;
    const reasons = indent([...why, ...silent]);
    return { pass: false, message: () => `expected vCPU ${vcpu} to take ${name} ${limit}; ${ended}\n\nwhy not:\n${reasons}\n\n${seen}` };
  } finally {
    tap.unsubscribe();
  }
}

function acknowledged(event: TraceEvent): Acknowledge | undefined {
  const { intid, vcpu } = event as Partial<Acknowledge>;
  return event.kind.endsWith(".acknowledge") && typeof intid === "number" && typeof vcpu === "number" ? (event as Acknowledge) : undefined;
}

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join("\n");
