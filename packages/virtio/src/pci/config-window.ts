/**
 * The window of VIRTIO_PCI_CAP_PCI_CFG (virtio 1.2, 4.1.4.9): accesses to a BAR by way of configuration space, for software that has
 * not mapped it (SeaBIOS). Here its registers; whose BARs they reach is told when the function is made. Cold.
 */
import type { BusDevice, PciBar, PlainData, U64, Width } from "@trapline/core";
import { savedRecord, savedWord } from "../saved-state.ts";

export class ConfigWindow {
  bar = 0;
  offset = 0;
  length = 0;
  /** Own BARs, by index. */
  readonly bars: Map<number, PciBar> = new Map();

  /** The driver MUST use a width of 1, 2 or 4 and an aligned offset (4.1.4.9.1): others read 0 and write nothing. */
  read(vcpu: number): U64 {
    const device = this.target();
    return device === undefined ? 0 : device.read(this.offset, this.length as Width, vcpu);
  }

  peek(vcpu: number): U64 {
    return this.target()?.peek?.(this.offset, this.length as Width, vcpu) ?? 0;
  }

  write(value: number, vcpu: number): void {
    const cut = this.length === 4 ? value : value & (this.length === 2 ? 0xffff : 0xff);
    this.target()?.write(this.offset, this.length as Width, cut, vcpu);
  }

  reset(): void {
    this.bar = this.offset = this.length = 0;
  }

  save(): PlainData {
    const { bar, offset, length } = this;
    return { bar, offset, length };
  }

  /** @returns what takes the state. @throws SnapshotError; changes nothing */
  check(owner: string, state: PlainData): () => void {
    const record = savedRecord(owner, state);
    const taken = { bar: savedWord(owner, record, "bar", 0xff), offset: savedWord(owner, record, "offset", 0xffff_ffff), length: savedWord(owner, record, "length", 0xffff_ffff) };
    return () => void Object.assign(this, taken);
  }

  private target(): BusDevice | undefined {
    const { bar, offset, length } = this;
    if ((length !== 1 && length !== 2 && length !== 4) || offset % length !== 0) return undefined;
    const there = this.bars.get(bar);
    return there !== undefined && offset + length <= there.size ? there.device : undefined;
  }
}
