/**
 * Ethernet as network devices and backends need it (IEEE 802.3, 802.1Q): addresses, the fields of a header, sizes. An address is a
 * number, 48 bits with the first byte on top, so that filters compare and look up numbers. The frame check sequence is never there.
 *
 * Hot: `macAt`, `etherTypeAt`.
 */
import { ConfigError } from "@trapline/core";

/** Destination, source, type. */
export const ETHERNET_HEADER_BYTES = 14;
/** A tag between source and type. */
export const VLAN_TAG_BYTES = 4;
/** The longest frame that any part of this package carries: what passt takes. A device drops longer ones. */
export const MAX_FRAME_BYTES = 0xffff;

/** 802.1Q: the type of a tagged frame. */
export const ETHER_TYPE_VLAN = 0x8100;
export const BROADCAST = 0xffff_ffff_ffff;

/** 48 bits, first byte on top. */
export type MacAddress = number;

/** The address at `offset`: 0 for the destination, 6 for the source. Only where the frame is long enough. */
export function macAt(frame: Uint8Array, offset: number): MacAddress {
  const high = (frame[offset]! << 8) | frame[offset + 1]!;
  const low = (frame[offset + 2]! << 24) | (frame[offset + 3]! << 16) | (frame[offset + 4]! << 8) | frame[offset + 5]!;
  return high * 0x1_0000_0000 + (low >>> 0);
}

/** The 16-bit field at `offset`, big-endian: 12 for the type, 14 for the tag of a tagged frame. */
export function etherTypeAt(frame: Uint8Array, offset = 12): number {
  return (frame[offset]! << 8) | frame[offset + 1]!;
}

/** Multicast, broadcast included: the lowest bit of the first byte. */
export function isGroupAddress(mac: MacAddress): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) !== 0;
}

/** Byte `n` of the six. */
export function macByte(mac: MacAddress, n: number): number {
  return Math.floor(mac / 2 ** (40 - 8 * n)) & 0xff;
}

/** "52:54:00:12:34:56" */
export function formatMac(mac: MacAddress): string {
  return Array.from({ length: 6 }, (_, n) => macByte(mac, n).toString(16).padStart(2, "0")).join(":");
}

/**
 * The address of one network card: six bytes in hexadecimal, with `:` or `-` between them.
 * @throws ConfigError for anything else, and for group addresses and zero
 */
export function parseMac(text: string, subject = "mac"): MacAddress {
  const bytes = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text) ? text.split(/[:-]/) : [];
  const mac = bytes.reduce((all, byte) => all * 0x100 + Number.parseInt(byte, 16), 0);
  if (mac !== 0 && !isGroupAddress(mac)) return mac;
  const why = bytes.length === 0 ? "is no MAC address" : mac === 0 ? "is nobody's address" : "is the address of a group";
  const remedy = "write six bytes with an even first one, like 52:54:00:12:34:56";
  throw new ConfigError(`${JSON.stringify(text)} ${why}`, { subject, value: text, remedy });
}

/** An address from names, the same in each run: 52:54:00 (locally administered, as QEMU's) and 24 bits of a hash (FNV-1a). */
export function macOfNames(machine: string, device: string): MacAddress {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(`${machine}/${device}`)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return 0x5254_0000_0000 + ((hash ^ (hash >>> 24)) & 0xff_ffff);
}
