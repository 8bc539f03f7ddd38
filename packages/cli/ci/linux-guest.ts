/**
 * One run of `trapline run` with Linux in it, as a process of its own: what it printed, how it ended, and answers typed at what it
 * prints. Anything a kernel says when something is wrong fails the run.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Longer than any run takes, on a busy computer too. */
const LIMIT_SECONDS = 400;

/** What Linux says of itself when it is in trouble. */
const TROUBLE = /Kernel panic|Oops|BUG:|WARNING: |Call trace:|rcu: INFO|soft lockup|Unable to handle|Unhandled fault|Internal error:|nobody cared/;

/** Typed when the guest has printed `prompt` since the last time, at once when that is empty; the last entry may be a signal for the process. */
export interface Answer {
  readonly prompt: string;
  readonly text?: string;
  readonly signal?: NodeJS.Signals;
}

export interface Ending {
  readonly console: string;
  readonly stderr: string;
  readonly status: number | null;
  /** Of `--json`. */
  readonly report: { readonly reason: string; readonly status?: number; readonly machineNs: number; readonly retired: readonly number[] };
}

/** `trapline run virt`, built. @throws Error with the end of the console when the run fails, hangs, or Linux is in trouble */
export async function runLinux(options: readonly string[], answers: readonly Answer[] = [], machine = "virt"): Promise<Ending> {
  const args = ["packages/cli/dist/main.js", "run", machine, ...options, "--timeout", String(LIMIT_SECONDS), "--json"];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "pipe" });
  const kill = setTimeout(() => child.kill("SIGKILL"), (LIMIT_SECONDS + 30) * 1000);
  const said = { stdout: "", stderr: "" };
  const todo = [...answers];
  let seen = 0;
  const answer = (): void => {
    for (let [next] = todo; next !== undefined; [next] = todo) {
      const at = said.stdout.indexOf(next.prompt, seen);
      if (at < 0) return;
      seen = at + next.prompt.length;
      todo.shift();
      if (next.text !== undefined) child.stdin.write(next.text);
      if (next.signal !== undefined) child.kill(next.signal);
    }
  };
  child.stdin.on("error", () => {}); // the process ended while something was typed: told by how it ended
  if (todo.length === 0) child.stdin.end();
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (said.stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
    answer();
  });
  answer(); // what is typed at once
  const status = await new Promise<number | null>((resolve) => void child.on("close", resolve));
  clearTimeout(kill);
  const [last = ""] = said.stdout.trimEnd().split("\n").slice(-1);
  const fail = (why: string): never => {
    throw new Error(`${why}\n${said.stdout.split("\n").slice(-25).join("\n")}\n${said.stderr}`);
  };
  const trouble = TROUBLE.exec(said.stdout);
  if (trouble !== null) fail(`Linux says ${JSON.stringify(trouble[0])}`);
  if (said.stderr !== "") fail("something was written to standard error");
  if (!last.startsWith("{")) fail(`it ended with status ${status}, without a report`);
  if (todo.length > 0) fail(`it never printed ${JSON.stringify(todo[0]!.prompt)}`);
  return { console: said.stdout.slice(0, -last.length - 1), stderr: said.stderr, status, report: JSON.parse(last) as Ending["report"] };
}

/** @throws Error naming what is not as it should be */
export function check(holds: boolean, what: string, ending: Ending): void {
  if (!holds) throw new Error(`${what}\n${ending.console.split("\n").slice(-25).join("\n")}\n${JSON.stringify(ending.report)}`);
}
