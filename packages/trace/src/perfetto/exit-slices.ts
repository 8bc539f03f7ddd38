/**
 * The rows of vCPUs: every exit a slice, named by the register it reached. An exit is a moment, so it is a nanosecond wide, but for `wfi`,
 * which lasts until the vCPU goes on. Hypercalls and doorbells are marked as well.
 */
import { formatSysreg, hex, type TraceEvents, type U64 } from "@trapline/core";
import type { SteadyTime } from "../steady-time.ts";
import type { Args, JsonEvents, Track } from "./json-events.ts";
import type { Tracks } from "./tracks.ts";

interface OpenExit {
  name: string;
  readonly sleeps: boolean;
  readonly startNs: number;
  endNs: number;
  readonly args: Record<string, string | number | boolean | undefined>;
}

export class ExitSlices {
  private readonly events: JsonEvents;
  private readonly tracks: Tracks;
  private readonly time: SteadyTime;
  private readonly open = new Map<number, OpenExit>();

  constructor(events: JsonEvents, tracks: Tracks, time: SteadyTime) {
    this.events = events;
    this.tracks = tracks;
    this.time = time;
  }

  exit(event: TraceEvents["exit"]): void {
    const { nowNs } = this.time;
    this.close(event.vcpu, nowNs);
    const at = event.at === undefined ? {} : { pc: hex(event.at.pc), instruction: event.at.text ?? hex(event.at.word, 8) };
    this.open.set(event.vcpu, {
      name: nameOf(event),
      sleeps: event.reason === "wfi",
      startNs: nowNs,
      endNs: nowNs + 1,
      args: { ...argsOf(event), ...at, seq: event.seq },
    });
    if (event.reason === "hypercall")
      this.mark(event.vcpu, `${event.conduit} ${hex(event.functionId)}`, "hypercall", { result: text(event.result) });
  }

  /** What an exit reached: it is named after that. */
  reached(event: TraceEvents["access"] | TraceEvents["sysreg"]): void {
    const open = this.open.get(event.vcpu);
    if (open === undefined || open.sleeps) return;
    open.name =
      event.kind === "sysreg"
        ? `${event.direction === "read" ? "mrs" : "msr"} ${event.register}`
        : `${event.direction} ${event.device}.${event.register ?? hex(event.offset)}`;
    open.endNs = Math.max(open.endNs, this.time.nowNs);
  }

  rang(event: TraceEvents["doorbell"]): void {
    const open = this.open.get(event.vcpu);
    if (open !== undefined && !open.sleeps) open.name = `ring ${event.doorbell}`;
    if (event.vcpu >= 0) this.mark(event.vcpu, event.doorbell, "doorbell", { value: text(event.value) });
  }

  /** A line went up: the vCPU does not sleep any longer. */
  woke(vcpu: number): void {
    if (this.open.get(vcpu)?.sleeps === true) this.close(vcpu, this.time.nowNs);
  }

  end(): void {
    for (const [vcpu, { startNs }] of [...this.open]) this.close(vcpu, Math.max(startNs + 1, this.time.nowNs));
  }

  /** @param nextNs when something else begins on that row. An exit that leaves no room for a slice is a mark. */
  private close(vcpu: number, nextNs: number): void {
    const open = this.open.get(vcpu);
    if (open === undefined) return;
    this.open.delete(vcpu);
    const endNs = open.sleeps ? nextNs : Math.min(open.endNs, nextNs);
    if (endNs > open.startNs) this.events.slice(this.track(vcpu), open.name, "exit", open.startNs, endNs, open.args);
    else this.events.instant(this.track(vcpu), open.name, "exit", open.startNs, "t", open.args);
  }

  private mark(vcpu: number, name: string, category: string, args: Args): void {
    this.events.instant(this.track(vcpu), name, category, this.time.nowNs, "t", args);
  }

  private track(vcpu: number): Track {
    return this.tracks.of("vCPUs", `vcpu${vcpu} exits`, 10 * vcpu);
  }
}

function nameOf(event: TraceEvents["exit"]): string {
  switch (event.reason) {
    case "mmio":
    case "pio":
      return `${event.reason} ${event.direction} ${hex(event.address)}`;
    case "sysreg":
      return `${event.direction === "read" ? "mrs" : "msr"} ${formatSysreg(event.encoding)}`;
    case "hypercall":
      return `${event.conduit} ${hex(event.functionId)}`;
    default:
      return event.reason;
  }
}

function argsOf(event: TraceEvents["exit"]): Args {
  switch (event.reason) {
    case "mmio":
    case "pio":
      return { address: hex(event.address), width: event.width, value: text(event.value), aborted: event.aborted };
    case "sysreg":
      return { value: text(event.value), undefined: event.undefined };
    case "hypercall":
      return { result: text(event.result) };
    case "shutdown":
      return { status: event.status };
    case "fault":
      return { message: event.message };
    default:
      return {};
  }
}

const text = (value: U64 | undefined): string | undefined => (value === undefined ? undefined : hex(value));
