/**
 * A flash bank in a machine: its array is a region of guest memory that the plugin brings, its commands come from the bus, and a file may
 * keep it. A restored machine's file follows when the machine goes on, because memory is restored after its devices.
 */
import { type BusDevice, type ClockTimer, HostError, isTraplineError, messageOf, type PlainData, type Vmm } from "@trapline/core";
import { CfiFlash, type FlashHost } from "./cfi-flash.ts";
import { FlashFile } from "./flash-file.ts";

/** What a bank holds, and whether it is kept; without anything it is zero and forgotten. */
export interface FlashBankOptions {
  /** Keeps the bank: what it holds is read at the start, what the guest changes is written at once. Exactly the bank's size; made where it is missing. */
  readonly file?: string;
  /** What the bank begins with, in the place of a file; changes are lost with the machine. */
  readonly image?: Uint8Array;
  /** Every block is locked for good. Default false. */
  readonly readOnly?: boolean;
}

export class FlashBank implements FlashHost {
  readonly bytes: Uint8Array;
  readonly device: BusDevice;
  private readonly name: string;
  private readonly vmm: Vmm;
  private readonly region: Vmm["memory"]["regions"][number];
  private readonly flash: CfiFlash;
  private readonly file: FlashFile | undefined;
  private readonly following: ClockTimer;
  /** The last write failed, and was reported. */
  private isFailing = false;

  /** @param region the bank's, zero */
  constructor(vmm: Vmm, region: Vmm["memory"]["regions"][number], { file, image, readOnly = false }: FlashBankOptions) {
    this.name = region.name;
    this.vmm = vmm;
    this.region = region;
    this.bytes = vmm.memory.window(region.base, region.size)!;
    if (image !== undefined) this.bytes.set(image);
    this.file = file === undefined ? undefined : new FlashFile(file, region.size);
    this.device = this.flash = new CfiFlash(this.name, this, readOnly);
    this.following = vmm.clock.timer(`${this.name}.file`, () => this.follow());
  }

  /** Reads the file. @throws HostError */
  load(): void {
    this.file?.load(this.bytes);
  }

  reset(): void {
    this.flash.reset();
  }

  save(): PlainData {
    return this.flash.save();
  }

  restore(state: PlainData): void {
    this.flash.restore(state);
    if (this.file !== undefined) this.following.armAt(this.vmm.clock.nowNs());
  }

  /** What a restored machine holds is in its file, even if the machine never went on. */
  stop(): void {
    if (this.following.deadlineNs !== Infinity) this.follow();
  }

  close(): void {
    this.file?.close();
  }

  changed(offset: number, length: number): boolean {
    const { base } = this.region;
    this.vmm.memory.overwritten(base + offset, length);
    return this.keep((file) => file.write(offset, this.bytes.subarray(offset, offset + length)));
  }

  showArray(shown: boolean): void {
    const { cpuView } = this.vmm.memory;
    if (shown) cpuView.show(this.region);
    else cpuView.hide(this.region);
  }

  private follow(): void {
    this.following.disarm();
    this.keep((file) => file.follow(this.bytes));
  }

  /** The guest is told of each failure, the host of the first in a row. */
  private keep(write: (file: FlashFile) => void): boolean {
    if (this.file === undefined) return true;
    try {
      write(this.file);
      this.isFailing = false;
      return true;
    } catch (cause) {
      const error = isTraplineError(cause) ? cause : new HostError(`${this.name} cannot be kept: ${messageOf(cause)}`, { subject: this.name, cause });
      if (!this.isFailing) this.vmm.report(error);
      this.isFailing = true;
      return false;
    }
  }
}
