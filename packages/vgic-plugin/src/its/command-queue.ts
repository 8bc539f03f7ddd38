/**
 * The ring of commands between guest and ITS: GITS_CBASER, GITS_CWRITER, GITS_CREADR (Arm IHI 0069, "The ITS command
 * interface"; gic.md C.1). It knows where commands are, not what they mean.
 *
 * A command outside RAM stalls the queue: CREADR.Stalled reads 1 and CREADR stays, until software writes CWRITER with Retry.
 * An offset beyond the queue is ignored, as KVM does. One command at a time leaves it, so nothing here can run away.
 */
import { type GuestMemory, lo32, type U64 } from "@trapline/core";
import { addressField, isValid, keep } from "../u64-fields.ts";
import { COMMAND_BYTES, decodeCommand, type ItsCommand } from "./its-command.ts";

const QUEUE_PAGE_BYTES = 4096;
const OFFSET = 0xf_ffe0;
const RETRY = 0x1;
const STALLED = 0x1;

export class CommandQueue {
  private readonly memory: GuestMemory;
  private register: U64 = 0;
  private base = 0;
  private bytes = QUEUE_PAGE_BYTES;
  private writer = 0;
  private reader = 0;
  private stopped = false;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  get cbaser(): U64 {
    return this.register;
  }

  get valid(): boolean {
    return isValid(this.register);
  }

  /** A new queue: both offsets go to 0 (as in KVM; gic.md C.1.3). */
  writeCbaser(value: U64): void {
    this.register = keep(value, 0xb8ef_ffff, 0xffff_fcff);
    this.base = addressField(this.register, 12);
    this.bytes = ((lo32(this.register) & 0xff) + 1) * QUEUE_PAGE_BYTES;
    this.writer = this.reader = 0;
    this.stopped = false;
  }

  /** Retry reads 0. */
  get cwriter(): number {
    return this.writer;
  }

  writeCwriter(value: U64): void {
    const offset = lo32(value) & OFFSET;
    if (offset >= this.bytes) return;
    this.writer = offset;
    if ((lo32(value) & RETRY) !== 0) this.stopped = false;
  }

  get creadr(): number {
    return this.reader | (this.stopped ? STALLED : 0);
  }

  /** From the control interface only. @returns false when it is beyond the queue; then nothing changed */
  writeCreadr(value: U64): boolean {
    const offset = lo32(value) & OFFSET;
    if (offset >= this.bytes) return false;
    this.reader = offset;
    this.stopped = false;
    return true;
  }

  /** True when a command waits and the queue is not stalled. */
  get backlog(): boolean {
    return this.reader !== this.writer && !this.stopped;
  }

  /** True when every command was taken. */
  get drained(): boolean {
    return this.reader === this.writer;
  }

  /** Takes the next command. Undefined when none waits, or when it is not in RAM: then the queue is stalled. */
  take(): ItsCommand | undefined {
    if (!this.backlog) return undefined;
    const bytes = this.memory.window(this.base + this.reader, COMMAND_BYTES);
    if (bytes === undefined) {
      this.stopped = true;
      return undefined;
    }
    const words = new DataView(bytes.buffer, bytes.byteOffset, COMMAND_BYTES);
    const command = decodeCommand((n) => words.getUint32(4 * n, true));
    this.reader = (this.reader + COMMAND_BYTES) % this.bytes;
    return command;
  }

  reset(): void {
    this.writeCbaser(0);
  }

  /** [CBASER, CWRITER, CREADR with Stalled]. */
  save(): readonly U64[] {
    return [this.cbaser, this.cwriter, this.creadr];
  }

  restore([cbaser = 0, cwriter = 0, creadr = 0]: readonly U64[]): void {
    this.writeCbaser(cbaser);
    this.writeCwriter(cwriter);
    this.writeCreadr(creadr);
    this.stopped = (lo32(creadr) & STALLED) !== 0;
  }
}
