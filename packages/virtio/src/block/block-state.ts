/** What a block device saves beside its queues, read and checked. The contents of the disk are no part of it. Cold. */
import type { PlainData, SavedTimer } from "@trapline/core";
import { misfit, savedFlag, savedList, savedRecord, savedWord, savedWords } from "../saved-state.ts";
import { BLK_S, type TransferRequest } from "./block-request.ts";

/** A chain that was in flight and what its request is worth. */
export interface SavedCompletion {
  readonly queue: number;
  readonly head: number;
  readonly status: number;
}

export interface SavedBatch {
  readonly dueNs: number;
  readonly completions: readonly SavedCompletion[];
}

/** A request that is not finished. */
export interface SavedJob {
  readonly queue: number;
  readonly head: number;
  /** What is left to do on the disk is a part of this; nothing is once there is a verdict. */
  readonly transfer: TransferRequest | undefined;
  readonly lasts: boolean;
  readonly done: number;
  readonly filled: number;
  readonly verdict: number | undefined;
}

export interface SavedBlock {
  readonly writeback: boolean;
  readonly busyUntilNs: number;
  readonly backlog: readonly number[];
  readonly job: SavedJob | undefined;
  readonly batches: readonly SavedBatch[];
  readonly dueTimer: SavedTimer | null;
  readonly moreTimer: SavedTimer | null;
}

/** What the device that reads is like. */
export interface BlockShape {
  readonly name: string;
  readonly capacityBytes: number;
  readonly queueSizes: readonly number[];
}

const MAX_HEAD = 0x7fff;
const MAX_TIME = Number.MAX_SAFE_INTEGER;
/** A chain's, 2^32. */
const MAX_CHAIN_BYTES = 0x1_0000_0000;

export function saveBlock(
  capacityBytes: number,
  { writeback, busyUntilNs, backlog, job, batches, dueTimer, moreTimer }: SavedBlock,
): PlainData {
  return {
    capacityBytes,
    writeback,
    busyUntilNs,
    backlog,
    job:
      job === undefined
        ? null
        : { ...job, transfer: job.transfer === undefined ? null : { ...job.transfer }, verdict: job.verdict ?? null },
    batches: batches.map(({ dueNs, completions }) => ({ dueNs, completions: completions.map((completion) => ({ ...completion })) })),
    dueTimer,
    moreTimer,
  };
}

/** @throws SnapshotError naming what does not fit */
export function readBlock(shape: BlockShape, state: PlainData): SavedBlock {
  const { name, capacityBytes, queueSizes } = shape;
  const record = savedRecord(name, state);
  if (record["capacityBytes"] !== capacityBytes) throw misfit(name, "capacityBytes", `${capacityBytes}, as its disk is now`);
  const job = record["job"] === null ? undefined : readJob(shape, record["job"]);
  const batches = savedList(name, record, "batches").map((batch) => readBatch(shape, batch));
  const flying = [...batches.flatMap(({ completions }) => completions), ...(job === undefined ? [] : [job])];
  if (new Set(flying.map(({ queue, head }) => `${queue} ${head}`)).size !== flying.length)
    throw misfit(name, "batches", "chains with different heads");
  return {
    writeback: savedFlag(name, record, "writeback"),
    busyUntilNs: savedWord(name, record, "busyUntilNs", MAX_TIME),
    backlog: savedWords(name, record, "backlog", queueSizes.length, queueSizes.length - 1),
    job,
    batches,
    dueTimer: readTimer(name, record["dueTimer"]),
    moreTimer: readTimer(name, record["moreTimer"]),
  };
}

function readJob(shape: BlockShape, state: PlainData | undefined): SavedJob {
  const { name, queueSizes } = shape;
  const record = savedRecord(name, state);
  const transfer = record["transfer"] === null ? undefined : readTransfer(shape, record["transfer"]);
  const verdict = record["verdict"] === null ? undefined : savedWord(name, record, "verdict", BLK_S.UNSUPP);
  if (transfer === undefined && verdict === undefined) throw misfit(name, "transfer", "one, as there is no verdict");
  return {
    queue: savedWord(name, record, "queue", queueSizes.length - 1),
    head: savedWord(name, record, "head", MAX_HEAD),
    transfer,
    lasts: savedFlag(name, record, "lasts"),
    done: savedWord(name, record, "done", transfer?.length ?? MAX_CHAIN_BYTES),
    filled: savedWord(name, record, "filled", MAX_CHAIN_BYTES),
    verdict,
  };
}

function readTransfer({ name, capacityBytes }: BlockShape, state: PlainData | undefined): TransferRequest {
  const record = savedRecord(name, state);
  const { kind } = record;
  if (kind !== "read" && kind !== "write") throw misfit(name, "kind", "read or write");
  const offset = savedWord(name, record, "offset", capacityBytes);
  return { kind, offset, length: savedWord(name, record, "length", Math.min(capacityBytes - offset, MAX_CHAIN_BYTES)) };
}

function readBatch({ name, queueSizes }: BlockShape, state: PlainData): SavedBatch {
  const record = savedRecord(name, state);
  const completions = savedList(name, record, "completions").map((saved) => {
    const completion = savedRecord(name, saved);
    return {
      queue: savedWord(name, completion, "queue", queueSizes.length - 1),
      head: savedWord(name, completion, "head", MAX_HEAD),
      status: savedWord(name, completion, "status", BLK_S.UNSUPP),
    };
  });
  return { dueNs: savedWord(name, record, "dueNs", MAX_TIME), completions };
}

function readTimer(name: string, state: PlainData | undefined): SavedTimer | null {
  if (state === null) return null;
  const record = savedRecord(name, state);
  return { deadlineNs: savedWord(name, record, "deadlineNs", MAX_TIME), order: savedWord(name, record, "order", MAX_TIME) };
}
