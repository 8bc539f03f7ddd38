/** System registers of a vCPU on their own, with what they told the vCPU. */
import { sysregEncoding, VirtualClock } from "@trapline/core";
import { CpuState } from "../state/cpu-state.ts";
import { CURRENT_EL, STATE_END } from "../state/layout.ts";
import { GenericTimer } from "../timer/generic-timer.ts";
import type { CpuIdentity } from "./cpu-identity.ts";
import type { Outcome } from "./outcome.ts";
import { SYSTEM_REGISTERS } from "./rows.ts";
import { SystemRegisters } from "./system-registers.ts";

export interface RegistersUnderTest {
  readonly state: CpuState;
  readonly clock: VirtualClock;
  readonly timer: GenericTimer;
  readonly registers: SystemRegisters;
  /** Hooks called and lines set, in words. */
  readonly log: string[];
  /** By name, at the current level. */
  read(name: string): bigint | number;
  write(name: string, value: bigint): Outcome;
  enterEl0(): void;
}

export const IDENTITY: CpuIdentity = { affinity: 0, uniprocessor: true, gicSystemRegisters: true };

/** Just after a reset. */
export function underTest(identity: Partial<CpuIdentity> = {}): RegistersUnderTest {
  const state = new CpuState(new ArrayBuffer(STATE_END));
  const clock = new VirtualClock();
  const log: string[] = [];
  const timer = new GenericTimer({
    clock,
    name: "vcpu0",
    setLevel: (intid, high) => log.push(`${intid} ${high ? "high" : "low"}`),
    onEvent: () => log.push("event"),
  });
  const registers = new SystemRegisters({
    state,
    timer,
    identity: { ...IDENTITY, ...identity },
    hooks: {
      translationChanged: (register) => log.push(`translation ${register}`),
      interruptMaskChanged: () => log.push("interrupt mask"),
      debugChanged: () => log.push("debug"),
      fpTrapChanged: () => log.push("fp trap"),
      fpControlChanged: () => log.push("fp control"),
    },
  });
  registers.reset();
  return {
    state,
    clock,
    timer,
    registers,
    log,
    read: (name) => registers.read(encodingOf(name), state.el),
    write: (name, value) => registers.write(encodingOf(name), value, state.el),
    enterEl0: () => {
      registers.writeImmediate(0, 5, 0, 1);
      state.i32[CURRENT_EL >> 2] = 0;
    },
  };
}

/** `S3_0_C12_C12_0` spells an encoding that the table does not have. */
export function encodingOf(name: string): number {
  const spelled = /^S(\d)_(\d)_C(\d+)_C(\d+)_(\d)$/.exec(name)?.slice(1).map(Number);
  if (spelled !== undefined) return sysregEncoding(spelled[0]!, spelled[1]!, spelled[2]!, spelled[3]!, spelled[4]!);
  const row = SYSTEM_REGISTERS.registers.find((r) => r.name === name);
  if (row === undefined) throw new Error(`no row is named ${name}`);
  return row.encoding;
}
