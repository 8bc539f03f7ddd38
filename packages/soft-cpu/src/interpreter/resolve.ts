/**
 * `resolve(va, access)`, a function of the core module: where an access goes that found no fast tag. Translations that only ask for
 * alignment (Device memory, SCTLR_EL1.A, and everything while the MMU is off) are answered here, and accesses over the end of a page
 * in plain memory; the rest is the host's.
 */
import { ACCESS_ALIGNED, ACCESS_ELEMENT_SHIFT, ACCESS_UNPRIVILEGED, ACCESS_WRITE, ACCESS_ZERO } from "../ir/stmt.ts";
import { CODE, MMIO, READABLE, ROM, WATCHED, WRITABLE } from "../mmu/entry-flags.ts";
import {
  ACCESS_VA, ADDEND, CONTEXT, DATA_ENTRIES, EL0_CONTEXT_BASE, ENTRY_FLAGS, TAG_READ, TAG_SLOW, TAG_WRITE,
} from "../state/layout.ts";
import type { ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64, op } from "../wasm/opcodes.ts";

const READ_MASK = READABLE | MMIO | WATCHED;
const WRITE_MASK = WRITABLE | MMIO | WATCHED | CODE | ROM;

/** @param access number of the imported function that asks the host; it finds the address in ACCESS_VA */
export function writeResolve(module: ModuleWriter, access: number): number {
  const { code, index } = module.function([I64, I32], [I32], "resolve");
  const [va, how] = [0, 1];
  const entry = code.local(I32);
  const isWrite = code.local(I32);
  code.get(how);
  code.i32(ACCESS_WRITE);
  code.op(op["i32.and"]);
  code.set(isWrite);
  code.get(va);
  code.i64(7n);
  code.op(op["i64.shr_u"]);
  code.op(op["i32.wrap_i64"]);
  code.i32((DATA_ENTRIES - 1) << 5);
  code.op(op["i32.and"]);
  code.loadAt(op["i32.load"], EL0_CONTEXT_BASE);
  code.loadAt(op["i32.load"], CONTEXT);
  code.get(how);
  code.i32(ACCESS_UNPRIVILEGED);
  code.op(op["i32.and"]);
  code.op(op.select);
  code.op(op["i32.add"]);
  code.tee(entry);
  code.memory(op["i64.load"], TAG_SLOW);
  // The page of the last byte.
  code.get(va);
  code.get(how);
  code.i32(0xff);
  code.op(op["i32.and"]);
  code.i32(1);
  code.op(op["i32.sub"]);
  code.op(op["i64.extend_i32_u"]);
  code.op(op["i64.add"]);
  code.i64(-4096n);
  code.op(op["i64.and"]);
  code.op(op["i64.eq"]);
  // Granted, and nothing else in the way.
  code.get(entry);
  code.memory(op["i32.load"], ENTRY_FLAGS);
  code.i32(WRITE_MASK);
  code.i32(READ_MASK);
  code.get(isWrite);
  code.op(op.select);
  code.op(op["i32.and"]);
  code.i32(WRITABLE);
  code.i32(READABLE);
  code.get(isWrite);
  code.op(op.select);
  code.op(op["i32.eq"]);
  code.op(op["i32.and"]);
  // Aligned to its element.
  code.get(va);
  code.op(op["i32.wrap_i64"]);
  code.i32(1);
  code.get(how);
  code.i32(ACCESS_ELEMENT_SHIFT);
  code.op(op["i32.shr_u"]);
  code.i32(7);
  code.op(op["i32.and"]);
  code.op(op["i32.shl"]);
  code.i32(1);
  code.op(op["i32.sub"]);
  code.op(op["i32.and"]);
  code.op(op["i32.eqz"]);
  code.op(op["i32.and"]);
  // DC ZVA asks the host.
  code.get(how);
  code.i32(ACCESS_ZERO);
  code.op(op["i32.lt_u"]);
  code.op(op["i32.and"]);
  code.if();
  code.get(va);
  code.op(op["i32.wrap_i64"]);
  code.get(entry);
  code.memory(op["i32.load"], ADDEND);
  code.op(op["i32.add"]);
  code.return();
  code.end();
  crossing();
  code.i32(0);
  code.get(va);
  code.memory(op["i64.store"], ACCESS_VA);
  code.get(how);
  code.call(access);
  return index;

  /** An access over the end of a page whose two pages have fast tags and lie side by side in memory, as they usually do. */
  function crossing(): void {
    const last = code.local(I64);
    const second = code.local(I32);
    code.get(va);
    code.get(how);
    code.i32(0xff);
    code.op(op["i32.and"]);
    code.i32(1);
    code.op(op["i32.sub"]);
    code.op(op["i64.extend_i32_u"]);
    code.op(op["i64.add"]);
    code.tee(last);
    code.get(va);
    code.op(op["i64.xor"]);
    code.i64(12n);
    code.op(op["i64.shr_u"]);
    code.op(op["i64.eqz"]);
    code.get(how);
    code.i32(ACCESS_ALIGNED | ACCESS_UNPRIVILEGED);
    code.op(op["i32.and"]);
    code.op(op["i32.or"]);
    code.ifZero();
    // The second page's entry follows the first's, but for the last of the table.
    code.get(last);
    code.i64(7n);
    code.op(op["i64.shr_u"]);
    code.op(op["i32.wrap_i64"]);
    code.i32((DATA_ENTRIES - 1) << 5);
    code.op(op["i32.and"]);
    code.loadAt(op["i32.load"], CONTEXT);
    code.op(op["i32.add"]);
    code.set(second);
    hasTag(entry, () => code.get(va));
    hasTag(second, () => code.get(last));
    code.op(op["i32.and"]);
    code.get(entry);
    code.memory(op["i32.load"], ADDEND);
    code.get(second);
    code.memory(op["i32.load"], ADDEND);
    code.op(op["i32.eq"]);
    code.op(op["i32.and"]);
    code.if();
    code.get(va);
    code.op(op["i32.wrap_i64"]);
    code.get(entry);
    code.memory(op["i32.load"], ADDEND);
    code.op(op["i32.add"]);
    code.return();
    code.end();
    code.end();
  }

  function hasTag(of: number, address: () => void): void {
    code.get(of);
    code.memory(op["i64.load"], TAG_WRITE);
    code.get(of);
    code.memory(op["i64.load"], TAG_READ);
    code.get(isWrite);
    code.op(op.select);
    address();
    code.i64(-4096n);
    code.op(op["i64.and"]);
    code.op(op["i64.eq"]);
  }
}
