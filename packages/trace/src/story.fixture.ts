/**
 * Traces for specs, written step by step as a machine makes them: each call is one event, numbers count up, `at` moves the clock. The
 * machine is a GICv3 with 32 SPIs on mainline pins, a sensor on GSI 1 (level) and a button on GSI 2 (edge).
 */
import { type TraceEvents, toJsonLine, type WireEvent } from "@trapline/core";
import type { WiringEvent } from "./wiring.ts";

export const WIRING: WiringEvent = {
  seq: 0,
  atNs: 0,
  kind: "wiring",
  machine: "board",
  vcpus: 2,
  irqchips: [{ name: "gic", pins: 988, inputs: [{ pin: 0, intid: 32, count: 32, vcpu: -1 }] }],
  sources: [
    { gsi: 1, owner: "sensor", trigger: "level", targets: [{ irqchip: "gic", pin: 1, input: "SPI 1 (INTID 33)" }] },
    { gsi: 2, owner: "button", trigger: "edge", targets: [{ irqchip: "gic", pin: 2, input: "SPI 2 (INTID 34)" }] },
  ],
};

type Level = "low" | "high" | "pulse";

export class Story {
  readonly events: WireEvent[] = [];
  private seq = 0;
  private nowNs = 0;

  at(ns: number): this {
    this.nowNs = ns;
    return this;
  }

  event(kind: string, payload: object): this {
    this.events.push({ seq: ++this.seq, atNs: this.nowNs, kind, ...payload });
    return this;
  }

  /** A number that nobody saw taken. */
  skip(): this {
    this.seq++;
    return this;
  }

  gsi(gsi: number, signal: Level, result = 1): this {
    return this.event("gsi", { gsi, signal, result });
  }
  pin(pin: number, signal: Level, result = 1, irqchip = "gic"): this {
    return this.event("pin", { irqchip, pin, signal, result });
  }
  /** A GSI and the pin of the same number. */
  wire(gsi: number, signal: Level, result = 1): this {
    return this.gsi(gsi, signal, result).pin(gsi, signal, result);
  }
  msi(at: string, data: number, deviceId: number | undefined, result = 1): this {
    return this.event("msi", { at, address: 0x808_0040, data, ...(deviceId === undefined ? {} : { deviceId }), result });
  }
  translation(deviceId: number, eventId: number, intid: number | undefined, result = 1): this {
    return this.event("its.translation", { its: "its", deviceId, eventId, ...(intid === undefined ? {} : { intid }), vcpu: 0, result });
  }
  signal(eventFd: string): this {
    return this.event("signal", { eventFd, value: 1, count: 0 });
  }
  timer(vcpu: number, level: boolean): this {
    return this.event("private-line", { irqchip: "gic", vcpu, intid: 27, level });
  }
  line(vcpu: number, level: boolean, line: "irq" | "fiq" = "irq"): this {
    return this.event("vcpu-line", { irqchip: "gic", vcpu, line, level });
  }
  exit(vcpu: number, reason = "mmio"): this {
    const more: Partial<Record<string, object>> = {
      mmio: { direction: "write", address: 0x900_0000, width: 4, value: 1 },
      sysreg: { direction: "read", encoding: 0xc660, value: 33 },
      hypercall: { conduit: "hvc", functionId: 0x8400_0008, immediate: 0, result: 0 },
    };
    return this.event("exit", { vcpu, reason, ...more[reason] });
  }
  access(vcpu: number, device: string, register: string, direction: "read" | "write", value: number): this {
    return this.event("access", { bus: "mmio", device, address: 0x800_0c08, offset: 0xc08, width: 4, direction, value, register, vcpu });
  }
  /** A read of ICC_IAR1_EL1 that takes an interrupt; the line falls. */
  take(vcpu: number, intid: number, falls = true): this {
    this.exit(vcpu, "sysreg").sysreg(vcpu, "ICC_IAR1_EL1", intid);
    this.event("gic.acknowledge", { irqchip: "gic", vcpu, intid, group: 1, priority: 0xa0 });
    return falls ? this.line(vcpu, false) : this;
  }
  sysreg(vcpu: number, register: string, value: number): this {
    return this.event("sysreg", { device: "gic", register, encoding: 0xc660, direction: "read", value, vcpu });
  }
  /** A write of ICC_EOIR1_EL1, EOImode 0. */
  end(vcpu: number, intid: number, pin?: number): this {
    this.exit(vcpu, "sysreg").event("gic.eoi", { irqchip: "gic", vcpu, intid, group: 1 });
    if (intid < 8192) this.event("gic.deactivate", { irqchip: "gic", vcpu, intid });
    return pin === undefined ? this : this.event("completion", { irqchip: "gic", pin });
  }
  machine(what: TraceEvents["machine"]["what"]): this {
    return this.event("machine", { what });
  }

  /** As a file has it, with the wiring first. */
  get jsonLines(): string {
    return [WIRING, ...this.events].map((event) => `${toJsonLine(event)}\n`).join("");
  }
}

export const story = (): Story => new Story();

/** A level interrupt of the sensor, from 1000 ns on: raised, taken, served, ended. */
export const levelInterrupt = (): Story =>
  story().exit(0, "wfi").at(1000).wire(1, "high").line(0, true).at(1010).take(0, 33).at(1020).exit(0).access(0, "sensor", "DATA", "read", 7).wire(1, "low").at(1030).end(0, 33, 1).at(1031).exit(0, "wfi");
