/**
 * Commands of the control queue (virtio 1.2, 5.1.6.5): receive modes, address filter, VLAN filter, announcement. A command that is
 * unknown, not negotiated or of the wrong length gets VIRTIO_NET_ERR and changes nothing.
 *
 * Of a table of addresses no more is read than is kept, however long it is. Not offered: multiqueue, RSS, offloads. Cold.
 */
import type { VirtioChain } from "../queue/virtqueue.ts";
import { macAt } from "./ethernet.ts";
import type { NetConfig } from "./net-config.ts";
import { NET_F } from "./net-features.ts";
import { type AddressTable, MAX_FILTERED, MAX_VLANS, RX_MODES, type RxFilter } from "./rx-filter.ts";

/** 5.1.6.5: the driver can do little but complain. */
export const CTRL_OK = 0;
export const CTRL_ERR = 1;

/** Classes; their commands are the cases below. */
const CTRL_RX = 0;
const CTRL_MAC = 1;
const CTRL_VLAN = 2;
const CTRL_ANNOUNCE = 3;

const MAC_BYTES = 6;
const COUNT_BYTES = 4;
/** Class and command. */
const HEAD_BYTES = 2;

/** What commands act on. */
export interface ControlTarget {
  /** Negotiated. */
  readonly features: bigint;
  readonly filter: RxFilter;
  readonly config: NetConfig;
}

/** Obeys the command in the readable part of `chain`. Returns the ack. */
export function obeyCommand(chain: VirtioChain, target: ControlTarget): number {
  const [family, command] = chain.read(0, HEAD_BYTES);
  if (family === undefined || command === undefined) return CTRL_ERR;
  return obeyed(chain, family, command, target) ? CTRL_OK : CTRL_ERR;
}

function obeyed(chain: VirtioChain, family: number, command: number, { features, filter, config }: ControlTarget): boolean {
  const has = (feature: bigint): boolean => (features & feature) !== 0n;
  const length = chain.readableBytes - HEAD_BYTES;
  switch (family) {
    case CTRL_RX: {
      const mode = RX_MODES[command];
      if (mode === undefined || length !== 1 || !has(command < 2 ? NET_F.CTRL_RX : NET_F.CTRL_RX_EXTRA)) return false;
      filter.modes[mode] = data(chain, 1)[0] !== 0;
      return true;
    }
    case CTRL_MAC:
      if (command === 0) return has(NET_F.CTRL_RX) && setTables(chain, filter);
      if (command !== 1 || length !== MAC_BYTES || !has(NET_F.CTRL_MAC_ADDR)) return false;
      config.mac = macAt(data(chain, MAC_BYTES), 0);
      return true;
    case CTRL_VLAN: {
      if (command > 1 || length !== 2 || !has(NET_F.CTRL_VLAN)) return false;
      const [low, high] = data(chain, 2) as unknown as readonly [number, number];
      const vlan = low | (high << 8);
      if (vlan >= MAX_VLANS) return false;
      filter.setVlan(vlan, command === 0);
      return true;
    }
    case CTRL_ANNOUNCE:
      if (command !== 0 || length !== 0 || !has(NET_F.GUEST_ANNOUNCE)) return false;
      config.announce = false;
      return true;
    default:
      return false;
  }
}

/** VIRTIO_NET_CTRL_MAC_TABLE_SET: a count and so many addresses, twice, unicast first. */
function setTables(chain: VirtioChain, filter: RxFilter): boolean {
  const unicast = readTable(chain, HEAD_BYTES);
  const multicast = unicast === undefined ? undefined : readTable(chain, unicast.end);
  if (unicast === undefined || multicast?.end !== chain.readableBytes) return false;
  filter.setTables(unicast.table, multicast.table);
  return true;
}

function readTable(chain: VirtioChain, at: number): { readonly table: AddressTable; readonly end: number } | undefined {
  const head = chain.read(at, COUNT_BYTES);
  if (head.length < COUNT_BYTES) return undefined;
  const count = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  const end = at + COUNT_BYTES + MAC_BYTES * count;
  if (end > chain.readableBytes) return undefined;
  if (count > MAX_FILTERED) return { table: { macs: new Set(), everything: true }, end };
  const bytes = chain.read(at + COUNT_BYTES, MAC_BYTES * count);
  return { table: { macs: new Set(Array.from({ length: count }, (_, n) => macAt(bytes, MAC_BYTES * n))), everything: false }, end };
}

function data(chain: VirtioChain, length: number): Uint8Array {
  return chain.read(HEAD_BYTES, length);
}
