/**
 * A virtqueue as a device sees it: chains of buffers come out, lengths go back. The ring behind it is the transport's choice.
 */
export interface Virtqueue {
  readonly index: number;
  /** Entries, as the driver set it; 0 while it is not ready. */
  readonly size: number;
  /**
   * The next chain that the driver made available, in its order. Undefined when there is none, when the queue is not ready, and
   * when the driver broke the rules (the device then has failed: DEVICE_NEEDS_RESET is set).
   */
  pop(): VirtioChain | undefined;
  /** Puts a popped chain back as if it had not been popped: the next `pop` gives it again. Only the one popped last. */
  unpop(chain: VirtioChain): void;
  /** Gives a chain back with the number of bytes written to it, and interrupts if the driver wants to know. In any order. */
  push(chain: VirtioChain, written: number): void;
  /**
   * A chain that was in flight when the device was saved, by its `head`: once each, with the buffers it had. Undefined when none
   * was: the device then has failed.
   */
  resume(head: number): VirtioChain | undefined;
}

/** One request: first what the device may read, then what it may write (virtio 1.2, 2.6.4). All of it lies in guest memory. */
export interface VirtioChain {
  /** Index of its first descriptor: its name while in flight. */
  readonly head: number;
  /** Bytes that the device may read. */
  readonly readableBytes: number;
  /** Bytes that the device may write. */
  readonly writableBytes: number;
  /** A copy of up to `length` readable bytes from `offset` on; shorter at the end. */
  read(offset: number, length: number): Uint8Array;
  /** Writes `bytes` at `offset` of the writable part; cut at its end. Returns how many were written. */
  write(offset: number, bytes: Uint8Array): number;
  /** The readable bytes in place, for reading: one piece a descriptor, from `offset` on, `length` bytes at most. */
  readable(offset?: number, length?: number): readonly Uint8Array[];
  /** The writable bytes in place, likewise. Whoever writes calls `wrote` before `push`. */
  writable(offset?: number, length?: number): readonly Uint8Array[];
  /** Tells the CPU that `length` bytes from `offset` of the writable part changed under it. */
  wrote(offset: number, length: number): void;
}
