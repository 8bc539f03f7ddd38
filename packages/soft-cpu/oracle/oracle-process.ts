// Runs cases on the independent implementation: assembles oracle.s once, and gives batches of cases to one `qemu-aarch64` process each.
// Programs needed: aarch64-linux-gnu-as and -ld (binutils-aarch64-linux-gnu), qemu-aarch64 (qemu-user). The CPU model is a Cortex-A57:
// plain Armv8.0 with CRC32 and the cryptographic extension, of which we advertise the former only.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import {
  BRK_WORD,
  CODE_BASE,
  type CpuState,
  DATA_SIZE,
  MAX_WORDS,
  type Outcome,
  type Stop,
} from "../src/testing/cpu-under-test.fixture.ts";
import { corrected } from "./divergences.ts";

/** Words to execute, and the state they begin with. */
export interface OracleCase {
  readonly words: readonly number[];
  readonly pre: CpuState;
}

const SOURCE = fileURLToPath(new URL("oracle.s", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/soft-cpu-oracle", import.meta.url));
const CPU = "cortex-a57";
const BATCH = 8192;
const BATCH_TIMEOUT_MS = 120_000;

const CASE_SIZE = 1056;
const RESULT_SIZE = 824;
const [SIGILL, SIGTRAP, SIGBUS, SIGSEGV] = [4, 5, 7, 11];

const ALL_BRK = new Uint8Array(new Uint32Array(MAX_WORDS).fill(BRK_WORD).buffer);

/** True where the programs that the oracle needs are installed. */
export function isOracleAvailable(): boolean {
  const programs = [["aarch64-linux-gnu-as"], ["aarch64-linux-gnu-ld"], ["qemu-aarch64"]] as const;
  return programs.every(([program]) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Name and version of the implementation, for reports. */
export function oracleVersion(): string {
  return spawnSync("qemu-aarch64", ["--version"], { encoding: "utf8" }).stdout.split("\n")[0] ?? "";
}

/**
 * The outcome of every case, in order, corrected by the rows of divergences.ts. All cases of one call share the window's content.
 * @throws Error when a program is missing or a case ended the oracle itself (it called the kernel, or never left); the message says which.
 */
export function runOracle(cases: readonly OracleCase[], data: Uint8Array): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < cases.length; start += BATCH) outcomes.push(...runBatch(cases.slice(start, start + BATCH), data, start));
  return outcomes.map((outcome, i) => corrected(cases[i]!.words, outcome));
}

/**
 * False where an instruction had made some of its accesses when another aborted, which the manual leaves open: such a case says nothing.
 */
export function isDefined(pre: CpuState, { stop, state, data: after }: Outcome, before: Uint8Array): boolean {
  const hasAborted = stop === "data-abort" || stop === "alignment";
  return !hasAborted || (Buffer.compare(after, before) === 0 && isDeepStrictEqual(state, pre));
}

function runBatch(cases: readonly OracleCase[], data: Uint8Array, first: number): Outcome[] {
  const input = Buffer.alloc(DATA_SIZE + cases.length * CASE_SIZE);
  input.set(data);
  cases.forEach((each, i) => encodeCase(each, input.subarray(DATA_SIZE + i * CASE_SIZE)));
  const { ended, output } = throughFiles(input, (stdin, stdout) =>
    spawnSync("qemu-aarch64", ["-cpu", CPU, oracleProgram()], { stdio: [stdin, stdout, "pipe"], timeout: BATCH_TIMEOUT_MS }),
  );
  const outcomes = decodeResults(new Uint8Array(output), cases, data); // registers are views of the copy, which is aligned
  if (ended.status === 0 && outcomes.length === cases.length) return outcomes;
  const how = ended.error?.message ?? ended.signal ?? `status ${ended.status}`;
  const words = cases[outcomes.length]?.words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(" ");
  throw new Error(`the oracle ended (${how}) in case ${first + outcomes.length}, the words ${words ?? "after the last"}: ${String(ended.stderr)}`);
}

/** Gives `run` files for input and output: through pipes each result would wake this process, which takes longer than the case. */
function throughFiles<T>(input: Uint8Array, run: (stdin: number, stdout: number) => T): { readonly ended: T; readonly output: Buffer } {
  const folder = mkdtempSync(path.join(tmpdir(), "soft-cpu-oracle-"));
  const open: number[] = [];
  try {
    const [from, to] = [path.join(folder, "cases"), path.join(folder, "results")];
    writeFileSync(from, input);
    open.push(openSync(from, "r"), openSync(to, "w"));
    return { ended: run(open[0]!, open[1]!), output: readFileSync(to) };
  } finally {
    open.forEach((file) => closeSync(file));
    rmSync(folder, { recursive: true });
  }
}

/** Assembles and links oracle.s, unless this very text was before; returns the program's path. */
function oracleProgram(): string {
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 16);
  const program = path.join(CACHE, `oracle-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const scratch = `${program}.${process.pid}`; // renamed when complete: two processes may build at once
  for (const [tool, ...args] of [
    ["aarch64-linux-gnu-as", "-o", `${scratch}.o`, SOURCE],
    ["aarch64-linux-gnu-ld", "-static", "-o", scratch, `${scratch}.o`],
  ] as const) {
    const { status, error, stderr } = spawnSync(tool, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${tool} failed (Debian: binutils-aarch64-linux-gnu): ${error?.message ?? stderr}`);
  }
  rmSync(`${scratch}.o`);
  renameSync(scratch, program);
  return program;
}

