/** How the command ends, for scripts: see the README. */
import { isTraplineError, messageOf, type PluginError, type RunResult } from "@trapline/core";
import { formatMachineFileErrors, isMachineFileError } from "@trapline/core/machine-file";

export const STATUS = { OK: 0, USAGE: 2, TIMEOUT: 124, INTERNAL: 125 } as const;

/** The status of a run, and a sentence for stderr where the guest did not simply switch itself off. */
export function statusOf(result: RunResult, seconds: number | undefined): { readonly status: number; readonly sentence?: string } {
  switch (result.reason) {
    case "power-off":
      return { status: result.status };
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

/** The status of a failure: the user's mistake, or ours. */
export function statusOfError(error: unknown): number {
  if (isTraplineError(error, "plugin")) return statusOfError((error as PluginError).cause);
  return isMachineFileError(error) || isTraplineError(error, "config") || isTraplineError(error, "host") ? STATUS.USAGE : STATUS.INTERNAL;
}

/** What stderr says of it: a sentence for the user's mistakes, everything for ours. */
export function describeError(error: unknown): string {
  if (isMachineFileError(error)) return formatMachineFileErrors(error);
  if (statusOfError(error) === STATUS.USAGE) return `trapline: ${messageOf(error)}\n`;
  return `trapline: internal error: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`;
}
