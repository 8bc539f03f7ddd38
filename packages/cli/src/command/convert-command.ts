/** `trapline convert T.jsonl T.json|T.vcd`: a trace of every event as a picture or as waves. */
import { ConfigError } from "@trapline/core";
import path from "node:path";
import { isTraceFile, readTraceFile } from "../trace/trace-reading.ts";
import { openTraceSink } from "../trace/trace-sink.ts";
import type { CommandHost } from "./host.ts";

export async function convertCommand(from: string, to: string, host: CommandHost): Promise<number> {
  if (!isTraceFile(from))
    throw new ConfigError(`${from} is no trace of every event`, {
      subject: "convert",
      value: from,
      remedy: "give a .jsonl file, of trapline run --trace",
    });
  if (path.resolve(from) === path.resolve(to))
    throw new ConfigError(`${from} would be written over itself`, { subject: "convert", value: to, remedy: "give another name" });
  const sink = openTraceSink("convert", to);
  try {
    return await readTraceFile(from, (event) => sink.next(event), host);
  } finally {
    sink.finish();
  }
}
