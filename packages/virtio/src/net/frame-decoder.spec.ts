/** The byte stream of QEMU's `-netdev stream`: four bytes of length, big-endian, then the frame. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, FrameDecoder } from "./frame-decoder.ts";

function decoded(decoder: FrameDecoder, ...chunks: readonly (readonly number[] | Uint8Array)[]): number[][] {
  const frames: number[][] = [];
  for (const chunk of chunks) {
    decoder.append(Uint8Array.from(chunk));
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push([...frame]);
  }
  return frames;
}

describe("the stream", () => {
  it.each<[what: string, chunks: readonly (readonly number[])[], frames: readonly (readonly number[])[]]>([
    ["one frame in one chunk", [[0, 0, 0, 3, 7, 8, 9]], [[7, 8, 9]]],
    ["two frames in one chunk", [[0, 0, 0, 1, 7, 0, 0, 0, 2, 8, 9]], [[7], [8, 9]]],
    ["a length cut in two", [[0, 0], [0, 2, 8, 9]], [[8, 9]]],
    ["a byte a chunk", [[0], [0], [0], [2], [8], [9], [0], [0], [0], [1], [5]], [[8, 9], [5]]],
    ["the length alone", [[0, 0, 0, 2], [8, 9]], [[8, 9]]],
    ["an empty frame", [[0, 0, 0, 0, 0, 0, 0, 1, 6]], [[], [6]]],
    ["an empty frame at the end of a chunk", [[0, 0, 0, 0], [0, 0, 0, 1, 6]], [[], [6]]],
    ["a frame that is not whole", [[0, 0, 0, 4, 1, 2, 3]], []],
  ])("%s", (_what, chunks, frames) => {
    expect(decoded(new FrameDecoder(), ...chunks)).toEqual(frames);
  });

  it("carries frames of up to 65535 bytes", () => {
    const frame = Uint8Array.from({ length: 0xffff }, (_, n) => n);
    const decoder = new FrameDecoder();
    decoder.append(encodeFrame(frame));
    expect(Buffer.from(frame).equals(decoder.next()!)).toBe(true);
    expect(decoder.fault).toBeUndefined();
  });

  it.each([
    ["65536", [0, 1, 0, 0]],
    ["4294967295", [0xff, 0xff, 0xff, 0xff]],
  ])("ends at a length of %s", (length, bytes) => {
    const decoder = new FrameDecoder();
    expect(decoded(decoder, [0, 0, 0, 1, 7, ...bytes, 0, 0, 0, 1, 8], [0, 0, 0, 1, 9])).toEqual([[7]]);
    expect(decoder.fault).toBe(`a frame of ${length} bytes, more than 65535`);
  });

  it("gives back any frames, wherever it is cut", () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, cuts) => {
        const bytes = sent.flatMap((frame) => [...encodeFrame(frame)]);
        const chunks: number[][] = [];
        for (let n = 0; bytes.length > 0; n++) chunks.push(bytes.splice(0, cuts[n % cuts.length]));
        expect(decoded(new FrameDecoder(), ...chunks)).toEqual(sent.map((frame) => [...frame]));
      }),
    );
  });
});
