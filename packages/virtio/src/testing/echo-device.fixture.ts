/**
 * A small device for the specs of queues and transports: what it reads of a chain it writes back. With `hold` it keeps chains
 * until `finish`. Feature 1 needs feature 0; eight bytes of configuration, which the driver may write and `change` changes.
 */
import { lo32, type PlainData, SnapshotError, type Width } from "@trapline/core";
import { readConfigBytes } from "../device/config-bytes.ts";
import type { VirtioConfigSpace, VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import type { VirtioChain } from "../queue/virtqueue.ts";

export class EchoDevice implements VirtioDevice, VirtioConfigSpace {
  readonly name: string = "echo0";
  readonly type: number = 42;
  readonly features: bigint = 0b11n | (1n << 52n);
  readonly queueSizes: readonly number[] = [8, 256];
  readonly config: VirtioConfigSpace = this;
  readonly size: number = 8;
  readonly bytes: Uint8Array = new Uint8Array(8);
  /** What it was told, in order. */
  readonly log: string[] = [];
  host: VirtioHost | undefined;
  hold = false;
  held: { readonly queue: number; readonly chain: VirtioChain }[] = [];

  refuseFeatures(features: bigint): string | undefined {
    return (features & 0b11n) === 0b10n ? "feature 1 needs feature 0" : undefined;
  }

  read(offset: number, width: Width): number | bigint {
    return readConfigBytes(this.bytes, offset, width);
  }

  write(offset: number, width: Width, value: number | bigint): void {
    for (let n = 0; n < Math.min(width, 4); n++) if (offset + n < this.size) this.bytes[offset + n] = lo32(value) >>> (8 * n);
  }

  start(host: VirtioHost): void {
    this.log.push("start");
    this.host = host;
  }

  notify(index: number): void {
    this.log.push(`notify ${index}`);
    const queue = this.host!.queue(index);
    for (let chain = queue.pop(); chain !== undefined; chain = queue.pop()) {
      if (this.hold) this.held.push({ queue: index, chain });
      else this.answer(index, chain);
    }
  }

  /** Answers what it holds. */
  finish(): void {
    for (const { queue, chain } of this.held.splice(0)) this.answer(queue, chain);
  }

  /** The configuration changes by itself. */
  change(byte: number, value: number): void {
    this.bytes[byte] = value;
    this.host?.configChanged();
  }

  reset(): void {
    this.log.push("reset");
    this.host = undefined;
    this.held = [];
    this.bytes.fill(0);
  }

  save(): PlainData {
    return { bytes: this.bytes.slice(), held: this.held.map(({ queue, chain }) => [queue, chain.head]) };
  }

  restore(state: PlainData, host: VirtioHost | undefined): void {
    if (typeof state !== "object" || state === null || !("held" in state)) throw new SnapshotError("no state of an echo device", { remedy: "take another" });
    this.bytes.set(state["bytes"] as Uint8Array);
    this.host = host;
    this.held = (state["held"] as [number, number][]).map(([queue, head]) => ({ queue, chain: host!.queue(queue).resume(head)! }));
  }

  private answer(queue: number, chain: VirtioChain): void {
    this.host!.queue(queue).push(chain, chain.write(0, chain.read(0, chain.writableBytes)));
  }
}
