/**
 * Whole machines around the guests of this folder: soft vCPUs, an interrupt controller, the port that guests talk to. `playGuest` runs one
 * to its end, on the interpreter alone or so that compiled code takes part: what is executed is sampled at the end of each slice, so
 * the first rounds go instruction by instruction, and the rest in one go.
 */
import { createMachine, type Machine, type RunResult } from "@trapline/core";
import { softCpu, type SoftCpuOptions } from "../soft-cpu.ts";
import type { SoftVcpu } from "../soft-vcpu.ts";
import { addressOf, type GuestImage } from "./guest-image.fixture.ts";
import { guestIrqchip } from "./guest-irqchip.fixture.ts";
import { GuestPort } from "./guest-port.fixture.ts";

export const RAM = 0x4000_0000;
export const RAM_BYTES = 0x20_0000;

export type Engine = "interpreter" | "JIT";
export const ENGINES: readonly Engine[] = ["interpreter", "JIT"];

/** Rounds in which code is looked at and compiled, and rounds in all. */
const WARM_ROUNDS = 3;
const ROUNDS = 6;
/** Sampling every instruction of a round is enough; longer rounds are sampled here and there. */
const SINGLE_STEPS = 800;
const LONG_STEP = 997;
/** A guest that runs longer is stuck. */
const TIMEOUT_MS = 20_000;

export interface GuestOptions {
  readonly engine: Engine;
  readonly vcpus?: number;
  readonly quantum?: number;
  readonly rounds?: number;
  readonly cpu?: SoftCpuOptions;
  /** Puts things into memory before the guest starts. */
  readonly prepare?: (machine: Machine) => void;
}

export interface GuestMachine {
  readonly machine: Machine;
  readonly port: GuestPort;
}

/** A machine with the guest in memory, about to run it from `entry`. Close it. */
export async function guestMachine(image: GuestImage, entry: string, options: GuestOptions): Promise<GuestMachine> {
  const { engine, vcpus = 1, rounds = ROUNDS, cpu = {}, prepare } = options;
  const port = new GuestPort(image);
  const x = [...new Array<number>(26).fill(0), rounds];
  const start = { pc: addressOf(image, entry), x };
  const machine = await createMachine({
    memory: [{ base: RAM, size: RAM_BYTES }],
    vcpus,
    ...(options.quantum === undefined ? {} : { quantum: options.quantum }),
    plugins: [softCpu({ jit: engine === "JIT", start, ...cpu }), guestIrqchip(), port.plugin()],
  });
  loadImage(machine, image);
  prepare?.(machine);
  return { machine, port };
}

export function loadImage(machine: Machine, { base, parts }: GuestImage): void {
  for (const [offset, words] of parts) machine.memory.copyIn(base + offset, new Uint8Array(Uint32Array.from(words).buffer));
}

/** Functions that were compiled in this machine so far. */
export function compiledFunctions(machine: Machine): number {
  return (machine.vcpus[0] as SoftVcpu)["cluster"].engine.compiler.statistics.functions;
}

/** Runs until the guest has powered off; with the JIT, in steps at first. */
export async function playToEnd({ machine, port }: GuestMachine, engine: Engine): Promise<RunResult> {
  if (engine === "JIT") {
    for (let steps = 0; port.begun <= WARM_ROUNDS; steps++) {
      const { clock, vcpus } = machine;
      const stepNs = steps < SINGLE_STEPS ? 1 : LONG_STEP;
      const untilNs = vcpus.some((vcpu) => vcpu.runnable) ? clock.nowNs() + stepNs : clock.nextDeadlineNs();
      const end = await machine.run({ untilNs, timeoutMs: TIMEOUT_MS });
      if (end.reason !== "until") return end;
    }
  }
  return machine.run({ timeoutMs: TIMEOUT_MS });
}

/**
 * Runs a guest until it powers off and gives what it said in a round.
 * @throws Error when it ends otherwise, when two of its rounds differ, or when the JIT had no part in it
 */
export async function playGuest(image: GuestImage, entry: string, options: GuestOptions): Promise<readonly string[]> {
  const guest = await guestMachine(image, entry, options);
  const { machine, port } = guest;
  try {
    const end = await playToEnd(guest, options.engine);
    const [before, first, ...others] = port.rounds as [string[], string[] | undefined, ...string[][]];
    const said = (): string => port.rounds.map((lines) => lines.slice(-20).join("\n")).join("\n--\n");
    if (end.reason !== "power-off" || first === undefined || before.length > 0) throw new Error(`${entry} ended with ${JSON.stringify(end)}:\n${said()}`);
    const odd = others.findIndex((lines) => lines.join("\n") !== first.join("\n"));
    if (odd >= 0) throw new Error(`round ${odd + 2} of ${entry} is not like the first:\n${said()}`);
    if (options.engine === "JIT" && compiledFunctions(machine) === 0) throw new Error(`nothing of ${entry} was compiled`);
    return first;
  } finally {
    await machine.close();
  }
}
