/**
 * What a guest prints: `cpu/alu checksum=… ticks=… hz=…`, or `guest/mmio 55.61 500000` once for each round. Whoever finds
 * something wrong prints `failed: …` first, and then there is no figure.
 */
import { HostError } from "@trapline/core";
import { summarize } from "../harness/statistics.ts";
import type { GuestImage } from "./guest-image.ts";

/** How much of the output a message quotes. */
const QUOTED = 300;

/** Million instructions a second by the guest's own clock. @throws HostError unless it ended with the right checksum */
export function guestMips(image: GuestImage, output: string): number {
  const { ticks, hz } = cpuFigures(image, output);
  return (image.instructions! / ticks) * (hz / 1e6);
}

/** Ticks of the counter that the work took, by the guest. @throws HostError unless it ended with the right checksum */
export function cpuFigures(image: GuestImage, output: string): { readonly ticks: number; readonly hz: number } {
  const found = new RegExp(`^${image.name} checksum=([0-9a-f]{16}) ticks=(\\d+) hz=(\\d+)\\s*$`, "m").exec(refuseFailure(image.name, output));
  if (found === null) throw noFigure(image.name, output);
  const [, checksum, ticks, hz] = found;
  if (checksum !== image.checksum) {
    throw new HostError(`${image.name} ended with checksum ${checksum} instead of ${image.checksum}`, {
      subject: image.name,
      value: checksum!,
      limit: image.checksum ?? "none",
      remedy: "the CPU that ran it computes something else",
    });
  }
  return { ticks: Number(ticks), hz: Number(hz) };
}

/** Nanoseconds for each operation: the median of its rounds. @throws HostError when the guest gave none */
export function guestNs(name: string, output: string): number {
  const rounds = [...refuseFailure(name, output).matchAll(new RegExp(`^${name} (\\d+\\.\\d+) \\d+\\s*$`, "gm"))];
  if (rounds.length === 0) throw noFigure(name, output);
  return summarize(rounds.map(([, ns]) => Number(ns))).median;
}

function refuseFailure(name: string, output: string): string {
  const failure = /^failed: .*$/m.exec(output);
  if (failure !== null) throw new HostError(`${name} ${failure[0]}`, { subject: name, remedy: `it printed ${quoted(output)}` });
  return output;
}

function noFigure(name: string, output: string): HostError {
  return new HostError(`${name} gave no figure`, { subject: name, remedy: `it printed ${quoted(output)}` });
}

function quoted(output: string): string {
  return JSON.stringify(output.slice(-QUOTED));
}
