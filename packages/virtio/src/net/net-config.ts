/**
 * The configuration space of a network device (virtio 1.2, 5.1.4): address, link status, MTU. Read-only but for the address, which
 * drivers from before 1.0 write byte by byte where they cannot use the control queue (5.1.4.3). Cold.
 */
import { hi32, lo32, type U64, type Width } from "@trapline/core";
import { readConfigBytes } from "../device/config-bytes.ts";
import type { VirtioConfigSpace } from "../device/virtio-device.ts";
import { macAt, type MacAddress, macByte } from "./ethernet.ts";

/** Bits of `status`. */
const LINK_UP = 1;
const ANNOUNCE = 2;

const STATUS_AT = 6;
const MAX_PAIRS_AT = 8;
const MTU_AT = 10;
const CONFIG_BYTES = 12;

export class NetConfig implements VirtioConfigSpace {
  readonly size: number = CONFIG_BYTES;
  /** VIRTIO_NET_S_LINK_UP, as the driver was told. */
  linkUp = false;
  /** VIRTIO_NET_S_ANNOUNCE: the driver should make itself known. */
  announce = false;
  /** The driver may write the address. */
  macWritable = false;
  private readonly bytes = new Uint8Array(CONFIG_BYTES);
  private readonly view = new DataView(this.bytes.buffer);

  /** @param mtu 0 where the device does not tell one */
  constructor(mac: MacAddress, mtu: number) {
    this.mac = mac;
    this.view.setUint16(MAX_PAIRS_AT, 1, true);
    this.view.setUint16(MTU_AT, mtu, true);
  }

  get mac(): MacAddress {
    return macAt(this.bytes, 0);
  }

  set mac(mac: MacAddress) {
    for (let n = 0; n < STATUS_AT; n++) this.bytes[n] = macByte(mac, n);
  }

  read(offset: number, width: Width): U64 {
    this.view.setUint16(STATUS_AT, (this.linkUp ? LINK_UP : 0) | (this.announce ? ANNOUNCE : 0), true);
    return readConfigBytes(this.bytes, offset, width);
  }

  write(offset: number, width: Width, value: U64): void {
    if (!this.macWritable) return;
    for (let n = 0; n < width && offset + n < STATUS_AT; n++) {
      this.bytes[offset + n] = (n < 4 ? lo32(value) : hi32(value)) >>> (8 * (n % 4));
    }
  }
}
