/** Disks that stand for another one: for somebody else's, which is not closed, and for one that is not open yet. */
import { HostError, InvariantError } from "@trapline/core";
import type { Disk } from "./disk.ts";

/** What a guest is told of a disk before it uses it. */
export type DiskTraits = Pick<Disk, "sizeBytes" | "readOnly" | "discards" | "grainBytes">;

export function traitsOf({ sizeBytes, readOnly, discards, grainBytes }: Disk): DiskTraits {
  return { sizeBytes, readOnly, discards, grainBytes };
}

abstract class ForwardingDisk implements Disk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly discards: boolean;
  readonly grainBytes: number;

  constructor({ sizeBytes, readOnly, discards, grainBytes }: DiskTraits) {
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
    this.discards = discards;
    this.grainBytes = grainBytes;
  }

  abstract readonly name: string;
  abstract close(): void;
  protected abstract get target(): Disk;

  read(offset: number, into: readonly Uint8Array[]): void {
    this.target.read(offset, into);
  }

  write(offset: number, from: readonly Uint8Array[]): void {
    this.target.write(offset, from);
  }

  discard(offset: number, length: number): void {
    this.target.discard(offset, length);
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): void {
    this.target.writeZeroes(offset, length, mayUnmap);
  }

  flush(): void {
    this.target.flush();
  }

  async flushSoon(): Promise<void> {
    const { target } = this;
    if (target.flushSoon === undefined) target.flush();
    else await target.flushSoon();
  }
}

/** Somebody else's disk: flushed when it is closed here, and left open. */
export class BorrowedDisk extends ForwardingDisk {
  readonly name: string;
  protected readonly target: Disk;

  constructor(disk: Disk) {
    super(traitsOf(disk));
    this.name = disk.name;
    this.target = disk;
  }

  close(): void {
    if (!this.readOnly) this.flush();
  }
}

/** A disk of which everything is known but that is not open yet. */
export class LateDisk extends ForwardingDisk {
  readonly name: string;
  private readonly make: () => Disk;
  private opened: Disk | undefined;

  /** @param make opens it, with traits as given here */
  constructor(name: string, traits: DiskTraits, make: () => Disk) {
    super(traits);
    this.name = name;
    this.make = make;
  }

  /** @throws what `make` throws, and HostError when it is of another size by now */
  open(): void {
    const disk = this.make();
    if (disk.sizeBytes !== this.sizeBytes) {
      disk.close();
      throw new HostError(`${disk.name} had ${this.sizeBytes} bytes when ${this.name} was described, and has ${disk.sizeBytes} now`, {
        subject: this.name,
        other: disk.name,
        value: disk.sizeBytes,
        limit: this.sizeBytes,
        remedy: "describe the machine again",
      });
    }
    this.opened = disk;
  }

  close(): void {
    this.opened?.close();
    this.opened = undefined;
  }

  protected get target(): Disk {
    if (this.opened !== undefined) return this.opened;
    throw new InvariantError(`${this.name} was used while its disk was not open`, {
      subject: this.name,
      remedy: "use it between attach and close",
    });
  }
}
