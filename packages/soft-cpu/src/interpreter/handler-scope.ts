/**
 * How statements become handlers of the interpreter: registers and flags are in memory, accesses look their translation up and ask
 * the host where there is none, and the host may move the program counter under an instruction. `HotScope` is a handler's inside
 * `run`, `ColdScope` that of a function of its own.
 */
import { emitExpr, type Scope } from "../ir/emit.ts";
import { ACCESS_UNPRIVILEGED, type Stmt } from "../ir/stmt.ts";
import {
  BUDGET, CONTEXT, DIVERTED, EL0_CONTEXT_BASE, HOST_VALUE, IP, SCRATCH,
} from "../state/layout.ts";
import type { CodeWriter, Label } from "../wasm/code-writer.ts";
import { op } from "../wasm/opcodes.ts";
import { emitHostAddress, emitLookup } from "./lookup.ts";

/** Numbers of the functions that handlers call. */
export interface HandlerImports {
  readonly resolve: number;
  readonly commit: number;
  /** By the number of the host function. */
  readonly hosts: ReadonlyMap<number, number>;
  readonly helpers: ReadonlyMap<number, number>;
}

/** The parts of a scope that `run` and the handlers outside it have in common. */
abstract class HandlerScope implements Scope {
  readonly code: CodeWriter;
  protected readonly imports: HandlerImports;
  private readonly entry: number;

  constructor(code: CodeWriter, imports: HandlerImports, entry: number) {
    this.code = code;
    this.imports = imports;
    this.entry = entry;
  }

  /** Pushes the context in use. */
  protected abstract context(): void;
  /** The host may look at, and change, how far we are. */
  protected abstract spill(): void;
  protected abstract reload(): void;
  /** The program counter moved: nothing more of this instruction. */
  protected abstract resync(): void;

  register(): void {
    throw new TypeError("registers and flags of the interpreter are in memory");
  }

  setRegister(): void {
    this.register();
  }

  flag(): void {
    this.register();
  }

  writeFlag(): void {
    this.register();
  }

  callHelper(helper: number): void {
    const imported = this.imports.helpers.get(helper);
    if (imported === undefined) throw new TypeError("a row that calls helpers is not for the interpreter's loop");
    this.code.call(imported);
  }

  private contextOf(access: number): () => void {
    if ((access & ACCESS_UNPRIVILEGED) === 0) return () => this.context();
    return () => this.code.loadAt(op["i32.load"], EL0_CONTEXT_BASE);
  }

  read({ va, access, host }: Stmt & { kind: "read" }): void {
    const { code } = this;
    emitLookup(code, va, access, this.contextOf(access), this.entry);
    code.if();
    emitHostAddress(code, va, this.entry);
    code.set(host);
    code.else();
    this.slowly(va, access, host);
    this.reload();
    code.end();
  }

  write({ va, access, stores }: Stmt & { kind: "write" }): void {
    const { code, entry } = this;
    emitLookup(code, va, access, this.contextOf(access), entry);
    code.if();
    emitHostAddress(code, va, entry);
    code.set(entry);
    this.storeAll(stores, entry);
    code.else();
    this.slowly(va, access, entry);
    this.storeAll(stores, entry);
    code.get(entry);
    code.i32(SCRATCH);
    code.op(op["i32.eq"]);
    code.if();
    code.call(this.imports.commit);
    code.loadAt(op["i32.load"], DIVERTED);
    code.if();
    this.resync();
    code.end();
    code.end();
    this.reload();
    code.end();
  }

  private storeAll(stores: (Stmt & { kind: "write" })["stores"], host: number): void {
    for (const { op: opcode, offset, value } of stores) {
      this.code.get(host);
      emitExpr(this, value);
      this.code.memory(opcode, offset);
    }
  }

  private slowly(va: number, access: number, host: number): void {
    const { code } = this;
    this.spill();
    code.get(va);
    code.i32(access);
    code.call(this.imports.resolve);
    code.tee(host);
    code.i32(-1); // and nothing else: above 2 GiB addresses are negative
    code.op(op["i32.eq"]);
    code.if();
    this.resync();
    code.end();
  }

  host({ fn, value, word }: Stmt & { kind: "host" }): void {
    const { code } = this;
    if (value !== undefined) {
      code.i32(0);
      emitExpr(this, value);
      code.memory(op["i64.store"], HOST_VALUE);
    }
    this.spill();
    if (word === undefined) code.i32(0);
    else emitExpr(this, word);
    code.call(this.imports.hosts.get(fn)!);
    code.if();
    this.resync();
    code.end();
    this.reload();
  }
}

export function store32(code: CodeWriter, address: number, push: () => void): void {
  code.i32(0);
  push();
  code.memory(op["i32.store"], address);
}

/** A handler that is a function of its own: (record) → 1 when the program counter moved. IP and BUDGET are in memory. */
export class ColdScope extends HandlerScope {
  protected context(): void {
    this.code.loadAt(op["i32.load"], CONTEXT);
  }

  protected spill(): void {}
  protected reload(): void {}

  protected resync(): void {
    this.code.i32(1);
    this.code.return();
  }
}

/** A handler inside `run`. */
export class HotScope extends HandlerScope {
  private readonly run: RunLocals;

  constructor(code: CodeWriter, imports: HandlerImports, run: RunLocals) {
    super(code, imports, run.entry);
    this.run = run;
  }

  protected context(): void {
    this.code.get(this.run.context);
  }

  protected spill(): void {
    store32(this.code, IP, () => this.code.get(this.run.ip));
    store32(this.code, BUDGET, () => this.code.get(this.run.budget));
  }

  protected reload(): void {
    this.code.loadAt(op["i32.load"], BUDGET);
    this.code.set(this.run.budget);
  }

  protected resync(): void {
    this.code.br(this.run.resync);
  }
}

export interface RunLocals {
  readonly ip: number;
  readonly budget: number;
  readonly handler: number;
  readonly context: number;
  readonly entry: number;
  /** Label: reload everything from memory and go on. */
  readonly resync: Label;
}
