// Fresh random operands for every form: the live oracle against every CPU under test, in several processes at once. What it finds, the
// golden vectors lack: add a corner to operands.ts or words.ts, so that it is recorded.
import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { cpusUnderTest } from "../src/testing/cpus.fixture.ts";
import { a64Forms } from "./forms/a64-forms.ts";
import type { FormsTask } from "./forms-process.ts";
import { oracleVersion } from "./oracle-process.ts";
import type { FormFindings } from "./try-forms.ts";

const PROCESS = fileURLToPath(new URL("forms-process.ts", import.meta.url));
/** Mismatches that are shown in full, of each CPU. */
const SHOWN = 10;
/** Cases of a task: enough that the start of the oracle costs nothing, few enough for memory, and that all processes end together. */
const CASES_OF_A_TASK = 8000;

export interface FreshOptions {
  readonly seed: string;
  /** Cases of each form, at least 1. */
  readonly count: number;
  /** Forms whose name contains this. */
  readonly only: string;
  /** Name of the only CPU to try; empty for all. */
  readonly cpu: string;
}

/**
 * Tries `count` cases of each form and prints what was tried and what went wrong.
 * @returns the exit status: 0 when all agree
 */
export async function tryFreshCases({ seed, count, only, cpu }: FreshOptions): Promise<number> {
  const forms = a64Forms.flatMap(({ name }, place) => (name.includes(only) ? [place] : []));
  const cpus = cpusUnderTest.map(({ name }) => name).filter((name) => cpu === "" || name === cpu);
  process.stdout.write(`seed ${seed}: ${count} cases for each of ${forms.length} forms, ${oracleVersion()} against ${cpus.length} CPUs\n`);
  if (cpus.length === 0 || forms.length === 0) {
    process.stdout.write("nothing to compare: src/testing/cpus.fixture.ts has no such row, or no form has such a name\n");
    return 2;
  }
  const began = Date.now();
  const summary = new Summary(cpus);
  const perTask = Math.max(1, Math.floor(CASES_OF_A_TASK / count));
  const tasks: FormsTask[] = [];
  for (let at = 0; at < forms.length; at += perTask) tasks.push({ forms: forms.slice(at, at + perTask), seed, count, cpu });
  const processes = Math.min(availableParallelism(), tasks.length);
  await Promise.all(Array.from({ length: processes }, () => work(tasks, (findings) => summary.add(findings))));
  summary.print((Date.now() - began) / 1000, processes);
  return summary.allAgree ? 0 : 1;
}

/** One process, which takes tasks as long as there are any. @throws Error when it ends before them: it said why */
function work(tasks: FormsTask[], found: (findings: FormFindings) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // Without threads of V8's own: all processors have their process already.
    const child: ChildProcess = fork(PROCESS, { execArgv: [...process.execArgv, "--single-threaded"] });
    const next = (): void => {
      const task = tasks.shift();
      if (task === undefined) child.disconnect();
      else child.send(task);
    };
    child.on("message", (findings: FormFindings[]) => {
      findings.forEach(found);
      next();
    });
    child.on("error", reject);
    child.on("exit", (status, signal) => {
      if (status === 0) return resolve();
      tasks.length = 0; // the others come to an end
      reject(new Error(`a process that tries forms ended with ${signal ?? `status ${status}`}`));
    });
    next();
  });
}

/** What all forms together come to. */
class Summary {
  private readonly wrongForms: ReadonlyMap<string, Map<string, number>>;
  private totals = { words: 0, tried: 0, corners: 0 };

  constructor(cpus: readonly string[]) {
    this.wrongForms = new Map(cpus.map((cpu) => [cpu, new Map<string, number>()]));
  }

  get allAgree(): boolean {
    return [...this.wrongForms.values()].every(({ size }) => size === 0);
  }

  add({ form, words, tried, corners, wrong }: FormFindings): void {
    this.totals = { words: this.totals.words + words, tried: this.totals.tried + tried, corners: this.totals.corners + corners };
    for (const { cpu, cases, first } of wrong) {
      const forms = this.wrongForms.get(cpu)!;
      if (forms.size < SHOWN) process.stdout.write(`${cpu}: ${form}: ${first}\n`);
      forms.set(form, cases);
    }
  }

  print(seconds: number, processes: number): void {
    const { words, tried, corners } = this.totals;
    process.stdout.write(`${tried} cases of ${words} words, pairs of corners in ${corners}, `);
    process.stdout.write(`in ${seconds.toFixed(1)} s by ${processes} processes: ${Math.round(tried / seconds)} a second\n`);
    for (const [cpu, forms] of this.wrongForms) {
      const list = [...forms].map(([form, cases]) => `${form} (${cases})`).join(", ");
      process.stdout.write(`${cpu}: ${list === "" ? "agrees" : `WRONG in ${forms.size} forms: ${list}`}\n`);
    }
  }
}
