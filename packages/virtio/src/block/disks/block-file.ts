/** A file as disks use it: bytes at positions, and a way to make them last. HostFile is one of the host's. */

export interface BlockFile {
  /** For messages. */
  readonly path: string;
  /** Bytes that it has now. */
  size(): number;
  /** Fills `into` from `position` on, as far as there are bytes. Returns how many there were. @throws HostError */
  read(position: number, into: readonly Uint8Array[]): number;
  /** Writes all of `from` at `position`; what lies between the old end and there reads as zeros. @throws HostError */
  write(position: number, from: readonly Uint8Array[]): void;
  /** Cut or lengthened with zeros. @throws HostError */
  resize(bytes: number): void;
  /** Everything written so far is on stable storage when it returns. @throws HostError */
  sync(): void;
  /** The same without making the caller wait. Rejects with HostError. */
  syncSoon(): Promise<void>;
  close(): void;
}
