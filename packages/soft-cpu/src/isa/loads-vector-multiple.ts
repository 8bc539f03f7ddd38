/**
 * LD1 to LD4 and ST1 to ST4 of multiple structures (Arm ARM DDI 0487, C4.1.4 "Advanced SIMD load/store multiple structures" and
 * post-indexed): whole registers, elements of structures dealt out to two, three or four of them. All structures together are one
 * access, so that an abort leaves the registers as they were. Not hot.
 */
import type { Builder } from "../ir/builder.ts";
import { constV128, const32, type Expr, type I32Expr, type I64Expr, lane, loadFrom, shuffle, type V128Expr } from "../ir/expr.ts";
import { I64, type OpName, V128 } from "../wasm/opcodes.ts";
import { type Form, form } from "./form.ts";
import { isAllocated, listOperands, listPart, listStack, listV, postIndex, setListV } from "./loads-vector-list.ts";

/** One row of the manual's table of opcodes. */
interface Structures {
  readonly opcode: "0000" | "0010" | "0100" | "0110" | "0111" | "1000" | "1010";
  readonly title: string;
  readonly registers: number;
  /** Elements of one structure. */
  readonly selem: number;
}

const STRUCTURES: readonly Structures[] = [
  { opcode: "0000", title: "4 (multiple structures)", registers: 4, selem: 4 },
  { opcode: "0010", title: "1 (multiple structures, four registers)", registers: 4, selem: 1 },
  { opcode: "0100", title: "3 (multiple structures)", registers: 3, selem: 3 },
  { opcode: "0110", title: "1 (multiple structures, three registers)", registers: 3, selem: 1 },
  { opcode: "0111", title: "1 (multiple structures, one register)", registers: 1, selem: 1 },
  { opcode: "1000", title: "2 (multiple structures)", registers: 2, selem: 2 },
  { opcode: "1010", title: "1 (multiple structures, two registers)", registers: 2, selem: 1 },
];

/** Where in memory byte `byte` of register `register` is. */
const memoryByte = (selem: number, element: number, register: number, byte: number): number =>
  (Math.floor(byte / element) * selem + register) * element + (byte % element);

/** 16 bytes picked from `sources` laid end to end: `pick[i]` is the place of byte i, or undefined for 0. */
function gather(sources: readonly V128Expr[], pick: readonly (number | undefined)[]): V128Expr {
  const zeros = pick.includes(undefined) ? [constV128(0n)] : [];
  let result: V128Expr | undefined;
  for (const [index, source] of [...sources, ...zeros].entries()) {
    const isZero = index === sources.length;
    const place = (at: number | undefined): number | undefined => {
      if (at === undefined) return isZero ? 0 : undefined;
      return Math.floor(at / 16) === index ? at % 16 : undefined;
    };
    const places = pick.map(place);
    if (places.every((at) => at === undefined)) continue;
    // What was picked already stays; the first source fills the rest with anything.
    result = shuffle(result ?? source, source, places.map((at, byte) => (at === undefined ? byte : result === undefined ? at : 16 + at)));
  }
  return result!;
}

const bytesOf = (map: (byte: number) => number | undefined): readonly (number | undefined)[] => Array.from({ length: 16 }, (_, byte) => map(byte));

function load(c: Builder, host: I32Expr, { registers, selem }: Structures, element: number, registerBytes: number): void {
  const total = registers * registerBytes;
  if (selem === 1) {
    for (let r = 0; r < registers; r++) setListV(c, r, loadChunk(host, r * registerBytes, registerBytes));
    return;
  }
  const sources: V128Expr[] = [];
  for (let at = 0; at < total; at += 16) sources.push(c.let(loadChunk(host, at, Math.min(16, total - at))));
  for (let r = 0; r < registers; r++) {
    setListV(c, r, gather(sources, bytesOf((byte) => (byte < registerBytes ? memoryByte(selem, element, r, byte) : undefined))));
  }
}

/** 16 bytes, or 8 with zeros above. */
function loadChunk(host: I32Expr, at: number, bytes: number): V128Expr {
  if (bytes === 16) return loadFrom(V128, "v128.load", host, at);
  return lane("i64x2.replace_lane", constV128(0n), 0, loadFrom(I64, "i64.load", host, at));
}

type Store = readonly [OpName, number, Expr];

function stores(c: Builder, { registers, selem }: Structures, element: number, registerBytes: number): readonly Store[] {
  const indices = Array.from({ length: registers }, (_, r) => r);
  if (selem === 1) {
    if (registerBytes === 16) return indices.map((r) => ["v128.store", 16 * r, listV(c, r)]);
    return indices.map((r) => ["i64.store", 8 * r, listPart(c, r, "i64.load", const32(0))]);
  }
  const sources = indices.map((r) => c.let(listV(c, r)));
  // The inverse of what loads do: for each byte of memory the place in the registers.
  const total = registers * registerBytes;
  const places = new Array<number>(total);
  for (const r of indices) for (let byte = 0; byte < registerBytes; byte++) places[memoryByte(selem, element, r, byte)] = 16 * r + byte;
  const parts: Store[] = [];
  for (let at = 0; at < total; at += 16) {
    // Half a chunk at the end is filled up with anything.
    const chunk = gather(sources, bytesOf((byte) => places[at + byte] ?? places[at]));
    if (total - at >= 16) parts.push(["v128.store", at, chunk]);
    else parts.push(["i64.store", at, lane("i64x2.extract_lane", chunk, 0) as I64Expr]);
  }
  return parts;
}

const SIZES = [["00", "8B", "16B"], ["01", "4H", "8H"], ["10", "2S", "4S"], ["11", "1D", "2D"]] as const;

function* rows(): Generator<Form> {
  for (const structures of STRUCTURES) {
    for (const [log, [size, narrow, wide]] of SIZES.entries()) {
      for (const Q of ["0", "1"] as const) {
        // Structures of doublewords need registers that hold more than one (the arrangement 1D is LD1's and ST1's only).
        if (size === "11" && Q === "0" && structures.selem > 1) continue;
        const element = 1 << log;
        const registerBytes = Q === "1" ? 16 : 8;
        const total = structures.registers * registerBytes;
        const title = `${structures.title}, ${Q === "1" ? wide : narrow}`;
        yield form({
          name: `LD${title}`,
          encoding: `0 ${Q} 001100 post 1 0 Rm:5 ${structures.opcode} ${size} Rn:5 Rt:5`,
          fp: true,
          when: isAllocated,
          stack: listStack(total),
          operands: (f) => listOperands(f, total),
          emit: (c) => {
            const base = c.let(c.x("n"));
            load(c, c.forReading(base, total, element), structures, element, registerBytes);
            postIndex(c, base);
          },
        });
        yield form({
          name: `ST${title}`,
          encoding: `0 ${Q} 001100 post 0 0 Rm:5 ${structures.opcode} ${size} Rn:5 Rt:5`,
          fp: true,
          when: isAllocated,
          stack: listStack(total),
          operands: (f) => listOperands(f, total),
          emit: (c) => {
            const base = c.let(c.x("n"));
            c.write(base, total, element, stores(c, structures, element, registerBytes));
            postIndex(c, base);
          },
        });
      }
    }
  }
}

export const loadsVectorMultiple: readonly Form[] = [...rows()];
