/** Why a source does not interrupt a vCPU, in the specification's words and in the order in which a PLIC asks. Pure. */
import type { IrqExplanation, PinState } from "@trapline/core";

/** What is asked of a PLIC. */
export interface ExplainedPlic {
  readonly pinCount: number;
  readonly options: { readonly contexts: readonly number[]; readonly line: "irq" | "fiq" };
  peekPin(id: number): PinState | undefined;
  priority(id: number): number;
  threshold(context: number): number;
  isEnabled(context: number, id: number): boolean;
  best(context: number): number;
}

type Step = IrqExplanation["steps"][number];

export function explainPlic(plic: ExplainedPlic, id: number, vcpu: number): IrqExplanation {
  const steps = stepsOf(plic, id, vcpu);
  const failed = steps.filter(({ passed }) => !passed).map(({ text }) => text);
  if (failed.length > 0) return { signalled: false, steps, text: `source ${id} does not interrupt vCPU ${vcpu}: ${failed.join("; ")}` };
  const line = plic.options.line.toUpperCase();
  return { signalled: true, steps, text: `source ${id} drives ${line} of vCPU ${vcpu} at priority ${plic.priority(id)}` };
}

function stepsOf(plic: ExplainedPlic, id: number, vcpu: number): readonly Step[] {
  const step = (check: string, passed: boolean, text: string): Step => ({ check, passed, text });
  const state = plic.peekPin(id);
  const context = plic.options.contexts.indexOf(vcpu);
  if (state === undefined) return [step("implemented", false, `there are sources 1 to ${plic.pinCount - 1}`)];
  if (context < 0) return [step("context", false, "no context of this PLIC leads to it")];
  const [priority, threshold, best] = [plic.priority(id), plic.threshold(context), plic.best(context)];
  const claimed = state.active ? "it was claimed and not completed" : "it is not claimed";
  return [
    step("not-claimed", !state.active, claimed),
    step(
      "pending",
      state.active || state.pending,
      `its IP bit is ${Number(state.pending)}, and the line is ${state.line ? "high" : "low"}`,
    ),
    step("priority", priority !== 0, priority === 0 ? "its priority is 0, which means never" : `its priority is ${priority}`),
    step("enabled", plic.isEnabled(context, id), `its enable bit in context ${context} is ${Number(plic.isEnabled(context, id))}`),
    step(
      "threshold",
      priority === 0 || priority > threshold,
      `its priority ${priority} is not above the threshold ${threshold} of context ${context}`,
    ),
    step("best", best === 0 || best === id, `source ${best} goes before it, with priority ${plic.priority(best)} against ${priority}`),
  ];
}
