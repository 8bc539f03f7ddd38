/**
 * A trace as waveforms for GTKWave and other viewers of value change dumps (IEEE Std 1364-2005, clause 18): give it the events in order.
 * Signals: each GSI, each pin of each chip, IRQ and FIQ of each vCPU, and the INTID it handles, z while it handles none.
 *
 * A pulse is high for a nanosecond, since a change there and back at one time would not be seen. Time never goes back: see SteadyTime.
 */
import type { TraceEvent, WireEvent } from "@trapline/core";
import { type CpuStepEvent, cpuStepOf } from "../journey/cpu-step.ts";
import { SteadyTime } from "../steady-time.ts";
import { ClosedText, type TraceOutput } from "../trace-output.ts";
import { Wiring, type WiringEvent } from "../wiring.ts";
import { VcdHeader, type VcdScope, type VcdSignal } from "./vcd-header.ts";

const INTID_BITS = 24;
/** Handled at once by one vCPU: a GIC has 32 levels of preemption at most. */
const MAX_NESTED = 64;

export class VcdWriter {
  private readonly text: ClosedText;
  private readonly header: VcdHeader;
  private readonly time = new SteadyTime();
  private wiring: Wiring;
  private readonly gsis: VcdScope;
  private readonly scopes = new Map<string, VcdScope>();
  private readonly signals = new Map<string, VcdSignal | undefined>();
  private readonly values = new Map<VcdSignal, string>();
  /** INTIDs that each vCPU handles, the last one innermost. */
  private readonly handled = new Map<number, number[]>();
  private readonly falling = new Set<VcdSignal>();
  /** When they fall: a nanosecond after they rose. */
  private fallNs = Infinity;
  private begun = false;
  /** The time that was written last. */
  private writtenNs = -1;

  /** @param wiring of the machine, where the trace does not begin with it: it says which signals there are */
  constructor(output: TraceOutput, wiring?: WiringEvent) {
    this.text = new ClosedText(output);
    this.header = new VcdHeader(this.text, output.seekable);
    this.wiring = new Wiring(wiring);
    this.gsis = this.header.scope("gsi");
  }

  /** Signals that came too late to be declared. */
  get left(): number {
    return this.header.left;
  }

  next(given: WireEvent): void {
    const event = given as TraceEvent;
    if (event.kind === "wiring" && !this.begun) return void (this.wiring = new Wiring(event));
    const nowNs = this.time.at(event.atNs);
    if (!this.begun) this.begin();
    if (nowNs >= this.fallNs) this.fall();
    switch (event.kind) {
      case "gsi":
        return this.drive(this.gsi(event.gsi), event.signal);
      case "pin":
        return this.drive(this.pin(event.irqchip, event.pin), event.signal);
      case "vcpu-line":
        return this.drive(this.vcpu(event.vcpu, event.line), event.level ? "high" : "low");
      case "machine":
        if (event.what === "reset" || event.what === "restoring") for (const vcpu of [...this.handled.keys()]) this.handle(vcpu, []);
        return;
      default:
        return this.cpuStep(event as WireEvent);
    }
  }

  flush(): void {
    this.text.flush();
  }

  finish(): void {
    if (!this.begun) this.begin();
    this.fall();
    this.stamp(Math.max(this.time.nowNs, this.writtenNs));
    if (this.left > 0) this.text.add(`$comment ${this.left} signals came too late to be declared $end\n`);
    this.text.end();
  }

  /** Declares what the wiring knows, and writes what everything is at first. */
  private begin(): void {
    this.begun = true;
    const { irqchips, sources, vcpus, machine } = this.wiring;
    for (const { name } of irqchips) this.scopes.set(`chip ${name}`, this.header.scope(name));
    this.scopes.set("vcpus", this.header.scope("vcpu"));
    for (const { gsi, targets } of sources) {
      this.gsi(gsi);
      for (const { irqchip, pin } of targets) this.pin(irqchip, pin);
    }
    for (let vcpu = 0; vcpu < vcpus; vcpu++) for (const line of ["irq", "fiq", "intid"] as const) this.vcpu(vcpu, line);
    this.header.write(machine);
    this.stamp(this.time.nowNs);
    this.text.add("$dumpvars\n");
    for (const signal of this.signals.values()) if (signal !== undefined) this.text.add(valueText(signal, this.values.get(signal)!));
    this.text.add("$end\n");
  }

