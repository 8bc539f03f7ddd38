/**
 * Snapshots as files. A file appears whole or not at all: it is written beside its place, flushed to the disk, and renamed; an older one
 * stays until then.
 */
import { ConfigError, HostError, isTraplineError, messageOf, snapshotShape } from "@trapline/core";
import { open, readFile, rename, rm } from "node:fs/promises";

/** @param subject the option or command, for errors. @throws HostError */
export async function writeSaved(subject: string, file: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  try {
    const handle = await open(fresh, "wx", 0o600); // guest memory is not for everybody
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {});
    throw new HostError(`${subject} ${file} cannot be written: ${messageOf(cause)}`, { subject, value: file, remedy: "check the path", cause });
  }
}

/** @throws HostError */
export async function readSaved(subject: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new HostError(`${subject} ${file} cannot be read: ${messageOf(cause)}`, { subject, value: file, remedy: "check the path", cause });
  }
}

/** The clock of a saved machine: one that is to continue it needs the same. @throws ConfigError for bytes that are no snapshot */
export async function savedClock(file: string, bytes: Uint8Array): Promise<"virtual" | "host"> {
  const { clock } = await naming(file, snapshotShape(bytes));
  return clock === "host" ? "host" : "virtual";
}

/** What core says of a snapshot, with the file's name; the user's mistake. */
export async function naming<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!isTraplineError(cause, "snapshot")) throw cause;
    throw new ConfigError(`${file}: ${cause.message}`, { subject: file, cause });
  }
}
