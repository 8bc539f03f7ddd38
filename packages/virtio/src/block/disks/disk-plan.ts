/**
 * From what a machine says of a disk to the disk: what it will be like is known when the machine is described, which is when
 * mistakes are told, with the line of the machine file; files are opened when the machine is put together. Cold.
 *
 *     file, memory or disk      the base, written unless something lies over it
 *     overlay                   a file over it, which takes the writes
 *     snapshot                  memory over all that, which takes the writes and is gone in the end
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "@trapline/core";
import { CLUSTER_BYTES } from "./clusters.ts";
import { type Disk, SECTOR_BYTES } from "./disk.ts";
import { FILE_GRAIN_BYTES, FileDisk, tooSmall } from "./file-disk.ts";
import { BorrowedDisk, type DiskTraits, traitsOf } from "./forwarding-disk.ts";
import { HostFile, sizeOfFile } from "./host-file.ts";
import { checkMemoryLimit, MemoryDisk } from "./memory-disk.ts";
import { OverlayDisk } from "./overlay-disk.ts";

/** Exactly one of `file`, `memory` and `disk`. */
export interface DiskOptions {
  /** A raw file: byte n of the disk is byte n of the file. */
  readonly file?: string;
  /** Bytes: an empty disk in memory, gone when the machine is closed; under an `overlay`, an empty disk in that file. */
  readonly memory?: number;
  /** Any other disk. It stays the caller's, and is not closed. */
  readonly disk?: Disk;
  /** A file that keeps what is written, so that the base stays as it is. Made when it is not there. */
  readonly overlay?: string;
  /** What is written goes to memory and is gone when the machine is closed. Default false. */
  readonly snapshot?: boolean;
  /** Most host memory for contents of `memory` or `snapshot`, bytes; writes beyond it fail. Default 1 GiB. */
  readonly memoryLimit?: number;
  /** The guest may not write. Default false. */
  readonly readOnly?: boolean;
  /**
   * When what a guest has written is on the host's storage: `writeback` once the guest flushes, `writethrough` at once, unless the
   * guest chooses otherwise; `unsafe` whenever the host likes, which is quick and loses disks with the host's power. Default writeback.
   */
  readonly cache?: "writeback" | "writethrough" | "unsafe";
}

/** What a disk will be like, and the way to it. */
export interface DiskPlan extends DiskTraits {
  /** Bytes at the end of the file that make no whole sector and are left alone. */
  readonly unusedBytes: number;
  /** @throws ConfigError, HostError */
  readonly open: () => Disk;
}

/** @throws ConfigError for options that contradict each other, and for files that are not there, no files, empty or not permitted */
export function planDisk(owner: string, options: DiskOptions): DiskPlan {
  const { overlay, snapshot = false, readOnly = false } = options;
  if (snapshot && readOnly)
    throw refuse(owner, `${owner} is both readOnly and a snapshot`, "leave one out: a snapshot never writes its files");
  let plan = planBase(owner, options, readOnly || snapshot || overlay !== undefined);
  if (overlay !== undefined) plan = planOverlay(owner, options, plan, overlay, readOnly || snapshot);
  if (snapshot) plan = planSnapshot(owner, options, plan);
  return readOnly ? { ...plan, readOnly } : plan;
}

function planBase(owner: string, { file, memory, disk, memoryLimit, cache }: DiskOptions, isBase: boolean): DiskPlan {
  const given = [file, memory, disk].filter((base) => base !== undefined).length;
  if (given !== 1)
    throw refuse(owner, `${owner} has ${given === 0 ? "neither" : "more than one of"} file, memory and disk`, "give exactly one");
  if (file !== undefined) {
    const bytes = sizeOfFile(owner, file, isBase ? "read" : "write");
    if (bytes < SECTOR_BYTES) throw tooSmall(file, bytes);
    const unusedBytes = bytes % SECTOR_BYTES;
    const open = (): Disk =>
      new FileDisk(new HostFile({ owner, path: file, access: isBase ? "read" : "write", durable: cache !== "unsafe" }), isBase);
    return { sizeBytes: bytes - unusedBytes, readOnly: isBase, discards: false, grainBytes: FILE_GRAIN_BYTES, unusedBytes, open };
  }
  if (disk !== undefined) return { ...traitsOf(disk), unusedBytes: 0, open: () => new BorrowedDisk(disk) };
  const open = (): Disk => new MemoryDisk({ sizeBytes: memory!, ...(memoryLimit === undefined ? {} : { limitBytes: memoryLimit }) });
  return { ...traitsOf(open()), unusedBytes: 0, open };
}

function planOverlay(owner: string, { cache }: DiskOptions, base: DiskPlan, path: string, readOnly: boolean): DiskPlan {
  const access = readOnly ? "read" : "create";
  if (readOnly || existsSync(path)) sizeOfFile(owner, path, access);
  else if (!existsSync(dirname(path))) throw refuse(owner, `${owner} finds no folder for ${path}`, "make it, or check the path");
  const open = (): Disk => {
    const under = base.open();
    try {
      return new OverlayDisk(new HostFile({ owner, path, access, durable: cache !== "unsafe" }), under, readOnly);
    } catch (error) {
      under.close();
      throw error;
    }
  };
  return { ...base, readOnly, discards: true, grainBytes: CLUSTER_BYTES, open };
}

function planSnapshot(owner: string, { memoryLimit }: DiskOptions, base: DiskPlan): DiskPlan {
  if (memoryLimit !== undefined) checkMemoryLimit(owner, memoryLimit);
  const open = (): Disk => {
    const under = base.open();
    try {
      return new MemoryDisk({ base: under, ...(memoryLimit === undefined ? {} : { limitBytes: memoryLimit }) });
    } catch (error) {
      under.close();
      throw error;
    }
  };
  return { ...base, readOnly: false, discards: true, grainBytes: CLUSTER_BYTES, open };
}

function refuse(owner: string, message: string, remedy: string): ConfigError {
  return new ConfigError(message, { subject: owner, remedy });
}
