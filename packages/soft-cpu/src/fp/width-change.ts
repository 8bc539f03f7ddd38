/** FCVT, FCVTL, FCVTN and FCVTXN in one lane (see lane.ts): operand and result differ in size. Slow path. */
import type { WidthChange } from "./calling.ts";
import { nativeF32ToF64IsExactEnough, nativeF64ToF32IsExactEnough } from "./fast-path.ts";
import type { FpMemory } from "./fp-memory.ts";
import * as soft from "./soft-fp.ts";

interface Change {
  /** Logarithms of the sizes in bytes. */
  readonly from: 1 | 2 | 3;
  readonly to: 1 | 2 | 3;
  readonly lane: (m: FpMemory, to: FpMemory, at: number, n: number) => void;
}

export const widthChanges: Readonly<Record<WidthChange, Change>> = {
  HtoS: {
    from: 1,
    to: 2,
    lane: (m, to, at, n) => void (to.u32[at] = soft.f16ToF32(m.u16[n]!, m)),
  },
  HtoD: {
    from: 1,
    to: 3,
    lane: (m, to, at, n) => void (to.u64[at] = soft.f16ToF64(m.u16[n]!, m)),
  },
  StoD: {
    from: 2,
    to: 3,
    lane: (m, to, at, n) => {
      const a = m.f32[n]!;
      if (nativeF32ToF64IsExactEnough(a, m.fpcr)) to.f64[at] = a;
      else to.u64[at] = soft.f32ToF64(m.u32[n]!, m);
    },
  },
  StoH: {
    from: 2,
    to: 1,
    lane: (m, to, at, n) => void (to.u16[at] = soft.f32ToF16(m.u32[n]!, m)),
  },
  DtoH: {
    from: 3,
    to: 1,
    lane: (m, to, at, n) => void (to.u16[at] = soft.f64ToF16(m.u64[n]!, m)),
  },
  DtoS: {
    from: 3,
    to: 2,
    lane: (m, to, at, n) => {
      const a = m.f64[n]!;
      const r = Math.fround(a);
      if (nativeF64ToF32IsExactEnough(a, r, m.fpcr, m.fpsr)) to.f32[at] = r;
      else to.u32[at] = soft.f64ToF32(m.u64[n]!, m);
    },
  },
  DtoSXN: {
    from: 3,
    to: 2,
    lane: (m, to, at, n) => void (to.u32[at] = soft.f64ToF32Odd(m.u64[n]!, m)),
  },
};
