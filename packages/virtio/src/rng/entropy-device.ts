/**
 * The entropy device (virtio 1.2, 5.4): one queue of buffers to fill with random bytes, no features, no configuration.
 *
 * It answers at once, with at most MAX_BYTES of a buffer: the standard lets it use less than all. A notification is answered
 * with at most QUEUE_SIZE requests. What stands in readable buffers, which drivers must not give it, is ignored.
 */
import type { PlainData } from "@trapline/core";
import type { VirtioConfigSpace, VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import type { EntropySource } from "./entropy-source.ts";

const ENTROPY_TYPE = 4;
const QUEUE_SIZE = 8;
/** For one request. */
export const MAX_BYTES = 0x1_0000;

export class EntropyDevice implements VirtioDevice {
  readonly name: string;
  readonly type: number = ENTROPY_TYPE;
  readonly features: bigint = 0n;
  readonly queueSizes: readonly number[] = [QUEUE_SIZE];
  readonly config: VirtioConfigSpace = { size: 0, read: () => 0, write: () => {} };
  readonly source: EntropySource;
  private host: VirtioHost | undefined;

  constructor(name: string, source: EntropySource) {
    this.name = name;
    this.source = source;
  }

  start(host: VirtioHost): void {
    this.host = host;
  }

  notify(index: number): void {
    const queue = this.host!.queue(index);
    for (let left = QUEUE_SIZE; left > 0; left--) {
      const chain = queue.pop();
      if (chain === undefined) return;
      const length = Math.min(chain.writableBytes, MAX_BYTES);
      for (const piece of chain.writable(0, length)) this.source.fillBytes(piece);
      chain.wrote(0, length);
      queue.push(chain, length);
    }
  }

  /** The driver's reset: the source goes on, so that no number comes twice. */
  reset(): void {
    this.host = undefined;
  }

  save(): PlainData {
    return { source: this.source.save() };
  }

  restore(state: PlainData, host: VirtioHost | undefined): void {
    this.source.restore((state as { readonly source?: PlainData } | null)?.source ?? null);
    this.host = host;
  }
}
