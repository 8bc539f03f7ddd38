/**
 * Interrupts to look at, from a trace file or from a machine that is run for it: until its guest switches it off, nothing can wake it, the
 * time is up, or somebody presses Ctrl-C. The guest's terminal is not plugged in.
 */
import { ConfigError, type Machine, type RunResult, type TraceEvent, type WireEvent } from "@trapline/core";
import { type JourneyListener, JourneyTracker, wiringOf } from "@trapline/trace";
import path from "node:path";
import { STATUS, statusOf } from "../command/exit-status.ts";
import type { CommandHost } from "../command/host.ts";
import type { MachineOptions } from "../command/machine-options.ts";
import { makeMachine } from "../command/make-machine.ts";
import { isTraceFile, readTraceFile } from "./trace-reading.ts";

/** What else `--trace` writes; nothing can be read back from it. */
const OTHER_TRACES = new Set([".json", ".vcd"]);

export interface ObserveOptions extends MachineOptions {
  /** Real time, seconds. */
  readonly timeout?: number;
}

export interface Observation {
  readonly tracker: JourneyTracker;
  /** Exit status of the command: 2 for a damaged file. */
  readonly status: number;
}

export interface Observer extends JourneyListener {
  /** Called first. */
  begins?(tracker: JourneyTracker): void;
  /** A machine runs: what comes back is called when it stands. */
  running?(): () => void;
  /** It stands, and is there to be asked. */
  stands?(machine: Machine): void;
}

/** @throws TraplineError, MachineFileError */
export async function observe(source: string, options: ObserveOptions, observer: Observer, host: CommandHost): Promise<Observation> {
  if (isTraceFile(source)) {
    const tracker = new JourneyTracker(observer);
    observer.begins?.(tracker);
    const status = await readTraceFile(source, (event: WireEvent) => tracker.next(event), host);
    tracker.finish();
    return { tracker, status };
  }
  if (OTHER_TRACES.has(path.extname(source))) {
    throw new ConfigError(`${source} is a picture of a trace`, {
      subject: "irq",
      value: source,
      remedy: "give the trace of every event, a .jsonl file",
    });
  }
  const machine = await makeMachine(source, options, { host, fetch: true });
  try {
    return { tracker: await observeMachine(machine, options, observer, host), status: STATUS.OK };
  } finally {
    await machine.close();
  }
}

async function observeMachine(
  machine: Machine,
  { timeout }: ObserveOptions,
  observer: Observer,
  host: CommandHost,
): Promise<JourneyTracker> {
  const tracker = new JourneyTracker(observer, wiringOf(machine));
  const tap = machine.trace$.subscribe((event: TraceEvent) => tracker.next(event));
  const errors = machine.errors$.subscribe((error) => host.stderr.write(`trapline: ${error.message}\n`));
  const forget = host.onSignal(() => machine.stop());
  observer.begins?.(tracker);
  const stood = observer.running?.();
  let result: RunResult;
  try {
    result = await machine.run(timeout === undefined ? {} : { timeoutMs: timeout * 1000 });
  } finally {
    stood?.();
    forget();
    errors.unsubscribe();
    tap.unsubscribe();
  }
  const { sentence } = statusOf(result, timeout);
  if (sentence !== undefined) host.stderr.write(`trapline: ${sentence}\n`);
  observer.stands?.(machine);
  tracker.finish();
  return tracker;
}