/** The layouts of a case and of a result stand at the head of oracle.s. */
function encodeCase({ words, pre }: OracleCase, into: Buffer): void {
  if (words.length === 0 || words.length > MAX_WORDS) throw new RangeError(`a case has 1 to ${MAX_WORDS} words, not ${words.length}`);
  const view = new DataView(into.buffer, into.byteOffset, CASE_SIZE);
  into.set(ALL_BRK);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  into.set(bytesOf(pre.x), 256);
  [pre.sp, CODE_BASE, BigInt(pre.nzcv) << 28n].forEach((value, i) => view.setBigUint64(504 + 8 * i, value, true));
  view.setUint32(528, pre.fpsr, true);
  view.setUint32(532, pre.fpcr, true);
  into.set(bytesOf(pre.v), 536);
  view.setBigUint64(1048, pre.tpidr, true);
}

/** As many results as are complete. */
function decodeResults(output: Uint8Array<ArrayBuffer>, cases: readonly OracleCase[], data: Uint8Array): Outcome[] {
  const view = new DataView(output.buffer);
  const outcomes: Outcome[] = [];
  for (let at = 0; at + RESULT_SIZE <= output.length && outcomes.length < cases.length; ) {
    const changes = Number(view.getBigUint64(at + 816, true));
    if (at + RESULT_SIZE + 16 * changes > output.length) break;
    outcomes.push(decodeResult(view, at, cases[outcomes.length]!, data, changes));
    at += RESULT_SIZE + 16 * changes;
  }
  return outcomes;
}

function decodeResult(view: DataView, at: number, { words }: OracleCase, data: Uint8Array, changes: number): Outcome {
  const register = (i: number): bigint => view.getBigUint64(at + 16 + 8 * i, true);
  const registers = (offset: number, count: number): BigUint64Array => new BigUint64Array(view.buffer, at + offset, count);
  const state: CpuState = {
    x: registers(16, 31),
    sp: register(31),
    nzcv: Number((register(33) >> 28n) & 15n),
    v: registers(296, 64),
    fpsr: view.getUint32(at + 288, true),
    fpcr: view.getUint32(at + 292, true),
    tpidr: view.getBigUint64(at + 808, true),
  };
  const window = changes === 0 ? data : data.slice(); // most cases leave it alone
  const windowView = new DataView(window.buffer, window.byteOffset);
  for (let i = 0; i < changes; i++) {
    const entry = at + RESULT_SIZE + 16 * i;
    windowView.setBigUint64(Number(view.getBigUint64(entry, true)), view.getBigUint64(entry + 8, true), true);
  }
  const pc = register(32);
  const address = view.getBigUint64(at + 8, true);
  const stop = stopOf(view.getUint32(at, true), pc, words.length);
  const outcome = { stop, pc, state, data: window };
  return stop === "data-abort" || stop === "alignment" ? { ...outcome, address } : outcome;
}

/** As they are in memory, little-endian: hosts of ours are, and so are the records. */
const bytesOf = ({ buffer, byteOffset, byteLength }: BigUint64Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

function stopOf(signal: number, pc: bigint, words: number): Stop {
  // Linux says SIGSEGV and SIGBUS of a failed instruction fetch, too; then the PC is where there are no words.
  const isInWords = pc >= CODE_BASE && pc < CODE_BASE + 4n * BigInt(words) && pc % 4n === 0n;
  switch (signal) {
    case SIGTRAP:
      return "landed";
    case SIGILL:
      return "undefined";
    case SIGSEGV:
      return isInWords ? "data-abort" : "landed";
    case SIGBUS:
      return isInWords ? "alignment" : "landed";
    default:
      throw new Error(`the oracle reported signal ${signal}, for which it has no handler`);
  }
}
