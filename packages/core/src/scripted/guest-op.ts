/**
 * What a scripted guest can do: each operation is one instruction of the scripted backend.
 *
 * Both forms work in a program; `yield*` has the better type:
 *
 *     const id = yield* read32(0x0800_000c);   // number
 *     yield write32(0x0900_0000, 0x41);
 */
import type { Width } from "../bus/bus-device.ts";
import { fromBigint, truncate, type U64 } from "../u64.ts";
import * as exit from "../vcpu/vcpu-exit.ts";
import type { ExitKind } from "../vcpu/vcpu-exit.ts";

/** One instruction. `R` is what it evaluates to in the program. */
export class GuestOp<R = unknown> {
  readonly what: "access" | "wfi" | "compute" | "mask" | "unmask" | "end";
  readonly exit: ExitKind;
  readonly address: number;
  readonly width: number;
  readonly value: U64;

  constructor(what: GuestOp["what"], kind: ExitKind = exit.WFI, address = 0, width = 0, value: U64 = 0) {
    this.what = what;
    this.exit = kind;
    this.address = address;
    this.width = width;
    this.value = value;
  }

  *[Symbol.iterator](): Generator<GuestOp, R, unknown> {
    return (yield this) as R;
  }

  /** For messages: "write of 4 bytes at 0x9000000". */
  describe(): string {
    const access = ["read", "write", "port read", "port write", "system-register read", "system-register write"][this.exit];
    if (this.what !== "access" || access === undefined) return this.what;
    return `${access} of ${this.width} bytes at 0x${this.address.toString(16)}`;
  }
}

/** What a register of that width would hold of `value`: cut, in two's complement, in the one form of a U64. */
function stored(value: U64, width: number): U64 {
  return truncate(typeof value === "bigint" || value < 0 ? fromBigint(BigInt(value)) : value, width);
}

const read = <R>(width: Width) => (address: number): GuestOp<R> => new GuestOp("access", exit.MMIO_READ, address, width);
const write =
  (width: Width) =>
  (address: number, value: U64): GuestOp<void> =>
    new GuestOp("access", exit.MMIO_WRITE, address, width, stored(value, width));

/** Loads of RAM or a device, by guest-physical address. */
export const read8: (address: number) => GuestOp<number> = read(1);
/** Reads two bytes, little-endian. */
export const read16: (address: number) => GuestOp<number> = read(2);
/** Reads four bytes, little-endian. */
export const read32: (address: number) => GuestOp<number> = read(4);
/** Reads eight bytes, little-endian. */
export const read64: (address: number) => GuestOp<U64> = read(8);
/** Stores to RAM or a device. */
export const write8: (address: number, value: U64) => GuestOp<void> = write(1);
/** Writes two bytes; higher bits of the value are left out. */
export const write16: (address: number, value: U64) => GuestOp<void> = write(2);
/** Writes four bytes; higher bits of the value are left out. */
export const write32: (address: number, value: U64) => GuestOp<void> = write(4);
/** Writes eight bytes. */
export const write64: (address: number, value: U64) => GuestOp<void> = write(8);

/** Port reads and writes. */
export const inPort = (port: number, width: 1 | 2 | 4): GuestOp<number> => new GuestOp("access", exit.PIO_READ, port, width);
/** Writes 1, 2 or 4 bytes to a port. */
export const outPort = (port: number, width: 1 | 2 | 4, value: number): GuestOp<void> =>
  new GuestOp("access", exit.PIO_WRITE, port, width, stored(value, width));

/** MRS and MSR, by `sysregEncoding`. */
export const mrs = (encoding: number): GuestOp<U64> => new GuestOp("access", exit.SYSREG_READ, encoding, 8);
/** MSR, by `sysregEncoding`. */
export const msr = (encoding: number, value: U64): GuestOp<void> => new GuestOp("access", exit.SYSREG_WRITE, encoding, 8, stored(value, 8));

/** HVC with a function id in w0; evaluates to x0. */
export const hvc = (functionId: number): GuestOp<U64> => new GuestOp("access", exit.HYPERCALL, functionId, exit.HVC);

/** Waits until a line of this vCPU is high. */
export const wfi = (): GuestOp<void> => new GuestOp("wfi");
/** `instructions` instructions that touch nothing: lets time pass. */
export const compute = (instructions: number): GuestOp<void> => new GuestOp("compute", exit.WFI, 0, 0, instructions);
/** Masks and unmasks interrupts, as DAIF does. */
export const maskInterrupts = (): GuestOp<void> => new GuestOp("mask");
/** Unmasks interrupts: a line that is high is taken before the next operation. */
export const unmaskInterrupts = (): GuestOp<void> => new GuestOp("unmask");
/** Switches the machine off; the guest's status goes to `run`. */
export const powerOff = (status = 0): GuestOp<void> => new GuestOp("access", exit.SHUTDOWN, 0, 0, status);
/** Asks for a warm reset of the machine. */
export const systemReset = (): GuestOp<void> => new GuestOp("access", exit.RESET);
/** A breakpoint: `run` ends with reason "debug" and may be called again. */
export const breakpoint = (): GuestOp<void> => new GuestOp("access", exit.DEBUG);

/**
 * Thrown into a scripted program where a real vCPU would take an exception: an external abort, or an undefined system
 * register. A program may catch it; if it does not, its vCPU faults.
 */
export class GuestException extends Error {
  readonly reason: "external-abort" | "undefined";
  readonly op: GuestOp;

  constructor(reason: GuestException["reason"], op: GuestOp) {
    super(`${reason === "undefined" ? "undefined instruction" : "external abort"}: ${op.describe()}`);
    this.name = "GuestException";
    this.reason = reason;
    this.op = op;
  }
}
