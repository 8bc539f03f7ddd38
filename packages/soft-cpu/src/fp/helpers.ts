/**
 * The host functions behind floating-point instructions (see ir/helpers.ts): what generated code calls when its own short test says
 * that the native operation may not do. They work on the register file in place; calling.ts says how they are called, lane.ts and
 * soft-fp.ts what they compute. The two fused operations are WebAssembly and pure: see fused-module.ts.
 *
 * A call costs about 20 ns where a native operation does after all, else what soft-fp.ts says.
 */
import type { HelperFunctions } from "../ir/helpers.ts";
import { REGISTERS } from "../state/layout.ts";
import type { CpuState } from "../state/cpu-state.ts";
import {
  COMPARED_EQUAL, COMPARED_GREATER, COMPARED_LESS, COMPARED_UNORDERED, MODE_FBITS_SHIFT, MODE_ROUNDING, MODE_UNSIGNED, REDUCTIONS,
  SHAPE_BY_ELEMENT, SHAPE_KEEP, SHAPE_LANES, SHAPE_PAIRWISE, SHAPE_SHIFT, WIDTH_CHANGES,
} from "./calling.ts";
import { NZCV_EQUAL, NZCV_GREATER, NZCV_LESS, NZCV_UNORDERED } from "./compare.ts";
import { nativeOrder32IsEnough, nativeOrder64IsEnough } from "./fast-path.ts";
import { FpMemory } from "./fp-memory.ts";
import { fusedFunctions } from "./fused-module.ts";
import { LANE_OPERATIONS, type Lane } from "./lane.ts";
import { lanes32, lanes64 } from "./lanes.ts";
import * as soft from "./soft-fp.ts";
import { widthChanges } from "./width-change.ts";

type Helper = (...operands: never[]) => number | bigint;

const PLACE = 0xffff;
const VECTOR_BYTES = 16;
/** A vector's result is complete before it is written: V[d] may be an operand. Shared: nothing is kept here between calls. */
const staging = new FpMemory(new ArrayBuffer(VECTOR_BYTES));

const roundingOf = (mode: number): soft.FPRounding => (mode & MODE_ROUNDING) as soft.FPRounding;
const isUnsigned = (mode: number): boolean => (mode & MODE_UNSIGNED) !== 0;
const fbitsOf = (mode: number): number => mode >>> MODE_FBITS_SHIFT;

/** @param state the vCPU that runs; asked for at the first call */
export function fpHelpers(state: () => CpuState): HelperFunctions {
  let memory: FpMemory | undefined;
  const open = (): FpMemory => (memory ??= new FpMemory(state().bytes.buffer as ArrayBuffer));
  const functions: Record<string, Helper> = { ...fusedFunctions() };
  for (const name of LANE_OPERATIONS) {
    functions[`${name}32`] = onLanes(open, lanes32[name], 2) as Helper;
    functions[`${name}64`] = onLanes(open, lanes64[name], 3) as Helper;
  }
  for (const name of REDUCTIONS) functions[`${name}v32`] = reduction(open, lanes32[name]) as Helper;
  for (const name of WIDTH_CHANGES) functions[name] = widthChange(open, name) as Helper;
  return { ...functions, ...comparisons(open), ...conversions(open) };
}

type OnLanes = (dAndShape: number, n: number, mAndAddend: number) => number;

