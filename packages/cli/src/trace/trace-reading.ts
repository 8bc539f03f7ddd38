/** Trace files as commands read them: damage is told on standard error, a few lines of it, and the rest is used. */
import { ConfigError, HostError, messageOf, type WireEvent } from "@trapline/core";
import { readTrace } from "@trapline/trace";
import { createReadStream } from "node:fs";
import path from "node:path";
import { STATUS } from "../command/exit-status.ts";
import type { CommandHost } from "../command/host.ts";

/** Damaged lines that are told one by one. */
const TOLD = 5;

export const isTraceFile = (name: string): boolean => path.extname(name) === ".jsonl";

/** @returns the exit status: 2 when lines were damaged, though the others were used. @throws HostError when it cannot be read */
export async function readTraceFile(
  file: string,
  take: (event: WireEvent) => void,
  { stderr }: Pick<CommandHost, "stderr">,
): Promise<number> {
  let damaged = 0;
  const tell = (error: ConfigError): void => void (++damaged <= TOLD && stderr.write(`trapline: ${error.message}\n`));
  const { events, cut } = await readTrace(bytesOf(file), file, take, { damaged: tell });
  if (damaged > TOLD) stderr.write(`trapline: ${file}: ${damaged - TOLD} more lines are no events\n`);
  if (cut) stderr.write(`trapline: ${file}: the last line is cut; the trace ends before it\n`);
  if (events === 0 && damaged === 0)
    throw new ConfigError(`${file} has no event`, { subject: file, remedy: "write one with trapline run --trace" });
  return damaged === 0 ? STATUS.OK : STATUS.USAGE;
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new HostError(`${file} cannot be read: ${messageOf(cause)}`, { subject: file, value: file, remedy: "check the path", cause });
  }
}
