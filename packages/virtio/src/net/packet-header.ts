/**
 * The header in front of each packet in the queues (virtio 1.2, 5.1.6), and the one offload there is: completing a checksum. Of
 * segmentation nothing is negotiated, so every packet is a frame as it goes over the wire. Hot.
 */

/** With `num_buffers`; drivers from before 1.0 leave that out unless they negotiated MRG_RXBUF (5.1.6.1). */
export const HEADER_BYTES = 12;
export const SHORT_HEADER_BYTES = 10;

const NEEDS_CSUM = 1;
const GSO_NONE = 0;
const GSO_TYPE_AT = 1;
const CSUM_START_AT = 6;
const CSUM_OFFSET_AT = 8;
const NUM_BUFFERS_AT = 10;

/** Why a packet with this header cannot be sent; undefined when it can. */
export type HeaderFault = "segmentation was not negotiated" | "the checksum lies outside the frame";

/**
 * Does to `frame` what the header asks for.
 * @param canChecksum CSUM is negotiated; without it no flag means anything (5.1.6.2.1)
 */
export function applyHeader(header: Uint8Array, frame: Uint8Array, canChecksum: boolean): HeaderFault | undefined {
  if (header[GSO_TYPE_AT] !== GSO_NONE) return "segmentation was not negotiated";
  if (!canChecksum || (header[0]! & NEEDS_CSUM) === 0) return undefined;
  const start = header[CSUM_START_AT]! | (header[CSUM_START_AT + 1]! << 8);
  const at = start + (header[CSUM_OFFSET_AT]! | (header[CSUM_OFFSET_AT + 1]! << 8));
  if (at + 2 > frame.length) return "the checksum lies outside the frame";
  completeChecksum(frame, start, at);
  return undefined;
}

/** For a packet in the receive queue: nothing but the number of buffers, where there is room for it. */
export function receiveHeader(length: number, buffers: number): Uint8Array {
  const header = new Uint8Array(length);
  if (length > NUM_BUFFERS_AT) {
    header[NUM_BUFFERS_AT] = buffers;
    header[NUM_BUFFERS_AT + 1] = buffers >> 8;
  }
  return header;
}

/**
 * The Internet checksum (RFC 1071) of `frame` from `start` to its end goes to `at`, where the sum of the pseudo header stands. A sum
 * of 0 is written as its twin 0xffff, for UDP takes 0 for "none" (RFC 768).
 */
export function completeChecksum(frame: Uint8Array, start: number, at: number): void {
  let sum = 0;
  const even = frame.length - ((frame.length - start) & 1);
  for (let n = start; n < even; n += 2) sum += (frame[n]! << 8) | frame[n + 1]!; // 2^15 words of 16 bits: no more than 31 bits
  if (even < frame.length) sum += frame[even]! << 8;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~sum & 0xffff || 0xffff;
  frame[at] = checksum >> 8;
  frame[at + 1] = checksum;
}