function onLanes(open: () => FpMemory, lane: Lane, log2Bytes: 2 | 3): OnLanes {
  return (dAndShape, n, mAndAddend) => {
    const m = open();
    const shape = dAndShape >>> SHAPE_SHIFT;
    const place = REGISTERS + (dAndShape & PLACE);
    const first = (REGISTERS + n) >> log2Bytes;
    const second = (REGISTERS + (mAndAddend & PLACE)) >> log2Bytes;
    const addend = (REGISTERS + (mAndAddend >>> SHAPE_SHIFT)) >> log2Bytes;
    if (shape === 1) {
      lane(m, m, place >> log2Bytes, first, second, addend);
      if (log2Bytes === 2) m.u32[(place >> 2) + 1] = 0;
      m.u32[(place >> 2) + 2] = 0;
      m.u32[(place >> 2) + 3] = 0;
      return 0;
    }
    const lanes = shape & SHAPE_LANES;
    for (let i = 0; i < lanes; i++) {
      if ((shape & SHAPE_PAIRWISE) !== 0) {
        const pair = 2 * i < lanes ? first + 2 * i : second + 2 * i - lanes;
        lane(m, staging, i, pair, pair + 1, 0);
      } else {
        lane(m, staging, i, first + i, (shape & SHAPE_BY_ELEMENT) === 0 ? second + i : second, addend + i);
      }
    }
    writeStaged(m, place, lanes << log2Bytes, VECTOR_BYTES);
    return 0;
  };
}

/** Moves `bytes` of the result to a place, and clears what follows up to `total`. Halfwords, because FCVTN to half precision has those. */
function writeStaged(m: FpMemory, place: number, bytes: number, total: number): void {
  for (let at = 0; at < total; at += 2) m.u16[(place + at) >> 1] = at < bytes ? staging.u16[at >> 1]! : 0;
}

/** Reduce(): neighbours first, which no result depends on. */
function reduction(open: () => FpMemory, lane: Lane): (d: number, n: number) => number {
  return (d, n) => {
    const m = open();
    const first = (REGISTERS + n) >> 2;
    lane(m, staging, 0, first, first + 1, 0);
    lane(m, staging, 1, first + 2, first + 3, 0);
    // The registers' file is where operands are looked for: the two go to the destination, of which no more is needed.
    writeStaged(m, REGISTERS + d, 8, VECTOR_BYTES);
    const place = (REGISTERS + d) >> 2;
    lane(m, m, place, place, place + 1, 0);
    m.u32[place + 1] = 0;
    return 0;
  };
}

function widthChange(open: () => FpMemory, name: (typeof WIDTH_CHANGES)[number]): (dAndShape: number, n: number) => number {
  const { from, to, lane } = widthChanges[name];
  return (dAndShape, n) => {
    const m = open();
    const shape = dAndShape >>> SHAPE_SHIFT;
    const lanes = shape & SHAPE_LANES;
    for (let i = 0; i < lanes; i++) lane(m, staging, i, ((REGISTERS + n) >> from) + i);
    const bytes = lanes << to;
    writeStaged(m, REGISTERS + (dAndShape & PLACE), bytes, (shape & SHAPE_KEEP) === 0 ? VECTOR_BYTES : bytes);
    return 0;
  };
}

/** FCMP's answers; see calling.ts. */
function comparisons(open: () => FpMemory): Record<string, Helper> {
  const ordered = (a: number, b: number): number => (a < b ? COMPARED_LESS : a === b ? COMPARED_EQUAL : COMPARED_GREATER);
  const answers = new Map([
    [NZCV_LESS, COMPARED_LESS],
    [NZCV_EQUAL, COMPARED_EQUAL],
    [NZCV_GREATER, COMPARED_GREATER],
    [NZCV_UNORDERED, COMPARED_UNORDERED],
  ]);
  return {
    compare32: (n: number, k: number, signals: number) => {
      const m = open();
      const [first, second] = [(REGISTERS + n) >> 2, (REGISTERS + k) >> 2];
      const [a, b] = [m.f32[first]!, m.f32[second]!];
      if (nativeOrder32IsEnough(a, b, m.fpcr)) return ordered(a, b);
      return answers.get(soft.compare32(m.u32[first]!, m.u32[second]!, signals !== 0, m))!;
    },
    compare64: (n: number, k: number, signals: number) => {
      const m = open();
      const [first, second] = [(REGISTERS + n) >> 3, (REGISTERS + k) >> 3];
      const [a, b] = [m.f64[first]!, m.f64[second]!];
      if (nativeOrder64IsEnough(a, b, m.fpcr)) return ordered(a, b);
      return answers.get(soft.compare64(m.u64[first]!, m.u64[second]!, signals !== 0, m))!;
    },
  };
}

