/** A network device on a bench: its driver (testing/driver.fixture.ts), a clock that the test moves, and a peer on a hub. */
import { type TraplineError, VirtualClock, WireOrder } from "@trapline/core";
import { Driver, type DriverOptions, VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { type NetMachine, VirtioNet } from "./net-device.ts";
import type { NetEvent } from "./net-event.ts";
import type { NetworkBackend } from "./network-backend.ts";
import { NetworkHub } from "./network-hub.ts";
import { TestPlug } from "./plug.fixture.ts";

/** Addresses of the device and of its peer. */
export const MAC = 0x5254_0012_3456;
export const PEER = 0x5254_0000_0002;

export const [RX, TX, CTRL] = [0, 1, 2] as const;

export interface RigOptions extends DriverOptions {
  readonly mtu?: number;
  /** Default: a hub, with `peer` on it. */
  readonly network?: NetworkBackend;
  /** Takes these features away from what the device offers. */
  readonly without?: bigint;
  /** The driver is from before 1.0. */
  readonly legacy?: boolean;
}

/** The machine's part. */
export class BenchMachine implements NetMachine {
  readonly machineName: string;
  readonly clock: VirtualClock = new VirtualClock();
  readonly order: WireOrder = new WireOrder(() => this.clock.nowNs());
  readonly errors: TraplineError[] = [];
  holds = 0;
  wakes = 0;

  constructor(machineName = "bench") {
    this.machineName = machineName;
  }

  hold(): () => void {
    this.holds++;
    return () => void this.holds--;
  }

  wake(): void {
    this.wakes++;
  }

  report(error: TraplineError): void {
    this.errors.push(error);
  }
}

export class NetRig {
  readonly machine: BenchMachine;
  readonly device: VirtioNet;
  readonly peer: TestPlug;
  readonly driver: Driver;
  /** What a tap of the device saw: "sent 60", "dropped 60: why". */
  readonly events: string[] = [];

  private constructor(machine: BenchMachine, device: VirtioNet, peer: TestPlug, driver: Driver) {
    this.machine = machine;
    this.device = device;
    this.peer = peer;
    this.driver = driver;
    this.watch();
  }

  static async make(options: RigOptions = {}): Promise<NetRig> {
    const hub = new NetworkHub();
    const peer = await new TestPlug("peer/net0", PEER).plugInto(hub);
    const machine = new BenchMachine();
    const device = await NetRig.device(machine, options.network ?? hub, options.mtu);
    return new NetRig(machine, device, peer, new Driver(device, driverOptions(device, options)));
  }

  private static async device(machine: BenchMachine, network: NetworkBackend, mtu: number | undefined): Promise<VirtioNet> {
    const device = new VirtioNet({ name: "net0", mac: MAC, ...(mtu === undefined ? {} : { mtu }) }, machine);
    await device.plugInto(network);
    return device;
  }

  /** A second machine of the same kind takes over from a snapshot of this one, on `network`. */
  async moveTo(network: NetworkBackend, mtu?: number): Promise<NetRig> {
    const machine = new BenchMachine("copy");
    machine.clock.restore(this.machine.clock.save());
    const device = await NetRig.device(machine, network, mtu);
    return new NetRig(machine, device, this.peer, await this.driver.moveTo(device));
  }

  /** The time between two instructions. */
  settle(): void {
    this.machine.clock.poll();
  }

  /** The driver sends a packet, the header as given or 12 zeros, in one buffer. */
  send(frame: Uint8Array, header: Uint8Array = new Uint8Array(12)): void {
    this.driver.queue(TX).send({ out: [concat(header, frame)] });
  }

  /** The driver gives buffers of these lengths. */
  offer(...lengths: readonly number[]): void {
    for (const length of lengths) this.driver.queue(RX).add({ in: [length] });
    this.driver.queue(RX).kick();
  }

  /** What came back in the receive queue. */
  received(): Uint8Array[] {
    return this.driver.queue(RX).used().map(({ bytes }) => bytes);
  }

  /** A command of the control queue. Returns its ack. */
  command(...bytes: readonly number[]): number {
    const queue = this.driver.queue(CTRL);
    queue.send({ out: [Uint8Array.from(bytes)], in: [1] });
    const [used] = queue.used();
    return used!.bytes[0]!;
  }

  private watch(): void {
    this.device.frames$.subscribe(({ step, reason, length }: NetEvent) => {
      this.events.push(length === undefined || reason === undefined ? `${step} ${length ?? reason}` : `${step} ${length}: ${reason}`);
    });
  }
}

function driverOptions(device: VirtioNet, { without = 0n, legacy = false, features, ...rest }: RigOptions): DriverOptions {
  return { ramBytes: 0x20_0000, ...rest, features: (features ?? device.features & ~without) | (legacy ? 0n : VIRTIO_F_VERSION_1) };
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
