/**
 * The Enhanced Configuration Access Mechanism (PCI Express Base, 7.2.2): 1 MiB of addresses for each bus, 4 KiB for each function.
 * Functions that are not there read as all ones. Any width and alignment: what an aligned doubleword cannot hold is done in pieces,
 * lowest address first. Warm: software enumerates, and drivers look here now and then.
 */
import type { BusDevice, RegisterFrame, U64, Width } from "@trapline/core";
import { u64 } from "@trapline/core";
import { CONFIG_SIZE } from "./capability-list.ts";
import type { ConfigHeader } from "./config-header.ts";
import { allOnes } from "./open-bus.ts";

/** Bytes of one bus. */
export const BUS_BYTES = 0x10_0000;
const FUNCTION_BYTES = 0x1000;

/** The configuration space of a function, and what traces call it. */
export interface ConfigSpace {
  readonly name: string;
  readonly frame: RegisterFrame<ConfigHeader>;
}

export class Ecam implements BusDevice {
  private readonly find: (requesterId: number) => ConfigSpace | undefined;

  /** @param find the function with that requester id, counted from the first bus */
  constructor(find: (requesterId: number) => ConfigSpace | undefined) {
    this.find = find;
  }

  read(offset: number, width: Width, vcpu: number): U64 {
    return this.gather(offset, width, (frame, register, piece) => frame.read(register, piece, vcpu));
  }

  peek(offset: number, width: Width, vcpu: number): U64 {
    return this.gather(offset, width, (frame, register, piece) => frame.peek(register, piece, vcpu));
  }

  write(offset: number, width: Width, value: U64, vcpu: number): void {
    const piece = pieceOf(offset, width);
    for (let done = 0; done < width; done += piece) {
      const register = (offset + done) % FUNCTION_BYTES;
      if (register >= CONFIG_SIZE) continue; // read-only zero: there are no extended capabilities
      const part = piece === width ? value : Number((BigInt(value) >> BigInt(8 * done)) & BigInt(allOnes(piece)));
      this.find(functionAt(offset + done))?.frame.write(register, piece, part, vcpu);
    }
  }

  nameAt(offset: number): string | undefined {
    const space = this.find(functionAt(offset));
    const register = space?.frame.nameAt(offset % FUNCTION_BYTES);
    return register === undefined ? undefined : `${space!.name} ${register}`;
  }

  private gather(offset: number, width: Width, read: (frame: RegisterFrame<ConfigHeader>, register: number, piece: Width) => U64): U64 {
    const piece = pieceOf(offset, width);
    let lo = 0;
    let hi = 0;
    for (let done = 0; done < width; done += piece) {
      const space = this.find(functionAt(offset + done));
      const register = (offset + done) % FUNCTION_BYTES;
      const value = Number(space === undefined ? allOnes(piece) : register >= CONFIG_SIZE ? 0 : read(space.frame, register, piece));
      if (done < 4) lo |= value << (8 * done);
      else hi |= value << (8 * (done - 4));
    }
    return u64(hi, lo);
  }
}

function functionAt(offset: number): number {
  return Math.floor(offset / FUNCTION_BYTES);
}

/** The widest piece that stays inside aligned doublewords. */
function pieceOf(offset: number, width: Width): 1 | 2 | 4 {
  if (width === 8) return offset % 4 === 0 ? 4 : 1;
  return offset % width === 0 ? width : 1;
}
