/**
 * Frames that wait, oldest first, bounded by number and bytes: a new one that does not fit is refused, those that wait stay. Whoever
 * asks decides what a refusal means: a hub drops the frame, a stream stops reading. Hot.
 */
import { MAX_FRAME_BYTES } from "./ethernet.ts";

/** How much may wait; what comes beyond it is lost and counted. */
export interface FrameQueueLimits {
  /** Default 256. */
  readonly frames?: number;
  /** At least that of one frame. Default 1 MiB. */
  readonly bytes?: number;
}

export class FrameQueue {
  private readonly maxFrames: number;
  private readonly maxBytes: number;
  private frames: Uint8Array[] = [];
  /** Index of the oldest; before it is nothing. */
  private head = 0;
  private bytes = 0;

  constructor({ frames = 256, bytes = 0x10_0000 }: FrameQueueLimits = {}) {
    this.maxFrames = frames;
    this.maxBytes = Math.max(bytes, MAX_FRAME_BYTES);
  }

  get length(): number {
    return this.frames.length - this.head;
  }

  /** Another frame of any length would fit. */
  get hasRoom(): boolean {
    return this.length < this.maxFrames && this.bytes + MAX_FRAME_BYTES <= this.maxBytes;
  }

  /** The oldest, which stays. */
  get first(): Uint8Array | undefined {
    return this.frames[this.head];
  }

  /** False, and nothing is kept, when it does not fit. The frame is kept as it is: nobody may change it afterwards. */
  push(frame: Uint8Array): boolean {
    if (this.length >= this.maxFrames || this.bytes + frame.length > this.maxBytes) return false;
    this.frames.push(frame);
    this.bytes += frame.length;
    return true;
  }

  shift(): Uint8Array | undefined {
    const frame = this.frames[this.head];
    if (frame === undefined) return undefined;
    this.bytes -= frame.length;
    this.head++;
    if (this.head === this.frames.length || this.head >= this.maxFrames) {
      this.frames = this.frames.slice(this.head);
      this.head = 0;
    }
    return frame;
  }

  clear(): void {
    this.frames = [];
    this.head = this.bytes = 0;
  }

  /** All of them, oldest first. */
  list(): readonly Uint8Array[] {
    return this.frames.slice(this.head);
  }
}
