/**
 * LD1 to LD4 and ST1 to ST4 of a single structure, one element to a lane of each register, and LD1R to LD4R, which replicate it to all
 * lanes (Arm ARM DDI 0487, C4.1.4 "Advanced SIMD load/store single structure" and post-indexed). A structure is one access. Not hot.
 */
import { apply, const64, type I64Expr, lane, constV128, loadFrom, type V128Expr } from "../ir/expr.ts";
import { I64 } from "../wasm/opcodes.ts";
import { type Form, form } from "./form.ts";
import { loadOf, storeOf } from "./loads-transfer.ts";
import { isAllocated, listOperands, listPart, listStack, postIndex, setListPart, setListV } from "./loads-vector-list.ts";

interface Lane {
  readonly name: string;
  readonly bytes: 1 | 2 | 4 | 8;
  /** opcode<2:1>, which the manual calls scale. */
  readonly scale: "00" | "01" | "10";
  /** S and size, the bits of the lane's number among them. */
  readonly index: "S size:2" | "S size 0" | "S 00" | "0 01";
}

const LANES: readonly Lane[] = [
  { name: "B", bytes: 1, scale: "00", index: "S size:2" },
  { name: "H", bytes: 2, scale: "01", index: "S size 0" },
  { name: "S", bytes: 4, scale: "10", index: "S 00" },
  { name: "D", bytes: 8, scale: "10", index: "0 01" },
];

/** LD1 … LD4 by R and opcode<0>. */
const STRUCTURES = [
  { selem: 1, R: "0", o: "0" },
  { selem: 2, R: "1", o: "0" },
  { selem: 3, R: "0", o: "1" },
  { selem: 4, R: "1", o: "1" },
] as const;

const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

function laneRows({ selem, R, o }: (typeof STRUCTURES)[number], { name, bytes, scale, index }: Lane): readonly Form[] {
  const total = selem * bytes;
  /** Q, S and size are the number of a byte in the register, in all four arrangements. */
  const byteOf = (word: number): number => (((word >>> 30) & 1) << 3) | ((word >>> 10) & 7 & ~(bytes - 1));
  const title = `${selem} (single structure), ${name}`;
  return [
    form({
      name: `LD${title}`,
      encoding: `0 Q 001101 post 1 ${R} Rm:5 ${scale}${o} ${index} Rn:5 Rt:5`,
      fp: true,
      when: isAllocated,
      stack: listStack(total),
      operands: (f) => ({ ...listOperands(f, total), shift: byteOf(f.word) }),
      emit: (c) => {
        const base = c.let(c.x("n"));
        const host = c.forReading(base, total, bytes);
        for (const r of indices(selem)) setListPart(c, r, storeOf(bytes), c.shift32(), loadFrom(I64, loadOf(bytes), host, r * bytes));
        postIndex(c, base);
      },
    }),
    form({
      name: `ST${title}`,
      encoding: `0 Q 001101 post 0 ${R} Rm:5 ${scale}${o} ${index} Rn:5 Rt:5`,
      fp: true,
      when: isAllocated,
      stack: listStack(total),
      operands: (f) => ({ ...listOperands(f, total), shift: byteOf(f.word) }),
      emit: (c) => {
        const base = c.let(c.x("n"));
        c.write(base, total, bytes, indices(selem).map((r) => [storeOf(bytes), r * bytes, listPart(c, r, loadOf(bytes), c.shift32())]));
        postIndex(c, base);
      },
    }),
  ];
}

const REPLICATED = [
  { size: "00", bytes: 1, narrow: "8B", wide: "16B" },
  { size: "01", bytes: 2, narrow: "4H", wide: "8H" },
  { size: "10", bytes: 4, narrow: "2S", wide: "4S" },
  { size: "11", bytes: 8, narrow: "1D", wide: "2D" },
] as const;

/** An element in all lanes of 64 bits: times 1 in each lane. */
function replicate(element: I64Expr, bytes: 1 | 2 | 4 | 8): I64Expr {
  if (bytes === 8) return element;
  return apply("i64.mul", element, const64({ 1: 0x0101_0101_0101_0101n, 2: 0x0001_0001_0001_0001n, 4: 0x0000_0001_0000_0001n }[bytes]));
}

function replicateRows({ selem, R, o }: (typeof STRUCTURES)[number], { size, bytes, narrow, wide }: (typeof REPLICATED)[number]): readonly Form[] {
  const total = selem * bytes;
  return (["0", "1"] as const).map((Q) =>
    form({
      name: `LD${selem}R, ${Q === "1" ? wide : narrow}`,
      encoding: `0 ${Q} 001101 post 1 ${R} Rm:5 11${o} 0 ${size} Rn:5 Rt:5`,
      fp: true,
      when: isAllocated,
      stack: listStack(total),
      operands: (f) => listOperands(f, total),
      emit: (c) => {
        const base = c.let(c.x("n"));
        const host = c.forReading(base, total, bytes);
        for (const r of indices(selem)) {
          const low = replicate(loadFrom(I64, loadOf(bytes), host, r * bytes), bytes);
          const value: V128Expr = Q === "1" ? apply("i64x2.splat", low) : lane("i64x2.replace_lane", constV128(0n), 0, low);
          setListV(c, r, value);
        }
        postIndex(c, base);
      },
    }),
  );
}

export const loadsVectorSingle: readonly Form[] = STRUCTURES.flatMap((structure) => [
  ...LANES.flatMap((ofLane) => laneRows(structure, ofLane)),
  ...REPLICATED.flatMap((element) => replicateRows(structure, element)),
]);
