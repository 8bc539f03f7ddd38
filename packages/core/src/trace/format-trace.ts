/** One event as a line that people read. For files and tools there is {@link toJsonLine}. */
import { hex } from "../ids.ts";
import { NO_DEVICE_ID } from "../irq/irqchip.ts";
import type { U64 } from "../u64.ts";
import { type ExitOrigin, formatSysreg } from "../vcpu/vcpu-exit.ts";
import type { WireEvent } from "../wire/wire-order.ts";
import { toJsonLine } from "./trace.ts";
import type { TraceEvent } from "./trace-event.ts";

/** `#12       1.204 µs  vcpu0 writes uart0.UARTDR = 0x68`. Kinds that plugins add are shown as `kind: key value, …`. */
export function formatTrace(event: TraceEvent): string {
  return `#${String(event.seq).padEnd(6)} ${(event.atNs / 1000).toFixed(3).padStart(10)} µs  ${body(event)}`;
}

function body(event: TraceEvent): string {
  switch (event.kind) {
    case "access": {
      const place = `${event.device}.${event.register ?? hex(event.offset)}`;
      return `${who(event.vcpu)} ${event.direction}s ${place}${value(event.value)}${event.aborted ? "  (external abort)" : ""}`;
    }
    case "unclaimed":
      return `${who(event.vcpu)} ${event.direction}s ${hex(event.address)}${value(event.value)}  (nobody's${event.crosses === undefined ? "" : `, crosses ${event.crosses}`}: ${event.answer})`;
    case "doorbell":
      return `${who(event.vcpu)} rings ${event.doorbell}${value(event.value)}`;
    case "sysreg":
      return `${who(event.vcpu)} ${event.direction}s ${event.register}${value(event.value)}${event.undefined ? "  (undefined)" : ""}`;
    case "exit":
      return `${who(event.vcpu)} exits: ${exit(event)}${event.reason === "fault" ? "" : origin(event.at)}`;
    case "signal":
      return `eventfd ${event.eventFd} signalled${value(event.value)}, count ${event.count}`;
    case "gsi":
      return `GSI ${event.gsi} ${event.signal}${outcome(event.result)}`;
    case "msi":
      return `MSI at ${event.at}: ${hex(event.address)} = ${hex(event.data)}${event.deviceId === undefined || event.deviceId === NO_DEVICE_ID ? "" : ` from device ${hex(event.deviceId)}`}${outcome(event.result)}`;
    case "pin":
      return `${event.irqchip} pin ${event.pin} ${event.signal}${outcome(event.result)}`;
    case "private-line":
      return `${event.irqchip} private line ${event.intid} of vcpu${event.vcpu} ${event.level ? "high" : "low"}`;
    case "vcpu-line":
      return `${event.irqchip} drives ${event.line.toUpperCase()} of vcpu${event.vcpu} ${event.level ? "high" : "low"}`;
    case "completion":
      return `${event.irqchip} pin ${event.pin} completed`;
    case "overwrite":
      return `memory ${hex(event.address)}+${hex(event.length)} overwritten`;
    case "remap":
      return `memory ${event.region} ${event.visible ? "shown to" : "hidden from"} vCPUs`;
    case "machine":
      return `machine ${event.what}${event.reset === undefined ? "" : ` (${event.reset})`}`;
    default:
      return plain(event);
  }
}

function exit(event: Extract<TraceEvent, { kind: "exit" }>): string {
  switch (event.reason) {
    case "mmio":
    case "pio":
      return `${event.reason} ${event.direction} ${event.width} bytes at ${hex(event.address)}${value(event.value)}${event.aborted ? "  (external abort)" : ""}`;
    case "sysreg":
      return `${event.direction === "read" ? "mrs" : "msr"} ${formatSysreg(event.encoding)}${value(event.value)}${event.undefined ? "  (undefined)" : ""}`;
    case "hypercall":
      return `${event.conduit} ${hex(event.functionId)} → ${hex(event.result)}`;
    case "shutdown":
      return `shutdown, status ${event.status}`;
    case "debug":
      return `debug at ${hex(event.pc)}`;
    case "fault":
      return `fault: ${event.message}`;
    default:
      return event.reason;
  }
}

/** A fault tells it in its own words. */
function origin(at: ExitOrigin | undefined): string {
  return at === undefined ? "" : `  (${hex(at.pc)}: ${at.text ?? `.inst ${hex(at.word, 8)}`})`;
}

/** An event whose kind core does not know. */
function plain(event: WireEvent): string {
  const { kind, seq: _seq, atNs: _atNs, ...payload } = event;
  const parts = Object.entries(payload).map(([key, part]) => `${key} ${typeof part === "string" ? part : toJsonLine(part as never)}`);
  return `${kind}: ${parts.join(", ")}`;
}

function who(vcpu: number): string {
  return vcpu < 0 ? "host" : `vcpu${vcpu}`;
}

function value(of: U64 | undefined): string {
  return of === undefined ? "" : ` = ${hex(of)}`;
}

function outcome(result: number): string {
  return result > 0 ? "" : result === 0 ? "  (coalesced)" : "  (ignored)";
}