  private gsi(gsi: number): VcdSignal | undefined {
    const owners = this.wiring.ownersOf(gsi).map(({ owner }) => owner);
    return this.signal(`gsi ${gsi}`, this.gsis, ["gsi", gsi, ...owners].join("_"), 1);
  }

  private pin(irqchip: string, pin: number): VcdSignal | undefined {
    const scope = this.scopes.get(`chip ${irqchip}`) ?? this.gsis;
    const wired = this.wiring.intidOf(irqchip, pin);
    const name = `${scope === this.gsis ? `${irqchip}_` : ""}pin_${pin}${wired === undefined ? "" : `_intid_${wired.intid}`}`;
    return this.signal(`pin ${irqchip} ${pin}`, scope, name, 1);
  }

  private vcpu(vcpu: number, line: "irq" | "fiq" | "intid"): VcdSignal | undefined {
    return this.signal(`vcpu ${vcpu} ${line}`, this.scopes.get("vcpus")!, `vcpu${vcpu}_${line}`, line === "intid" ? INTID_BITS : 1);
  }

  private signal(key: string, scope: VcdScope, name: string, bits: number): VcdSignal | undefined {
    if (this.signals.has(key)) return this.signals.get(key);
    const signal = this.header.signal(scope, name, bits);
    this.signals.set(key, signal);
    if (signal !== undefined) this.values.set(signal, this.writtenNs >= 0 ? "x" : bits === 1 ? "0" : "z"); // latecomers are in no $dumpvars
    return signal;
  }

  private drive(signal: VcdSignal | undefined, how: "low" | "high" | "pulse"): void {
    if (signal === undefined) return;
    if (how === "pulse") {
      if (this.values.get(signal) === "1") return; // high already: nothing to be seen
      this.falling.add(signal);
      this.fallNs = this.time.nowNs + 1;
    } else {
      this.falling.delete(signal);
    }
    this.change(signal, how === "low" ? "0" : "1");
  }

  /** Ends the pulses, a nanosecond after they began. */
  private fall(): void {
    for (const signal of this.falling) this.change(signal, "0", this.fallNs);
    this.falling.clear();
    this.fallNs = Infinity;
  }

  private cpuStep(event: WireEvent): void {
    const step = cpuStepOf(event.kind);
    if (step !== "acknowledge" && step !== "eoi") return;
    const { vcpu, intid } = event as CpuStepEvent;
    const nested = this.handled.get(vcpu) ?? [];
    if (step === "acknowledge") return this.handle(vcpu, [...nested.slice(-MAX_NESTED), intid]);
    const at = nested.lastIndexOf(intid);
    if (at >= 0) this.handle(vcpu, nested.toSpliced(at, 1));
  }

  private handle(vcpu: number, nested: number[]): void {
    this.handled.set(vcpu, nested);
    const signal = this.vcpu(vcpu, "intid");
    if (signal !== undefined) this.change(signal, nested.at(-1)?.toString(2) ?? "z");
  }

  private change(signal: VcdSignal, value: string, atNs: number = this.time.nowNs): void {
    if (this.values.get(signal) === value) return;
    this.values.set(signal, value);
    this.stamp(atNs);
    this.text.add(valueText(signal, value));
  }

  private stamp(atNs: number): void {
    if (atNs <= this.writtenNs) return;
    this.writtenNs = atNs;
    this.text.add(`#${atNs}\n`);
  }
}

const valueText = ({ code, bits }: VcdSignal, value: string): string => (bits === 1 ? `${value}${code}\n` : `b${value} ${code}\n`);
