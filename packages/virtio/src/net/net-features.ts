/** Feature bits of a network device (virtio 1.2, 5.1.3), and which of them need another (5.1.3.1). */

type Link = "MTU" | "MAC" | "STATUS" | "GUEST_ANNOUNCE";
type Packets = "CSUM" | "MRG_RXBUF";
type Control = "CTRL_VQ" | "CTRL_RX" | "CTRL_RX_EXTRA" | "CTRL_VLAN" | "CTRL_MAC_ADDR";

/** Those offered, by name without VIRTIO_NET_F_. */
export const NET_F: Readonly<Record<Link | Packets | Control, bigint>> = {
  CSUM: 1n << 0n,
  MTU: 1n << 3n,
  MAC: 1n << 5n,
  MRG_RXBUF: 1n << 15n,
  STATUS: 1n << 16n,
  CTRL_VQ: 1n << 17n,
  CTRL_RX: 1n << 18n,
  CTRL_VLAN: 1n << 19n,
  CTRL_RX_EXTRA: 1n << 20n,
  GUEST_ANNOUNCE: 1n << 21n,
  CTRL_MAC_ADDR: 1n << 23n,
};

const NEEDS_CTRL_VQ = ["CTRL_RX", "CTRL_VLAN", "GUEST_ANNOUNCE", "CTRL_MAC_ADDR"] as const;

/** All that a device offers; MTU only where it has one to tell. */
export function netFeatures(hasMtu: boolean): bigint {
  const { MTU, ...always } = NET_F;
  return Object.values(always).reduce((all, bit) => all | bit, hasMtu ? MTU : 0n);
}

/** A feature that was chosen without the one it needs, as a sentence. */
export function netFeatureFault(features: bigint): string | undefined {
  if ((features & NET_F.CTRL_VQ) !== 0n) return undefined;
  const lone = NEEDS_CTRL_VQ.find((name) => (features & NET_F[name]) !== 0n);
  return lone === undefined ? undefined : `VIRTIO_NET_F_${lone} needs VIRTIO_NET_F_CTRL_VQ`;
}
