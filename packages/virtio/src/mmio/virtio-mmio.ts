/**
 * A virtio device over MMIO (virtio 1.2, 4.2), its state: what all transports have, InterruptStatus, and the legacy queue
 * registers. The rows are in virtio-mmio.registers.ts, the bus's side in mmio-frame.ts, doorbells and interrupt in mmio-events.ts.
 *
 * A driver is interrupted for every bit of InterruptStatus that becomes set. One that reads the register, acknowledges what it
 * read and looks at its queues afterwards, as Linux does, so misses nothing, whether its input takes edges or levels.
 */
import type { PlainData } from "@trapline/core";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { isPowerOfTwo, legacyRing } from "../queue/split-ring.ts";
import { savedRecord, savedWord } from "../saved-state.ts";
import { TransportState, type TransportPorts, type TransportServices } from "../transport/transport-state.ts";

export const INTERRUPT = { USED_BUFFER: 1, CONFIGURATION_CHANGE: 2 } as const;

/** How an interrupt leaves the device. */
export interface MmioInterrupt {
  /** There is a new reason. */
  raise(): void;
  /** There is no reason left. */
  lower(): void;
}

/** Not connected. */
const NOT_CONNECTED: MmioInterrupt = { raise: () => {}, lower: () => {} };
/** Where a legacy queue keeps QueuePFN and QueueAlign, among the words that modern ones use for addresses. */
const PFN = 0;
const ALIGN = 2;

export class VirtioMmio implements TransportPorts {
  readonly state: TransportState;
  /** Bits of {@link INTERRUPT}. */
  interruptStatus = 0;
  /** Legacy: bytes that QueuePFN counts. */
  guestPageSize = 0;
  interrupt: MmioInterrupt = NOT_CONNECTED;

  constructor(device: VirtioDevice, services: TransportServices, legacy = false) {
    this.state = new TransportState(device, services, this, legacy);
  }

  /** InterruptACK. */
  acknowledge(bits: number): void {
    this.interruptStatus &= ~bits;
    if (this.interruptStatus === 0) this.interrupt.lower();
  }

  queueInterrupt(): void {
    this.raise(INTERRUPT.USED_BUFFER);
  }

  configInterrupt(): void {
    this.raise(INTERRUPT.CONFIGURATION_CHANGE);
  }

  /** The machine's reset. */
  reset(): void {
    this.guestPageSize = 0;
    this.state.reset();
  }

  /** The driver's; GuestPageSize stays, for Linux writes it once, before that. */
  wasReset(): void {
    this.interruptStatus = 0;
    this.interrupt.lower();
  }

  /** QueueAlign: of the used ring of a legacy queue, bytes. */
  writeQueueAlign(value: number): void {
    this.state.selected?.writeWord(ALIGN, value);
  }

  get queuePfn(): number {
    const queue = this.state.selected;
    return queue?.ready === true ? queue.words[PFN]! : 0;
  }

  /** QueuePFN: where a legacy queue begins, in pages; 0 stops it (4.2.4). */
  writeQueuePfn(pfn: number): void {
    const { state, guestPageSize } = this;
    const queue = state.selected;
    if (queue === undefined) return;
    queue.makeReady(false);
    if (pfn === 0) return;
    const align = queue.words[ALIGN]!;
    if (!isPowerOfTwo(guestPageSize) || !isPowerOfTwo(align)) {
      return state.fail(`queue ${queue.queue.index}: a page size of ${guestPageSize} and an alignment of ${align} are no powers of two`);
    }
    queue.writeWord(PFN, pfn);
    queue.makeReady(true, legacyRing(queue.size, pfn * guestPageSize, align));
  }

  save(): PlainData {
    return { interruptStatus: this.interruptStatus, guestPageSize: this.guestPageSize, state: this.state.save() };
  }

  /** Moves no line: its far ends restore themselves. @throws SnapshotError, with nothing changed */
  restore(saved: PlainData): void {
    const { name } = this.state.device;
    const record = savedRecord(name, saved);
    const interruptStatus = savedWord(name, record, "interruptStatus", INTERRUPT.USED_BUFFER | INTERRUPT.CONFIGURATION_CHANGE);
    const guestPageSize = savedWord(name, record, "guestPageSize", 0xffff_ffff);
    this.state.restore(record["state"] ?? null);
    Object.assign(this, { interruptStatus, guestPageSize });
  }

  private raise(bit: number): void {
    if ((this.interruptStatus & bit) !== 0) return;
    this.interruptStatus |= bit;
    this.interrupt.raise();
  }
}
