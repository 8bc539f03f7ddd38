/** How two vCPUs change places: a function of the core module. */
import { TRANSLATION_REGISTERS } from "../mmu/translation-registers.ts";
import { STATE, STATE_BYTES, SYSREGS } from "../state/layout.ts";
import type { ModuleWriter } from "../wasm/module-writer.ts";
import { I32, op } from "../wasm/opcodes.ts";

const VECTOR_BYTES = 16;
/** Vectors moved in each round. */
const VECTORS_A_ROUND = 8;
const ROUND_BYTES = VECTOR_BYTES * VECTORS_A_ROUND;

/**
 * `exchange(from, to)`: the state in place goes to `from`, that at `to` comes in place. One pass and one call instead of two copies by the host,
 * each of which takes as long to begin as to do. Gives 1 when the two differ in a register that translation depends on.
 */
export function writeExchange(module: ModuleWriter): void {
  if (STATE_BYTES % ROUND_BYTES !== 0) throw new RangeError(`a vCPU's state has ${STATE_BYTES} bytes, which are no multiple of ${ROUND_BYTES}`);
  const { code } = module.function([I32, I32], [I32], "exchange");
  const [from, to, at, differs] = [0, 1, code.local(I32), code.local(I32)];
  for (const [index, slot] of TRANSLATION_REGISTERS.entries()) {
    code.loadAt(op["i64.load"], SYSREGS + 8 * slot);
    code.get(to);
    code.memory(op["i64.load"], SYSREGS - STATE + 8 * slot);
    code.op(op["i64.xor"]);
    if (index > 0) code.op(op["i64.or"]);
  }
  code.i64(0n);
  code.op(op["i64.ne"]);
  code.set(differs);
  const next = code.loop();
  for (let vector = 0; vector < VECTORS_A_ROUND; vector++) {
    const offset = vector * VECTOR_BYTES;
    code.get(from);
    code.get(at);
    code.memory(op["v128.load"], STATE + offset);
    code.memory(op["v128.store"], offset);
    code.get(at);
    code.get(to);
    code.memory(op["v128.load"], offset);
    code.memory(op["v128.store"], STATE + offset);
  }
  for (const pointer of [from, to, at]) {
    code.get(pointer);
    code.i32(ROUND_BYTES);
    code.op(op["i32.add"]);
    code.set(pointer);
  }
  code.get(at);
  code.i32(STATE_BYTES);
  code.op(op["i32.lt_u"]);
  code.brIf(next);
  code.end();
  code.get(differs);
}
