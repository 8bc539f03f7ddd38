/**
 * Guest memory accesses in compiled code. An address is looked up among the context's fast tags, through a window where the base
 * register deserves one (windows.ts). Without a hit the function is left, and the interpreter makes the access: a call in its place
 * would make V8 keep every register of the loop around it in memory. Only where most accesses have no fast tag, because all must be
 * aligned (the MMU is off, SCTLR_EL1.A), is there a call: `patient`. Hot.
 */
import { ACCESS_ALIGNED, ACCESS_PROBE, ACCESS_UNPRIVILEGED, ACCESS_WRITE } from "../ir/stmt.ts";
import { emitHostAddress, emitLookup } from "../interpreter/lookup.ts";
import { ADDEND, EL0_CONTEXT_BASE, WINDOW_ADDEND, WINDOWS } from "../state/layout.ts";
import type { CodeWriter } from "../wasm/code-writer.ts";
import { I32, op } from "../wasm/opcodes.ts";
import type { Instruction } from "./region.ts";
import type { WindowOf } from "./windows.ts";

export interface AccessSurroundings {
  readonly windowOf: WindowOf;
  /** Number of the function that finds an address without a fast tag; undefined: leave. */
  readonly resolve: number | undefined;
  /** The local with the context's address. */
  readonly context: number;
  /** Leaves before the instruction. */
  readonly leave: () => void;
}

export class AccessWriter {
  private readonly code: CodeWriter;
  private readonly around: AccessSurroundings;
  private readonly entry: number;

  constructor(code: CodeWriter, around: AccessSurroundings) {
    this.code = code;
    this.around = around;
    this.entry = code.local(I32);
  }

  /** Leaves the host address of a guest address in the local `host`. @param access see ir/stmt.ts */
  resolve(instruction: Instruction, va: number, access: number, host: number): void {
    const { around, code } = this;
    const bytes = access & 0xff;
    const isPlain = (access & (ACCESS_ALIGNED | ACCESS_UNPRIVILEGED)) === 0 && (bytes & (bytes - 1)) === 0;
    const window = isPlain && around.resolve === undefined ? around.windowOf(instruction, (access & ACCESS_WRITE) !== 0) : undefined;
    if (window === undefined) this.lookUp(va, access, host);
    else this.lookThrough(window, va, access);
    code.set(host);
  }

  private lookUp(va: number, access: number, host: number): void {
    const { code, entry, around } = this;
    const context = (): void => {
      if ((access & ACCESS_UNPRIVILEGED) === 0) code.get(around.context);
      else code.loadAt(op["i32.load"], EL0_CONTEXT_BASE);
    };
    emitLookup(code, va, access, context, entry);
    if (around.resolve === undefined) {
      this.leaveUnlessHit();
      emitHostAddress(code, va, entry);
      return;
    }
    code.if(I32);
    emitHostAddress(code, va, entry);
    code.else();
    code.get(va);
    code.i32(access | ACCESS_PROBE);
    code.call(around.resolve);
    code.tee(host);
    code.i32(-1);
    code.op(op["i32.eq"]);
    code.if(); // inside the branch, so that a hit has nothing more to compare
    around.leave();
    code.end();
    code.get(host);
    code.end();
  }

  /**
   * A misaligned address keeps low bits and shows in no window: one that lies in two pages must not pass for the second, and a window,
   * unlike an entry, does not tell by its place which the first is.
   */
  private lookThrough(window: number, va: number, access: number): void {
    const { code, entry, around } = this;
    code.get(around.context);
    code.memory(op["i64.load"], window);
    code.get(va);
    code.i64(BigInt(-4096 | ((access & 0xff) - 1)));
    code.op(op["i64.and"]);
    code.op(op["i64.eq"]);
    code.if(I32);
    code.get(va);
    code.op(op["i32.wrap_i64"]);
    code.get(around.context);
    code.memory(op["i32.load"], window + WINDOW_ADDEND);
    code.op(op["i32.add"]);
    code.else();
    emitLookup(code, va, access, () => code.get(around.context), entry);
    this.leaveUnlessHit();
    // The window moves here.
    code.get(around.context);
    code.get(va);
    code.i64(-4096n);
    code.op(op["i64.and"]);
    code.memory(op["i64.store"], window);
    code.get(around.context);
    code.get(entry);
    code.memory(op["i32.load"], ADDEND);
    code.memory(op["i32.store"], window + WINDOW_ADDEND);
    code.get(around.context);
    code.i32(1);
    code.memory(op["i32.store"], WINDOWS);
    emitHostAddress(code, va, entry);
    code.end();
  }

  private leaveUnlessHit(): void {
    const { code, around } = this;
    code.ifZero();
    around.leave();
    code.end();
  }
}
