/**
 * What a block device keeps its sectors on. A disk knows offsets and bytes, no virtio and no guest; its callers have checked
 * that every range lies inside it and is a whole number of sectors.
 *
 * Everything but `flushSoon` is done when it returns (docs/adr/0033-block-devices.md says why). What a method throws is the
 * host's trouble: the device answers the guest with an I/O error and reports the cause.
 */

/** Bytes of a sector, the unit of the protocol (virtio 1.2, 5.2.6). */
export const SECTOR_BYTES = 512;

export interface Disk {
  /** For messages: "root.img", "4 MiB of memory". */
  readonly name: string;
  /** Multiple of 512, at least 512. Does not change. */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** `discard` gives space back to the host. False: the guest is not offered it. */
  readonly discards: boolean;
  /** Smallest write that needs no reading first, a power of two from 512 on: what the guest is told for its layout. */
  readonly grainBytes: number;

  /** Fills all of `into` with the bytes from `offset` on. */
  read(offset: number, into: readonly Uint8Array[]): void;
  /** Volatile until flushed. Keeps no reference to `from`. */
  write(offset: number, from: readonly Uint8Array[]): void;
  /** The contents are no longer wanted: reads give zeros or what was there. */
  discard(offset: number, length: number): void;
  /** Reads give zeros from now on. @param mayUnmap the space may be given back, too */
  writeZeroes(offset: number, length: number, mayUnmap: boolean): void;
  /** What was written before survives the host's crash from now on. */
  flush(): void;
  /** The same without making the caller wait; what was written before the call is meant. Without it `flush` is used. */
  flushSoon?(): Promise<void>;
  /** Flushes, then lets go of everything. Nothing is called afterwards. Closing twice does nothing. */
  close(): void;
}
