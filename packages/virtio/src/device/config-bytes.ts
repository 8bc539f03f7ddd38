/** Words of a configuration space that a device keeps as bytes (virtio 1.2, 2.5). Cold. */
import { type U64, u64, type Width } from "@trapline/core";

/** Little-endian, of any alignment; what lies past the end reads 0. */
export function readConfigBytes(bytes: Uint8Array, offset: number, width: Width): U64 {
  const word = (at: number, count: number): number => {
    let value = 0;
    for (let n = count - 1; n >= 0; n--) value = value * 0x100 + (bytes[at + n] ?? 0);
    return value;
  };
  return width === 8 ? u64(word(offset + 4, 4), word(offset, 4)) : word(offset, width);
}
