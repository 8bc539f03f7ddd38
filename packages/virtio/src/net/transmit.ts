/**
 * The transmit queue (virtio 1.2, 5.1.6.2): every packet becomes a frame and goes out at once. What is no frame, or may not be sent, is
 * given back like one that was: a driver is never told what became of its packets. Only a chain without a header fails the device.
 *
 * One call sends at most what the queue holds: 256 frames of 64 KiB. Hot.
 */
import type { VirtioChain } from "../queue/virtqueue.ts";
import { ETHERNET_HEADER_BYTES, MAX_FRAME_BYTES } from "./ethernet.ts";
import type { NetDriver } from "./net-driver.ts";
import type { NetWire } from "./net-event.ts";
import type { NetworkPort } from "./network-backend.ts";
import { applyHeader } from "./packet-header.ts";

export const TRANSMIT = 1;

/** Sends what the driver has made available. False when the network refused a frame, which is at the head of the queue again. */
export function transmit(driver: NetDriver, port: NetworkPort, wire: NetWire): boolean {
  const queue = driver.host.queue(TRANSMIT);
  for (let left = queue.size; left > 0; left--) {
    const chain = queue.pop();
    if (chain === undefined) return true;
    if (chain.readableBytes < driver.headerBytes) {
      driver.host.fail(`a packet of ${chain.readableBytes} bytes has no header of ${driver.headerBytes}`);
      return true;
    }
    const frame = frameIn(chain, driver, port, wire);
    if (frame !== undefined && !port.send(frame)) {
      queue.unpop(chain);
      return false;
    }
    if (frame !== undefined) wire.emit("sent", "", frame.length, frame);
    queue.push(chain, 0);
  }
  return true;
}

/** As it goes over the wire; undefined for one that goes nowhere. */
function frameIn(chain: VirtioChain, driver: NetDriver, port: NetworkPort, wire: NetWire): Uint8Array | undefined {
  const { headerBytes } = driver;
  const length = chain.readableBytes - headerBytes;
  const drop = (reason: string, frame?: Uint8Array): void => wire.emit("dropped", reason, length, frame);
  if (length < ETHERNET_HEADER_BYTES) return void drop("it is shorter than a header");
  if (length > MAX_FRAME_BYTES) return void drop("it is longer than any frame");
  const frame = chain.read(headerBytes, length);
  if (!port.linkUp) return void drop("the link is down", frame);
  if (length > driver.longest(frame)) return void drop("it is longer than the MTU", frame);
  const fault = applyHeader(chain.read(0, headerBytes), frame, driver.skipsChecksums);
  return fault === undefined ? frame : void drop(fault, frame);
}
