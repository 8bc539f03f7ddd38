/** What a network device saves beside its queues, read and checked: its address, link and filter, and the frames that wait for it. Cold. */
import type { PlainData, SavedTimer } from "@trapline/core";
import { misfit, savedFlag, savedList, savedRecord, savedWord } from "../saved-state.ts";
import { ETHERNET_HEADER_BYTES, type MacAddress, MAX_FRAME_BYTES } from "./ethernet.ts";
import { readFilter, type SavedFilter } from "./rx-filter.ts";

const MAX_MAC = 2 ** 48 - 1;

interface NetState<Filter> {
  /** Its own, and the one its driver chose. */
  readonly builtMac: MacAddress;
  readonly mac: MacAddress;
  readonly linkUp: boolean;
  readonly announce: boolean;
  /** The network refused what is at the head of the transmit queue. */
  readonly blocked: boolean;
  readonly filter: Filter;
  /** Oldest first. */
  readonly frames: readonly Uint8Array[];
  readonly look: SavedTimer | null;
}

export function saveNet(state: NetState<PlainData>): PlainData {
  return { ...state };
}

/** @throws SnapshotError naming what does not fit */
export function readNet(owner: string, state: PlainData): NetState<SavedFilter> {
  const record = savedRecord(owner, state);
  return {
    builtMac: savedWord(owner, record, "builtMac", MAX_MAC),
    mac: savedWord(owner, record, "mac", MAX_MAC),
    linkUp: savedFlag(owner, record, "linkUp"),
    announce: savedFlag(owner, record, "announce"),
    blocked: savedFlag(owner, record, "blocked"),
    filter: readFilter(owner, record["filter"]),
    frames: savedList(owner, record, "frames").map((frame) => readFrame(owner, frame)),
    look: readTimer(owner, record["look"]),
  };
}

function readFrame(owner: string, frame: PlainData): Uint8Array {
  if (frame instanceof Uint8Array && frame.length >= ETHERNET_HEADER_BYTES && frame.length <= MAX_FRAME_BYTES) return frame;
  throw misfit(owner, "frames", `frames of ${ETHERNET_HEADER_BYTES} to ${MAX_FRAME_BYTES} bytes`);
}

function readTimer(owner: string, state: PlainData | undefined): SavedTimer | null {
  if (state === null) return null;
  const record = savedRecord(owner, state);
  const word = (key: string): number => savedWord(owner, record, key, Number.MAX_SAFE_INTEGER);
  return { deadlineNs: word("deadlineNs"), order: word("order") };
}
