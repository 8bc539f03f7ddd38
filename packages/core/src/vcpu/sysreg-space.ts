/**
 * System registers that plugins implement (the GIC's ICC_*, say): claims by encoding, each with a wire, as on a bus.
 * What nobody claims is UNDEFINED. Hot: one array look-up by the 16-bit encoding, then, while nobody taps the claim's wire,
 * the device itself, under the number and in the order that the wire would have given the access.
 */
import { ConfigError } from "../errors.ts";
import { type Held, Holding } from "../scope.ts";
import type { U64 } from "../u64.ts";
import { Wire, type WireEnd } from "../wire/wire.ts";
import type { WireEvent, WireOrder } from "../wire/wire-order.ts";
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

export type SysregArgs = readonly [isWrite: boolean, encoding: number, value: U64, vcpu: number];

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
  private readonly order: WireOrder;
  /**
   * By encoding; empty until the first claim, then filled (512 KiB): encodings lie far apart, and an array with holes that
   * wide becomes a hash table.
   */
  private blocks: (ClaimedBlock | undefined)[] = [];

  constructor(order: WireOrder) {
    this.order = order;
  }

  /** @throws ConfigError naming both claimants and the register, and for what is no encoding or named twice. */
  claim(name: string, registers: readonly SysregClaim[], device: SysregDevice): SysregBlock {
    checkClaims(name, registers);
    if (this.blocks.length === 0) this.blocks = new Array<ClaimedBlock | undefined>(ENCODINGS).fill(undefined);
    for (const { name: register, encoding } of registers) {
      const other = this.blocks[encoding];
      if (other === undefined) continue;
      throw new ConfigError(`${name} and ${other.name} both implement ${register} (${formatSysreg(encoding)})`, {
        subject: name,
        other: other.name,
        value: register,
        remedy: "leave one of the two out of the machine",
      });
    }
    const block: ClaimedBlock = new ClaimedBlock(this.order, name, registers, device, () => {
      for (const { encoding } of registers) if (this.blocks[encoding] === block) this.blocks[encoding] = undefined;
    });
    for (const { encoding } of registers) this.blocks[encoding] = block;
    return block;
  }

  read(encoding: number, vcpu: number): U64 {
    const block = this.blocks[encoding];
    if (block === undefined) return UNDEFINED;
    const { order } = this;
    const { direct } = block;
    if (direct === undefined || !order.begin()) return block.accesses$.emit(false, encoding, 0, vcpu);
    let answer: U64;
    try {
      answer = direct.readSysreg(encoding, vcpu);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAnswered();
    return answer;
  }

  write(encoding: number, value: U64, vcpu: number): U64 {
    const block = this.blocks[encoding];
    if (block === undefined) return UNDEFINED;
    const { order } = this;
    const { direct } = block;
    if (direct === undefined || !order.begin()) return block.accesses$.emit(true, encoding, value, vcpu);
    let answer: U64 | void;
    try {
      answer = direct.writeSysreg(encoding, value, vcpu);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAnswered();
    return answer ?? 0;
  }

  /** Who implements a register; undefined when nobody does. */
  claimant(encoding: number): string | undefined {
    return this.blocks[encoding]?.name;
  }

  peek(encoding: number, vcpu: number): U64 | undefined {
    return this.blocks[encoding]?.device.peekSysreg?.(encoding, vcpu);
  }

  close(): void {
    for (const block of new Set(this.blocks)) block?.release();
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
  /** The device, while nobody taps its wire: the space then calls it itself. */
  direct: SysregDevice | undefined;
  readonly accesses$: Wire<SysregArgs, U64, SysregAccess>;
  private readonly onRelease: () => void;

  constructor(order: WireOrder, name: string, registers: readonly SysregClaim[], device: SysregDevice, onRelease: () => void) {
    super();
    this.name = name;
    this.registers = registers;
    this.device = device;
    this.onRelease = onRelease;
    const names = new Map(registers.map((register) => [register.encoding, register.name]));
    this.accesses$ = new Wire<SysregArgs, U64, SysregAccess>(order, {
      name: `sysreg.${name}.accesses`,
      unowned: UNDEFINED,
      untapped: (owner) => (this.direct = owner && device),
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
