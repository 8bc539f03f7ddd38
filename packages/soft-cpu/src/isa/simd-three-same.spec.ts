/**
 * Three registers of the same type: corners of every operation, and all of them against the manual's arithmetic, which is that of
 * integers without bounds. The seed of a failure is printed.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simdThreeSame, simdScalarThreeSame } from "./simd-three-same.ts";
import { after, execute, QC, type TwoOperandRow } from "./simd-row.fixture.ts";

const forms = [...simdThreeSame, ...simdScalarThreeSame];

// DDI 0487 C7.2. The columns: instruction, V0 before, V1, V2, V0 after, FPSR where it is not 0.
const rows: readonly TwoOperandRow[] = [
  // halving and rounding never lose the carry
  [ // the upper half is cleared
    "shadd v0.8b, v1.8b, v2.8b", 0x0e22_0420,
    0xff_ff_ff_ff_ff_ff_ff_ff_ffn, 0x7f_80_ff_01_00_7f_80_fen, 0x7f_80_00_02_ff_80_7f_ffn, 0x7f_80_ff_01_ff_ff_ff_fen,
  ],
  ["uhadd v0.8b, v1.8b, v2.8b", 0x2e22_0420, 0n, 0x7f_80_ff_01_00_7f_80_fen, 0x7f_80_00_02_ff_80_7f_ffn, 0x7f_80_7f_01_7f_7f_7f_fen],
  ["srhadd v0.4h, v1.4h, v2.4h", 0x0e62_1420, 0n, 0x7fff_8000_ffff_0001n, 0x7fff_8000_0000_0002n, 0x7fff_8000_0000_0002n],
  ["urhadd v0.4h, v1.4h, v2.4h", 0x2e62_1420, 0n, 0x7fff_8000_ffff_0001n, 0x7fff_8000_0000_0002n, 0x7fff_8000_8000_0002n],
  ["shsub v0.2s, v1.2s, v2.2s", 0x0ea2_2420, 0n, 0x80000000_7fffffffn, 0x7fffffff_80000000n, 0x80000000_7fffffffn],
  ["uhsub v0.2s, v1.2s, v2.2s", 0x2ea2_2420, 0n, 0x80000000_00000000n, 0x7fffffff_ffffffffn, 0x80000000n],
  // saturation
  ["sqadd v0.8b, v1.8b, v2.8b", 0x0e22_0c20, 0n, 0x7f_80_40_00_00_00_00_01n, 0x01_ff_3f_00_00_00_00_01n, 0x7f_80_7f_00_00_00_00_02n, QC],
  [
    "sqadd v0.4s, v1.4s, v2.4s", 0x4ea2_0c20,
    0n, 0x7fffffff_80000000_00000001_ffffffffn, 0x00000001_80000000_00000001_00000001n, 0x7fffffff_80000000_00000002_00000000n, QC,
  ],
  [ // what would saturate is not part of the operands
    "sqadd v0.2s, v1.2s, v2.2s", 0x0ea2_0c20,
    0n, 0x7fffffff_00000000_00000001_00000001n, 0x00000001_00000000_00000001_00000001n, 0x00000002_00000002n,
  ],
  [
    "uqadd v0.2d, v1.2d, v2.2d", 0x6ee2_0c20,
    0n, 0xffffffffffffffff_0000000000000001n, 0x0000000000000001_0000000000000001n, 0xffffffffffffffff_0000000000000002n, QC,
  ],
  ["sqadd d0, d1, d2", 0x5ee2_0c20, 0n, 0x7fffffffffffffffn, 1n, 0x7fffffffffffffffn, QC],
  ["uqadd b0, b1, b2", 0x7e22_0c20, 0n, 0x01_01_01_ffn, 0x01_01_ff_01n, 0xffn, QC], // a scalar is one lane
  [ // 0 - the minimum
    "sqsub v0.4h, v1.4h, v2.4h", 0x0e62_2c20,
    0n, 0x8000_7fff_0000_0001n, 0x0001_ffff_8000_0002n, 0x8000_7fff_7fff_ffffn, QC,
  ],
  ["uqsub v0.2d, v1.2d, v2.2d", 0x6ee2_2c20, 0n, 0x8000000000000000n, 0x0000000000000001_7fffffffffffffffn, 1n, QC],
  // comparisons
  [
    "cmgt v0.2d, v1.2d, v2.2d", 0x4ee2_3420,
    0n, 0x8000000000000000_0000000000000001n, 0x7fffffffffffffff_0000000000000000n, 0xffffffffffffffffn,
  ],
  [
    "cmhi v0.2d, v1.2d, v2.2d", 0x6ee2_3420,
    0n, 0x8000000000000000_0000000000000001n, 0x7fffffffffffffff_0000000000000001n, 0xffffffffffffffff_0000000000000000n,
  ],
  [
    "cmhs v0.2d, v1.2d, v2.2d", 0x6ee2_3c20,
    0n, 0x8000000000000000_0000000000000001n, 0x7fffffffffffffff_0000000000000001n, 0xffffffffffffffff_ffffffffffffffffn,
  ],
  ["cmge v0.8b, v1.8b, v2.8b", 0x0e22_3c20, 0n, 0x80_7f_00_ff_01_01_00_00n, 0x7f_80_00_00_01_02_ff_01n, 0xff_ff_00_ff_00_ff_00n],
  ["cmtst v0.4h, v1.4h, v2.4h", 0x0e62_8c20, 0n, 0x0001_fffe_8000_0000n, 0x0001_0001_8000_ffffn, 0xffff_0000_ffff_0000n],
  ["cmeq d0, d1, d2", 0x7ee2_8c20, 0n, 0x0000000000000001_0000000000000005n, 0x0000000000000002_0000000000000005n, 0xffffffffffffffffn],
  // products and sums
  ["mul v0.8b, v1.8b, v2.8b", 0x0e22_9c20, 0n, 0xff_80_10_03_7f_01_00_ffn, 0xff_02_10_05_7f_ff_ff_01n, 0x01_00_00_0f_01_ff_00_ffn],
  ["mla v0.2s, v1.2s, v2.2s", 0x0ea2_9420, 0x00000001_00000007n, 0xffffffff_00010000n, 0xffffffff_00010000n, 0x00000002_00000007n],
  ["mls v0.4h, v1.4h, v2.4h", 0x2e62_9420, 0x0001_0001_0001_0001n, 0xffff_0003_0000_0100n, 0xffff_0005_ffff_0100n, 0xfff2_0001_0001n],
  [ // no carries
    "pmul v0.8b, v1.8b, v2.8b", 0x2e22_9c20,
    0n, 0xff_03_80_02_00_00_00_01n, 0xff_03_02_80_ff_00_00_abn, 0x55_05_00_00_00_00_00_abn,
  ],
  [ // the difference may need the sign bit
    "saba v0.8b, v1.8b, v2.8b", 0x0e22_7c20,
    0x01_01_01_01_ff_00_00_ffn, 0x7f_80_00_ff_00_00_00_01n, 0x80_7f_ff_00_00_00_00_03n, 0x02_02_ff_00_00_01n,
  ],
  ["uabd v0.2s, v1.2s, v2.2s", 0x2ea2_7420, 0n, 0xffffffff_00000000n, 0xffffffffn, 0xffffffff_ffffffffn],
  ["sqdmulh v0.4h, v1.4h, v2.4h", 0x0e62_b420, 0n, 0x8000_8000_7fff_0001n, 0x8000_7fff_7fff_ffffn, 0x7fff_8001_7ffe_ffffn, QC],
  ["sqrdmulh v0.4h, v1.4h, v2.4h", 0x2e62_b420, 0n, 0x4000_8000_7fff_0001n, 0x0001_7fff_7fff_ffffn, 0x0001_8001_7ffe_0000n],
  ["sqrdmulh s0, s1, s2", 0x7ea2_b420, 0n, 0x80000000_80000000n, 0x80000000_80000000n, 0x7fffffffn, QC],
  ["umax v0.8b, v1.8b, v2.8b", 0x2e22_6420, 0n, 0x80_7f_00_00_00_00_00_00n, 0x7f_80_00_00_00_00_00_01n, 0x80_80_00_00_00_00_00_01n],
  ["smin v0.8b, v1.8b, v2.8b", 0x0e22_6c20, 0n, 0x80_7f_00_00_00_00_00_00n, 0x7f_80_00_00_00_00_00_01n, 0x80_80_00_00_00_00_00_00n],
  // bits of the destination choose, or are chosen
  ["bsl v0.8b, v1.8b, v2.8b", 0x2e62_1c20, 0xffffffff00000000n, 0xffff0000ffff0000n, 0x00ff00ff00ff00ffn, 0xffff000000ff00ffn],
  ["bit v0.8b, v1.8b, v2.8b", 0x2ea2_1c20, 0xffffffff00000000n, 0xffff0000ffff0000n, 0x00ff00ff00ff00ffn, 0xffffff0000ff0000n],
  ["bif v0.8b, v1.8b, v2.8b", 0x2ee2_1c20, 0xffffffff00000000n, 0xffff0000ffff0000n, 0x00ff00ff00ff00ffn, 0xffff00ffff000000n],
  [
    "orn v0.16b, v1.16b, v2.16b", 0x4ee2_1c20,
    0n, 0x0000000000000001_0000000000000000n, 0xfffffffffffffffe_ffffffffffffff00n, 0x0000000000000001_00000000000000ffn,
  ],
  [
    "bic v0.16b, v1.16b, v2.16b", 0x4e62_1c20,
    0n, 0xffffffffffffffff_ffffffffffffffffn, 0x00000000ffffffff_0000000000000001n, 0xffffffff00000000_fffffffffffffffen,
  ],
  // the destination is an operand as well
  ["add v0.4s, v0.4s, v0.4s", 0x4ea0_8400, 0x80000000_00000001_00000002_7fffffffn, 0n, 0n, 0x00000002_00000004_fffffffen],
  // shifts by register
  [ // only the low byte counts, as a signed number
    "sshl v0.8b, v1.8b, v2.8b", 0x0e22_4420,
    0n, 0x81_81_81_81_81_81_7f_7fn, 0x01_ff_07_08_f9_80_7f_80n, 0x02_c0_80_00_ff_ff_00_00n,
  ],
  ["ushl v0.4h, v1.4h, v2.4h", 0x2e62_4420, 0n, 0x8001_8001_8001_8001n, 0xff01_ffff_0010_fff0n, 0x0002_4000_0000_0000n],
  ["srshl v0.4h, v1.4h, v2.4h", 0x0e62_5420, 0n, 0xffff_0003_8000_7fffn, 0x00ff_00fe_00f0_00ffn, 0x0001_0000_4000n],
  [ // by 64, rounded: the top bit
    "urshl v0.2d, v1.2d, v2.2d", 0x6ee2_5420,
    0n, 0xffffffffffffffff_8000000000000000n, 0x00000000000000ff_00000000000000c0n, 0x8000000000000000_0000000000000001n,
  ],
  [ // the minimum is reached without saturation
    "sqshl v0.2s, v1.2s, v2.2s", 0x0ea2_4c20,
    0n, 0x40000000_c0000000n, 0x00000001_00000001n, 0x7fffffff_80000000n, QC,
  ],
  ["uqshl v0.2s, v1.2s, v2.2s", 0x2ea2_4c20, 0n, 0x00000001_00000001n, 0x0000001f_00000020n, 0x80000000_ffffffffn, QC],
  ["sqshl v0.2s, v1.2s, v2.2s", 0x0ea2_4c20, 0n, 0xffffffffn, 0x0000007f_00000080n, 0xffffffffn], // zero never saturates
  ["sqrshl b0, b1, b2", 0x5e22_5c20, 0n, 0x7fn, 0xffn, 0x40n],
  ["uqrshl d0, d1, d2", 0x7ee2_5c20, 0n, 0xffffffffffffffffn, 0x00000000000000c0n, 1n],
];

describe("Advanced SIMD three same", () => {
  for (const [text, word, v0, v1, v2, result, fpsr] of rows) {
    it(`executes ${text}`, () => expect(execute(forms, word, [v0, v1, v2])).toEqual(after(result, fpsr)));
  }
});

/** One lane's result; `d` is the destination's old value. Values of S rows come and go as signed numbers. */
type Exact = (a: bigint, b: bigint, bits: number, d: bigint) => bigint;

