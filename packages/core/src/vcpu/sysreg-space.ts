/**
 * System registers that plugins implement (the GIC's ICC_*, say): claims by encoding, each with a wire, as on a bus.
 * What nobody claims is UNDEFINED. Hot: one array look-up by the 16-bit encoding gives the device, while nobody taps the
 * claim's wire; it is called under the number and in the order that the wire would have given the access.
 */
import { ConfigError } from "../errors.ts";
import { type Held, Holding } from "../scope.ts";
import type { U64 } from "../u64.ts";
import { Wire, type WireEnd } from "../wire/wire.ts";
import { MAX_DEPTH, type WireEvent, type WireOrder } from "../wire/wire-order.ts";
import { formatSysreg, UNDEFINED } from "./vcpu-exit.ts";

/** One register a plugin implements. */
export interface SysregClaim {
  /** As in the manual: ICC_IAR1_EL1. */
  readonly name: string;
  /** See `sysregEncoding`. */
  readonly encoding: number;
}

/** Answers claimed registers. Must not throw for anything a guest does. */
export interface SysregDevice {
  /** @returns the value, or UNDEFINED */
  readSysreg(encoding: number, vcpu: number): U64;
  /** @returns nothing, or UNDEFINED */
  writeSysreg(encoding: number, value: U64, vcpu: number): void | number;
  /** Reads without side effects. */
  peekSysreg?(encoding: number, vcpu: number): U64 | undefined;
}

/** What travels on the wire of claimed registers; `value` is 0 for a read. */
export type SysregArgs = readonly [isWrite: boolean, encoding: number, value: U64, vcpu: number];

/** An access to a claimed system register, completed. */
export interface SysregAccess extends WireEvent {
  readonly kind: "sysreg";
  readonly device: string;
  readonly register: string;
  readonly encoding: number;
  readonly direction: "read" | "write";
  readonly value?: U64;
  readonly undefined?: true;
  readonly vcpu: number;
}

/** The registers of one claimant. */
export interface SysregBlock extends Held {
  readonly name: string;
  readonly registers: readonly SysregClaim[];
  readonly accesses$: WireEnd<SysregArgs, U64, SysregAccess>;
}

/** op0, op1, CRn, CRm and op2 in 16 bits. */
const ENCODINGS = 0x1_0000;

export class SysregSpace {
  declare private readonly order: WireOrder;
  /**
   * The device of each encoding while nobody taps its claim's wire: the space then calls it itself. Empty until the first claim,
   * then filled (512 KiB): encodings lie far apart, and an array with holes that wide becomes a hash table.
   */
  private direct: (SysregDevice | undefined)[] = [];
  /** All claims, by encoding. */
  private readonly blocks = new Map<number, ClaimedBlock>();

  constructor(order: WireOrder) {
    this.order = order;
  }

  /** @throws ConfigError naming both claimants and the register, and for what is no encoding or named twice. */
  claim(name: string, registers: readonly SysregClaim[], device: SysregDevice): SysregBlock {
    checkClaims(name, registers);
    for (const { name: register, encoding } of registers) {
      const other = this.blocks.get(encoding);
      if (other === undefined) continue;
      throw new ConfigError(`${name} and ${other.name} both implement ${register} (${formatSysreg(encoding)})`, {
        subject: name,
        other: other.name,
        value: register,
        remedy: "leave one of the two out of the machine",
      });
    }
    if (this.direct.length === 0) this.direct = new Array<SysregDevice | undefined>(ENCODINGS).fill(undefined);
    const direct = (of: SysregDevice | undefined): void => {
      for (const { encoding } of registers) this.direct[encoding] = of;
    };
    const block: ClaimedBlock = new ClaimedBlock(this.order, name, registers, device, direct, () => {
      for (const { encoding } of registers) if (this.blocks.get(encoding) === block) this.blocks.delete(encoding);
    });
    for (const { encoding } of registers) this.blocks.set(encoding, block);
    return block;
  }

