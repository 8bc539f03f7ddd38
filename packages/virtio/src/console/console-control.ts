/**
 * Control messages of a console with several ports (virtio 1.2, 5.3.6.2): their layout, and how a trace shows them. Little-endian.
 *
 * VIRTIO_CONSOLE_RESIZE has columns first, as the standard says; Linux took them the other way round before 6.15 (and its stable
 * branches before 2026). Without MULTIPORT the size is in the configuration space, where all agree.
 */
import { type TerminalSize, Wire, type WireEvent, type WireOrder } from "@trapline/core";

export const DEVICE_READY = 0;
export const PORT_ADD = 1;
export const PORT_READY = 3;
export const CONSOLE_PORT = 4;
export const RESIZE = 5;
export const PORT_OPEN = 6;
export const PORT_NAME = 7;

/** Bytes of id, event and value, with which every message begins. */
export const CONTROL_BYTES = 8;

const NAMES: Readonly<Record<number, string>> = {
  [DEVICE_READY]: "DEVICE_READY",
  [PORT_ADD]: "PORT_ADD",
  [PORT_READY]: "PORT_READY",
  [CONSOLE_PORT]: "CONSOLE_PORT",
  [RESIZE]: "RESIZE",
  [PORT_OPEN]: "PORT_OPEN",
  [PORT_NAME]: "PORT_NAME",
};

/** A control message went by. */
export interface ConsoleControlEvent extends WireEvent {
  readonly kind: "virtio-console";
  readonly device: string;
  readonly from: "driver" | "device";
  /** "PORT_OPEN"; a number in decimal where the standard has no name. */
  readonly message: string;
  readonly port: number;
  readonly value: number;
}

declare module "@trapline/core" {
  interface TraceEvents {
    "virtio-console": ConsoleControlEvent;
  }
}

export type ControlWire = Wire<readonly [from: "driver" | "device", port: number, event: number, value: number], void, ConsoleControlEvent>;

export function controlWire(order: WireOrder, device: string): ControlWire {
  return new Wire<readonly [from: "driver" | "device", port: number, event: number, value: number], void, ConsoleControlEvent>(order, {
    name: `${device}.control`,
    unowned: undefined,
    describe: (seq, atNs, _answer, from, port, event, value) => ({ seq, atNs, kind: "virtio-console", device, from, message: NAMES[event] ?? String(event), port, value }),
  });
}

export interface ControlMessage {
  readonly port: number;
  readonly event: number;
  readonly value: number;
}

/** Undefined for one that is too short to be one. */
export function readControl(bytes: Uint8Array): ControlMessage | undefined {
  if (bytes.length < CONTROL_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { port: view.getUint32(0, true), event: view.getUint16(4, true), value: view.getUint16(6, true) };
}

/** @param rest what follows: a name, a size */
export function writeControl({ port, event, value }: ControlMessage, rest: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(CONTROL_BYTES + rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, port, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  bytes.set(rest, CONTROL_BYTES);
  return bytes;
}

/** What follows RESIZE, and what the configuration space begins with; 0 while unknown. */
export function sizeBytes({ columns, rows }: TerminalSize = { columns: 0, rows: 0 }): Uint8Array {
  return Uint8Array.of(columns, columns >> 8, rows, rows >> 8);
}