/** The low byte, as the signed distance of a shift. */
const distance = (b: bigint): bigint => BigInt.asIntN(8, b);
const shifted = (a: bigint, by: bigint): bigint => (by >= 0n ? a << by : a >> -by);
const roundedShift = (a: bigint, by: bigint): bigint => (by >= 0n ? a << by : (a + (1n << (-by - 1n))) >> -by);
const magnitude = (a: bigint): bigint => (a < 0n ? -a : a);
const truth = (holds: boolean): bigint => (holds ? -1n : 0n);
const shl: Exact = (a, b) => shifted(a, distance(b));
const rshl: Exact = (a, b) => roundedShift(a, distance(b));
const polynomial: Exact = (a, b) => {
  let product = 0n;
  for (let bit = 0n; bit < 8n; bit++) if (((b >> bit) & 1n) === 1n) product ^= a << bit;
  return product;
};

type Model = readonly [name: string, U: number, opcode: number, signed: boolean, largest: number, saturates: boolean, exact: Exact];

// DDI 0487 C7.2, the pseudocode of each. `largest` is the largest size field.
const models: readonly Model[] = [
  ["SHADD", 0, 0b00000, true, 2, false, (a, b) => (a + b) >> 1n],
  ["UHADD", 1, 0b00000, false, 2, false, (a, b) => (a + b) >> 1n],
  ["SQADD", 0, 0b00001, true, 3, true, (a, b) => a + b],
  ["UQADD", 1, 0b00001, false, 3, true, (a, b) => a + b],
  ["SRHADD", 0, 0b00010, true, 2, false, (a, b) => (a + b + 1n) >> 1n],
  ["URHADD", 1, 0b00010, false, 2, false, (a, b) => (a + b + 1n) >> 1n],
  ["SHSUB", 0, 0b00100, true, 2, false, (a, b) => (a - b) >> 1n],
  ["UHSUB", 1, 0b00100, false, 2, false, (a, b) => (a - b) >> 1n],
  ["SQSUB", 0, 0b00101, true, 3, true, (a, b) => a - b],
  ["UQSUB", 1, 0b00101, false, 3, true, (a, b) => a - b],
  ["CMGT", 0, 0b00110, true, 3, false, (a, b) => truth(a > b)],
  ["CMHI", 1, 0b00110, false, 3, false, (a, b) => truth(a > b)],
  ["CMGE", 0, 0b00111, true, 3, false, (a, b) => truth(a >= b)],
  ["CMHS", 1, 0b00111, false, 3, false, (a, b) => truth(a >= b)],
  ["SSHL", 0, 0b01000, true, 3, false, shl],
  ["USHL", 1, 0b01000, false, 3, false, shl],
  ["SQSHL", 0, 0b01001, true, 3, true, shl],
  ["UQSHL", 1, 0b01001, false, 3, true, shl],
  ["SRSHL", 0, 0b01010, true, 3, false, rshl],
  ["URSHL", 1, 0b01010, false, 3, false, rshl],
  ["SQRSHL", 0, 0b01011, true, 3, true, rshl],
  ["UQRSHL", 1, 0b01011, false, 3, true, rshl],
  ["SMAX", 0, 0b01100, true, 2, false, (a, b) => (a > b ? a : b)],
  ["UMAX", 1, 0b01100, false, 2, false, (a, b) => (a > b ? a : b)],
  ["SMIN", 0, 0b01101, true, 2, false, (a, b) => (a < b ? a : b)],
  ["UMIN", 1, 0b01101, false, 2, false, (a, b) => (a < b ? a : b)],
  ["SABD", 0, 0b01110, true, 2, false, (a, b) => magnitude(a - b)],
  ["UABD", 1, 0b01110, false, 2, false, (a, b) => magnitude(a - b)],
  ["SABA", 0, 0b01111, true, 2, false, (a, b, _, d) => d + magnitude(a - b)],
  ["UABA", 1, 0b01111, false, 2, false, (a, b, _, d) => d + magnitude(a - b)],
  ["ADD", 0, 0b10000, false, 3, false, (a, b) => a + b],
  ["SUB", 1, 0b10000, false, 3, false, (a, b) => a - b],
  ["CMTST", 0, 0b10001, false, 3, false, (a, b) => truth((a & b) !== 0n)],
  ["CMEQ", 1, 0b10001, false, 3, false, (a, b) => truth(a === b)],
  ["MLA", 0, 0b10010, false, 2, false, (a, b, _, d) => d + a * b],
  ["MLS", 1, 0b10010, false, 2, false, (a, b, _, d) => d - a * b],
  ["MUL", 0, 0b10011, false, 2, false, (a, b) => a * b],
  ["PMUL", 1, 0b10011, false, 0, false, polynomial],
  ["SQDMULH", 0, 0b10110, true, 2, true, (a, b, bits) => (2n * a * b) >> BigInt(bits)],
  ["SQRDMULH", 1, 0b10110, true, 2, true, (a, b, bits) => (2n * a * b + (1n << BigInt(bits - 1))) >> BigInt(bits)],
];

