/**
 * Loads and stores of two registers (Arm ARM DDI 0487, C4.1.4 "Load/store register pair" and "no-allocate pair", the latter being the
 * former with a hint about caches). A pair is one access of two elements, so that an abort leaves both registers as they were. Hot.
 *
 * CONSTRAINED UNPREDICTABLE, always Constraint_UNKNOWN or, for stores, Constraint_NONE: a load of twice the same general-purpose register
 * leaves the first element there, of the same SIMD&FP register the second; with writeback, a base register that is loaded too ends as the
 * written-back address, and one that is stored too is stored as it was.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type I32Expr, type I64Expr, loadFrom } from "../ir/expr.ts";
import { I64, V128 } from "../wasm/opcodes.ts";
import { signed } from "./encoding.ts";
import { type Form, form, vr, xr, xsp, xw } from "./form.ts";
import { loadOf, storeOf } from "./loads-transfer.ts";
import { SP, UNALIGNED } from "./stack-pointer.ts";

interface Pair {
  readonly mnemonic: string;
  readonly opc: "00" | "01" | "10";
  readonly V: "0" | "1";
  readonly L: "0" | "1";
  /** Of one element. */
  readonly bytes: 4 | 8 | 16;
  readonly rt: (n: number) => number;
  readonly emit: (c: Builder, va: I64Expr) => void;
}

function store(mnemonic: string, opc: "00" | "10", bytes: 4 | 8): Pair {
  const name = storeOf(bytes);
  return {
    mnemonic, opc, V: "0", L: "0", bytes, rt: xr,
    emit: (c, va) => c.write(va, 2 * bytes, bytes, [[name, 0, c.x("d")], [name, bytes, c.x("a")]]),
  };
}

function load(mnemonic: string, opc: Pair["opc"], bytes: 4 | 8, name: "i64.load" | "i64.load32_u" | "i64.load32_s"): Pair {
  return {
    mnemonic, opc, V: "0", L: "1", bytes, rt: xw,
    emit: (c, va) => {
      const host = c.forReading(va, 2 * bytes, bytes);
      c.setX("a", loadFrom(I64, name, host, bytes));
      c.setX("d", loadFrom(I64, name, host, 0));
    },
  };
}

function storeVector(mnemonic: string, opc: Pair["opc"], bytes: 4 | 8): Pair {
  const name = storeOf(bytes);
  return {
    mnemonic, opc, V: "1", L: "0", bytes, rt: vr,
    emit: (c, va) => c.write(va, 2 * bytes, bytes, [[name, 0, c.vPart(loadOf(bytes), "d")], [name, bytes, c.vPart(loadOf(bytes), "a")]]),
  };
}

function loadVector(mnemonic: string, opc: Pair["opc"], bytes: 4 | 8): Pair {
  return {
    mnemonic, opc, V: "1", L: "1", bytes, rt: vr,
    emit: (c, va) => {
      const host = c.forReading(va, 2 * bytes, bytes);
      c.setVLow("d", loadFrom(I64, loadOf(bytes), host, 0));
      c.setVLow("a", loadFrom(I64, loadOf(bytes), host, bytes));
    },
  };
}

const pairs: readonly Pair[] = [
  store("STP W", "00", 4),
  load("LDP W", "00", 4, "i64.load32_u"),
  load("LDPSW", "01", 4, "i64.load32_s"),
  store("STP X", "10", 8),
  load("LDP X", "10", 8, "i64.load"),
  storeVector("STP S", "00", 4),
  loadVector("LDP S", "00", 4),
  storeVector("STP D", "01", 8),
  loadVector("LDP D", "01", 8),
  {
    mnemonic: "STP Q", opc: "10", V: "1", L: "0", bytes: 16, rt: vr,
    emit: (c, va) => c.write(va, 32, 16, [["v128.store", 0, c.v("d")], ["v128.store", 16, c.v("a")]]),
  },
  {
    mnemonic: "LDP Q", opc: "10", V: "1", L: "1", bytes: 16, rt: vr,
    emit: (c, va) => {
      const host = c.forReading(va, 32, 16);
      c.setV("d", loadFrom(V128, "v128.load", host, 0));
      c.setV("a", loadFrom(V128, "v128.load", host, 16));
    },
  },
];

const HOT: ReadonlySet<string> = new Set(["STP X", "LDP X"]);

function rows(pair: Pair): readonly Form[] {
  const { mnemonic, opc, V, L, bytes, rt } = pair;
  interface F {
    readonly imm7: number;
    readonly Rt2: number;
    readonly Rn: number;
    readonly Rt: number;
  }
  const common = {
    ...(V === "1" ? { fp: true as const } : {}),
    hot: () => HOT.has(mnemonic),
    operands: (f: F) => ({ d: rt(f.Rt), a: rt(f.Rt2), n: xsp(f.Rn), imm: signed(f.imm7, 7) * bytes }),
  };
  /** Writeback to SP. */
  const stack = {
    when: (f: F): boolean => f.Rn === SP && ((f.imm7 * bytes) & UNALIGNED) !== 0,
    value: (c: Builder): I32Expr => apply("i32.add", c.w("n"), c.imm32()),
  };
  return [
    form({
      ...common,
      name: mnemonic === "LDPSW" ? "LDPSW (signed offset)" : `${mnemonic} (signed offset), ${mnemonic.replace("P", "NP")}`,
      // Bit 24 is clear where nothing should be allocated in a cache; LDPSW has no such form.
      encoding: `${opc} 101 ${V} 0 signed 0 ${L} imm7:7 Rt2:5 Rn:5 Rt:5`,
      when: (f) => f.signed === 1 || mnemonic !== "LDPSW",
      emit: (c) => pair.emit(c, apply("i64.add", c.x("n"), c.imm64())),
    }),
    form({
      ...common,
      stack,
      name: `${mnemonic} (post-indexed)`,
      encoding: `${opc} 101 ${V} 001 ${L} imm7:7 Rt2:5 Rn:5 Rt:5`,
      emit: (c) => {
        const base = c.let(c.x("n"));
        pair.emit(c, base);
        c.setX("n", apply("i64.add", base, c.imm64()));
      },
    }),
    form({
      ...common,
      stack,
      name: `${mnemonic} (pre-indexed)`,
      encoding: `${opc} 101 ${V} 011 ${L} imm7:7 Rt2:5 Rn:5 Rt:5`,
      emit: (c) => {
        const va = c.let(apply("i64.add", c.x("n"), c.imm64()));
        pair.emit(c, va);
        c.setX("n", va);
      },
    }),
  ];
}

export const loadsPair: readonly Form[] = pairs.flatMap(rows);
