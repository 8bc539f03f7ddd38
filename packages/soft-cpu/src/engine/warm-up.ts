/**
 * Shows V8 the interpreter's loop as hot, once in a process, before there is a machine. It is 45 KB of machine code, for which V8's optimising compiler
 * takes a tenth of a second, on another thread; until then the interpreter has a fifth of its speed. So it may as well begin while a machine is composed
 * and its images are read (docs/adr/0050-prebuilt-interpreter.md).
 */
import { writeRecord } from "../interpreter/record.ts";
import { TABLE_SLOTS } from "../interpreter/core-module.ts";
import { decode } from "../isa/decoder.ts";
import { HOST_FUNCTIONS } from "../isa/host-functions.ts";
import { BUDGET, IP, SCRATCH } from "../state/layout.ts";
import { compiledCore } from "./handler-modules.ts";
import { createMemory, createTable, instantiate } from "./wasm-api.ts";

/** B #0 */
const BRANCH_TO_ITSELF = 0x1400_0000;
/** V8 counts bytes of code jumped back over, and has enough of them after a thousand rounds; five thousand take a fifth of a millisecond. */
const ROUNDS = 5000;

let isWarm = false;

/** Takes the loop round in a memory of its own, which has the state of a vCPU and one record. */
export function warmUp(): void {
  if (isWarm) return;
  isWarm = true;
  try {
    const memory = createMemory(1);
    const nothing = (): number => 0;
    const exports = instantiate(compiledCore(), {
      cpu: { memory, table: createTable(TABLE_SLOTS), access: nothing, commit: nothing, fetchMiss: nothing, settle: nothing, decode: nothing },
      host: Object.fromEntries(Array.from({ length: HOST_FUNCTIONS }, (_, number) => [String(number), nothing])),
    });
    const i32 = new Int32Array(memory.buffer);
    writeRecord(i32, SCRATCH, decode(BRANCH_TO_ITSELF, 0));
    i32[IP >> 2] = SCRATCH;
    i32[BUDGET >> 2] = ROUNDS;
    (exports["run"] as () => void)();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The host has no room for another memory: the machine's own will say so, or do without this.
  }
}
