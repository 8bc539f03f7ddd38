// One golden vector as one line of text, so that a diff shows which behaviour changed. Grammar, all numbers hexadecimal:
//   line  = word {"," word} {" " set} " -> " [stop] {" " set}
//   set   = "x5=" n | "sp=" n | "v5=" n (128 bits) | "nzcv=" n | "fpcr=" n | "fpsr=" n | "tpidr=" n | "m1f0=" bytes (from that offset)
//   stop  = "undefined" | "data-abort@" address | "alignment@" address | "pc=" address, or two of them
// Before the arrow stands what differs from the background state, after it what the words changed, and where they ended, unless that is
// just behind them (or, with another stop, at the first of them). What is not named must not have changed.
import { CODE_BASE, type CpuState, type Outcome, type Stop, copyState } from "./cpu-under-test.fixture.ts";

/** A case and what the oracle made of it. */
export interface GoldenVector {
  readonly words: readonly number[];
  readonly pre: CpuState;
  readonly expected: Outcome;
}

/** @param background the state and the window that the line was, or is to be, written against. */
export function formatGolden({ words, pre, expected }: GoldenVector, background: CpuState, data: Uint8Array): string {
  const { stop, pc, address } = expected;
  const stops: string[] = [];
  if (stop !== "landed") stops.push(address === undefined ? stop : `${stop}@${address.toString(16)}`);
  if (pc !== usualPc(stop, words.length)) stops.push(`pc=${pc.toString(16)}`);
  return [
    words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(),
    ...changedRegisters(background, pre),
    "->",
    ...stops,
    ...changedRegisters(pre, expected.state),
    ...changedBytes(data, expected.data),
  ].join(" ");
}

/**
 * Reads what {@link formatGolden} wrote.
 * @throws Error for a line that is no vector: a broken file must not pass for fewer vectors.
 */
export function parseGolden(line: string, background: CpuState, data: Uint8Array): GoldenVector {
  const [words = "", ...tokens] = line.split(" ");
  const arrow = tokens.indexOf("->");
  if (arrow < 0 || !/^[0-9a-f]{8}(,[0-9a-f]{8})*$/.test(words)) throw new Error(`this is no golden vector: ${line}`);
  const code = words.split(",").map((word) => Number.parseInt(word, 16));
  const pre = copyState(background);
  const window = tokens.some((token) => token.startsWith("m")) ? data.slice() : data; // most vectors leave the window alone
  for (const token of tokens.slice(0, arrow)) setRegister(pre, window, token, line);

  const state = copyState(pre);
  let stop: Stop = "landed";
  let address: bigint | undefined;
  let pc: bigint | undefined;
  for (const token of tokens.slice(arrow + 1)) {
    const [, kind, at] = /^(undefined|data-abort|alignment)(?:@([0-9a-f]+))?$/.exec(token) ?? [];
    if (kind !== undefined) {
      stop = kind as Stop;
      if (at !== undefined) address = BigInt(`0x${at}`);
    } else if (token.startsWith("pc=")) pc = BigInt(`0x${token.slice(3)}`);
    else setRegister(state, window, token, line);
  }
  pc ??= usualPc(stop, code.length);
  const expected = { stop, pc, state, data: window };
  return { words: code, pre, expected: address === undefined ? expected : { ...expected, address } };
}

const usualPc = (stop: Stop, words: number): bigint => (stop === "landed" ? CODE_BASE + 4n * BigInt(words) : CODE_BASE);

function setRegister(state: CpuState, window: Uint8Array, token: string, line: string): void {
  const [, name, index, value] = /^(x|v|m|sp|nzcv|fpcr|fpsr|tpidr)([0-9a-f]*)=([0-9a-f]+)$/.exec(token) ?? [];
  if (name === undefined || value === undefined) throw new Error(`"${token}" sets nothing, in the golden vector: ${line}`);
  const number = (): bigint => BigInt(`0x${value}`);
  switch (name) {
    case "x":
      state.x[Number(index)] = number();
      break;
    case "v":
      state.v[2 * Number(index)] = BigInt.asUintN(64, number());
      state.v[2 * Number(index) + 1] = number() >> 64n;
      break;
    case "m":
      window.set(Buffer.from(value, "hex"), Number.parseInt(index!, 16));
      break;
    case "sp":
    case "tpidr":
      state[name] = number();
      break;
    default:
      state[name as "nzcv" | "fpcr" | "fpsr"] = Number(number());
  }
}

function changedRegisters(before: CpuState, after: CpuState): string[] {
  const sets: string[] = [];
  after.x.forEach((value, i) => {
    if (value !== before.x[i]) sets.push(`x${i}=${value.toString(16)}`);
  });
  if (after.sp !== before.sp) sets.push(`sp=${after.sp.toString(16)}`);
  for (let i = 0; i < 32; i++) {
    const [low, high] = [after.v[2 * i]!, after.v[2 * i + 1]!];
    if (low !== before.v[2 * i] || high !== before.v[2 * i + 1]) sets.push(`v${i}=${((high << 64n) | low).toString(16)}`);
  }
  for (const name of ["nzcv", "fpcr", "fpsr", "tpidr"] as const) {
    if (after[name] !== before[name]) sets.push(`${name}=${after[name].toString(16)}`);
  }
  return sets;
}

/** Runs of changed bytes; a byte that keeps its value between two changed ones is not written. */
function changedBytes(before: Uint8Array, after: Uint8Array): string[] {
  const sets: string[] = [];
  if (Buffer.compare(before, after) === 0) return sets;
  for (let start = 0; start < after.length; start++) {
    let end = start;
    while (end < after.length && after[end] !== before[end]) end++;
    if (end === start) continue;
    sets.push(`m${start.toString(16)}=${Buffer.from(after.subarray(start, end)).toString("hex")}`);
    start = end;
  }
  return sets;
}
