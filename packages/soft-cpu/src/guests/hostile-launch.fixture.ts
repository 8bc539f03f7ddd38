/**
 * Machines that run whatever they are given: words as code, tables, registers of all kinds (`launch` in hostile.s), at EL1 or EL0. Two of
 * them, without and with compiled code, have to end in the same state.
 */
import { createHash } from "node:crypto";
import type { Machine, RunResult } from "@trapline/core";
import { AF, AP, ATTR, BLOCK, PAGE, SH } from "../mmu/guest-tables.fixture.ts";
import { addressOf } from "./guest-image.fixture.ts";
import { compileDecoded, type Engine, guestMachine, loadImage, RAM } from "./guest-machine.fixture.ts";
import { hostileGuest } from "./hostile.guest.fixture.ts";

const RAM_BYTES = 0x12_0000;
export const CODE = RAM + 0xa_0000;
export const DATA = RAM + 0x10_0000;
const PARAMETERS = RAM + 0x7_0000;
/** Pages of the image. */
const IMAGE = 0x8_0000 / 4096;
const IMAGE_PAGES = 16;

export const EL1H = 0x3c5n;
export const EL0T = 0n;
/** As after a reset, but EL0 may do all that it can be allowed to do. */
export const SCTLR = 0x30d5_d998n | (1n << 26n) | (1n << 9n);
const CPACR = 3n << 20n;

export interface Launch {
  readonly words: readonly number[];
  readonly spsr: bigint;
  /** X0 to X27; the others are the launcher's. */
  readonly x?: readonly bigint[];
  readonly sctlr?: bigint;
  readonly tcr?: bigint;
  readonly mair?: bigint;
  /** Default: a table that skips the instruction, or goes on a little further down where that cannot be fetched. */
  readonly vbar?: bigint;
  /** What lies at the start of RAM, where TTBR0_EL1 points; TTBR1_EL1 a page further. */
  readonly tables?: readonly bigint[];
}

/** With the MMU: RAM where it lies, in pages that EL0 may write or EL1 alone, the image for both to execute, below 1 GiB the device. */
export function flatMap(el: 0 | 1): Pick<Launch, "tables" | "tcr" | "mair" | "sctlr"> {
  const tables = new Array<bigint>(4 * 512).fill(0n);
  const rights = el === 0 ? AP(1) : 0n;
  tables[0] = BigInt(RAM + 0x1000) | 3n;
  tables[512] = AF | ATTR(1) | BLOCK | rights;
  tables[513] = BigInt(RAM + 0x2000) | 3n;
  tables[1024] = BigInt(RAM + 0x3000) | 3n;
  for (let n = 0; n < RAM_BYTES / 4096; n++) {
    const isImage = n >= IMAGE && n < IMAGE + IMAGE_PAGES;
    tables[1536 + n] = BigInt(RAM + 4096 * n) | PAGE | AF | SH(3) | (isImage ? AP(3) : rights);
  }
  return { tables, tcr: 0x12_8010_0010n, mair: 0x44_04ffn, sctlr: SCTLR | 1n };
}

/** All vCPUs of it are launched alike; several take turns of some instructions. */
export async function launcher(engine: Engine, vcpus = 1): Promise<Machine> {
  const turns = { vcpus, quantum: vcpus === 1 ? 50_000 : 97, cpu: { startAll: true } };
  const options = { engine, rounds: 0, ramBytes: RAM_BYTES, isSilent: true, ...turns };
  return (await guestMachine(hostileGuest, "launch", options)).machine;
}

/** Ready to run: a reset machine with all of it in place. */
export async function prepareLaunch(machine: Machine, launch: Launch): Promise<void> {
  const { words, spsr, x = [], sctlr = SCTLR, tcr = 0n, mair = 0xffn, tables = [] } = launch;
  const { vbar = BigInt(addressOf(hostileGuest, "skipping_vectors")) } = launch;
  await machine.reset("power-on");
  loadImage(machine, hostileGuest);
  machine.memory.copyIn(CODE, new Uint8Array(Uint32Array.from(words).buffer));
  const system = [vbar, CPACR, spsr, BigInt(CODE), mair, tcr, BigInt(RAM), BigInt(RAM + 0x1000), sctlr, BigInt(DATA + 0x8000)];
  machine.memory.copyIn(PARAMETERS, bytesOf([...system, ...x]));
  machine.memory.copyIn(RAM, bytesOf(tables));
}

/** So long, and what was decoded is compiled between. */
const STEPS_NS = [300, 300, 300, 1500, 1500];

export class LaunchPair {
  private readonly machines: readonly [interpreter: Machine, jit: Machine];

  private constructor(machines: readonly [Machine, Machine]) {
    this.machines = machines;
  }

  static async make(vcpus: number): Promise<LaunchPair> {
    return new LaunchPair([await launcher("interpreter", vcpus), await launcher("JIT", vcpus)]);
  }

  /** How the same ended on both. */
  async run(launch: Launch): Promise<readonly [interpreted: object, compiled: object]> {
    const [interpreter, jit] = this.machines;
    return [await outcome(interpreter, launch, () => {}), await outcome(jit, launch, compileDecoded)];
  }

  async close(): Promise<void> {
    for (const machine of this.machines) await machine.close();
  }
}

async function outcome(machine: Machine, launch: Launch, between: (machine: Machine) => void): Promise<object> {
  await prepareLaunch(machine, launch);
  let end: RunResult = { reason: "until" };
  for (const step of STEPS_NS) {
    if (end.reason !== "until") break;
    end = await machine.run({ untilNs: machine.clock.nowNs() + step, timeoutMs: 10_000 });
    between(machine);
  }
  const memory = createHash("sha256").update(machine.memory.window(RAM, RAM_BYTES)!).digest("hex");
  return { end, nowNs: machine.clock.nowNs(), vcpus: machine.vcpus.map((vcpu) => vcpu.save()), memory };
}

function bytesOf(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}
