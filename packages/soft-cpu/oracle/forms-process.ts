// A process of fresh-cases.ts: tries the forms that it is told, one message after the other, and ends when its parent lets go.
import { cpusUnderTest } from "../src/testing/cpus.fixture.ts";
import { a64Forms } from "./forms/a64-forms.ts";
import { type FormFindings, type NamedCpu, tryForms } from "./try-forms.ts";

/** Forms by their place in `a64Forms`. */
export interface FormsTask {
  readonly forms: readonly number[];
  readonly seed: string;
  readonly count: number;
  /** Of the only CPU to try; empty for all. */
  readonly cpu: string;
}

const cpus = new Map<string, NamedCpu>();

function cpusNamed(wanted: string): readonly NamedCpu[] {
  return cpusUnderTest
    .filter(({ name }) => wanted === "" || name === wanted)
    .map(({ name, create }) => {
      const known = cpus.get(name) ?? { name, cpu: create() };
      cpus.set(name, known);
      return known;
    });
}

process.on("message", ({ forms, seed, count, cpu }: FormsTask) => {
  const findings: FormFindings[] = tryForms(forms.map((place) => a64Forms[place]!), seed, count, cpusNamed(cpu));
  process.send!(findings);
});
