/** The contract of whatever answers accesses to a claimed range. A device sees offsets, never absolute addresses. */
import type { U64 } from "../u64.ts";

/** Width of an access in bytes. */
export type Width = 1 | 2 | 4 | 8;

/**
 * The answer that is no value: the access gets an external abort. No unsigned value is negative, so a device can say it
 * without allocating. The run loop turns it into a synchronous external abort (Arm ARM, D1 "Synchronous exceptions").
 */
export const EXTERNAL_ABORT = -1;

/**
 * Answers reads and writes inside one range. Called in place, by the vCPU's exit, so it must be synchronous and must not
 * throw for anything a guest does; an exception is treated as a bug of the device and stops the machine.
 */
export interface BusDevice {
  /**
   * @param offset bytes from the start of the range; `offset + width` never exceeds its size. Any alignment.
   * @param vcpu the vCPU that reads, for banked registers; −1 for accesses that come from the host
   * @returns the value, at most `width` bytes of it, or {@link EXTERNAL_ABORT}
   */
  read(offset: number, width: Width, vcpu: number): U64;
  /** @returns nothing, or {@link EXTERNAL_ABORT} */
  write(offset: number, width: Width, value: U64, vcpu: number): void | number;
  /** Reads without side effects, for debuggers and traces; undefined where the device cannot tell. */
  peek?(offset: number, width: Width, vcpu: number): U64 | undefined;
  /** The manual's name of what is at `offset` ("UARTDR"), for traces; undefined where nothing is. */
  nameAt?(offset: number): string | undefined;
}
