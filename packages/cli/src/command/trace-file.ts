/**
 * `--trace F.jsonl`: every event of the machine as a line of JSON, in order. Written synchronously in pieces, so that nothing piles
 * up however fast the guest makes events; a write that fails ends the trace, not the machine, and is reported.
 */
import { ConfigError, HostError, type Machine, messageOf, toJsonLine } from "@trapline/core";
import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";

const PIECE = 0x1_0000;

export class TraceFile {
  private readonly descriptor: number;
  private text = "";

  /** @throws ConfigError for another kind of file, HostError when it cannot be made */
  constructor(file: string) {
    if (path.extname(file) !== ".jsonl") {
      throw new ConfigError(`--trace ${file}: a trace is written as JSON Lines`, { subject: "--trace", value: file, remedy: "name the file .jsonl" });
    }
    try {
      this.descriptor = openSync(file, "w");
    } catch (cause) {
      throw new HostError(`--trace ${file} cannot be written: ${messageOf(cause)}`, { subject: "--trace", value: file, remedy: "check the path", cause });
    }
  }

  /** Returns how to end it; everything has then been written. */
  follow(machine: Machine): () => void {
    const subscription = machine.trace$.subscribe((event) => {
      this.text += `${toJsonLine(event)}\n`;
      if (this.text.length >= PIECE) this.flush();
    });
    return () => {
      subscription.unsubscribe();
      try {
        this.flush();
      } finally {
        closeSync(this.descriptor);
      }
    };
  }

  private flush(): void {
    const bytes = new TextEncoder().encode(this.text);
    this.text = "";
    for (let written = 0; written < bytes.length; ) written += writeSync(this.descriptor, bytes, written);
  }
}
