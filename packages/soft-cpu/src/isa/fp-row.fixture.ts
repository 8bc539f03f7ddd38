// Executes one floating-point instruction by itself, interpreted or compiled, with the real helpers behind it, and counts their calls: for
// tests of what rows compute, raise and ask for help with. V0 and X0 are the destinations in these tests, V1 … V3 and X1 the operands.
import { fpHelpers } from "../fp/helpers.ts";
import type { HelperFunctions } from "../ir/helpers.ts";
import * as layout from "../state/layout.ts";
import { BareCpu, RAM_BASE } from "../testing/bare-cpu.fixture.ts";

export interface FpBefore {
  /** V0 and up, 128 bits each; those not named are 0. */
  readonly v: readonly bigint[];
  readonly x1?: bigint;
  readonly fpcr?: number;
  readonly fpsr?: number;
  /** N, Z, C, V from bit 3 down. */
  readonly nzcv?: number;
}

export interface FpAfter {
  readonly v0: bigint;
  readonly x0: bigint;
  readonly nzcv: number;
  readonly fpsr: number;
  /** Calls of helpers other than the fused operations, which are WebAssembly. */
  readonly calls: number;
}

/** X0 before. */
export const X0_BEFORE = 0xaaaa_aaaa_aaaa_aaaan;

export class FpBench {
  private readonly cpu: BareCpu;
  private readonly compiled: boolean;
  private readonly places = new Map<number, number>();
  private calls = 0;

  /** @param compiled every instruction is compiled before it counts */
  constructor(compiled = false) {
    this.compiled = compiled;
    this.cpu = new BareCpu(this.counted(fpHelpers(() => this.cpu.state)));
    this.cpu.engine.compiler.enabled = false;
  }

  execute(word: number, before: FpBefore): FpAfter {
    const pc = BigInt(this.placeOf(word));
    this.begin(before);
    this.cpu.run(pc, 1);
    const { state } = this.cpu;
    const v0 = (state.v(0, 1) << 64n) | state.v(0, 0);
    return { v0, x0: state.x(0), nzcv: state.nzcv >>> 28, fpsr: state.u32[layout.FPSR >> 2]!, calls: this.calls };
  }

  private counted(helpers: HelperFunctions): HelperFunctions {
    const { mulAdd64, mulAdd64x2, ...others } = helpers as Record<string, (...operands: unknown[]) => number | bigint>;
    const wrapped = Object.entries(others).map(([name, helper]) => [
      name,
      (...operands: unknown[]) => {
        this.calls++;
        return helper(...operands);
      },
    ]);
    return { mulAdd64, mulAdd64x2, ...Object.fromEntries(wrapped) } as HelperFunctions;
  }

  /** Each word has an address of its own, so that none is decoded or compiled twice. */
  private placeOf(word: number): number {
    let place = this.places.get(word);
    if (place !== undefined) return place;
    const offset = 4 * this.places.size;
    place = RAM_BASE + offset;
    this.places.set(word, place);
    new DataView(this.cpu.ram.buffer, this.cpu.ram.byteOffset).setUint32(offset, word, true);
    if (this.compiled) {
      this.begin({ v: [] });
      this.cpu.run(BigInt(place), 1);
      const { pages, compiler } = this.cpu.engine;
      compiler.compile(pages.recordsFor(place >> 12), place & 0xfff);
    }
    return place;
  }

  private begin({ v, x1 = 0n, fpcr = 0, fpsr = 0, nzcv = 0 }: FpBefore): void {
    const { state } = this.cpu;
    for (let n = 0; n < 32; n++) {
      state.setV(n, 0, BigInt.asUintN(64, v[n] ?? 0n));
      state.setV(n, 1, (v[n] ?? 0n) >> 64n);
    }
    state.setX(0, X0_BEFORE);
    state.setX(1, x1);
    state.nzcv = nzcv << 28;
    state.u32[layout.FPCR >> 2] = fpcr;
    state.u32[layout.FPSR >> 2] = fpsr;
    this.calls = 0;
  }
}
