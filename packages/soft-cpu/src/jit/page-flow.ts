/**
 * How the instructions of a page lead on, a number each, so that the compiler may follow paths again and again (for every place where it meets
 * execution) without asking decoded instructions. Plain loops over typed arrays, here and in what uses it: with sets and closures the same
 * took V8 a quarter of a second to optimise, on the thread that had guest code to compile.
 */
import type { Decoded } from "../isa/decoder.ts";
import { isForHost } from "./host-instructions.ts";

const UNKNOWN = 0;
/** Goes on with the next instruction. */
export const STRAIGHT = 1;
/** So does this, and it is what compilers begin a branch through a table with. */
export const ADDRESS = 2;
/** The interpreter's: compiled code ends before it. */
export const HOST = 3;
export const JUMP = 4;
export const CONDITIONAL = 5;
export const CALL = 6;
/** To an address in a register; not a return. */
export const INDIRECT = 7;
export const INDIRECT_CALL = 8;
export const RETURN = 9;

/** Branches whose target stands in the instruction, calls excepted. */
export const isDirect = (lead: number): boolean => lead === JUMP || lead === CONDITIONAL;
/** What is executed next, when it goes well, is the next instruction: at once, or after a call. */
export const mayGoOn = (lead: number): boolean => lead <= ADDRESS || lead === CONDITIONAL || lead === CALL || lead === INDIRECT_CALL;

export class PageFlow {
  /** By instruction: how it leads on in bits [3:0], its target above. Made when first asked: most pages are looked at once, and never again. */
  private known: Int32Array | undefined = undefined;
  private readonly decodeAt: (offset: number) => Decoded;

  constructor(decodeAt: (offset: number) => Decoded) {
    this.decodeAt = decodeAt;
  }

  /** One of the numbers above. */
  leadAt(offset: number): number {
    return this.at(offset) & 15;
  }

  /** Offset in the page to which the direct branch or call leads; it may lie outside. */
  targetAt(offset: number): number {
    return this.at(offset) >> 4;
  }

  private at(offset: number): number {
    const known = (this.known ??= new Int32Array(1024));
    const flow = known[offset >> 2]!;
    return flow === UNKNOWN ? (known[offset >> 2] = this.learn(offset)) : flow;
  }

  /** Branches reach 128 MiB far, so that 28 bits hold a target. */
  private learn(offset: number): number {
    const { variant, operands } = this.decodeAt(offset);
    const lead = leadOf(variant);
    return isDirect(lead) || lead === CALL ? lead | ((offset + Number(operands.imm)) << 4) : lead;
  }
}

function leadOf(variant: Decoded["variant"]): number {
  const { flow, name } = variant.form;
  if (flow === undefined) return isForHost(variant) ? HOST : name === "ADR" ? ADDRESS : STRAIGHT;
  switch (flow.kind) {
    case "jump":
      return flow.link === true ? CALL : JUMP;
    case "conditional":
      return CONDITIONAL;
    case "indirect":
      return flow.link === true ? INDIRECT_CALL : flow.isReturn === true ? RETURN : INDIRECT;
  }
}
