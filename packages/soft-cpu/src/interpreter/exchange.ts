/** How two vCPUs change places: a function of the core module. */
import { TRANSLATION_REGISTERS } from "../mmu/translation-registers.ts";
import { STATE, STATE_BYTES, SYSREGS } from "../state/layout.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import type { ModuleWriter } from "../wasm/module-writer.ts";
import { I32, op } from "../wasm/opcodes.ts";

/**
 * `exchange(from, to)`: the state in place goes to `from`, that at `to` comes in place. Gives 1 when the two differ in a register that translation
 * depends on. Here and not in the host, whose two `set` of typed arrays take 43 ns without the comparison; this takes 30.
 */
export function writeExchange(module: ModuleWriter): void {
  const { code } = module.function([I32, I32], [I32], "exchange");
  const [from, to] = [0, 1];
  for (const [index, slot] of TRANSLATION_REGISTERS.entries()) {
    code.loadAt(op["i64.load"], SYSREGS + 8 * slot);
    code.get(to);
    code.memory(op["i64.load"], SYSREGS - STATE + 8 * slot);
    code.op(op["i64.xor"]);
    if (index > 0) code.op(op["i64.or"]);
  }
  code.i64(0n);
  code.op(op["i64.ne"]); // stays on the stack, the answer
  copyState(code, () => code.get(from), () => code.i32(STATE));
  copyState(code, () => code.i32(STATE), () => code.get(to));
}

function copyState(code: CodeWriter, destination: () => void, source: () => void): void {
  destination();
  source();
  code.i32(STATE_BYTES);
  code.memoryCopy();
}
