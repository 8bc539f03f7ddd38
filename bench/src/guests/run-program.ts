/**
 * Runs a program to its end and gives what it printed. Bounded in time and in output; a program that outlives us is killed
 * with us. The rows run their guests in programs of their own, QEMU and ours alike.
 */
import { spawn } from "node:child_process";
import { HostError } from "@trapline/core";

/** Guests print some hundred bytes. */
const MOST_BYTES = 1 << 20;

export interface ProgramOptions {
  /** For messages: "cpu/alu on QEMU". */
  readonly what: string;
  readonly timeoutMs: number;
}

/** @throws HostError when it cannot start, fails, prints without end, or takes longer than `timeoutMs` */
export function runProgram(program: string, args: readonly string[], { what, timeoutMs }: ProgramOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    let why: string | undefined;
    const kill = (reason: string): void => {
      why ??= reason;
      child.kill("SIGKILL");
    };
    const killWithUs = (): void => void child.kill("SIGKILL");
    const timer = setTimeout(() => kill(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
    process.once("exit", killWithUs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.length > MOST_BYTES) kill(`printed more than ${MOST_BYTES} bytes`);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-MOST_BYTES);
    });
    const done = (failure: string | undefined, cause?: Error): void => {
      clearTimeout(timer);
      process.off("exit", killWithUs);
      if (failure === undefined) return resolve(stdout);
      const said = (stderr.trim() || stdout.trim()).slice(-2000);
      reject(new HostError(`${what} ${failure}${said === "" ? "" : `: ${said}`}`, { subject: what, other: program, ...(cause === undefined ? {} : { cause }) }));
    };
    child.on("error", (error) => done(`could not start: ${error.message}`, error));
    child.on("close", (status, signal) => done(why ?? (status === 0 ? undefined : `ended with ${signal ?? `status ${status}`}`)));
  });
}
