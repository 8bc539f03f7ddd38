/** Writes decoded instructions where the interpreter reads them (state/layout.ts, "Fields of a record"). */
import {
  FIELD_A, FIELD_D, FIELD_IMM, FIELD_M, FIELD_N, FIELD_SHIFT, HANDLER, RECORD_BYTES,
} from "../state/layout.ts";
import type { Decoded } from "../isa/decoder.ts";
import { SLOT_ZERO } from "../state/layout.ts";

/** Bytes of code per record; a distance between instructions times this is one between records. */
export const RECORDS_PER_BYTE: number = RECORD_BYTES / 4;

const ZERO = 8 * SLOT_ZERO;

const image = new DataView(new ArrayBuffer(RECORD_BYTES));
const imageWords = new Int32Array(image.buffer);

/**
 * Hot when code is seen for the first time. Operands have many shapes, which makes reading them slow, and most words were decoded before: what
 * their records look like is kept with them.
 */
export function writeRecord(i32: Int32Array, record: number, decoded: Decoded): void {
  if (decoded.w0 === 0) makeRecord(decoded);
  const at = record >> 2;
  i32[at + 1] = decoded.w1;
  i32[at + 2] = decoded.w2;
  i32[at + 3] = decoded.w3;
  i32[at] = decoded.w0; // with the handler: now it is one that may be executed
}

function makeRecord(decoded: Decoded): void {
  const { variant, operands } = decoded;
  const { form } = variant;
  const { d = ZERO, n = ZERO, m = ZERO, a = ZERO, imm = 0, shift = 0 } = operands;
  image.setUint16(HANDLER, variant.handler, true);
  image.setUint16(FIELD_D, d, true);
  image.setUint16(FIELD_N, n, true);
  image.setUint16(FIELD_M, m, true);
  if (form.wide) {
    image.setBigInt64(FIELD_IMM, BigInt.asIntN(64, BigInt(imm)), true);
  } else {
    // A branch inside its page goes from record to record.
    const inPage = form.flow !== undefined && !variant.leavesPage;
    image.setInt32(FIELD_IMM, inPage ? Number(imm) * RECORDS_PER_BYTE : Number(imm), true);
    image.setUint16(FIELD_A, a, true);
    image.setUint16(FIELD_SHIFT, shift, true);
  }
  decoded.w0 = imageWords[0]!;
  decoded.w1 = imageWords[1]!;
  decoded.w2 = imageWords[2]!;
  decoded.w3 = imageWords[3]!;
}
