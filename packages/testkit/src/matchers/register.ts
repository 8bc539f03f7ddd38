/** Adds the matchers to vitest's `expect`, and to its types. Importing this module is all that is needed. */
import type { Machine, TraceEvent } from "@trapline/core";
import { expect } from "vitest";
import { refuse } from "./answer.ts";
import { toBeQuiescent } from "./to-be-quiescent.ts";
import { type DeliverOptions, toDeliver } from "./to-deliver.ts";
import { type AnyRecorder, type RaisedLine, toHaveRaised, toHaveSeen } from "./trace-matchers.ts";

/** What `expect(…)` can do besides. */
export interface TraplineMatchers {
  /**
   * Of a machine: runs it until vCPU `vcpu` has taken interrupt `intid`, or `within` nanoseconds of machine time are over. The run
   * stops at the acknowledge and may go on. Fails with the reasons that the irqchips give. Await it.
   */
  toDeliver(intid: number, options?: DeliverOptions): Promise<void>;
  /** Of a machine: every vCPU waits or is off, no line is high, nothing is pending or active. */
  toBeQuiescent(): void;
  /** Of a recorder: that line went high or had an edge, `times` times, or at least once. */
  toHaveRaised(what: RaisedLine, times?: number): void;
  /** Of a recorder: an event with these fields (others do not matter) was seen, `times` times, or at least once. */
  toHaveSeen(event: Partial<Readonly<Record<string, unknown>>>, times?: number): void;
}

declare module "vitest" {
  // vitest declares the interface with this parameter, and declarations that merge must have the same.
  // oxlint-disable-next-line typescript/no-explicit-any
  interface Matchers<T = any> extends TraplineMatchers {}
}

expect.extend({
  toDeliver(received: unknown, intid: number, options: DeliverOptions = {}) {
    return toDeliver(machineOf("toDeliver", received), intid, options);
  },
  toBeQuiescent(received: unknown) {
    return toBeQuiescent(machineOf("toBeQuiescent", received));
  },
  toHaveRaised(received: unknown, what: RaisedLine, times?: number) {
    return toHaveRaised(received as AnyRecorder, what, times);
  },
  toHaveSeen(received: unknown, wanted: object, times?: number) {
    const matches = (event: TraceEvent): boolean => this.equals(event, expect.objectContaining(wanted));
    return toHaveSeen(received as AnyRecorder, matches, wanted, times);
  },
});

function machineOf(matcher: string, received: unknown): Machine {
  const candidate = received as Partial<Machine> | null | undefined;
  if (typeof candidate?.run === "function" && candidate.irqchips !== undefined && candidate.clock !== undefined) return received as Machine;
  return refuse(matcher, "a machine", received);
}
