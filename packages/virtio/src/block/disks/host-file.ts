/**
 * A regular file of the host, open and locked. Reads and writes go straight between the pieces given (guest memory) and the
 * host's page cache, many pieces a call. Hot: `read` and `write`.
 *
 * Blocks the process for as long as the host takes: a memory copy for what is cached, and as long as it pleases on a network.
 */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { ConfigError, HostError, messageOf } from "@trapline/core";
import type { BlockFile } from "./block-file.ts";
import { lockFile } from "./file-locks.ts";
import { PieceCursor, totalBytes } from "./pieces.ts";

/** Read, or read and write; `create` also makes a file that is not there. */
export type FileAccess = "read" | "write" | "create";

/** Pieces of one system call: IOV_MAX of Linux, macOS and the BSDs. */
const MAX_PIECES = 1024;

/** Which file of the host, and how it is used. */
export interface HostFileOptions {
  /** Whose file it is: the name of the device, for messages. */
  readonly owner: string;
  readonly path: string;
  readonly access: FileAccess;
  /** False: `sync` does nothing, and a crash of the host may lose anything. Default true. */
  readonly durable?: boolean;
}

export class HostFile implements BlockFile {
  readonly path: string;
  private readonly fd: number;
  private readonly unlock: () => void;
  private readonly syncs: boolean;
  /** fdatasync calls that run in the background: until they are done the descriptor stays open. */
  private syncing = 0;
  private closed = false;

  /** @throws ConfigError when there is no such file, it is no regular file, may not be used, or is in use by somebody else */
  constructor({ owner, path, access, durable = true }: HostFileOptions) {
    this.path = path;
    this.syncs = durable && access !== "read";
    const isNew = access === "create" && !fs.existsSync(path);
    if (!isNew) sizeOfFile(owner, path, access);
    try {
      this.fd = fs.openSync(
        path,
        { read: fs.constants.O_RDONLY, write: fs.constants.O_RDWR, create: fs.constants.O_RDWR | fs.constants.O_CREAT }[access],
        0o666,
      );
    } catch (cause) {
      throw cannotUse(owner, path, access, cause);
    }
    try {
      const { dev, ino } = fs.fstatSync(this.fd, { bigint: true });
      this.unlock = lockFile(`${dev}:${ino}`, owner, path, access !== "read");
    } catch (error) {
      fs.closeSync(this.fd);
      throw error;
    }
    if (isNew && durable) syncFolder(path);
  }

  size(): number {
    return this.attempt("looking at", () => fs.fstatSync(this.fd).size);
  }

  read(position: number, into: readonly Uint8Array[]): number {
    return this.attempt("reading", () =>
      transfer(into, (pieces, done) =>
        pieces.length === 1
          ? fs.readSync(this.fd, pieces[0]!, 0, pieces[0]!.length, position + done)
          : fs.readvSync(this.fd, pieces, position + done),
      ),
    );
  }

  write(position: number, from: readonly Uint8Array[]): void {
    this.attempt("writing", () => {
      const written = transfer(from, (pieces, done) =>
        pieces.length === 1
          ? fs.writeSync(this.fd, pieces[0]!, 0, pieces[0]!.length, position + done)
          : fs.writevSync(this.fd, pieces, position + done),
      );
      if (written < totalBytes(from)) throw new Error(`the host took ${written} bytes of ${totalBytes(from)}`);
    });
  }

  resize(bytes: number): void {
    this.attempt("resizing", () => fs.ftruncateSync(this.fd, bytes));
  }

  sync(): void {
    if (this.syncs) this.attempt("flushing", () => fs.fdatasyncSync(this.fd));
  }

  async syncSoon(): Promise<void> {
    if (!this.syncs) return;
    this.syncing++;
    try {
      await new Promise<void>((resolve, reject) =>
        fs.fdatasync(this.fd, (error) => (error === null ? resolve() : reject(this.trouble("flushing", error)))),
      );
    } finally {
      this.syncing--;
      this.closeWhenIdle();
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.closeWhenIdle();
  }

  private closeWhenIdle(): void {
    if (!this.closed || this.syncing > 0) return;
    this.unlock();
    fs.closeSync(this.fd);
  }

  private attempt<T>(doing: string, use: () => T): T {
    try {
      return use();
    } catch (cause) {
      throw this.trouble(doing, cause);
    }
  }

  private trouble(doing: string, cause: unknown): HostError {
    const remedy = codeOf(cause) === "ENOSPC" ? "make room on the host's file system" : "see what the host says about that file";
    return new HostError(`${doing} ${this.path} failed: ${messageOf(cause)}`, { subject: this.path, remedy, cause });
  }
}

/**
 * Bytes of a regular file that may be used so.
 * @throws ConfigError in the words of somebody who looks for a mistake in a machine file
 */
export function sizeOfFile(owner: string, path: string, access: FileAccess): number {
  try {
    const found = fs.statSync(path);
    if (!found.isFile()) {
      const what = found.isDirectory() ? "a directory" : "no regular file";
      throw new ConfigError(`${owner} cannot use ${path}: it is ${what}`, { subject: owner, value: path, remedy: "name a file" });
    }
    fs.accessSync(path, access === "read" ? fs.constants.R_OK : fs.constants.R_OK | fs.constants.W_OK);
    return found.size;
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : cannotUse(owner, path, access, cause);
  }
}

function cannotUse(owner: string, path: string, access: FileAccess, cause: unknown): ConfigError {
  const facts = { subject: owner, value: path, cause };
  switch (codeOf(cause)) {
    case "ENOENT":
    case "ENOTDIR":
      return new ConfigError(`${owner} finds no file ${path}`, {
        ...facts,
        remedy: "check the path, or make the file (truncate -s 1G FILE)",
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return access === "read"
        ? new ConfigError(`${owner} may not read ${path}`, { ...facts, remedy: "change the file's permissions" })
        : new ConfigError(`${owner} may not write ${path}`, {
            ...facts,
            remedy: "change its permissions, or say `readOnly: true`, `snapshot: true` or an `overlay`",
          });
    default:
      return new ConfigError(`${owner} cannot open ${path}: ${messageOf(cause)}`, {
        ...facts,
        remedy: "see what the host says about that file",
      });
  }
}

/** Makes the name of a new file last. Not every host can sync a folder; those that cannot keep names by themselves. */
function syncFolder(path: string): void {
  try {
    const folder = fs.openSync(dirname(path), fs.constants.O_RDONLY);
    try {
      fs.fsyncSync(folder);
    } finally {
      fs.closeSync(folder);
    }
  } catch {
    // see above
  }
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code;
}

/** Moves all pieces, MAX_PIECES a call, going on after short counts; ends where nothing more moves. Returns the bytes moved. */
function transfer(pieces: readonly Uint8Array[], move: (pieces: readonly Uint8Array[], done: number) => number): number {
  let done = 0;
  for (let rest = pieces; rest.length > 0;) {
    const moved = move(rest.length > MAX_PIECES ? rest.slice(0, MAX_PIECES) : rest, done);
    done += moved;
    if (moved === 0 || (rest.length === 1 && moved === rest[0]!.length)) break;
    const after = new PieceCursor(rest);
    after.take(moved);
    rest = after.take(Infinity);
  }
  return done;
}
