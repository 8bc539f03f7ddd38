/** A transport's saved state, read and checked before anything changes. Cold. */
import type { PlainData } from "@trapline/core";
import { misfit, savedFlag, savedList, savedRecord, type SavedRecord, savedWord } from "../saved-state.ts";
import type { QueueRegisters, SavedQueueRegisters } from "./queue-registers.ts";

interface SavedTransport {
  readonly registers: {
    readonly deviceFeatureSelect: number;
    readonly driverFeatureSelect: number;
    readonly queueSelect: number;
    readonly status: number;
    readonly features: bigint;
    readonly configGeneration: number;
    readonly started: boolean;
    readonly failure: string | undefined;
  };
  readonly queues: readonly SavedQueueRegisters[];
  /** The device's own. */
  readonly device: PlainData;
}

/** @throws SnapshotError naming what does not fit */
export function readSavedTransport(owner: string, queues: readonly QueueRegisters[], state: PlainData): SavedTransport {
  const record = savedRecord(owner, state);
  const word = (key: string, max = 0xffff_ffff): number => savedWord(owner, record, key, max);
  return {
    registers: {
      deviceFeatureSelect: word("deviceFeatureSelect"),
      driverFeatureSelect: word("driverFeatureSelect"),
      queueSelect: word("queueSelect"),
      status: word("status", 0xff),
      features: savedFeatures(owner, record),
      configGeneration: word("configGeneration"),
      started: savedFlag(owner, record, "started"),
      failure: savedFailure(owner, record),
    },
    queues: savedList(owner, record, "queues", queues.length).map((saved, index) => queues[index]!.check(saved)),
    device: record["device"] ?? null,
  };
}

function savedFeatures(owner: string, record: SavedRecord): bigint {
  const features = record["features"];
  if (typeof features === "bigint" && features >= 0n && features >> 64n === 0n) return features;
  throw misfit(owner, "features", "a 64-bit bigint");
}

function savedFailure(owner: string, record: SavedRecord): string | undefined {
  const failure = record["failure"];
  if (failure === null) return undefined;
  if (typeof failure === "string") return failure;
  throw misfit(owner, "failure", "a sentence, or null");
}
