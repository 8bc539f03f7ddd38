// The state that vectors begin with where they say nothing else: every register and every doubleword of the data window has a value of
// its own, so that a result that should have been left alone, or was taken from the wrong place, shows. Golden vectors depend on each of
// these values: a change here means recording all of them again.
import { copyState, type CpuState, DATA_SIZE } from "./cpu-under-test.fixture.ts";
import { Prng } from "./prng.fixture.ts";

/** X`i` is 0xc0de_0000_0000_0000 + `i` in each halfword, V`i` counts through the bytes; flags, FPCR, FPSR and TPIDR_EL0 are 0. */
export function backgroundState(): CpuState {
  return copyState(BACKGROUND);
}

const BACKGROUND = makeBackground();

function makeBackground(): CpuState {
  const x = BigUint64Array.from({ length: 31 }, (_, i) => 0xc0de_0000_0000_0000n + BigInt(i) * 0x0001_0001_0001n);
  const v = new BigUint64Array(64);
  for (let i = 0; i < 64; i++) v[i] = BigInt.asUintN(64, 0x0706_0504_0302_0100n + BigInt(i) * 0x0808_0808_0808_0808n);
  return { x, sp: 0xc0de_5b5b_5b5b_5b50n, nzcv: 0, v, fpcr: 0, fpsr: 0, tpidr: 0n };
}

/** A data window of pseudo-random bytes; the golden vectors' is that of an empty seed. */
export function backgroundData(seed = ""): Uint8Array {
  const prng = new Prng(`window ${seed}`);
  const data = new Uint8Array(DATA_SIZE);
  const view = new DataView(data.buffer);
  for (let offset = 0; offset < DATA_SIZE; offset += 4) view.setUint32(offset, prng.word(), true);
  return data;
}
