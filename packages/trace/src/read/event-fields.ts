/**
 * What a line of a trace must have to be the event it says it is: the fields that readers of this package use, by kind. Kinds that are not
 * listed here (those of plugins) need no more than what all events have. Pure.
 */
import type { WiringEvent } from "../wiring.ts";

/** `u64`: a number, or above 2^53 − 1 hexadecimal text, as `toJsonLine` writes it. A `?` may be left out. */
type FieldType = "count" | "integer" | "text" | "flag" | "u64" | "u64?" | "count?" | "text?" | "signal";

const GIC_STEP = { irqchip: "text", vcpu: "count", intid: "count" } as const;

/** By kind: field and type. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  access: { device: "text", address: "count", offset: "count", width: "count", direction: "text", value: "u64?", register: "text?", vcpu: "integer" },
  unclaimed: { address: "count", width: "count", direction: "text", value: "u64?", vcpu: "integer" },
  doorbell: { doorbell: "text", address: "count", value: "u64", vcpu: "integer" },
  sysreg: { register: "text", encoding: "count", direction: "text", value: "u64?", vcpu: "integer" },
  exit: { vcpu: "count", reason: "text" },
  signal: { eventFd: "text", value: "u64", count: "u64" },
  gsi: { gsi: "count", signal: "signal", result: "integer" },
  msi: { at: "text", address: "u64", data: "count", deviceId: "count?", result: "integer" },
  pin: { irqchip: "text", pin: "count", signal: "signal", result: "integer" },
  "private-line": { irqchip: "text", vcpu: "count", intid: "count", level: "flag" },
  "vcpu-line": { irqchip: "text", vcpu: "count", line: "text", level: "flag" },
  completion: { irqchip: "text", pin: "count" },
  machine: { what: "text" },
  wiring: { machine: "text", vcpus: "count" },
  "gic.acknowledge": GIC_STEP,
  "gic.eoi": GIC_STEP,
  "gic.deactivate": GIC_STEP,
  "gic.sgi": { ...GIC_STEP, target: "count" },
  "its.translation": { deviceId: "count", eventId: "count", intid: "count?", vcpu: "count?", result: "integer" },
};

const isInteger = (value: unknown): boolean => Number.isSafeInteger(value);
const isCount = (value: unknown): boolean => isInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === "string";
const isU64 = (value: unknown): boolean => isCount(value) || typeof value === "bigint";

const IS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  count: isCount,
  integer: isInteger,
  text: isText,
  flag: (value) => typeof value === "boolean",
  u64: isU64,
  "u64?": (value) => value === undefined || isU64(value),
  "count?": (value) => value === undefined || isCount(value),
  "text?": (value) => value === undefined || isText(value),
  signal: (value) => value === "low" || value === "high" || value === "pulse",
};

/** Why a value is no event; undefined when it is one. */
export function eventFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "it is no object";
  const event = value as Readonly<Record<string, unknown>>;
  if (typeof event["kind"] !== "string") return "it has no kind";
  if (!isInteger(event["seq"])) return "seq is no whole number";
  if (!(typeof event["atNs"] === "number" && event["atNs"] >= 0)) return "atNs is no time";
  const { kind } = event;
  const fields = Object.hasOwn(FIELDS, kind) ? Object.entries(FIELDS[kind]!) : [];
  const bad = fields.find(([field, type]) => !IS[type](event[field]));
  if (bad !== undefined) return `${bad[0]} of an event of kind ${kind} is ${describe(event[bad[0]])}`;
  return kind === "wiring" ? wiringFault(event as unknown as WiringEvent) : undefined;
}

function wiringFault({ irqchips, sources }: WiringEvent): string | undefined {
  const rows = (list: unknown, isRow: (row: never) => boolean): boolean =>
    Array.isArray(list) && list.every((row: unknown) => typeof row === "object" && row !== null && isRow(row as never));
  const isInput = ({ pin, intid, count, vcpu }: WiringEvent["irqchips"][number]["inputs"][number]): boolean =>
    isCount(pin) && isCount(intid) && isCount(count) && isInteger(vcpu);
  const isChip = ({ name, pins, inputs }: WiringEvent["irqchips"][number]): boolean => isText(name) && isCount(pins) && rows(inputs, isInput);
  const isTarget = ({ irqchip, pin, input }: WiringEvent["sources"][number]["targets"][number]): boolean => isText(irqchip) && isCount(pin) && isText(input);
  const isSource = ({ gsi, owner, targets }: WiringEvent["sources"][number]): boolean => isCount(gsi) && isText(owner) && rows(targets, isTarget);
  if (!rows(irqchips, isChip)) return "irqchips of an event of kind wiring are no irqchips";
  return rows(sources, isSource) ? undefined : "sources of an event of kind wiring are no sources";
}

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
