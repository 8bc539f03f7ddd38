/** Chains in flight into a saved state, and out of it. What was saved otherwise than the chain is now becomes an I/O error. Cold. */
import type { VirtioHost } from "../device/virtio-device.ts";
import { BLK_S, type BlockRequest, REQUEST_HEADER_BYTES } from "./block-request.ts";
import type { SavedBatch, SavedJob } from "./block-state.ts";
import type { Batch } from "./completions.ts";
import type { Job } from "./disk-worker.ts";

/** Only transfers are left by the disk before they are done. */
export function saveJob({ queue, chain, request, lasts, done, filled, verdict }: Job): SavedJob {
  const transfer = request.kind === "read" || request.kind === "write" ? request : undefined;
  return { queue, head: chain.head, transfer, lasts, done, filled, verdict };
}

/** Undefined where the queue knows no such chain: the device has failed then. */
export function resumeJob(
  { queue, head, transfer, lasts, done, filled, verdict }: SavedJob,
  host: VirtioHost | undefined,
): Job | undefined {
  const chain = host?.queue(queue).resume(head);
  if (chain === undefined) return undefined;
  const room = transfer?.kind === "write" ? chain.readableBytes - REQUEST_HEADER_BYTES : chain.writableBytes - 1;
  const fits = filled < chain.writableBytes && (transfer === undefined || transfer.length === room);
  const request: BlockRequest = transfer ?? { kind: "refused", status: BLK_S.IOERR };
  return fits
    ? { queue, chain, request, lasts, done, filled, verdict }
    : { queue, chain, request, lasts, done: 0, filled: 0, verdict: BLK_S.IOERR };
}

export function saveBatches(batches: readonly Batch[]): readonly SavedBatch[] {
  return batches.map(({ dueNs, completions }) => ({
    dueNs,
    completions: completions.map(({ queue, chain, status }) => ({ queue, head: chain.head, status })),
  }));
}

/** Without those that the queues do not know. */
export function resumeBatches(batches: readonly SavedBatch[], host: VirtioHost | undefined): readonly Batch[] {
  return batches.map(({ dueNs, completions }) => ({
    dueNs,
    completions: completions.flatMap(({ queue, head, status }) => {
      const chain = host?.queue(queue).resume(head);
      return chain === undefined ? [] : [{ queue, chain, status }];
    }),
  }));
}
