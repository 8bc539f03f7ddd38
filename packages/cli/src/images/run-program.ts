/** Other programs of the host, run to their end: what they print is kept for errors, their messages on descriptor 3 are passed on. */
import { HostError } from "@trapline/core";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

export interface ProgramOptions {
  readonly folder?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** A line on descriptor 3. */
  readonly message?: (line: string) => void;
}

/** Output kept, from the end, characters. */
const KEPT = 0x10_0000;
/** Lines of it in an error. */
const SHOWN_LINES = 4;

/** @returns what it wrote to standard output. @throws HostError with the end of what it said when it fails or does not exist */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { folder, env, signal, message } = options;
  const stdio = ["ignore", "pipe", "pipe", message === undefined ? "ignore" : "pipe"] as const;
  // A group of its own would survive us; in ours a terminal's Ctrl-C reaches it too.
  const child = spawn(program, args, { env, stdio: [...stdio], ...(folder === undefined ? {} : { cwd: folder }), ...(signal === undefined ? {} : { signal }) });
  const kept = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name]!.setEncoding("utf8").on("data", (text: string) => void (kept[name] = (kept[name] + text).slice(-KEPT)));
  const messages = child.stdio[3];
  if (message !== undefined && messages instanceof Readable) createInterface({ input: messages }).on("line", message);
  const ended = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.name === "AbortError" ? "was interrupted" : error.message));
    child.on("close", (code, by) => resolve(code === 0 ? "" : code === null ? `was ended by ${by}` : `ended with status ${code}`));
  });
  if (ended === "") return kept.stdout;
  const said = kept.stderr.trim().split("\n").slice(-SHOWN_LINES).join("\n  ");
  throw new HostError(`${program} ${ended}${said === "" ? "" : `:\n  ${said}\n`}`, { subject: program, value: ended });
}
