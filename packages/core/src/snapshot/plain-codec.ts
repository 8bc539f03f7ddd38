/**
 * PlainData ↔ JSON text. What JSON lacks is written as an object with one key that starts with `$`: `{"$big":"12"}`,
 * `{"$bytes":"base64"}`. A real key that starts with `$` gets another `$` in front.
 */
import { SnapshotError } from "../errors.ts";
import type { PlainData } from "../plain-data.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Nesting that a state may have; a deeper one is a cycle or an attack. */
export const MAX_STATE_DEPTH = 64;

export function toJson(data: PlainData, depth = 0): Json {
  if (depth > MAX_STATE_DEPTH) throw new SnapshotError(`a saved state is nested more than ${MAX_STATE_DEPTH} deep`, { limit: MAX_STATE_DEPTH, remedy: "look for a cycle in what save returns" });
  if (typeof data === "bigint") return { $big: data.toString() };
  if (typeof data === "number" && !Number.isFinite(data)) return { $number: String(data) };
  if (data === null || typeof data !== "object") return data;
  if (data instanceof Uint8Array) return { $bytes: toBase64(data) };
  if (Array.isArray(data)) return data.map((item: PlainData) => toJson(item, depth + 1));
  const entries = Object.entries(data as { readonly [key: string]: PlainData });
  // fromEntries, not assignment: a key may be "__proto__".
  return Object.fromEntries(entries.map(([key, value]) => [key.startsWith("$") ? `$${key}` : key, toJson(value, depth + 1)]));
}

/** @throws SnapshotError for JSON that `toJson` never writes. */
export function fromJson(json: unknown, depth = 0): PlainData {
  if (depth > MAX_STATE_DEPTH) throw new SnapshotError(`the snapshot is nested more than ${MAX_STATE_DEPTH} deep`, { limit: MAX_STATE_DEPTH, remedy: "the file is damaged: take another" });
  if (json === null || typeof json !== "object") return json as PlainData;
  if (Array.isArray(json)) return json.map((item) => fromJson(item, depth + 1));
  const entries = Object.entries(json);
  const only = entries.length === 1 ? entries[0]! : undefined;
  if (only !== undefined && typeof only[1] === "string") {
    if (only[0] === "$big") return readBig(only[1]);
    if (only[0] === "$bytes") return fromBase64(only[1]);
    if (only[0] === "$number") return Number(only[1]);
  }
  return Object.fromEntries(entries.map(([key, value]) => [key.startsWith("$") ? key.slice(1) : key, fromJson(value, depth + 1)]));
}

function readBig(text: string): bigint {
  if (/^-?\d+$/.test(text)) return BigInt(text);
  throw new SnapshotError(`the snapshot holds ${JSON.stringify(text)} where a number belongs`, { value: text, remedy: "the file is damaged: take another" });
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new SnapshotError("the snapshot holds bytes that are not base64", { remedy: "the file is damaged: take another", cause });
  }
}
