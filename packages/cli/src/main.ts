#!/usr/bin/env node
/** The `trapline` command: its process. Everything else is in cli.ts. */
import { cli } from "./cli.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// Whoever read our output has gone (`| head`): nothing more to say, and no reason to fail loudly.
process.stdout.on("error", () => process.exit(0));

process.exitCode = await cli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal(stop) {
    for (const signal of SIGNALS) process.on(signal, stop);
    return () => SIGNALS.forEach((signal) => process.off(signal, stop));
  },
});
