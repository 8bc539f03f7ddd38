/** The state of a slot as plain data, and the way back: everything is checked before anything is changed. Cold. */
import { type PlainData, SnapshotError } from "@trapline/core";
import { readQueue, readWords, savedRecord, saveWords, type WordLimits } from "../saved-words.ts";
import { BAR_COUNT } from "./base-addresses.ts";
import { COMMAND_WRITABLE } from "./config-header.ts";
import type { Slot } from "./slot.ts";

const HEADER: WordLimits<"command" | "cacheLineSize" | "interruptLine"> = { command: COMMAND_WRITABLE, cacheLineSize: 0xff, interruptLine: 0xff };
const EXPRESS: WordLimits<"deviceControl" | "linkControl"> = { deviceControl: 0x7fff, linkControl: 0xffff };
const MSI: WordLimits<"multipleMessageEnable" | "address" | "upperAddress" | "data" | "mask"> = {
  multipleMessageEnable: 7,
  address: 0xffff_ffff,
  upperAddress: 0xffff_ffff,
  data: 0xffff,
  mask: 0xffff_ffff,
};
const FLAGS: WordLimits<"enabled" | "functionMask"> = { enabled: 1, functionMask: 1 };

export function saveSlot({ header, express, msix, msi, intx }: Slot): PlainData {
  return {
    ...saveWords(header, HEADER),
    bars: [...header.bars.words],
    intx: intx.high ? 1 : 0,
    express: saveWords(express, EXPRESS),
    msix: msix === undefined ? null : { enabled: +msix.enabled, functionMask: +msix.functionMask, table: [...msix.table], pending: [...msix.pending.words] },
    msi: msi === undefined ? null : { ...saveWords(msi, MSI), enabled: +msi.enabled, pending: [...msi.pending.words] },
  };
}

/** Checks a saved state. @returns what takes it. @throws SnapshotError */
export function readSlot(slot: Slot, state: PlainData): () => void {
  const owner = slot.pciFunction.name;
  const record = savedRecord(owner, state);
  const header = readWords(owner, record, HEADER);
  const { intx } = readWords(owner, record, { intx: 1 });
  const bars = exactly(owner, "bars", readQueue(owner, "bars", record, BAR_COUNT, 0xffff_ffff), BAR_COUNT);
  if (!slot.header.bars.accepts(bars)) throw misfit(owner, "bars", "addresses that its BARs can hold");
  const express = readWords(owner, savedRecord(owner, record["express"] ?? null), EXPRESS);
  const takeMsix = readMsix(slot, record["msix"] ?? null);
  const takeMsi = readMsi(slot, record["msi"] ?? null);
  return () => {
    Object.assign(slot.header, header);
    slot.header.bars.words.set(bars);
    slot.intx.high = intx === 1;
    Object.assign(slot.express, express);
    takeMsix();
    takeMsi();
    slot.restored();
  };
}

function readMsix({ msix, pciFunction: { name } }: Slot, state: PlainData): () => void {
  if (msix === undefined) return none(name, "msix", state);
  const record = savedRecord(name, state);
  const flags = readWords(name, record, FLAGS);
  const table = exactly(name, "msix.table", readQueue(name, "table", record, msix.table.length, 0xffff_ffff), msix.table.length);
  const length = msix.pending.words.length;
  const pending = exactly(name, "msix.pending", readQueue(name, "pending", record, length, 0xffff_ffff), length);
  return () => {
    msix.enabled = flags.enabled === 1;
    msix.functionMask = flags.functionMask === 1;
    msix.table.set(table);
    msix.pending.words.set(pending);
  };
}

function readMsi({ msi, pciFunction: { name } }: Slot, state: PlainData): () => void {
  if (msi === undefined) return none(name, "msi", state);
  const record = savedRecord(name, state);
  const words = readWords(name, record, MSI);
  const { enabled } = readWords(name, record, { enabled: 1 });
  const pending = exactly(name, "msi.pending", readQueue(name, "pending", record, 1, 0xffff_ffff), 1);
  return () => {
    Object.assign(msi, words);
    msi.enabled = enabled === 1;
    msi.pending.words.set(pending);
  };
}

function none(owner: string, key: string, state: PlainData): () => void {
  if (state !== null) throw misfit(owner, key, "null, because the function has none");
  return () => {};
}

function exactly(owner: string, key: string, values: readonly number[], length: number): readonly number[] {
  if (values.length !== length) throw misfit(owner, key, `${length} numbers`);
  return values;
}

function misfit(owner: string, key: string, wanted: string): SnapshotError {
  return new SnapshotError(`${key} in the saved state of ${owner} should be ${wanted}`, {
    subject: owner,
    value: key,
    remedy: "restore into a machine with the same functions, made by the same version",
  });
}
