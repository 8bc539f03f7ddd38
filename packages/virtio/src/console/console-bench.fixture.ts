/** A console with its driver on a bench: far ends that the spec holds, machine time that it moves. */
import { type SerialPort, type TerminalSize, VirtualClock, WireOrder } from "@trapline/core";
import { Driver, type DriverOptions } from "../testing/driver.fixture.ts";
import { VirtioConsole } from "./console-device.ts";
import type { ConsolePortSetup } from "./console-port.ts";

/** A far end: takes `room` bytes, then refuses; gives what was typed. */
export class FarEnd implements SerialPort {
  readonly heard: number[] = [];
  readonly typed: number[] = [];
  room = Infinity;
  size: TerminalSize | undefined;
  connected = true;

  send(byte: number): void {
    this.heard.push(byte);
  }

  write(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room);
    this.heard.push(...bytes.subarray(0, taken));
    this.room -= taken;
    return taken;
  }

  get waiting(): boolean {
    return this.typed.length > 0;
  }

  take(): number {
    return this.typed.shift()!;
  }

  listen(): () => void {
    return () => {};
  }

  get text(): string {
    return String.fromCharCode(...this.heard);
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export interface ConsoleBench {
  readonly clock: VirtualClock;
  readonly device: VirtioConsole;
  readonly ends: readonly FarEnd[];
  readonly driver: Driver;
}

export type PortSketch = Partial<Omit<ConsolePortSetup, "id" | "plug">>;

/** A device alone, its far ends new or given. */
export function makeConsole(ports: readonly PortSketch[], ends: readonly FarEnd[] = ports.map(() => new FarEnd())): Omit<ConsoleBench, "driver"> {
  const clock = new VirtualClock();
  const setups = ports.map(({ name = "", isConsole = name === "" }, n) => ({ name, isConsole, plug: ends[n]! }));
  return { clock, device: new VirtioConsole("console0", setups, { clock, order: new WireOrder() }), ends };
}

export function consoleBench(ports: readonly PortSketch[] = [{}], options: DriverOptions = {}, ends?: readonly FarEnd[]): ConsoleBench {
  const made = makeConsole(ports, ends);
  return { ...made, driver: new Driver(made.device, options) };
}