/** To and from integers: general registers by value, lanes as above with the mode for `m`. */
function conversions(open: () => FpMemory): Record<string, Helper> {
  const single = (place: number): number => open().u32[(REGISTERS + place) >> 2]!;
  const double = (place: number): bigint => open().u64[(REGISTERS + place) >> 3]!;
  const setSingle = (place: number, bits: number): number => {
    staging.u32[0] = bits;
    writeStaged(open(), REGISTERS + place, 4, VECTOR_BYTES);
    return 0;
  };
  const setDouble = (place: number, bits: bigint): number => {
    staging.u64[0] = bits;
    writeStaged(open(), REGISTERS + place, 8, VECTOR_BYTES);
    return 0;
  };
  const overLanes = (log2Bytes: 2 | 3, lane: (m: FpMemory, at: number, mode: number, i: number) => void): OnLanes => {
    return (dAndShape, n, mode) => {
      const m = open();
      const lanes = (dAndShape >>> SHAPE_SHIFT) & SHAPE_LANES;
      for (let i = 0; i < lanes; i++) lane(m, ((REGISTERS + n) >> log2Bytes) + i, mode, i);
      writeStaged(m, REGISTERS + (dAndShape & PLACE), lanes << log2Bytes, VECTOR_BYTES);
      return 0;
    };
  };
  return {
    StoW: (n: number, mode: number) => soft.f32ToFixed32(single(n), fbitsOf(mode), isUnsigned(mode), roundingOf(mode), open()),
    DtoW: (n: number, mode: number) => soft.f64ToFixed32(double(n), fbitsOf(mode), isUnsigned(mode), roundingOf(mode), open()),
    StoX: (n: number, mode: number) => soft.f32ToFixed64(single(n), fbitsOf(mode), isUnsigned(mode), roundingOf(mode), open()),
    DtoX: (n: number, mode: number) => soft.f64ToFixed64(double(n), fbitsOf(mode), isUnsigned(mode), roundingOf(mode), open()),
    WtoS: (d: number, value: number, mode: number) => setSingle(d, soft.fixed32ToF32(value, fbitsOf(mode), isUnsigned(mode), open())),
    WtoD: (d: number, value: number, mode: number) => setDouble(d, soft.fixed32ToF64(value, fbitsOf(mode), isUnsigned(mode), open())),
    XtoS: (d: number, value: bigint, mode: number) => setSingle(d, soft.fixed64ToF32(value, fbitsOf(mode), isUnsigned(mode), open())),
    XtoD: (d: number, value: bigint, mode: number) => setDouble(d, soft.fixed64ToF64(value, fbitsOf(mode), isUnsigned(mode), open())),
    toFixed32: overLanes(2, (m, at, mode, i) => {
      staging.u32[i] = soft.f32ToFixed32(m.u32[at]!, fbitsOf(mode), isUnsigned(mode), roundingOf(mode), m);
    }) as Helper,
    toFixed64: overLanes(3, (m, at, mode, i) => {
      staging.u64[i] = soft.f64ToFixed64(m.u64[at]!, fbitsOf(mode), isUnsigned(mode), roundingOf(mode), m);
    }) as Helper,
    fromFixed32: overLanes(2, (m, at, mode, i) => {
      staging.u32[i] = soft.fixed32ToF32(m.u32[at]!, fbitsOf(mode), isUnsigned(mode), m);
    }) as Helper,
    fromFixed64: overLanes(3, (m, at, mode, i) => {
      staging.u64[i] = soft.fixed64ToF64(m.u64[at]!, fbitsOf(mode), isUnsigned(mode), m);
    }) as Helper,
  };
}
