/**
 * Runs a guest on `qemu-system-aarch64` by TCG: the machine that the guests were written for, with nothing in it that they do
 * not use. QEMU's own start is never part of a figure, since the guests measure themselves.
 */
import type { GuestImage } from "../guests/guest-image.ts";
import { runProgram } from "../guests/run-program.ts";

/** Fifty times what the slowest guest takes on a machine that does nothing else. */
const TIMEOUT_MS = 120_000;

/** What the guest printed. @throws HostError when QEMU fails or does not end */
export function runOnQemu(qemu: string, image: GuestImage): Promise<string> {
  return runProgram(qemu, qemuArguments(image), { what: `${image.name} on QEMU`, timeoutMs: TIMEOUT_MS });
}

/** A CPU without more features than ours has, the counter at the host's time, no devices but those of the board itself. */
function qemuArguments({ path, vcpus }: GuestImage): string[] {
  const machine = ["-M", "virt,gic-version=3", "-cpu", "cortex-a57", "-accel", "tcg", "-smp", String(vcpus), "-m", "64"];
  return [...machine, "-nodefaults", "-nographic", "-monitor", "none", "-serial", "stdio", "-kernel", path];
}
