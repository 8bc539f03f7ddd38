/**
 * `expect(machine).toBeQuiescent()`: nothing is under way. Every vCPU waits or is off; at every irqchip no line is high and nothing
 * is pending or active. Timers may be armed: a machine with a clock is never without.
 */
import type { Machine } from "@trapline/core";
import { describeTime, describeVcpu } from "../bench/run-end.ts";
import type { MatcherAnswer } from "./answer.ts";
import { describePinState, pinsOf } from "./why-not.ts";

const MAX_TOLD = 10;

export function toBeQuiescent(machine: Machine): MatcherAnswer {
  const awake = machine.vcpus.filter(({ runnable }) => runnable).map(describeVcpu);
  const busy = machine.irqchips.flatMap((chip) =>
    pinsOf(chip).flatMap((pin) => {
      const state = chip.peekPin(pin);
      if (state === undefined || !(state.line || state.pending || state.active)) return [];
      return [`${chip.name} pin ${pin} (${chip.describePin(pin)}): ${describePinState(state)}`];
    }),
  );
  const found = [...awake, ...busy];
  const more = found.length > MAX_TOLD ? [`… and ${found.length - MAX_TOLD} more`] : [];
  const told = [...found.slice(0, MAX_TOLD), ...more].map((line) => `  ${line}`).join("\n");
  const deadline = machine.clock.nextDeadlineNs();
  const timer =
    deadline === Infinity ? "no timer is armed" : `the next timer goes off in ${describeTime(deadline - machine.clock.nowNs())}`;
  return {
    pass: found.length === 0,
    message: () =>
      found.length === 0
        ? `expected something to be under way, but every vCPU waits or is off, and no line is high, nothing pending or active (${timer})`
        : `expected nothing to be under way, but:\n${told}\n(${timer})`,
  };
}
