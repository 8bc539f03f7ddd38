/** Writes decoded instructions where the interpreter reads them (state/layout.ts, "Fields of a record"). */
import {
  FIELD_A, FIELD_D, FIELD_IMM, FIELD_M, FIELD_N, FIELD_SHIFT, HANDLER, RECORD_BYTES,
} from "../state/layout.ts";
import type { Decoded } from "../isa/decoder.ts";
import { SLOT_ZERO } from "../state/layout.ts";

/** Bytes of code per record; a distance between instructions times this is one between records. */
export const RECORDS_PER_BYTE: number = RECORD_BYTES / 4;

const ZERO = 8 * SLOT_ZERO;

export function writeRecord(view: DataView, record: number, { variant, operands }: Decoded): void {
  const { form } = variant;
  const { d = ZERO, n = ZERO, m = ZERO, a = ZERO, imm = 0, shift = 0 } = operands;
  view.setUint16(record + FIELD_D, d, true);
  view.setUint16(record + FIELD_N, n, true);
  view.setUint16(record + FIELD_M, m, true);
  if (form.wide) {
    view.setBigInt64(record + FIELD_IMM, BigInt.asIntN(64, BigInt(imm)), true);
  } else {
    // A branch inside its page goes from record to record.
    const inPage = form.flow !== undefined && !variant.leavesPage;
    view.setInt32(record + FIELD_IMM, inPage ? Number(imm) * RECORDS_PER_BYTE : Number(imm), true);
    view.setUint16(record + FIELD_A, a, true);
    view.setUint16(record + FIELD_SHIFT, shift, true);
  }
  view.setUint16(record + HANDLER, variant.handler, true);
}
