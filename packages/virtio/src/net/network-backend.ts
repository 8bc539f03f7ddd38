/**
 * The contract between a network device and what it is plugged into: whole Ethernet frames go out at once, and come in when the device
 * takes them. The device decides when that is, so that a guest's memory changes only between two instructions of its own.
 *
 * Everything here is on one thread. A frame is never changed once it was handed over: one object may wait in many queues.
 */
import type { TraplineError } from "@trapline/core";
import type { MacAddress } from "./ethernet.ts";

/** A network, or the way to one: a hub, a socket, a process. */
export interface NetworkBackend {
  /**
   * Plugs a device in; its machine is not ready before this is done.
   * @throws HostError when there is no such network, ConfigError when the device does not fit into it
   */
  connect(plug: NetworkPlug): NetworkPort | Promise<NetworkPort>;
}

/** The device's end of the cable. */
export interface NetworkPlug {
  /** For messages: "machine/net0". */
  readonly name: string;
  /** What the device is built with; its driver may choose another. */
  readonly mac: MacAddress;
  /** Asked when a frame arrives: false, and it does not wait at all. Changes nothing. */
  accepts(frame: Uint8Array): boolean;
  /** Look at the port: frames wait, or a refused frame would be taken now, or the link went up or down. Called from anywhere. */
  changed(): void;
  /** Something is wrong that the machine survives. */
  report(error: TraplineError): void;
}

/** The network's end of the cable. */
export interface NetworkPort {
  readonly linkUp: boolean;
  /** Something may still come: an idle machine has to wait for it. */
  readonly expectant: boolean;
  /** The oldest frame that waits. */
  readonly first: Uint8Array | undefined;
  /** Takes it. */
  take(): Uint8Array | undefined;
  /** A frame from the device. False when there is no room now: `changed` is called when there is. With the link down it is lost. */
  send(frame: Uint8Array): boolean;
  /** What waits, oldest first, for a snapshot. */
  waiting(): readonly Uint8Array[];
  /** These wait, and nothing else. What does not fit is lost. */
  refill(frames: readonly Uint8Array[]): void;
  /** Pulls the plug; nothing is called any more. */
  close(): void;
}

/** A cable that is plugged in nowhere. */
export const NO_NETWORK: NetworkPort = {
  linkUp: false,
  expectant: false,
  first: undefined,
  take: () => undefined,
  send: () => true,
  waiting: () => [],
  refill: () => {},
  close: () => {},
};
