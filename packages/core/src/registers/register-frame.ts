/**
 * A compiled register bank plus the state of one device: what goes on the bus.
 *
 * Widths, alignment and access words are dealt with here, so hooks see only whole registers: illegal widths, misaligned
 * and reserved accesses are RAZ/WI, as KVM's vgic_mmio and the Arm manuals have it, and never throw. Hot: `read`, `write`.
 */
import type { BusDevice, Width } from "../bus/bus-device.ts";
import { fromBigint, hi32, lo32, toBigint, type U64, u64 } from "../u64.ts";
import type { Register, RegisterBank } from "./compile-registers.ts";

export class RegisterFrame<D> implements BusDevice {
  readonly bank: RegisterBank<D>;
  private readonly device: D;

  constructor(device: D, bank: RegisterBank<D>) {
    this.device = device;
    this.bank = bank;
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    const register = this.bank.at(offset);
    if (register === undefined || !register.readable || (register.widthMask & (1 << width)) === 0) return 0;
    if (width === register.size) return offset === register.offset ? register.read(this.device, register.n, vcpu) : 0;
    if (offset % width !== 0) return 0;
    if (width > register.size) return this.gather(offset, width, register, vcpu, false);
    return part(register.read(this.device, register.n, vcpu), offset - register.offset, width);
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    const register = this.bank.at(offset);
    if (register === undefined || !register.writable || (register.widthMask & (1 << width)) === 0) return;
    if (width === register.size) {
      if (offset === register.offset) register.write(this.device, value, register.n, vcpu);
      return;
    }
    if (offset % width !== 0) return;
    if (width > register.size) return this.scatter(offset, width, value, register, vcpu);
    // Part of a register: ones-act registers take the other bytes as zero, the rest keep what they hold.
    const act = register.spec.access === "W1C" || register.spec.access === "W1S" || register.spec.access === "WO";
    const old = act ? 0 : register.peek(this.device, register.n, vcpu);
    register.write(this.device, merge(old, value, offset - register.offset, width), register.n, vcpu);
  }

  peek(offset: number, width: Width, vcpu: number): U64 {
    const register = this.bank.at(offset);
    if (register === undefined || !register.readable || offset % width !== 0) return 0;
    if (width > register.size) return this.gather(offset, width, register, vcpu, true);
    return part(register.peek(this.device, register.n, vcpu), offset - register.offset, width);
  }

  nameAt(offset: number): string | undefined {
    return this.bank.at(offset)?.name;
  }

  /** Several narrow registers in one access, lowest offset first. */
  private gather(offset: number, width: Width, first: Register<D>, vcpu: number, peeking: boolean): U64 {
    let lo = 0;
    let hi = 0;
    for (let done = 0; done < width; ) {
      const register = done === 0 ? first : this.bank.at(offset + done);
      const size = register?.size ?? first.size;
      if (register?.readable === true) {
        const value = lo32(peeking ? register.peek(this.device, register.n, vcpu) : register.read(this.device, register.n, vcpu));
        if (done < 4) lo |= value << (8 * done);
        else hi |= value << (8 * (done - 4));
      }
      done += size;
    }
    return u64(hi, lo);
  }

  private scatter(offset: number, width: Width, value: U64, first: Register<D>, vcpu: number): void {
    for (let done = 0; done < width; ) {
      const register = done === 0 ? first : this.bank.at(offset + done);
      const size = register?.size ?? first.size;
      if (register?.writable === true) register.write(this.device, part(value, done, size), register.n, vcpu);
      done += size;
    }
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
