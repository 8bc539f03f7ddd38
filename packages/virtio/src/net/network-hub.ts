/**
 * An Ethernet hub between machines of one process: what one port sends, every other port gets, in the order in which they were plugged
 * in. It keeps no table and no time, so the machines' own state is all there is to a network of them (docs/adr/0040-network.md).
 *
 * A frame that its receiver's filter refuses does not wait; one that finds its queue full (256 frames or 1 MiB) is lost, like on a
 * wire. Frames are not copied for each receiver. Not modelled: speed, collisions, spanning trees.
 */
import { ConfigError } from "@trapline/core";
import { formatMac } from "./ethernet.ts";
import { FrameQueue, type FrameQueueLimits } from "./frame-queue.ts";
import type { NetworkBackend, NetworkPlug, NetworkPort } from "./network-backend.ts";

/** A hub has at most so many ports. */
export const MAX_HUB_PORTS = 256;

/** One machine's end of a hub, as it is now. */
export interface HubPortState {
  /** Of the device: "machine/net0". */
  readonly name: string;
  /** Frames that wait for it. */
  readonly waiting: number;
  /** Frames that were lost because too many waited. */
  readonly lost: number;
}

export class NetworkHub implements NetworkBackend {
  readonly name: string;
  private readonly limits: FrameQueueLimits;
  private readonly plugged: HubPort[] = [];

  /** @param limits of what may wait for one port */
  constructor(name = "hub", limits: FrameQueueLimits = {}) {
    this.name = name;
    this.limits = limits;
  }

  /** What is plugged in, in its order. */
  get ports(): readonly HubPortState[] {
    return this.plugged.map(({ plug, queue, lost }) => ({ name: plug.name, waiting: queue.length, lost }));
  }

  /** @throws ConfigError for a device with the address of another, and when every port is taken */
  connect(plug: NetworkPlug): NetworkPort {
    const twin = this.plugged.find((port) => port.plug.mac === plug.mac);
    if (twin !== undefined) {
      throw new ConfigError(`${plug.name} and ${twin.plug.name} have the same address ${formatMac(plug.mac)} on ${this.name}`, {
        subject: plug.name,
        other: twin.plug.name,
        value: formatMac(plug.mac),
        remedy: "give one of the two another mac, or name the machines differently",
      });
    }
    if (this.plugged.length >= MAX_HUB_PORTS) {
      throw new ConfigError(`${plug.name} finds no free port on ${this.name}`, {
        subject: plug.name,
        other: this.name,
        value: this.plugged.length + 1,
        limit: MAX_HUB_PORTS,
        remedy: "use a second hub",
      });
    }
    const port = new HubPort(this, plug, new FrameQueue(this.limits));
    this.plugged.push(port);
    this.tellOthers(port);
    return port;
  }

  /** To every port but the one it comes from. */
  flood(from: HubPort, frame: Uint8Array): void {
    for (const port of this.plugged) if (port !== from) port.deliver(frame);
  }

  get portCount(): number {
    return this.plugged.length;
  }

  unplug(port: HubPort): void {
    const at = this.plugged.indexOf(port);
    if (at < 0) return;
    this.plugged.splice(at, 1);
    this.tellOthers(port);
  }

  /** Who is alone expects nothing. */
  private tellOthers(port: HubPort): void {
    for (const other of this.plugged) if (other !== port) other.plug.changed();
  }
}

class HubPort implements NetworkPort {
  readonly plug: NetworkPlug;
  readonly queue: FrameQueue;
  readonly linkUp = true;
  lost = 0;
  private readonly hub: NetworkHub;

  constructor(hub: NetworkHub, plug: NetworkPlug, queue: FrameQueue) {
    this.hub = hub;
    this.plug = plug;
    this.queue = queue;
  }

  get expectant(): boolean {
    return this.hub.portCount > 1;
  }

  get first(): Uint8Array | undefined {
    return this.queue.first;
  }

  take(): Uint8Array | undefined {
    return this.queue.shift();
  }

  send(frame: Uint8Array): boolean {
    this.hub.flood(this, frame);
    return true;
  }

  deliver(frame: Uint8Array): void {
    if (!this.plug.accepts(frame)) return;
    if (this.queue.push(frame)) this.plug.changed();
    else this.lost++;
  }

  waiting(): readonly Uint8Array[] {
    return this.queue.list();
  }

  refill(frames: readonly Uint8Array[]): void {
    this.queue.clear();
    for (const frame of frames) this.queue.push(frame);
  }

  close(): void {
    this.queue.clear();
    this.hub.unplug(this);
  }
}

/** Hubs by name, for machine files: those into which something is plugged. */
const named = new Map<string, NamedHub>();

/** The hub of that name in this process. It is the same one for everybody as long as something is plugged into it. */
export function networkHub(name: string): NetworkHub {
  return named.get(name) ?? new NamedHub(name);
}

class NamedHub extends NetworkHub {
  override connect(plug: NetworkPlug): NetworkPort {
    const present = named.get(this.name) ?? this;
    if (present !== this) return present.connect(plug);
    const port = super.connect(plug);
    named.set(this.name, this);
    return port;
  }

  override unplug(port: HubPort): void {
    super.unplug(port);
    if (this.portCount === 0) named.delete(this.name);
  }
}
