/** The translation of an access as generated code looks it up, in the interpreter and in compiled code alike. Hot: this is every load and store. */
import { ACCESS_ALIGNED, ACCESS_WRITE, elementOf } from "../ir/stmt.ts";
import { ADDEND, DATA_ENTRIES, TAG_READ, TAG_WRITE } from "../state/layout.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import { op } from "../wasm/opcodes.ts";

/** Looks an access up in the context: pushes 1 for a hit or 0, and leaves the entry's address in `entry`. */
export function emitLookup(code: CodeWriter, va: number, access: number, context: () => void, entry: number): void {
  const bytes = access & 0xff;
  code.get(va);
  code.i64(7n);
  code.op(op["i64.shr_u"]);
  code.op(op["i32.wrap_i64"]);
  code.i32((DATA_ENTRIES - 1) << 5);
  code.op(op["i32.and"]);
  context();
  code.op(op["i32.add"]);
  code.tee(entry);
  code.memory(op["i64.load"], (access & ACCESS_WRITE) === 0 ? TAG_READ : TAG_WRITE);
  code.get(va);
  if ((access & ACCESS_ALIGNED) !== 0) {
    // A misaligned address keeps low bits, and so matches no page.
    code.i64(BigInt(-4096 | (elementOf(access) - 1)));
    code.op(op["i64.and"]);
    code.op(op["i64.eq"]);
    return;
  }
  if (bytes > 1) {
    // The last byte decides: an access that crosses into the next page misses by itself.
    code.i64(BigInt(bytes - 1));
    code.op(op["i64.add"]);
  }
  code.i64(-4096n);
  code.op(op["i64.and"]);
  code.op(op["i64.eq"]);
}

/** Pushes where the byte at `va` is, after a hit. */
export function emitHostAddress(code: CodeWriter, va: number, entry: number): void {
  code.get(va);
  code.op(op["i32.wrap_i64"]);
  code.get(entry);
  code.memory(op["i32.load"], ADDEND);
  code.op(op["i32.add"]);
}
