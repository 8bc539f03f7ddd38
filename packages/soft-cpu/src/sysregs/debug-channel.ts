/**
 * The debug communications channel as software on the PE sees it (Arm ARM DDI 0487, H4.4, pseudocode of DBGDTR_EL0): one word
 * each way, with a full flag each in MDSCR_EL1. No debugger is at the other end: what is sent stays, TXfull with it, and nothing
 * ever comes. So a driver that probes the channel finds that nobody listens.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { DTRRX, DTRTX, MDSCR_EL1 } from "./slots.ts";

export const TX_FULL: bigint = 1n << 29n;
export const RX_FULL: bigint = 1n << 30n;

/** DBGDTRTX_EL0: 32 bits to the debugger. */
export function sendWord(state: CpuState, value: bigint): void {
  state.setSysreg(DTRTX, BigInt.asUintN(32, value));
  state.setSysreg(MDSCR_EL1, state.sysreg(MDSCR_EL1) | TX_FULL);
}

/** DBGDTR_EL0, written: both words are used for one direction. */
export function sendDouble(state: CpuState, value: bigint): void {
  state.setSysreg(DTRRX, value >> 32n);
  sendWord(state, value);
}

/** DBGDTRRX_EL0: what the debugger sent. */
export function receiveWord(state: CpuState): bigint {
  state.setSysreg(MDSCR_EL1, state.sysreg(MDSCR_EL1) & ~RX_FULL);
  return state.sysreg(DTRRX);
}

/** DBGDTR_EL0, read. */
export function receiveDouble(state: CpuState): bigint {
  return peekDouble(state, receiveWord(state));
}

export function peekDouble(state: CpuState, low: bigint = state.sysreg(DTRRX)): bigint {
  return (state.sysreg(DTRTX) << 32n) | low;
}
