/**
 * A split virtqueue's saved state, read and checked: what a queue takes from it can neither lie outside RAM nor grow.
 *
 * Chains in flight are saved with their buffers, not read from the rings again: a machine fills its memory after its devices
 * are restored, and a driver may have changed a descriptor since. Cold.
 */
import type { PlainData } from "@trapline/core";
import { misfit, savedList, savedRecord, savedWord, savedWords } from "../saved-state.ts";
import type { DmaView } from "./dma-view.ts";
import { SplitChain } from "./split-chain.ts";
import { MAX_QUEUE_SIZE, ringFault, type RingSetup } from "./split-ring.ts";

export interface SavedQueue {
  readonly setup: RingSetup | undefined;
  readonly nextAvailable: number;
  readonly nextUsed: number;
  readonly shownEvent: number;
  /** Chains that the device had not given back. */
  readonly inFlight: readonly SplitChain[];
}

/** @throws SnapshotError naming what does not fit */
export function readSavedQueue(dma: DmaView, owner: string, maxSize: number, state: PlainData): SavedQueue {
  const record = savedRecord(owner, state);
  const setup = record["ring"] === null ? undefined : readRing(owner, record["ring"]);
  const fault = setup === undefined ? undefined : ringFault(dma.memory, setup, maxSize);
  if (fault !== undefined) throw misfit(owner, "ring", `one that fits this machine, but ${fault}`);
  const size = setup?.size ?? 0;
  const inFlight = savedList(owner, record, "inFlight").map((chain) => readChain(dma, owner, size, chain));
  if (new Set(inFlight.map(({ head }) => head)).size !== inFlight.length) throw misfit(owner, "inFlight", "chains with different heads");
  return {
    setup,
    nextAvailable: savedWord(owner, record, "nextAvailable", 0xffff),
    nextUsed: savedWord(owner, record, "nextUsed", 0xffff),
    shownEvent: savedWord(owner, record, "shownEvent", 0xffff, -1),
    inFlight,
  };
}

function readRing(owner: string, state: PlainData | undefined): RingSetup {
  const ring = savedRecord(owner, state);
  const address = (key: string): number => savedWord(owner, ring, key, Number.MAX_SAFE_INTEGER);
  return {
    size: savedWord(owner, ring, "size", MAX_QUEUE_SIZE),
    descriptors: address("descriptors"),
    available: address("available"),
    used: address("used"),
  };
}

function readChain(dma: DmaView, owner: string, size: number, state: PlainData): SplitChain {
  const record = savedRecord(owner, state);
  const head = savedWord(owner, record, "head", size - 1);
  const words = savedWords(owner, record, "pieces", 2 * size, Number.MAX_SAFE_INTEGER);
  const readable = savedWord(owner, record, "readable", words.length / 2);
  const pieces: number[] = [];
  for (let n = 0; n < words.length / 2; n++) {
    const [address, length] = [words[2 * n]!, words[2 * n + 1] ?? 0];
    const offset = dma.locate(address, length, n >= readable);
    if (offset < 0) throw misfit(owner, "pieces", "buffers in this machine's RAM");
    pieces.push(address, offset, length);
  }
  return new SplitChain(head, pieces, 3 * readable, dma);
}
