/**
 * A virtio network device (virtio 1.2, 5.1) on any network (network-backend.ts): one pair of queues and a control queue.
 *
 * Frames go out while the driver notifies. They come in between two instructions: what arrives waits at the port, and a timer of the
 * machine's clock, due at once, moves it into the driver's buffers. So nothing is ever half done, and a snapshot holds what waits.
 *
 * Offered: checksums completed here, mergeable receive buffers, link status and MTU, filters, announcement. Not offered, for the
 * networks carry plain frames: segmentation in either direction, GUEST_CSUM, more queues, RSS (docs/adr/0040-network.md).
 */
import type { Clock, ClockTimer, PlainData, TraplineError, WireOrder } from "@trapline/core";
import type { VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import { ETHERNET_HEADER_BYTES, type MacAddress } from "./ethernet.ts";
import { NetConfig } from "./net-config.ts";
import { obeyCommand } from "./net-control.ts";
import { NetDriver } from "./net-driver.ts";
import { netWire, type NetWire } from "./net-event.ts";
import { NET_F, netFeatureFault, netFeatures } from "./net-features.ts";
import { readNet, saveNet } from "./net-state.ts";
import { type NetworkBackend, type NetworkPort, NO_NETWORK } from "./network-backend.ts";
import { RECEIVE, receive } from "./receive.ts";
import { RxFilter } from "./rx-filter.ts";
import { TRANSMIT, transmit } from "./transmit.ts";

const CONTROL = 2;

/** What a device needs of its machine: `Vmm` is one. */
export interface NetMachine {
  readonly machineName: string;
  readonly clock: Clock;
  readonly order: WireOrder;
  /** Input may come: an idle machine waits for it. */
  hold(): () => void;
  /** Input came. */
  wake(): void;
  report(error: TraplineError): void;
}

/** What the network device is built with. */
export interface NetDeviceOptions {
  /** Unique in its machine: "net0". */
  readonly name: string;
  /** What it is built with; its driver may choose another until the next reset. */
  readonly mac: MacAddress;
  /** Largest payload of a frame, 68 … 65517, told to the driver. Default: not told. */
  readonly mtu?: number;
}

/** The network device (virtio 1.2, 5.1), whatever the transport. */
export class VirtioNet implements VirtioDevice {
  readonly name: string;
  readonly type = 1;
  readonly features: bigint;
  readonly queueSizes: readonly number[] = [256, 256, 64];
  readonly config: NetConfig;
  /** Tap it to watch frames. */
  readonly frames$: NetWire;
  private readonly mtu: number | undefined;
  private readonly machine: NetMachine;
  private readonly filter = new RxFilter();
  /** Looks at the port between two instructions. */
  private readonly look: ClockTimer;
  private mac: MacAddress;
  private port: NetworkPort = NO_NETWORK;
  private driver: NetDriver | undefined;
  /** The network refused a frame, which is at the head of the transmit queue again. */
  private blocked = false;
  /** Keeps an idle machine from ending while something may come. */
  private release: (() => void) | undefined;

  constructor({ name, mac, mtu }: NetDeviceOptions, machine: NetMachine) {
    this.name = name;
    this.mac = mac;
    this.mtu = mtu;
    this.machine = machine;
    this.features = netFeatures(mtu !== undefined);
    this.config = new NetConfig(mac, mtu ?? 0);
    this.frames$ = netWire(machine.order, name);
    this.look = machine.clock.timer(`${name} look`, () => this.service());
  }

  /** Plugs it in, before its driver comes. @throws what the network does */
  async plugInto(network: NetworkBackend): Promise<void> {
    const { mac, machine } = this;
    this.port = await network.connect({
      name: `${machine.machineName}/${this.name}`,
      mac,
      accepts: (frame) => this.accepts(frame),
      changed: () => this.changed(),
      report: (error) => machine.report(error),
    });
    this.config.linkUp = this.port.linkUp;
    this.holdWhileExpecting();
  }

  /** Pulls the plug for good; safe to call again. */
  unplug(): void {
    this.port.close();
    this.port = NO_NETWORK;
    this.holdWhileExpecting();
  }

  refuseFeatures(features: bigint): string | undefined {
    return netFeatureFault(features);
  }

  start(host: VirtioHost): void {
    this.takeDriver(host);
    this.holdWhileExpecting();
  }

  notify(index: number): void {
    const { driver } = this;
    if (driver === undefined) return;
    if (index === RECEIVE) receive(driver, this.port, this.frames$);
    else if (index === TRANSMIT) this.blocked = !transmit(driver, this.port, this.frames$);
    else this.obey(driver);
  }

  reset(): void {
    this.driver = undefined;
    this.blocked = false;
    this.port.refill([]);
    this.look.disarm();
    this.filter.reset();
    this.config.mac = this.mac;
    this.config.macWritable = this.config.announce = false;
    this.config.linkUp = this.port.linkUp;
    this.holdWhileExpecting();
  }

  /** Nothing is in flight outside `notify` and the timer, so there is nothing to quiesce. */
  save(): PlainData {
    const { mac, linkUp, announce } = this.config;
    return saveNet({
      ...{ builtMac: this.mac, mac, linkUp, announce, blocked: this.blocked },
      filter: this.filter.save(),
      frames: this.port.waiting(),
      look: this.look.save(),
    });
  }

  restore(state: PlainData, host: VirtioHost | undefined): void {
    const saved = readNet(this.name, state);
    this.mac = saved.builtMac;
    this.reset();
    if (host !== undefined) this.takeDriver(host);
    Object.assign(this.config, { mac: saved.mac, linkUp: saved.linkUp, announce: saved.announce });
    this.filter.load(saved.filter);
    this.blocked = saved.blocked;
    this.look.restore(saved.look);
    this.port.refill(saved.frames);
    this.holdWhileExpecting();
    // Where the network is not what it was: it is looked at as soon as the machine runs.
    if (saved.blocked || saved.linkUp !== this.port.linkUp) this.changed();
  }

  private takeDriver(host: VirtioHost): void {
    const driver = new NetDriver(host, this.mtu ?? 0);
    this.driver = driver;
    this.filter.filtersAddresses = driver.has(NET_F.CTRL_RX);
    this.filter.filtersVlans = driver.has(NET_F.CTRL_VLAN);
    this.config.macWritable = host.legacy && !driver.has(NET_F.CTRL_MAC_ADDR);
  }

  /** Asked by the network, of a frame that arrives. */
  private accepts(frame: Uint8Array): boolean {
    if (this.driver === undefined || frame.length < ETHERNET_HEADER_BYTES || frame.length > this.driver.longest(frame)) return false;
    return this.filter.accepts(frame, this.config.mac);
  }

  /** Told by the network, at any time. */
  private changed(): void {
    if (this.look.deadlineNs === Infinity) this.look.armAt(this.machine.clock.nowNs());
    this.machine.wake();
  }

  private service(): void {
    if (this.config.linkUp !== this.port.linkUp) this.followLink(this.port.linkUp);
    this.holdWhileExpecting();
    const { driver } = this;
    if (driver === undefined) return;
    receive(driver, this.port, this.frames$);
    if (this.blocked) this.blocked = !transmit(driver, this.port, this.frames$);
  }

  /** A link that comes back may lead elsewhere: the driver is asked to make itself known (5.1.6.5.4). */
  private followLink(linkUp: boolean): void {
    const { config, driver } = this;
    config.linkUp = linkUp;
    this.frames$.emit("link", linkUp ? "up" : "down", 0, undefined);
    if (driver?.has(NET_F.STATUS) !== true) return;
    config.announce = linkUp && driver.has(NET_F.GUEST_ANNOUNCE);
    driver.host.configChanged();
  }

  private holdWhileExpecting(): void {
    const expecting = this.driver !== undefined && this.port.expectant;
    if (expecting === (this.release !== undefined)) return;
    if (expecting) {
      this.release = this.machine.hold();
    } else {
      this.release?.();
      this.release = undefined;
    }
  }

  /** 5.1.6.5 */
  private obey(driver: NetDriver): void {
    if (!driver.has(NET_F.CTRL_VQ)) return;
    const { host } = driver;
    const queue = host.queue(CONTROL);
    for (let left = queue.size; left > 0; left--) {
      const chain = queue.pop();
      if (chain === undefined) return;
      if (chain.writableBytes === 0) return host.fail("a command has no room for its ack");
      chain.write(0, Uint8Array.of(obeyCommand(chain, { features: host.features, filter: this.filter, config: this.config })));
      queue.push(chain, 1);
    }
  }
}
