/**
 * One row of a register bank: the table is the device (docs/adr/0004-rows-as-devices.md).
 *
 * A file `*.registers.ts` lists the rows in the manual's order and spelling; `compileRegisters` checks them once and makes
 * a constant-time look-up; a `RegisterFrame` puts them on a bus. Registers that are known but not modelled are listed
 * without hooks, so a gap in the table means "reserved".
 */
import type { Width } from "../bus/bus-device.ts";
import type { U64 } from "../u64.ts";

/** Access words of the Arm manuals. W1C and W1S say what the write hook does with ones; the frame passes them on. */
export type RegisterAccess = "RW" | "RO" | "WO" | "W1C" | "W1S" | "RAZ/WI" | "RES0";

/**
 * @typeParam D the state the hooks work on
 */
export interface RegisterSpec<D> {
  /** As in the manual, so that one search finds both. An array register is named once: GICD_ISENABLER. */
  readonly name: string;
  /** Bytes from the start of the frame to the first register of the row. */
  readonly offset: number;
  readonly access: RegisterAccess;
  /** Bytes of one register. Default 4. */
  readonly size?: Width;
  /** How many registers of this name there are, NAME<0> … NAME<count − 1>. Default 1. */
  readonly count?: number;
  /** Bytes from one to the next. Default: `size`, so that they are adjacent. */
  readonly stride?: number;
  /**
   * Legal access widths in bytes; others are RAZ/WI. Default: `size`, and 4 for the halves of an 8-byte register. A narrower
   * width reads part of the register, and writes it by merging with `peek` (or `read`); a wider one takes several in turn.
   */
  readonly widths?: readonly Width[];
  /** Value after reset, for documentation and the reset-value test. Default 0. */
  readonly reset?: U64;
  /** Answers a read of register `n`. Default: the reset value. */
  readonly read?: (device: D, n: number, vcpu: number) => U64;
  /** Takes a write to register `n`. Default: ignored. */
  readonly write?: (device: D, value: U64, n: number, vcpu: number) => void;
  /** Reads without side effects. Needed only where `read` has some (IAR, UARTDR); default: `read`. */
  readonly peek?: (device: D, n: number, vcpu: number) => U64;
  /** Names of the bits, most significant first: `{ RXFE: 4, ITLinesNumber: [4, 0] }`. For generated register maps. */
  readonly fields?: Readonly<Record<string, number | readonly [hi: number, lo: number]>>;
  /** One line for the generated register map. */
  readonly note?: string;
}
