/** The `trapline` command in its process: streams, signals, exit status. Everything else is in cli.ts. */
import { cli } from "./cli.ts";
import { sentenceOf, STATUS } from "./command/exit-status.ts";
import { progressLine } from "./images/progress-line.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// Whoever read our output has gone (`| head`): nothing more to say, and no reason to fail loudly.
process.stdout.on("error", () => process.exit(0));

// Node gives the terminal back as it was when the process ends; what nobody caught ends it with our status for internal errors.
process.on("uncaughtException", (error) => {
  process.stderr.write(sentenceOf(error));
  process.exit(STATUS.INTERNAL);
});

process.exitCode = await cli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  progress: progressLine(process.stderr),
  onSignal(stop) {
    for (const signal of SIGNALS) process.on(signal, stop);
    return () => SIGNALS.forEach((signal) => process.off(signal, stop));
  },
});
