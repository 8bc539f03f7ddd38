/**
 * Guest MIPS: the instructions of a guest by the host's time from the beginning of its work to the end, warm-up included, beside
 * QEMU's in the same run. `interpreter-mixed` is cpu/mixed with the JIT switched off. How the figures come about:
 * docs/adr/0024-guest-rows.md; what the guests do: bench/guests/README.md.
 */
import { HostError } from "@trapline/core";
import type { GuestRun } from "../fixtures/guest-machine.ts";
import { type GuestFigures, guestRow } from "../fixtures/guest-row.ts";
import type { GuestImage } from "../guests/guest-image.ts";
import { cpuFigures, guestMips } from "../guests/guest-output.ts";
import { atLeastOfQemu, type PreparedRow, type Row } from "../harness/row.ts";

const SAMPLES = 7;
/** The marks stand so much further out than the readings of the counter that the manifest's number is about (runtime/cpu.c). */
const BETWEEN_MARKS_AND_READINGS = 15;

const MIPS: GuestFigures = {
  ours(image, run) {
    cpuFigures(image, run.output); // refuses a wrong checksum
    checkCount(image, run);
    return (image.instructions! / run.measured.hostNs) * 1e3;
  },
  qemu: guestMips,
};

/** A CPU that counts otherwise than QEMU, or leaves instructions out, has no figure. */
function checkCount({ name, instructions }: GuestImage, { measured }: GuestRun): void {
  const wanted = instructions! + BETWEEN_MARKS_AND_READINGS;
  if (measured.instructions === wanted) return;
  throw new HostError(`${name} retired ${measured.instructions} instructions between its marks`, {
    subject: name,
    value: measured.instructions,
    limit: wanted,
    remedy: `by QEMU's count they are ${wanted}`,
  });
}

const jit = (name: string): PreparedRow => guestRow(name, { clock: "virtual" }, MIPS);

export const rows: readonly Row[] = [
  { name: "cpu/alu", unit: "MIPS", samples: SAMPLES, targets: [atLeastOfQemu(0.75)], prepare: () => jit("cpu/alu") },
  { name: "cpu/crc-copy", unit: "MIPS", samples: SAMPLES, targets: [atLeastOfQemu(1.2)], prepare: () => jit("cpu/crc-copy") },
  { name: "cpu/fib", unit: "MIPS", samples: SAMPLES, targets: [atLeastOfQemu(1.2)], prepare: () => jit("cpu/fib") },
  { name: "cpu/mixed", unit: "MIPS", samples: SAMPLES, targets: [atLeastOfQemu(0.65, 0.8)], prepare: () => jit("cpu/mixed") },
  {
    name: "cpu/interpreter-mixed",
    unit: "MIPS",
    samples: 5,
    targets: [atLeastOfQemu(0.25)],
    prepare: () => guestRow("cpu/mixed", { clock: "virtual", jit: false }, MIPS),
  },
];
