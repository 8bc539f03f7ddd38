/**
 * A virtio device over PCI (virtio 1.2, 4.1), its state: what all transports have, ISR status, and which MSI-X vector tells of
 * what. The rows are in common-config.registers.ts and legacy-header.registers.ts, BARs in modern-bar.ts and legacy-bar.ts.
 *
 * A transitional device (`legacy`) is a modern one until its driver writes through the legacy interface, and from its next reset on
 * either again. While the function may not access memory, queues of a modern driver give and take nothing; a legacy one is let
 * through, for old drivers never ask. Hot: `notify` and `queueInterrupt`; the rest is cold.
 */
import type { PciSlot, PlainData } from "@trapline/core";
import type { VirtioDevice } from "../device/virtio-device.ts";
import { legacyRing } from "../queue/split-ring.ts";
import { misfit, savedFlag, savedRecord, savedWord, savedWords } from "../saved-state.ts";
import { TransportState, type TransportPorts, type TransportServices } from "../transport/transport-state.ts";
import { ConfigWindow } from "./config-window.ts";

/** Bits of ISR status (4.1.4.5). */
export const ISR = { QUEUE: 1, CONFIGURATION: 2 } as const;
/** VIRTIO_MSI_NO_VECTOR */
export const NO_VECTOR = 0xffff;
/** Legacy rings: PFN counts pages of this size, and the used ring begins at one (4.1.5.1.3). */
const LEGACY_PAGE = 4096;
/** Where a legacy queue keeps its PFN, among the words that modern ones use for addresses. */
const PFN = 0;

export class VirtioPci implements TransportPorts {
  readonly state: TransportState;
  readonly transitional: boolean;
  readonly window: ConfigWindow = new ConfigWindow();
  isr = 0;
  configVector: number = NO_VECTOR;
  readonly queueVectors: Uint16Array;
  /** Set when the function is plugged. */
  slot: PciSlot | undefined;
  /** The slot may be restored later than its function: until then it does not know. */
  private restoring = false;

  constructor(device: VirtioDevice, services: TransportServices, transitional = false) {
    this.transitional = transitional;
    this.state = new TransportState(device, services, this);
    this.queueVectors = new Uint16Array(device.queueSizes.length).fill(NO_VECTOR);
  }

  get memoryForbidden(): boolean {
    return this.slot?.busMaster !== true && !this.state.legacy && !this.restoring;
  }

  notify(index: number): void {
    if (!this.memoryForbidden) this.state.notify(index);
  }

  /** Bus mastering is allowed again: what was made available meanwhile. */
  notifyAll(): void {
    for (const index of this.state.queues.keys()) this.notify(index);
  }

  /** The driver writes through one of the two interfaces: the first write after a reset says which it speaks. */
  speak(legacy: boolean): void {
    if (this.transitional && this.state.status === 0) this.state.legacy = legacy;
  }

  queueInterrupt(index: number): void {
    if (this.slot?.interrupts === "msix") this.slot.vectors[this.queueVectors[index]!]?.signal();
    else this.setIsr(this.isr | ISR.QUEUE);
  }

  /** 4.1.4.5.1: the bit of a configuration change is set with MSI-X too. */
  configInterrupt(): void {
    this.setIsr(this.isr | ISR.CONFIGURATION);
    if (this.slot?.interrupts === "msix") this.slot.vectors[this.configVector]?.signal();
  }

  wasReset(): void {
    this.configVector = NO_VECTOR;
    this.queueVectors.fill(NO_VECTOR);
    this.setIsr(0);
    for (const vector of this.slot?.vectors ?? []) vector.cancel();
  }

  /** Reading ISR status acknowledges it. */
  takeIsr(): number {
    const { isr } = this;
    this.setIsr(0);
    return isr;
  }

  /** What is kept of a vector that the driver wrote: NO_VECTOR for one there is not, so that it can see the failure (4.1.5.1.2). */
  accepted(vector: number): number {
    return vector < (this.slot?.vectors.length ?? 0) ? vector : NO_VECTOR;
  }

  get selectedVector(): number {
    return this.queueVectors[this.state.queueSelect] ?? NO_VECTOR;
  }

  set selectedVector(vector: number) {
    this.queueVectors[this.state.queueSelect] = this.accepted(vector);
  }

  get legacyPfn(): number {
    const queue = this.state.selected;
    return queue?.ready === true ? queue.words[PFN]! : 0;
  }

  /** Where a legacy queue begins, in pages; 0 stops it. */
  writeLegacyPfn(pfn: number): void {
    const queue = this.state.selected;
    if (queue === undefined) return;
    queue.makeReady(false);
    if (pfn === 0) return;
    queue.writeWord(PFN, pfn);
    queue.makeReady(true, legacyRing(queue.maxSize, pfn * LEGACY_PAGE, LEGACY_PAGE));
  }

  save(): PlainData {
    const { isr, configVector, queueVectors, window, state } = this;
    return { isr, configVector, queueVectors: [...queueVectors], window: window.save(), legacy: state.legacy, state: state.save() };
  }

  /** The pin, masks and pending bits are the host bridge's. @throws SnapshotError, with nothing changed */
  restore(saved: PlainData): void {
    const { name } = this.state.device;
    const record = savedRecord(name, saved);
    const isr = savedWord(name, record, "isr", ISR.QUEUE | ISR.CONFIGURATION);
    const configVector = savedWord(name, record, "configVector", NO_VECTOR);
    const queueVectors = savedWords(name, record, "queueVectors", this.queueVectors.length, NO_VECTOR);
    if (queueVectors.length !== this.queueVectors.length) throw misfit(name, "queueVectors", "a vector for each queue");
    const legacy = savedFlag(name, record, "legacy");
    if (legacy && !this.transitional) throw misfit(name, "legacy", "false, because it has no legacy interface");
    const takeWindow = this.window.check(name, record["window"] ?? null);
    const before = this.state.legacy;
    this.state.legacy = legacy;
    this.restoring = true;
    try {
      this.state.restore(record["state"] ?? null);
    } catch (error) {
      this.state.legacy = before;
      throw error;
    } finally {
      this.restoring = false;
    }
    Object.assign(this, { isr, configVector });
    this.queueVectors.set(queueVectors);
    takeWindow();
  }

  private setIsr(isr: number): void {
    this.isr = isr;
    this.slot?.intx.set(isr !== 0);
  }
}