/** Vectors whose lanes are often extreme or small. */
function anyVector(bits: number): fc.Arbitrary<bigint> {
  const all = (1n << BigInt(bits)) - 1n;
  const small = fc.bigInt({ min: 0n, max: 130n });
  const lane = fc.oneof(
    fc.bigInt({ min: 0n, max: all }),
    fc.constantFrom(0n, 1n, all, all >> 1n, (all >> 1n) + 1n, (all >> 1n) + 2n),
    small,
    small.map((value) => (all + 1n - value) & all),
  );
  const lanes = fc.array(lane, { minLength: 128 / bits, maxLength: 128 / bits });
  return lanes.map((values) => values.reduceRight((vector, value) => (vector << BigInt(bits)) | value, 0n));
}

describe("Advanced SIMD three same, on integers without bounds", () => {
  it.each(models)("%s", (name, U, opcode, signed, largest, saturates, exact) => {
    const smallest = name.endsWith("DMULH") ? 1 : 0;
    for (let size = smallest; size <= largest; size++) {
      const bits = 8 << size;
      const number = (v: bigint, at: number): bigint => (signed ? BigInt.asIntN : BigInt.asUintN)(bits, v >> BigInt(at));
      const [lowest, highest] = signed ? [-1n << BigInt(bits - 1), (1n << BigInt(bits - 1)) - 1n] : [0n, (1n << BigInt(bits)) - 1n];
      const vector = anyVector(bits);
      const widths = fc.constantFrom(...(size < 3 ? [64, 128] : [128]));
      fc.assert(
        fc.property(vector, vector, vector, widths, (d, n, m, width) => {
          let expected = 0n;
          let fpsr = 0;
          for (let at = 0; at < width; at += bits) {
            let value = exact(number(n, at), number(m, at), bits, number(d, at));
            if (saturates && (value < lowest || value > highest)) {
              value = value < lowest ? lowest : highest;
              fpsr = QC;
            }
            expected |= BigInt.asUintN(bits, value) << BigInt(at);
          }
          const Q = width === 128 ? 1 : 0;
          const word = 0x0e22_0420 | (Q << 30) | (U << 29) | (size << 22) | (opcode << 11);
          expect(execute(forms, word, [d, n, m])).toEqual(after(expected, fpsr));
        }),
        { numRuns: 25 },
      );
    }
  });
});
