/**
 * The 23 ways in which loads and stores of a single register move data (Arm ARM DDI 0487, C4.1 "Loads and Stores", the size, V and opc
 * columns): shared by all addressing modes. A transfer accesses memory, and writes Rt of a load last; the addressing modes write the base
 * register after it.
 *
 * Alignment of the stack pointer (SCTLR_EL1.SA and SA0) is the business of what moves it: stack-pointer.ts. Hot through the rows built
 * from it.
 */
import type { Builder } from "../ir/builder.ts";
import type { I64Expr } from "../ir/expr.ts";
import type { OpName } from "../wasm/opcodes.ts";
import { vr, xr, xw } from "./form.ts";

export interface Transfer {
  /** With the width of Rt where the mnemonic leaves it open: "LDRSB W". */
  readonly mnemonic: string;
  readonly size: "00" | "01" | "10" | "11";
  readonly V: "0" | "1";
  readonly opc: "00" | "01" | "10" | "11";
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  /** The operand for Rt, which is field d of stores too. */
  readonly rt: (n: number) => number;
  /** Moves the data between Rt and memory at `va`; `bits` as in ir/stmt.ts. */
  readonly emit: (c: Builder, va: I64Expr, bits?: number) => void;
}

type Bytes = 1 | 2 | 4 | 8;
type Allocation = Pick<Transfer, "size" | "opc">;

const LOADS = { 1: "i64.load8_u", 2: "i64.load16_u", 4: "i64.load32_u", 8: "i64.load" } as const;
const STORES = { 1: "i64.store8", 2: "i64.store16", 4: "i64.store32", 8: "i64.store" } as const;

/** Loads of up to 8 bytes, zero-extended. */
export const loadOf = (bytes: Bytes): (typeof LOADS)[Bytes] => LOADS[bytes];
/** Stores of the low bytes of a 64-bit value. */
export const storeOf = (bytes: Bytes): (typeof STORES)[Bytes] => STORES[bytes];

function store(mnemonic: string, bytes: Bytes, { size, opc }: Allocation): Transfer {
  return {
    mnemonic, size, V: "0", opc, bytes, rt: xr,
    emit: (c, va, bits) => c.write(va, bytes, bytes, [[storeOf(bytes), 0, c.x("d")]], bits),
  };
}

function load(mnemonic: string, bytes: Bytes, { size, opc }: Allocation, name: `i64.load${string}` & OpName = loadOf(bytes)): Transfer {
  return { mnemonic, size, V: "0", opc, bytes, rt: xw, emit: (c, va, bits) => c.setX("d", c.read(name, va, bytes, bits)) };
}

/** Sign-extended to 32 bits: the upper half of Xt is cleared. */
function loadSignedW(mnemonic: string, bytes: 1 | 2, { size, opc }: Allocation): Transfer {
  const name = bytes === 1 ? "i32.load8_s" : "i32.load16_s";
  return { mnemonic, size, V: "0", opc, bytes, rt: xw, emit: (c, va, bits) => c.setW("d", c.read(name, va, bytes, bits)) };
}

function storeVector(mnemonic: string, bytes: Transfer["bytes"], { size, opc }: Allocation): Transfer {
  return {
    mnemonic, size, V: "1", opc, bytes, rt: vr,
    emit: (c, va, bits) => {
      if (bytes === 16) c.write(va, 16, 16, [["v128.store", 0, c.v("d")]], bits);
      else c.write(va, bytes, bytes, [[storeOf(bytes), 0, c.vPart(loadOf(bytes), "d")]], bits);
    },
  };
}

/** Bits of Vt above the loaded ones are cleared. */
function loadVector(mnemonic: string, bytes: Transfer["bytes"], { size, opc }: Allocation): Transfer {
  return {
    mnemonic, size, V: "1", opc, bytes, rt: vr,
    emit: (c, va, bits) => {
      if (bytes === 16) c.setV("d", c.read("v128.load", va, 16, bits));
      else c.setVLow("d", c.read(loadOf(bytes), va, bytes, bits));
    },
  };
}

/** The transfers between memory and general-purpose registers. */
export const generalTransfers: readonly Transfer[] = [
  store("STRB", 1, { size: "00", opc: "00" }),
  load("LDRB", 1, { size: "00", opc: "01" }),
  load("LDRSB X", 1, { size: "00", opc: "10" }, "i64.load8_s"),
  loadSignedW("LDRSB W", 1, { size: "00", opc: "11" }),
  store("STRH", 2, { size: "01", opc: "00" }),
  load("LDRH", 2, { size: "01", opc: "01" }),
  load("LDRSH X", 2, { size: "01", opc: "10" }, "i64.load16_s"),
  loadSignedW("LDRSH W", 2, { size: "01", opc: "11" }),
  store("STR W", 4, { size: "10", opc: "00" }),
  load("LDR W", 4, { size: "10", opc: "01" }),
  load("LDRSW", 4, { size: "10", opc: "10" }, "i64.load32_s"),
  store("STR X", 8, { size: "11", opc: "00" }),
  load("LDR X", 8, { size: "11", opc: "01" }),
];

/** The transfers between memory and SIMD&FP registers. */
export const vectorTransfers: readonly Transfer[] = [
  storeVector("STR B", 1, { size: "00", opc: "00" }),
  loadVector("LDR B", 1, { size: "00", opc: "01" }),
  storeVector("STR Q", 16, { size: "00", opc: "10" }),
  loadVector("LDR Q", 16, { size: "00", opc: "11" }),
  storeVector("STR H", 2, { size: "01", opc: "00" }),
  loadVector("LDR H", 2, { size: "01", opc: "01" }),
  storeVector("STR S", 4, { size: "10", opc: "00" }),
  loadVector("LDR S", 4, { size: "10", opc: "01" }),
  storeVector("STR D", 8, { size: "11", opc: "00" }),
  loadVector("LDR D", 8, { size: "11", opc: "01" }),
];

export const transfers: readonly Transfer[] = [...generalTransfers, ...vectorTransfers];

/** What a row takes over from its transfer. */
export function rowOf(transfer: Transfer, hot: ReadonlySet<string>): { readonly fp?: true; readonly hot: () => boolean } {
  return { ...(transfer.V === "1" ? { fp: true } : {}), hot: () => hot.has(transfer.mnemonic) };
}
