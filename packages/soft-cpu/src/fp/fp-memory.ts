/**
 * The vCPU's memory as floating-point helpers see it: lanes by number in each of four types, and FPCR and FPSR as the environment
 * that soft-fp.ts works in. One class for the state and for the place where a vector's result is put together, so that the
 * engine sees one shape. Hot within the slow path.
 */
import { FPCR, FPSR } from "../state/layout.ts";
import type { FpEnv } from "./fp-env.ts";

export class FpMemory implements FpEnv {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  readonly u16: Uint16Array;

  constructor(buffer: ArrayBuffer) {
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.u16 = new Uint16Array(buffer);
  }

  get fpcr(): number {
    return this.u32[FPCR >> 2]!;
  }

  get fpsr(): number {
    return this.u32[FPSR >> 2]!;
  }

  set fpsr(value: number) {
    this.u32[FPSR >> 2] = value;
  }
}
