/** The driver of a network device, as negotiated: what its packets look like and what it is capable of. One from DRIVER_OK to reset. */
import type { VirtioHost } from "../device/virtio-device.ts";
import { ETHER_TYPE_VLAN, ETHERNET_HEADER_BYTES, etherTypeAt, MAX_FRAME_BYTES, VLAN_TAG_BYTES } from "./ethernet.ts";
import { NET_F } from "./net-features.ts";
import { HEADER_BYTES, SHORT_HEADER_BYTES } from "./packet-header.ts";

export class NetDriver {
  readonly host: VirtioHost;
  /** Of the header in front of each packet. */
  readonly headerBytes: number;
  /** It leaves checksums to the device. */
  readonly skipsChecksums: boolean;
  /** It puts packets together from several buffers. */
  readonly mergesBuffers: boolean;
  private readonly maxPayload: number;

  /** @param mtu of the device */
  constructor(host: VirtioHost, mtu: number) {
    this.host = host;
    this.skipsChecksums = this.has(NET_F.CSUM);
    this.mergesBuffers = this.has(NET_F.MRG_RXBUF);
    this.headerBytes = host.legacy && !this.mergesBuffers ? SHORT_HEADER_BYTES : HEADER_BYTES;
    this.maxPayload = this.has(NET_F.MTU) ? mtu : MAX_FRAME_BYTES;
  }

  has(feature: bigint): boolean {
    return (this.host.features & feature) !== 0n;
  }

  /** Bytes that a frame like this one may have, in both directions (5.1.4.1). It has a whole header. */
  longest(frame: Uint8Array): number {
    const header = ETHERNET_HEADER_BYTES + (etherTypeAt(frame) === ETHER_TYPE_VLAN ? VLAN_TAG_BYTES : 0);
    return Math.min(MAX_FRAME_BYTES, this.maxPayload + header);
  }
}