  read(encoding: number, vcpu: number): U64 {
    const { order } = this;
    const { depth } = order;
    const device = this.direct[encoding];
    if (device === undefined || depth >= MAX_DEPTH) return this.readTapped(encoding, vcpu);
    order.beginAt(depth);
    let answer: U64;
    try {
      answer = device.readSysreg(encoding, vcpu);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAt(depth);
    return answer;
  }

  write(encoding: number, value: U64, vcpu: number): U64 {
    const { order } = this;
    const { depth } = order;
    const device = this.direct[encoding];
    if (device === undefined || depth >= MAX_DEPTH) return this.writeTapped(encoding, value, vcpu);
    order.beginAt(depth);
    let answer: U64 | void;
    try {
      answer = device.writeSysreg(encoding, value, vcpu);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAt(depth);
    return answer ?? 0;
  }

  /** As `read`, for the owner of an exit; see `Bus.readInExit`. */
  readInExit(encoding: number, vcpu: number): U64 {
    const device = this.direct[encoding];
    if (device === undefined) return this.readTapped(encoding, vcpu);
    this.order.sequence++;
    return device.readSysreg(encoding, vcpu);
  }

  /** As `write`, for the owner of an exit; see `Bus.readInExit`. */
  writeInExit(encoding: number, value: U64, vcpu: number): U64 {
    const device = this.direct[encoding];
    if (device === undefined) return this.writeTapped(encoding, value, vcpu);
    this.order.sequence++;
    return device.writeSysreg(encoding, value, vcpu) ?? 0;
  }

  peek(encoding: number, vcpu: number): U64 | undefined {
    return this.blocks.get(encoding)?.device.peekSysreg?.(encoding, vcpu);
  }

  /** Who implements a register; undefined when nobody does. */
  claimant(encoding: number): string | undefined {
    return this.blocks.get(encoding)?.name;
  }

  close(): void {
    for (const block of new Set(this.blocks.values())) block.release();
  }

  private readTapped(encoding: number, vcpu: number): U64 {
    return this.blocks.get(encoding)?.accesses$.emit(false, encoding, 0, vcpu) ?? UNDEFINED;
  }

  private writeTapped(encoding: number, value: U64, vcpu: number): U64 {
    return this.blocks.get(encoding)?.accesses$.emit(true, encoding, value, vcpu) ?? UNDEFINED;
  }
}

function checkClaims(name: string, registers: readonly SysregClaim[]): void {
  const seen = new Map<number, string>();
  for (const { name: register, encoding } of registers) {
    if (!Number.isInteger(encoding) || encoding < 0 || encoding >= ENCODINGS) {
      throw new ConfigError(`${register} of ${name} has encoding ${encoding}`, {
        subject: name,
        value: encoding,
        limit: ENCODINGS - 1,
        remedy: "make it with sysregEncoding",
      });
    }
    const other = seen.get(encoding);
    if (other !== undefined) {
      throw new ConfigError(`${name} names ${formatSysreg(encoding)} twice, as ${other} and ${register}`, {
        subject: register,
        other,
        value: encoding,
        remedy: "drop one of the two",
      });
    }
    seen.set(encoding, register);
  }
}

class ClaimedBlock extends Holding implements SysregBlock {
  readonly name: string;
  readonly registers: readonly SysregClaim[];
  readonly device: SysregDevice;
  readonly accesses$: Wire<SysregArgs, U64, SysregAccess>;
  private readonly onRelease: () => void;

  /** @param direct told the device while nobody taps its wire, and undefined while somebody does */
  constructor(
    order: WireOrder,
    name: string,
    registers: readonly SysregClaim[],
    device: SysregDevice,
    direct: (device: SysregDevice | undefined) => void,
    onRelease: () => void,
  ) {
    super();
    this.name = name;
    this.registers = registers;
    this.device = device;
    this.onRelease = onRelease;
    const names = new Map(registers.map((register) => [register.encoding, register.name]));
    this.accesses$ = new Wire<SysregArgs, U64, SysregAccess>(order, {
      name: `sysreg.${name}.accesses`,
      unowned: UNDEFINED,
      untapped: (owner) => direct(owner && device),
      describe: (seq, atNs, answer, isWrite, encoding, value, vcpu) => ({
        seq,
        atNs,
        kind: "sysreg",
        device: name,
        register: names.get(encoding)!,
        encoding,
        direction: isWrite ? "write" : "read",
        ...(isWrite ? { value } : answer === UNDEFINED ? {} : { value: answer }),
        ...(answer === UNDEFINED ? { undefined: true } : {}),
        vcpu,
      }),
    });
    this.accesses$.own(name, (isWrite, encoding, value, vcpu) =>
      isWrite ? (device.writeSysreg(encoding, value, vcpu) ?? 0) : device.readSysreg(encoding, vcpu),
    );
  }

  protected giveBack(): void {
    this.onRelease();
    this.accesses$.complete();
  }
}
