/** What a trace can be written as, by the name of its file: .jsonl, every event; .json, a picture for Perfetto; .vcd, waves for GTKWave. */
import { ConfigError, toJsonLine, type WireEvent } from "@trapline/core";
import { PerfettoWriter, VcdWriter } from "@trapline/trace";
import path from "node:path";
import { FileOutput } from "./file-output.ts";

/** Takes the events of a trace, the wiring first. */
export interface TraceSink {
  next(event: WireEvent): void;
  /** What is left is written, the file closed. Safe after a failure. @throws HostError */
  finish(): void;
}

const WRITERS: Readonly<Record<string, (output: FileOutput) => TraceSink>> = {
  ".jsonl": (output) => new JsonLines(output),
  ".json": (output) => new PerfettoWriter(output),
  ".vcd": (output) => new VcdWriter(output),
};

/** The suffixes, as a list for people. */
export const TRACE_FORMATS = ".jsonl (every event), .json (Perfetto) or .vcd (GTKWave)";

/** @param subject the option or command, for errors. @throws ConfigError for another suffix, HostError when the file cannot be made */
export function openTraceSink(subject: string, file: string): TraceSink {
  const writer = WRITERS[path.extname(file)];
  if (writer === undefined) {
    throw new ConfigError(`${subject} ${file}: the name of a trace says what it is written as`, {
      subject,
      value: file,
      remedy: `name it ${TRACE_FORMATS}`,
    });
  }
  const output = new FileOutput(subject, file);
  const sink = writer(output);
  return {
    next: (event) => sink.next(event),
    finish() {
      try {
        sink.finish();
      } finally {
        output.close();
      }
    },
  };
}

/** Every event as a line, in order. */
class JsonLines implements TraceSink {
  private static readonly PIECE = 0x1_0000;
  private readonly output: FileOutput;
  private text = "";
  private bytes = 0;

  constructor(output: FileOutput) {
    this.output = output;
  }

  next(event: WireEvent): void {
    this.text += `${toJsonLine(event)}\n`;
    if (this.text.length >= JsonLines.PIECE) this.flush();
  }

  finish(): void {
    this.flush();
  }

  private flush(): void {
    const text = this.text;
    this.text = "";
    this.output.write(text, this.bytes);
    this.bytes += Buffer.byteLength(text);
  }
}
