/**
 * A driver in TypeScript: lays out rings in guest memory and drives any virtio device, without a transport. What it writes is
 * what Linux would write; a spec that wants a bad driver pokes the rings itself, at `queue(n).setup` and with `poke`.
 */
import { GuestMemory, type MemoryOverwrite, WireOrder } from "@trapline/core";
import type { VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import { SplitVirtqueue } from "../queue/split-virtqueue.ts";
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_VERSION_1 } from "../transport/feature-bits.ts";
import { DriverQueue } from "./driver-queue.fixture.ts";
import { DriverRam, RAM_BASE } from "./driver-ram.fixture.ts";

export { type DriverChain, DriverQueue } from "./driver-queue.fixture.ts";
export { RAM_BASE } from "./driver-ram.fixture.ts";
export { VIRTIO_F_VERSION_1 } from "../transport/feature-bits.ts";

export interface DriverOptions {
  /** What the driver accepts. Default: VERSION_1 and everything that the device offers; without VERSION_1 it is a legacy driver. */
  readonly features?: bigint;
  /** With VIRTIO_F_RING_EVENT_IDX. Default false. */
  readonly eventIdx?: boolean;
  /** Bytes of RAM from RAM_BASE on. Default 1 MiB. */
  readonly ramBytes?: number;
  /** Entries of each queue; default: what the device offers, at most 64. */
  readonly queueSize?: number;
  /** A machine's memory, for specs that have one. */
  readonly memory?: GuestMemory;
  /** Says DRIVER_OK at once. Default true. */
  readonly start?: boolean;
}

/** Memory of the driver, and the host end of its device. Make it with `new Driver(device)`; it has negotiated and said DRIVER_OK. */
export class Driver extends DriverRam {
  readonly device: VirtioDevice;
  readonly queues: readonly DriverQueue[];
  /** Interrupts, by queue. */
  readonly interrupts: number[];
  configChanges = 0;
  /** Why the device needs a reset. */
  failure: string | undefined;
  /** What the device wrote, as the CPU is told. */
  readonly overwrites: Pick<MemoryOverwrite, "address" | "length">[] = [];
  readonly host: VirtioHost;
  private readonly options: DriverOptions;

  constructor(device: VirtioDevice, options: DriverOptions = {}) {
    const { ramBytes = 0x10_0000, queueSize = 64, features = device.features | VIRTIO_F_VERSION_1, eventIdx = false } = options;
    super(options.memory ?? new GuestMemory(new WireOrder(), [{ base: RAM_BASE, size: ramBytes }]));
    this.options = options;
    this.device = device;
    if (options.memory === undefined) this.memory.overwrites$.own("driver", (address, length) => void this.overwrites.push({ address, length }));
    this.interrupts = device.queueSizes.map(() => 0);
    const isFailed = (): boolean => this.failure !== undefined;
    const owner = {
      get failed(): boolean {
        return isFailed();
      },
      fail: (reason: string): void => void (this.failure ??= reason),
      interrupt: (index: number): void => void this.interrupts[index]!++,
    };
    this.queues = device.queueSizes.map((maxSize, index) => {
      const queue = new SplitVirtqueue(index, maxSize, this.memory, owner);
      queue.indirect = true;
      queue.eventIdx = eventIdx;
      return new DriverQueue(this, queue, Math.min(maxSize, queueSize), () => this.notify(index));
    });
    this.host = {
      features: features | VIRTIO_F_RING_INDIRECT_DESC | (eventIdx ? VIRTIO_F_RING_EVENT_IDX : 0n),
      legacy: (features & VIRTIO_F_VERSION_1) === 0n,
      queue: (index) => {
        const queue = this.queues[index];
        if (queue === undefined) throw new RangeError(`${device.name} has no queue ${index}`);
        return queue.queue;
      },
      configChanged: () => void this.configChanges++,
      fail: owner.fail,
    };
    for (const queue of this.queues) queue.queue.enable(queue.setup);
    if (options.start !== false) device.start(this.host);
  }

  queue(index: number): DriverQueue {
    return this.queues[index]!;
  }

  private notify(index: number): void {
    if (this.failure === undefined) this.device.notify(index);
  }

  /** Takes the driver away, as a reset of the device does; `restart` brings it back with empty rings. */
  reset(): void {
    this.device.reset();
    this.failure = undefined;
    for (const { queue } of this.queues) queue.disable();
  }

  restart(): void {
    for (const queue of this.queues) queue.clear();
    this.device.start(this.host);
  }

  /** The driver's half after a snapshot: RAM, rings and the device's state go into a new device of the same kind. */
  async moveTo(device: VirtioDevice): Promise<Driver> {
    await this.device.quiesce?.();
    const state = this.device.save();
    const queues = this.queues.map(({ queue }) => queue.save());
    const driver = new Driver(device, { ...this.options, start: false });
    driver.rewind(this.mark());
    for (const [index, queue] of driver.queues.entries()) queue.takeOver(this.queues[index]!, queues[index]!);
    driver.failure = this.failure;
    device.restore(state, driver.host);
    // As a machine does it: memory comes after the devices.
    driver.memory.window(RAM_BASE, driver.memory.regions[0]!.size)!.set(this.memory.window(RAM_BASE, this.memory.regions[0]!.size)!);
    return driver;
  }
}
