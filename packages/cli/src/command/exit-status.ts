/** How the command ends, for scripts: see the README. */
import { isTraplineError, messageOf, type PluginError, type RunResult } from "@trapline/core";

export const STATUS = { OK: 0, USAGE: 2, TIMEOUT: 124, INTERNAL: 125 } as const;

/**
 * The status of a run, and a sentence for stderr where the guest did not simply switch itself off. What a test device was told becomes odd, as QEMU's
 * does: (code << 1) | 1, so that a reported 0 is not taken for a guest that switched off without a word.
 */
export function statusOf(result: RunResult, seconds: number | undefined): { readonly status: number; readonly sentence?: string } {
  switch (result.reason) {
    case "power-off":
      return { status: result.reported === true ? ((result.status << 1) | 1) & 0xff : fitting(result.status) };
    case "stopped":
      return { status: STATUS.OK };
    case "timeout":
      return { status: STATUS.TIMEOUT, sentence: `timeout: the guest was still running after ${seconds} s` };
    case "halted":
      return { status: STATUS.INTERNAL, sentence: "the guest switched every vCPU off, but not the machine" };
    case "idle":
      return { status: STATUS.INTERNAL, sentence: "the guest waits for an interrupt that nothing can send" };
    case "fault":
      return { status: STATUS.INTERNAL, sentence: `vCPU ${result.vcpu} cannot go on at 0x${result.pc.toString(16)}: ${result.message}` };
    case "debug":
    case "until":
      return { status: STATUS.INTERNAL, sentence: `the run ended early (${result.reason})` };
  }
}

/** A process has eight bits for it; what is not 0 stays that. */
const fitting = (status: number): number => (status === 0 ? 0 : status & 0xff || 0xff);

/** The status of a failure: the user's mistake, or ours. */
export function statusOfError(error: unknown): number {
  if (isTraplineError(error, "plugin")) return statusOfError((error as PluginError).cause);
  return isTraplineError(error, "config") || isTraplineError(error, "host") ? STATUS.USAGE : STATUS.INTERNAL;
}

/** What stderr says of it: a sentence for the user's mistakes, a paragraph for each of a machine file, everything for ours. */
export async function describeError(error: unknown): Promise<string> {
  if (isTraplineError(error, "config") && "problems" in error) {
    const { formatMachineFileErrors, isMachineFileError } = await import("@trapline/core/machine-file");
    if (isMachineFileError(error)) return formatMachineFileErrors(error);
  }
  return sentenceOf(error);
}

/** As describeError, at once: of what nobody caught. */
export function sentenceOf(error: unknown): string {
  if (statusOfError(error) === STATUS.USAGE) return `trapline: ${messageOf(error)}\n`;
  return `trapline: internal error: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`;
}
