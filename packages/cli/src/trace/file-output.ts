/**
 * The file of a trace. Written synchronously, so that nothing piles up however fast a guest makes events. The first write that fails is an
 * error and the last that is tried: a full disk ends the trace, not the machine.
 */
import { HostError, messageOf } from "@trapline/core";
import type { TraceOutput } from "@trapline/trace";
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";

export class FileOutput implements TraceOutput {
  readonly seekable: boolean;
  private readonly subject: string;
  private readonly file: string;
  private readonly descriptor: number;
  private failed = false;

  /** @param subject the option or command, for errors. @throws HostError when it cannot be made */
  constructor(subject: string, file: string) {
    this.subject = subject;
    this.file = file;
    try {
      this.descriptor = openSync(file, "w");
    } catch (cause) {
      throw this.error(cause);
    }
    this.seekable = fstatSync(this.descriptor).isFile();
  }

  /** @throws HostError, once */
  write(text: string, offset: number): void {
    if (this.failed) return;
    const bytes = new TextEncoder().encode(text);
    try {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(this.descriptor, bytes, written, bytes.length - written, this.seekable ? offset + written : null);
      }
    } catch (cause) {
      this.failed = true;
      throw this.error(cause);
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private error(cause: unknown): HostError {
    const { subject, file } = this;
    return new HostError(`${subject} ${file} cannot be written: ${messageOf(cause)}`, {
      subject,
      value: file,
      remedy: "check the path, and the room on its disk",
      cause,
    });
  }
}
