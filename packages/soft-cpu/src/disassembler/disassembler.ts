/**
 * Instructions as text, by Capstone (docs/adr/0025-disassembler.md): for traces and messages, where people read. The library is
 * imported when somebody first asks, and shared by all machines of the process; who never asks pays nothing.
 *
 * Not a judge of what this CPU executes: Capstone knows later versions of the architecture too, and some words of this one it
 * does not. Those are `.inst`, as assemblers write them. Cold: 15 µs for an instruction not seen before, 70 µs for none.
 */
import { HostError, hex, messageOf, type U64 } from "@trapline/core";

export interface Disassembler {
  /** The instruction at `pc` in assembly: `ldr w0, [x1, #4]`; `.inst 0xffff_ffff` for a word that is none. Never throws. */
  disassemble(word: number, pc: U64): string;
}

/** What is used of @alexaltea/capstone-js, which comes without types. */
interface Capstone {
  readonly Capstone: new (architecture: number, mode: number) => {
    /** @throws string for bytes that are no instruction */
    disasm(bytes: Uint8Array, address: bigint): readonly { readonly mnemonic: string; readonly op_str: string }[];
  };
  readonly ARCH_ARM64: number;
  readonly MODE_LITTLE_ENDIAN: number;
}

/** Texts kept; then keeping begins anew, so that a guest that exits from everywhere costs no memory. */
const KEPT = 1024;

let shared: Promise<Disassembler> | undefined;

/** @throws HostError when the library, an optional dependency, is not installed */
export function loadDisassembler(): Promise<Disassembler> {
  return (shared ??= load().catch((cause: unknown) => {
    shared = undefined; // it may be installed by the time of the next try
    throw new HostError(`the disassembler cannot be loaded: ${messageOf(cause)}`, {
      subject: "@alexaltea/capstone-js",
      remedy: "install @alexaltea/capstone-js, an optional dependency of @trapline/soft-cpu, or do without `disassemble`",
      cause,
    });
  }));
}

/** One instruction as text, for who has few: see {@link Disassembler}. @throws HostError when the library is not installed */
export async function disassemble(word: number, pc: U64 = 0): Promise<string> {
  return (await loadDisassembler()).disassemble(word, pc);
}

async function load(): Promise<Disassembler> {
  // @ts-expect-error -- without types: see Capstone above
  const library = (await import("@alexaltea/capstone-js")) as { readonly default: () => Promise<Capstone> };
  const capstone = await library.default();
  const decoder = new capstone.Capstone(capstone.ARCH_ARM64, capstone.MODE_LITTLE_ENDIAN);
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  const kept = new Map<string, string>();
  const textOf = (word: number, pc: U64): string => {
    view.setUint32(0, word, true);
    try {
      const [instruction] = decoder.disasm(bytes, BigInt.asUintN(64, BigInt(pc)));
      if (instruction !== undefined) return `${instruction.mnemonic} ${instruction.op_str}`.trimEnd();
    } catch {
      // It throws for words that are no instruction.
    }
    return `.inst ${hex(word >>> 0, 8)}`;
  };
  return {
    disassemble(word, pc) {
      const key = `${word} ${pc}`;
      let text = kept.get(key);
      if (text === undefined) {
        if (kept.size >= KEPT) kept.clear();
        kept.set(key, (text = textOf(word, pc)));
      }
      return text;
    },
  };
}
