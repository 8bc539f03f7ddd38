/**
 * A device and its driver, as every transport sees them: device status, feature negotiation, queue registers and configuration
 * (virtio 1.2, 2.1 … 2.4, 3.1; registers of 4.1.4.3 and 4.2.2). A transport gives it an address, doorbells and interrupts.
 *
 * Drivers are guests: what they may not do is ignored, refused by leaving FEATURES_OK clear, or answered by DEVICE_NEEDS_RESET.
 * With `legacy` it is a device from before 1.0: no FEATURES_OK, no VERSION_1, and drivers that use it before DRIVER_OK (3.1.2).
 * Not modelled: the reset of one queue (VIRTIO_F_RING_RESET). Hot: `notify`; the rest is cold.
 */
import { ConfigError, fromBigint, type GuestMemory, type PlainData, type U64, type Width, type WireOrder } from "@trapline/core";
import type { VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import { isPowerOfTwo, MAX_QUEUE_SIZE } from "../queue/split-ring.ts";
import { type QueueOwner, SplitVirtqueue } from "../queue/split-virtqueue.ts";
import { OFFERED_LEGACY, OFFERED_MODERN, STATUS, TRANSPORT_FEATURES, VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC, VIRTIO_F_VERSION_1 } from "./feature-bits.ts";
import { QueueRegisters } from "./queue-registers.ts";
import { readSavedTransport } from "./saved-transport.ts";
import { virtioSteps, type VirtioSteps } from "./virtio-event.ts";

/** What a transport does for the state behind its registers. */
export interface TransportPorts {
  /** The driver wants to know of used buffers in queue `index`. */
  queueInterrupt(index: number): void;
  /** The configuration changed, or the device needs a reset. */
  configInterrupt(): void;
  /** The device was reset: interrupt status, vectors and the like go too. */
  wasReset(): void;
  /** The device may not access guest memory now: its queues give nothing, and what it puts into them is lost. Default false. */
  readonly memoryForbidden?: boolean;
}

/** What a transport needs of its machine. */
export interface TransportServices {
  readonly memory: GuestMemory;
  readonly order: WireOrder;
}

export class TransportState implements VirtioHost, QueueOwner {
  readonly device: VirtioDevice;
  /** The interface from before 1.0. Of a transitional device the transport says so, while nothing is negotiated. */
  legacy: boolean;
  readonly queues: readonly QueueRegisters[];
  /** Own it to be told, tap it to watch. */
  readonly steps$: VirtioSteps;

  /** As the driver wrote them: which 32 bits of the features, and which queue, the other registers mean. */
  deviceFeatureSelect = 0;
  driverFeatureSelect = 0;
  queueSelect = 0;
  /** Bits of 2.1. */
  status = 0;
  /** What the driver wrote; final with FEATURES_OK. */
  features = 0n;
  /** Changes with the device's configuration (2.4.1), modulo 2^32. */
  configGeneration = 0;
  /** Why it needs a reset. */
  failure: string | undefined;
  /** The device was told to start. */
  started = false;
  private readonly ports: TransportPorts;

  /** @throws ConfigError for a device that cannot be */
  constructor(device: VirtioDevice, { memory, order }: TransportServices, ports: TransportPorts, legacy = false) {
    checkDevice(device);
    this.device = device;
    this.legacy = legacy;
    this.ports = ports;
    this.queues = device.queueSizes.map((maxSize, index) => new QueueRegisters(new SplitVirtqueue(index, maxSize, memory, this)));
    this.steps$ = virtioSteps(order, device.name);
  }

  /** Everything offered, rings and transport included. */
  get offered(): bigint {
    const { features } = this.device;
    return this.legacy ? (features & 0xffff_ffffn) | OFFERED_LEGACY : features | OFFERED_MODERN;
  }

  /** 32 bits of what is offered; 0 beyond bit 63. */
  get deviceFeatures(): number {
    return word(this.offered, this.deviceFeatureSelect);
  }

  /** Likewise of what the driver wrote. */
  get driverFeatures(): number {
    return word(this.features, this.driverFeatureSelect);
  }

  /** The driver's choice of 32 features: kept as written until FEATURES_OK, which judges it. Bits beyond 63 are offered by nobody. */
  writeDriverFeatures(value: number): void {
    const { driverFeatureSelect: select } = this;
    if (select > 1 || (this.status & STATUS.FEATURES_OK) !== 0) return;
    const shift = BigInt(32 * select);
    this.features = (this.features & ~(0xffff_ffffn << shift)) | (BigInt(value >>> 0) << shift);
    if (!this.legacy) return;
    this.features &= this.offered; // nothing will judge it
    this.tellQueues();
  }

  /** The queue that the queue registers mean; undefined beyond the last. */
  get selected(): QueueRegisters | undefined {
    return this.queues[this.queueSelect];
  }

  /** Device status (2.1): 0 resets, bits are only ever added. */
  writeStatus(value: number): void {
    if ((value & 0xff) === 0) return this.reset();
    const added = value & ~this.status;
    this.status |= added & (STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FAILED);
    if ((added & STATUS.FEATURES_OK) !== 0 && !this.legacy) this.judgeFeatures();
    if ((added & STATUS.DRIVER_OK) !== 0) this.driverOk();
  }

  /** The driver made buffers available. Ignored for what is no ready queue, and for a device that is not started. */
  notify(index: number): void {
    const queue = this.queues[index];
    if (queue?.ready !== true || this.failure !== undefined) return;
    if (!this.started) {
      if (!this.legacy) return;
      this.start(); // legacy drivers use devices before DRIVER_OK, and devices must bear it (3.1.2)
    }
    this.device.notify(index);
  }

  /** Reads beyond its end give 0. */
  readConfig(offset: number, width: Width): U64 {
    const { config } = this.device;
    const value = offset < config.size ? config.read(offset, width) : 0;
    return typeof value === "bigint" ? fromBigint(value) : value;
  }

  writeConfig(offset: number, width: Width, value: number | bigint): void {
    const { config } = this.device;
    if (offset < config.size) config.write(offset, width, value);
  }

  /** The driver's reset, and the machine's. Requests in flight end without a trace. */
  reset(): void {
    this.started = false;
    this.device.reset();
    for (const queue of this.queues) queue.reset();
    this.deviceFeatureSelect = this.driverFeatureSelect = this.queueSelect = this.status = this.configGeneration = 0;
    this.features = 0n;
    this.failure = undefined;
    this.tellQueues();
    this.ports.wasReset();
    this.steps$.emit("reset", "", 0n);
  }

  queue(index: number): SplitVirtqueue {
    const registers = this.queues[index];
    if (registers === undefined) throw new RangeError(`${this.device.name} has no queue ${index}`);
    return registers.queue;
  }

  configChanged(): void {
    this.configGeneration = (this.configGeneration + 1) >>> 0;
    if (this.started) this.ports.configInterrupt();
  }

  get failed(): boolean {
    return this.failure !== undefined || this.ports.memoryForbidden === true;
  }

  fail(reason: string): void {
    if (this.failure !== undefined) return;
    this.failure = reason;
    this.steps$.emit("failed", reason, this.features);
    if (this.legacy) return; // has no such bit: the device is silent
    this.status |= STATUS.DEVICE_NEEDS_RESET;
    if ((this.status & STATUS.DRIVER_OK) !== 0) this.ports.configInterrupt();
  }

  interrupt(index: number): void {
    this.ports.queueInterrupt(index);
  }

  async quiesce(): Promise<void> {
    await this.device.quiesce?.();
  }

  save(): PlainData {
    const { deviceFeatureSelect, driverFeatureSelect, queueSelect, status, features, configGeneration, started } = this;
    return {
      ...{ deviceFeatureSelect, driverFeatureSelect, queueSelect, status, features, configGeneration, started },
      failure: this.failure ?? null,
      queues: this.queues.map((queue) => queue.save()),
      device: this.device.save(),
    };
  }

  /** Takes what `save` gave, without telling the driver anything. @throws SnapshotError, with nothing changed */
  restore(state: PlainData): void {
    const { registers, queues, device } = readSavedTransport(this.device.name, this.queues, state);
    const { deviceFeatureSelect, driverFeatureSelect, queueSelect, status, features, configGeneration, started, failure } = this;
    const before = { deviceFeatureSelect, driverFeatureSelect, queueSelect, status, features, configGeneration, started, failure };
    Object.assign(this, registers);
    const undo = this.queues.map((queue, index) => queue.load(queues[index]!));
    this.tellQueues();
    try {
      this.device.restore(device, this.started ? this : undefined);
    } catch (error) {
      Object.assign(this, before);
      for (const back of undo) back();
      this.tellQueues();
      throw error;
    }
  }

  close(): void {
    this.steps$.complete();
  }

  /** 2.2.2, 3.1.1 step 5: the bit stays clear for a choice that the device cannot live with. */
  private judgeFeatures(): void {
    const reason = this.featureFault();
    if (reason === undefined) this.status |= STATUS.FEATURES_OK;
    this.tellQueues();
    this.steps$.emit(reason === undefined ? "features" : "refused", reason ?? "", this.features);
  }

  private featureFault(): string | undefined {
    const { features } = this;
    const both = STATUS.ACKNOWLEDGE | STATUS.DRIVER;
    if ((this.status & both) !== both) return "FEATURES_OK came before ACKNOWLEDGE and DRIVER";
    const unknown = features & ~this.offered;
    if (unknown !== 0n) return `features 0x${unknown.toString(16)} were not offered`;
    if ((features & VIRTIO_F_VERSION_1) === 0n) return "VIRTIO_F_VERSION_1 was not accepted";
    return this.device.refuseFeatures?.(features);
  }

  private driverOk(): void {
    this.status |= STATUS.DRIVER_OK;
    if (!this.legacy && (this.status & STATUS.FEATURES_OK) === 0) this.fail("DRIVER_OK came without FEATURES_OK");
    else if (this.failure === undefined && !this.started) this.start();
    else if ((this.status & STATUS.DEVICE_NEEDS_RESET) !== 0) this.ports.configInterrupt();
  }

  private start(): void {
    this.started = true;
    this.steps$.emit("started", "", this.features);
    this.device.start(this);
  }

  private tellQueues(): void {
    for (const { queue } of this.queues) {
      queue.indirect = (this.features & VIRTIO_F_RING_INDIRECT_DESC) !== 0n;
      queue.eventIdx = (this.features & VIRTIO_F_RING_EVENT_IDX) !== 0n;
    }
  }
}

function word(features: bigint, select: number): number {
  return select > 1 ? 0 : Number((features >> BigInt(32 * select)) & 0xffff_ffffn);
}

function checkDevice({ name, features, queueSizes }: VirtioDevice): void {
  const bad = queueSizes.find((size) => !isPowerOfTwo(size) || size > MAX_QUEUE_SIZE);
  if (bad !== undefined) {
    throw new ConfigError(`${name} has a queue of ${bad} entries`, { subject: name, value: bad, limit: MAX_QUEUE_SIZE, remedy: "use a power of two from 1 to 32768" });
  }
  if ((features & TRANSPORT_FEATURES) !== 0n || features < 0n || features >> 64n !== 0n) {
    throw new ConfigError(`${name} offers features 0x${features.toString(16)}`, {
      subject: name,
      value: features,
      remedy: "leave bits 24 to 49 to the transport, and those from 64 on clear",
    });
  }
}
