/** Writes expressions and plain statements as WebAssembly; what differs between interpreter and compiled code comes from a `Scope`. Hot. */
import type { CodeWriter } from "../wasm/code-writer.ts";
import { I32, I64, op, SIMD_PREFIX } from "../wasm/opcodes.ts";
import { APPLY, CALL, CONST, type Expr, FLAG, IF_ELSE, LOAD, LOCAL, REGISTER, SHUFFLE } from "./expr.ts";
import type { Stmt } from "./stmt.ts";

/** What a generator decides: where registers, flags and helpers are, how memory is accessed, how the host is called. */
export interface Scope {
  readonly code: CodeWriter;
  register(slot: number): void;
  flag(which: number): void;
  setRegister(slot: number): void;
  /** Emits the value and its write, unless nobody will ask for it. */
  writeFlag(which: number, value: Expr): void;
  callHelper(helper: number): void;
  read(stmt: Stmt & { kind: "read" }): void;
  write(stmt: Stmt & { kind: "write" }): void;
  host(stmt: Stmt & { kind: "host" }): void;
}

export function emitExpr(scope: Scope, e: Expr): void {
  const { code } = scope;
  switch (e.kind) {
    case CONST:
      if (e.type === I32) code.i32(e.imm);
      else if (e.type === I64) code.i64(e.big);
      else emitV128(code, e.big);
      return;
    case LOCAL:
      return code.get(e.imm);
    case APPLY:
      emitExpr(scope, e.a!);
      if (e.b !== null) emitExpr(scope, e.b);
      if (e.c !== null) emitExpr(scope, e.c);
      code.op(e.op);
      if (e.imm >= 0) code.byte(e.imm);
      return;
    case LOAD:
      emitExpr(scope, e.a!);
      return code.memory(e.op, e.imm);
    case REGISTER:
      return scope.register(e.imm);
    case FLAG:
      return scope.flag(e.imm);
    case CALL:
      if (e.a !== null) emitExpr(scope, e.a);
      if (e.b !== null) emitExpr(scope, e.b);
      if (e.c !== null) emitExpr(scope, e.c);
      return scope.callHelper(e.imm);
    case SHUFFLE:
      emitExpr(scope, e.a!);
      emitExpr(scope, e.b!);
      code.op(op["i8x16.shuffle"]);
      code.append(e.lanes!);
      return;
    case IF_ELSE:
      emitExpr(scope, e.a!);
      code.if(e.type);
      emitExpr(scope, e.b!);
      code.else();
      emitExpr(scope, e.c!);
      code.end();
  }
}

function emitV128(code: CodeWriter, value: bigint): void {
  code.byte(SIMD_PREFIX);
  code.unsigned(op["v128.const"] - 0xfd00);
  for (let at = 0n; at < 128n; at += 8n) code.byte(Number((value >> at) & 0xffn));
}

export function emitStatements(scope: Scope, statements: readonly Stmt[]): void {
  const { code } = scope;
  for (const s of statements) {
    switch (s.kind) {
      case "let":
        emitExpr(scope, s.value);
        code.set(s.local);
        break;
      case "store":
        emitExpr(scope, s.address);
        emitExpr(scope, s.value);
        code.memory(s.op, s.offset);
        break;
      case "register":
        emitExpr(scope, s.value);
        scope.setRegister(s.slot);
        break;
      case "flag":
        scope.writeFlag(s.which, s.value);
        break;
      case "read":
        scope.read(s);
        break;
      case "write":
        scope.write(s);
        break;
      case "host":
        scope.host(s);
        break;
      case "if":
        emitExpr(scope, s.condition);
        code.if();
        emitStatements(scope, s.yes);
        if (s.no.length > 0) {
          code.else();
          emitStatements(scope, s.no);
        }
        code.end();
    }
  }
}

