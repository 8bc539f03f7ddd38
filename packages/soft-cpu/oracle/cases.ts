// Makes a case of an instruction word: gives the registers that the word names values worth trying. Base registers are computed backwards
// from the address that the access shall have, in the data window or at its edges. Everything else keeps its background value.
import { backgroundState } from "../src/testing/background.fixture.ts";
import { CODE_BASE, CODE_PAGE, type CpuState, DATA_BASE, DATA_SIZE } from "../src/testing/cpu-under-test.fixture.ts";
import type { Prng } from "../src/testing/prng.fixture.ts";
import { type A64Form, fieldsOfForm } from "./forms/a64-forms.ts";
import type { Fields, MemoryAccess } from "./forms/oracle-form.ts";
import { type Pairing, drawFloat, drawInteger, drawVector } from "./operands.ts";
import type { OracleCase } from "./oracle-process.ts";

const U64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** AHP, DN, FZ and RMode; QC, IDC, IXC, UFC, OFC, DZC, IOC. */
const FPCR_BITS = 0x07c0_0000;
const FPSR_BITS = 0x0800_009f;

/** Forms that read their destination register, beside those that only write half of it (background values serve there). */
const READS_DESTINATION =
  /^(BFM|MOVK|INS|TBX|BSL|BI[TF]|F?ML[AS]|(S|U|SQD)ML[AS]L|[SU]ABAL?|[SU]R?SRA|S[RL]I|[SU]ADALP|SUQADD|USQADD|(ORR|BIC) \(immediate, )/;

/**
 * @param index of the case among those of its form: the first ones go through the pairs of corners; without it all is drawn
 */
export function makeCase(form: A64Form, drawnWord: number, prng: Prng, index?: number): OracleCase {
  const f = fieldsOfForm(form, drawnWord);
  const pre = backgroundState();
  const has = (name: string): boolean => form.bits.fields.some((field) => field.name === name);
  let word = drawnWord;

  if (form.memory === undefined) drawOperands(form, f, pre, prng, index);
  else if (form.memory.literal === true) word = placeLiteral(form, word, form.memory, prng);
  else placeAccess(form.memory, f, has, pre, prng);

  if (form.target !== undefined) setX(pre, f(form.target), drawTarget(prng));
  if (form.writeMask !== undefined) setX(pre, f("Rt"), prng.doubleword() & form.writeMask);
  if (has("cond") || /^(ADC|SBC|MRS|MSR)/.test(form.name) || prng.oneIn(6)) pre.nzcv = prng.below(16);
  const readsControl = /^M(RS|SR) /.test(form.name);
  if (form.fp !== undefined || readsControl) {
    if (readsControl || prng.oneIn(2)) pre.fpcr = prng.word() & FPCR_BITS;
    if (readsControl || prng.oneIn(8)) pre.fpsr = prng.word() & FPSR_BITS;
  } else if (/^S?U?S?[SU]Q/.test(form.name) && prng.oneIn(8)) pre.fpsr = FPSR_BITS;
  return { words: [word], pre };
}

function setX(state: CpuState, n: number, value: bigint): void {
  if (n < 31) state.x[n] = U64(value);
}

function setV(state: CpuState, n: number, value: bigint): void {
  state.v[2 * n] = U64(value);
  state.v[2 * n + 1] = value >> 64n;
}

// ---------------------------------------------------------------------------------------------------------------------- operands

function drawOperands(form: A64Form, f: Fields, pre: CpuState, prng: Prng, index: number | undefined): void {
  const readsDestination = READS_DESTINATION.test(form.name);
  for (const { name } of form.bits.fields) {
    if (!/^[RV][a-z]\d?$/.test(name)) continue;
    if ((name === "Rd" || name === "Vd") && !readsDestination) continue;
    const operand = name.endsWith("m") ? 1 : name.endsWith("n") || name.endsWith("t") ? 0 : 2;
    const pairing = index === undefined ? undefined : { index, operand: operand as 0 | 1 | 2 };
    if (name.startsWith("R")) {
      if (f(name) === 31) pre.sp = drawInteger(prng, 64, pairing);
      setX(pre, f(name), drawGeneral(form, f, prng, pairing));
    } else setV(pre, f(name), drawElements(form, f, prng, pairing));
  }
}

/** A 32-bit operation finds anything in the upper half. */
function drawGeneral(form: A64Form, f: Fields, prng: Prng, pairing: Pairing | undefined): bigint {
  const is32 = form.bits.fields.some(({ name }) => name === "sf") && f("sf") === 0;
  if (!is32 || prng.oneIn(8)) return drawInteger(prng, 64, pairing);
  return (BigInt(prng.oneIn(2) ? prng.word() : 0) << 32n) | drawInteger(prng, 32, pairing);
}

/** Of a scalar only the lowest element takes part in the pairs; the others are there to be ignored. */
function drawElements(form: A64Form, f: Fields, prng: Prng, pairing: Pairing | undefined): bigint {
  if (/^TB[LX]/.test(form.name)) return drawVector(8, () => BigInt(prng.oneIn(8) ? prng.below(256) : prng.below(72)));
  const format = form.fp?.(f);
  const size = format ?? form.lane?.(f) ?? prng.pick([8, 16, 32, 64]);
  const isScalar = (form.bits.value & (1 << 28)) !== 0 && !/P \(scalar\)|element/.test(form.name);
  const lanes = isScalar ? 1 : 128 / size;
  return drawVector(size, (lane) => {
    const own = pairing && lane < lanes ? { ...pairing, index: pairing.index * lanes + lane } : undefined;
    return format === undefined ? drawInteger(prng, size, own) : drawFloat(prng, format, own);
  });
}

// --------------------------------------------------------------------------------------------------------------- memory accesses

/** Where the first byte of an access shall be: mostly in the window, else at one of its edges or outside. */
function drawAddress(prng: Prng, bytes: number, aligned: number): bigint {
  const end = DATA_BASE + BigInt(DATA_SIZE);
  const into = BigInt(prng.below(bytes));
  const step = BigInt(aligned > 1 && !prng.oneIn(6) ? aligned : prng.oneIn(2) ? bytes : 1);
  const inside = DATA_BASE + BigInt(prng.below(DATA_SIZE - bytes + 1));
  switch (prng.below(16)) {
    case 0:
      return DATA_BASE - (into === 0n ? step : into); // wholly before the window, or reaching into it
    case 1:
      return end - (into === 0n ? 0n : into); // behind, or reaching out of it
    case 2:
      return DATA_BASE;
    case 3:
      return end - BigInt(bytes);
    default:
      return inside - (inside % step) < DATA_BASE ? DATA_BASE : inside - (inside % step);
  }
}

function placeAccess(memory: MemoryAccess, f: Fields, has: (name: string) => boolean, pre: CpuState, prng: Prng): void {
  const n = f(has("Rn") ? "Rn" : "Rt"); // DC ZVA has its address in Rt
  const address = drawAddress(prng, memory.bytes(f), memory.aligned?.(f) ?? 1);
  const base = memory.index === true ? placeIndex(memory, f, address, pre, prng) : U64(address - BigInt(memory.offset?.(f) ?? 0));
  if (memory.index === undefined && has("Rm") && f("Rm") !== n) setX(pre, f("Rm"), drawInteger(prng, 64)); // post-index amount
  if (n === 31 && has("Rn")) pre.sp = base & ~15n; // a misaligned SP would be a fault of its own
  else setX(pre, n, base);
}

/** Gives Rm a value and returns the base. Rm = Rn makes the base its own index: the address is then as near as can be. */
function placeIndex(memory: MemoryAccess, f: Fields, address: bigint, pre: CpuState, prng: Prng): bigint {
  const shift = f("S") === 1 ? BigInt(Math.log2(memory.bytes(f))) : 0n;
  if (f("Rm") === f("Rn") && f("Rm") !== 31) return address / (1n + (1n << shift)); // small and positive: no extension changes it
  const distance = BigInt(prng.below(4096)) - 2048n;
  const isWord = (f("option") & 1) === 0;
  const value = isWord ? (BigInt(prng.oneIn(2) ? prng.word() : 0) << 32n) | BigInt.asUintN(32, distance) : U64(distance);
  setX(pre, f("Rm"), value);
  const index = f("Rm") === 31 ? 0n : f("option") === 2 ? BigInt.asUintN(32, value) : distance;
  return U64(address - (index << shift));
}

/** A literal from the window, from the code page (BRK, or the load itself), or from where nothing is. */
function placeLiteral(form: A64Form, word: number, { bytes }: MemoryAccess, prng: Prng): number {
  const imm19 = form.bits.fields.find(({ name }) => name === "imm19")!;
  const size = bytes(() => 0);
  const targets = [
    () => DATA_BASE + BigInt(4 * prng.below((DATA_SIZE - size) / 4 + 1)),
    () => DATA_BASE - BigInt(4 * (1 + prng.below(8))),
    () => CODE_BASE + BigInt(4 * (prng.below(32) - 16)),
    () => CODE_PAGE + BigInt(prng.oneIn(2) ? 0 : 4096 - size),
    () => CODE_BASE + BigInt(4 * prng.pick([-0x40000, 0x3ffff])),
  ];
  const distance = Number(prng.pick(targets)() - CODE_BASE) / 4;
  return ((word & ~(0x7ffff << imm19.low)) | ((distance & 0x7ffff) << imm19.low)) >>> 0;
}

/** Branch targets, never the branch itself: on the code page, misaligned, in the window (which is not executable), or nowhere. */
function drawTarget(prng: Prng): bigint {
  const onThePage = [CODE_PAGE, CODE_BASE - 4n, CODE_BASE + 4n, CODE_PAGE + 0xffcn];
  return prng.pick([...onThePage, CODE_BASE + 0x102n, CODE_BASE + 1n, DATA_BASE, 0x2000_0000n, 0n]);
}
