/**
 * A compiled register bank plus the state of one device: what goes on the bus.
 *
 * Widths, alignment and access words are dealt with here, so hooks see only whole registers: illegal widths, misaligned
 * and reserved accesses are RAZ/WI, as KVM's vgic_mmio and the Arm manuals have it, and never throw. Hot: `read`, `write`.
 */
import type { BusDevice, Width } from "../bus/bus-device.ts";
import { fromBigint, hi32, lo32, toBigint, type U64, u64 } from "../u64.ts";
import type { RegisterBank } from "./compile-registers.ts";

export class RegisterFrame<D> implements BusDevice {
  readonly bank: RegisterBank<D>;
  private readonly device: D;

  constructor(device: D, bank: RegisterBank<D>) {
    this.device = device;
    this.bank = bank;
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    const register = this.bank.at(offset);
    if (register === undefined || width > register.size) return this.gather(offset, width, vcpu, false);
    if (!register.readable || (register.widthMask & (1 << width)) === 0) return 0;
    if (width === register.size) return offset === register.offset ? register.read(this.device, register.n, vcpu) : 0;
    if (offset % width !== 0) return 0;
    return part(register.read(this.device, register.n, vcpu), offset - register.offset, width);
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    const register = this.bank.at(offset);
    if (register === undefined || width > register.size) return this.scatter(offset, width, value, vcpu);
    if (!register.writable || (register.widthMask & (1 << width)) === 0) return;
    if (width === register.size) {
      if (offset === register.offset) register.write(this.device, value, register.n, vcpu);
      return;
    }
    if (offset % width !== 0) return;
    // Part of a register: ones-act registers take the other bytes as zero, the rest keep what they hold.
    const act = register.spec.access === "W1C" || register.spec.access === "W1S" || register.spec.access === "WO";
    const old = act ? 0 : register.peek(this.device, register.n, vcpu);
    register.write(this.device, merge(old, value, offset - register.offset, width), register.n, vcpu);
  }

  /** Any width, legal for the guest or not: a debugger looks at bytes. */
  peek(offset: number, width: Width, vcpu: number): U64 {
    const register = this.bank.at(offset);
    if (register === undefined || width > register.size) return this.gather(offset, width, vcpu, true);
    if (!register.readable || offset % width !== 0) return 0;
    return part(register.peek(this.device, register.n, vcpu), offset - register.offset, width);
  }

  nameAt(offset: number): string | undefined {
    return this.bank.at(offset)?.name;
  }

  /** Several narrow registers, and gaps, in one access, lowest offset first: each byte is what a narrow read would give. */
  private gather(offset: number, width: Width, vcpu: number, peeking: boolean): U64 {
    if (offset % width !== 0 || !(peeking || this.allows(offset, width))) return 0;
    let lo = 0;
    let hi = 0;
    for (let done = 0; done < width; ) {
      const register = this.bank.at(offset + done);
      if (register?.readable === true) {
        const value = lo32(peeking ? register.peek(this.device, register.n, vcpu) : register.read(this.device, register.n, vcpu));
        if (done < 4) lo |= value << (8 * done);
        else hi |= value << (8 * (done - 4));
      }
      done += register?.size ?? 1;
    }
    return u64(hi, lo);
  }

  private scatter(offset: number, width: Width, value: U64, vcpu: number): void {
    if (offset % width !== 0 || !this.allows(offset, width)) return;
    for (let done = 0; done < width; ) {
      const register = this.bank.at(offset + done);
      if (register?.writable === true) register.write(this.device, part(value, done, register.size), register.n, vcpu);
      done += register?.size ?? 1;
    }
  }

  /** The first register that a wide access touches decides whether it may be that wide. */
  private allows(offset: number, width: Width): boolean {
    for (let at = offset; at < offset + width; at++) {
      const register = this.bank.at(at);
      if (register !== undefined) return (register.widthMask & (1 << width)) !== 0;
    }
    return false;
  }
}

/** `width` bytes of `value`, from byte `at`. */
function part(value: U64, at: number, width: number): U64 {
  if (width === 8) return value;
  const word = at >= 4 ? hi32(value) : lo32(value);
  const shifted = word >>> (8 * (at & 3));
  return width === 4 ? shifted : shifted & (width === 2 ? 0xffff : 0xff);
}

/** `old` with `width` bytes from byte `at` replaced by `value`. */
function merge(old: U64, value: U64, at: number, width: number): U64 {
  const shift = BigInt(8 * at);
  const mask = ((1n << BigInt(8 * width)) - 1n) << shift;
  return fromBigint((toBigint(old) & ~mask) | ((toBigint(value) << shift) & mask));
}
