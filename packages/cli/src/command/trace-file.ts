/**
 * `--trace F`: what happens in a machine, in a file of the format that its name says. A write that fails ends the trace, not the machine.
 */
import type { Machine } from "@trapline/core";
import { wiringOf } from "@trapline/trace";
import { openTraceSink, type TraceSink } from "../trace/trace-sink.ts";

export class TraceFile {
  private readonly sink: TraceSink;

  /** @throws ConfigError for another kind of file, HostError when it cannot be made */
  constructor(file: string) {
    this.sink = openTraceSink("--trace", file);
  }

  /** Returns how to end it; everything has then been written. */
  follow(machine: Machine): () => void {
    this.sink.next(wiringOf(machine));
    const subscription = machine.trace$.subscribe((event) => this.sink.next(event));
    return () => {
      subscription.unsubscribe();
      this.sink.finish();
    };
  }
}
