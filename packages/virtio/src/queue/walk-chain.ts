/**
 * From a head to a checked chain (virtio 1.2, 2.7.5): follows `next` and at most one indirect table, and looks at no more
 * buffers than the queue has entries, so loops end. Hot.
 */
import type { DmaView } from "./dma-view.ts";
import { SplitChain } from "./split-chain.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESCRIPTOR_BYTES } from "./split-ring.ts";

/** A chain has at most 2^32 bytes (2.7.5.2). */
const MAX_CHAIN_BYTES = 0x1_0000_0000;

/**
 * @param tableAt offset of the descriptor table in `dma.bytes`
 * @param size entries of the queue
 * @param mayBeIndirect VIRTIO_F_RING_INDIRECT_DESC is negotiated
 * @returns why it is none, for one that breaks the rules
 */
export function walkChain(dma: DmaView, tableAt: number, size: number, head: number, mayBeIndirect: boolean): SplitChain | string {
  const { view } = dma;
  const pieces: number[] = [];
  let firstWritable = -1;
  let total = 0;
  let table = tableAt;
  let entries = size;
  let next = head;
  let isIndirect = false;
  for (let left = size; ; ) {
    if (next >= entries) return `a chain leads to descriptor ${next} of ${entries}`;
    const at = table + DESCRIPTOR_BYTES * next;
    const address = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    const length = view.getUint32(at + 8, true);
    const flags = view.getUint16(at + 12, true);
    if ((flags & DESC_F_INDIRECT) !== 0) {
      const fault = mayBeIndirect ? indirectFault(flags, length, isIndirect) : "is indirect, which was not negotiated";
      if (fault !== undefined) return `descriptor ${next} ${fault}`;
      table = dma.memory.wasmOffset(address, length);
      if (table < 0) return `the indirect table at ${span(address, length)} is outside memory`;
      entries = length / DESCRIPTOR_BYTES;
      next = 0;
      isIndirect = true;
      continue; // it is no buffer itself, and there is only one
    }
    if (left-- === 0) return `the chain from descriptor ${head} has more than ${size} buffers, or is a loop`;
    const isWritable = (flags & DESC_F_WRITE) !== 0;
    const offset = dma.locate(address, length, isWritable);
    if (offset < 0) return `a buffer at ${span(address, length)} is ${length === 0 ? "empty" : "outside RAM"}`;
    if (isWritable && firstWritable < 0) firstWritable = pieces.length;
    if (!isWritable && firstWritable >= 0) return `the chain from descriptor ${head} has a readable buffer after a writable one`;
    pieces.push(address, offset, length);
    total += length;
    if ((flags & DESC_F_NEXT) === 0) break;
    next = view.getUint16(at + 14, true);
  }
  if (total > MAX_CHAIN_BYTES) return `the chain from descriptor ${head} has more than 2^32 bytes`;
  return new SplitChain(head, pieces, firstWritable < 0 ? pieces.length : firstWritable, dma);
}

/** 2.7.5.3.1 */
function indirectFault(flags: number, length: number, isNested: boolean): string | undefined {
  if (isNested) return "of an indirect table is indirect itself";
  if ((flags & DESC_F_NEXT) !== 0) return "is indirect and has a next one";
  if (length === 0 || length % DESCRIPTOR_BYTES !== 0) return `is an indirect table of ${length} bytes`;
  return undefined;
}

function span(address: number, length: number): string {
  return `0x${address.toString(16)}+0x${length.toString(16)}`;
}
