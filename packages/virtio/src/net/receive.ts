/**
 * The receive queue (virtio 1.2, 5.1.6.3, 5.1.6.4): frames that wait at the port go into the driver's buffers, one each, or as many as
 * it takes with MRG_RXBUF. A frame for which there are no buffers yet goes on waiting; one that no buffers of this driver can hold is
 * dropped, and the buffers stay. A buffer without room for a header fails the device.
 *
 * A frame takes at most what the queue holds. Hot.
 */
import type { VirtioChain, Virtqueue } from "../queue/virtqueue.ts";
import type { NetDriver } from "./net-driver.ts";
import type { NetWire } from "./net-event.ts";
import type { NetworkPort } from "./network-backend.ts";
import { receiveHeader } from "./packet-header.ts";

export const RECEIVE = 0;

/** Delivers what waits, as far as the driver has buffers. */
export function receive(driver: NetDriver, port: NetworkPort, wire: NetWire): void {
  const queue = driver.host.queue(RECEIVE);
  for (let frame = port.first; frame !== undefined; frame = port.first) {
    const chains = buffersFor(frame, queue, driver);
    if (chains === undefined) return;
    port.take();
    if (chains.length === 0) wire.emit("dropped", "the driver's buffers are too small", frame.length, frame);
    else fill(frame, queue, chains, driver.headerBytes, wire);
  }
}

/** Enough chains for a frame and its header; none when all that the driver can give are not enough; undefined when it has to give more. */
function buffersFor(frame: Uint8Array, queue: Virtqueue, driver: NetDriver): readonly VirtioChain[] | undefined {
  const { headerBytes, mergesBuffers } = driver;
  const needed = headerBytes + frame.length;
  const most = mergesBuffers ? queue.size : 1;
  const chains: VirtioChain[] = [];
  let room = 0;
  while (room < needed && chains.length < most) {
    const chain = queue.pop();
    if (chain === undefined) break;
    chains.push(chain);
    room += chain.writableBytes;
    if (chain.writableBytes >= headerBytes) continue;
    driver.host.fail(`a receive buffer of ${chain.writableBytes} bytes has no room for a header of ${headerBytes}`);
    return undefined;
  }
  if (room >= needed) return chains;
  for (const chain of chains.toReversed()) queue.unpop(chain);
  return chains.length > 0 && chains.length === most ? [] : undefined;
}

/** All buffers but the last are filled (5.1.6.4.1). */
function fill(frame: Uint8Array, queue: Virtqueue, chains: readonly VirtioChain[], headerBytes: number, wire: NetWire): void {
  wire.emit("received", "", frame.length, frame);
  let done = 0;
  for (const [index, chain] of chains.entries()) {
    const header = index === 0 ? chain.write(0, receiveHeader(headerBytes, chains.length)) : 0;
    const part = chain.write(header, done === 0 ? frame : frame.subarray(done));
    done += part;
    queue.push(chain, header + part);
  }
}
