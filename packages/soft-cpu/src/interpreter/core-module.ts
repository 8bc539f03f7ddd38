/**
 * The interpreter: WebAssembly modules, generated from the instruction tables when the package is built, or, from sources, when needed.
 *
 * `run` is a loop around one `br_table` over the hot handlers; the others are functions behind a table, in modules that are
 * instantiated when one of their handlers is first needed; numbers above all handlers enter compiled code through the same table. Registers and flags are in memory. Each pass of the loop takes one
 * instruction from the budget, so that a slice stops exactly where it should.
 *
 * Imports (module "cpu"): `memory`; `access` (a translation that is not in the context, a device, a fault: gives a host address
 * or −1), `commit` (a store to SCRATCH is complete), `fetchMiss` (a page's records, 0 when an exception was taken),
 * `decode`, `settle` (records for where an exception went). Module "host" has the host functions by their numbers.
 */
import type { Stmt } from "../ir/stmt.ts";
import { Builder } from "../ir/builder.ts";
import { emitExpr, emitStatements, type Scope } from "../ir/emit.ts";
import { importHelpers } from "../ir/helpers.ts";
import { hostFunctionsOf, importHostFunctions } from "../ir/host-imports.ts";
import { type ColdHandler, HANDLER_DECODE, HANDLER_PAGE_END, HANDLERS_END, type Variant, variants } from "../isa/variants.ts";
import { PSTATE_IL } from "../exceptions/exception-return.ts";
import { HOST_FP_TRAP, HOST_FUNCTIONS } from "../isa/host-functions.ts";
import {
  ACCESS_VA, BUDGET, CODE_ENTRIES, CODE_ENTRY_RECORDS, CODE_TRANSLATIONS, CONTEXT, DIVERTED, ENTRIES, FIELD_IMM, FP_TRAPPED, HANDLER, IP,
  LAST_ENTRY, LAST_LEFT, LAST_RAN, LEFT_FOR_BUDGET, NEXT_PC, PENDING_FLAGS, PAGE_RECORDS, PAGE_VA, PLAIN_HANDLERS, RECORD_BYTES, REGISTERS, STEP_STATE,
} from "../state/layout.ts";
import type { Label } from "../wasm/code-writer.ts";
import { ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64, op, type ValueType } from "../wasm/opcodes.ts";
import { RecordTarget } from "./record-target.ts";
import { writeExchange } from "./exchange.ts";
import { ColdScope, type HandlerImports, HotScope, type RunLocals, store32 } from "./handler-scope.ts";
import { writeResolve } from "./resolve.ts";
import { writeSettleFlags } from "./settle-flags.ts";

/** Bit of what compiled code returns: it left because the budget does not reach through the region. Bit 0 is set as well. */
export const EXIT_FOR_BUDGET = 2;

/** Slots in the function table: handlers, then compiled functions. */
export const TABLE_SLOTS: number = HANDLERS_END + 4096;


interface CoreImports extends HandlerImports {
  readonly fetchMiss: number;
  readonly decode: number;
  readonly settle: number;
}

/** What the core module imports for itself. */
function declareCoreImports(module: ModuleWriter): CoreImports {
  module.importMemory("cpu", "memory");
  const fn = (name: string, parameters: readonly ValueType[], results: readonly ValueType[]): number =>
    module.importFunction("cpu", name, parameters, results);
  const access = fn("access", [I32], [I32]);
  return {
    commit: fn("commit", [], []),
    hosts: importHostFunctions(module, Array.from({ length: HOST_FUNCTIONS }, (_, number) => number)),
    fetchMiss: fn("fetchMiss", [], [I32]),
    decode: fn("decode", [I32], []),
    settle: fn("settle", [], [I32]),
    helpers: new Map(),
    resolve: writeResolve(module, access),
  };
}

/** What a handler outside the loop imports, `resolve` from the core module. */
function declareHandlerImports(module: ModuleWriter, statements: readonly Stmt[], isFp: boolean): HandlerImports {
  module.importMemory("cpu", "memory");
  return {
    resolve: module.importFunction("cpu", "resolve", [I64, I32], [I32]),
    commit: module.importFunction("cpu", "commit", [], []),
    hosts: importHostFunctions(module, [...hostFunctionsOf(statements), ...(isFp ? [HOST_FP_TRAP] : [])]),
    helpers: importHelpers(module, statements),
  };
}

/**
 * `goto(pc)`: the record of an instruction in another page; that page becomes the current one. 0 when it is not in the context:
 * then ACCESS_VA holds the address. A misaligned address misses, so that the host sees it.
 */
function writeGoto(module: ModuleWriter): number {
  const { code, index } = module.function([I64], [I32], "goto");
  const entry = code.local(I32);
  const records = code.local(I32);
  code.get(0);
  code.i64(8n);
  code.op(op["i64.shr_u"]);
  code.op(op["i32.wrap_i64"]);
  code.i32((CODE_ENTRIES - 1) << 4);
  code.op(op["i32.and"]);
  code.loadAt(op["i32.load"], CONTEXT);
  code.op(op["i32.add"]);
  code.tee(entry);
  code.memory(op["i64.load"], CODE_TRANSLATIONS);
  code.get(0);
  code.i64(~0xffcn);
  code.op(op["i64.and"]);
  code.op(op["i64.ne"]);
  code.if();
  code.i32(0);
  code.get(0);
  code.memory(op["i64.store"], ACCESS_VA);
  code.i32(0);
  code.return();
  code.end();
  code.i32(0);
  code.get(0);
  code.i64(-4096n);
  code.op(op["i64.and"]);
  code.memory(op["i64.store"], PAGE_VA);
  code.i32(0);
  code.get(entry);
  code.memory(op["i32.load"], CODE_TRANSLATIONS + CODE_ENTRY_RECORDS);
  code.tee(records);
  code.memory(op["i32.store"], PAGE_RECORDS);
  code.get(records);
  code.get(0);
  code.op(op["i32.wrap_i64"]);
  code.i32(0xffc);
  code.op(op["i32.and"]);
  code.i32(2);
  code.op(op["i32.shl"]);
  code.op(op["i32.add"]);
  return index;
}

/** A guard in front of instructions that use FP or Advanced SIMD registers. */
function emitFpGuard(scope: Scope): void {
  scope.code.loadAt(op["i32.load"], FP_TRAPPED);
  scope.code.if();
  scope.host({ kind: "host", fn: HOST_FP_TRAP, value: undefined, word: undefined });
  scope.code.end();
}

/** A module with handlers that have no place in the loop: exports each by its name. */
export function coldHandlersModule(handlers: readonly ColdHandler[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const functions = handlers.map(({ name, form, split }) => {
    const { code } = module.function([I32], [I32], name);
    const builder = new Builder(new RecordTarget(code, 0, form.wide, new Map()));
    form.emit(builder, split);
    return { code, form, statements: builder.statements };
  });
  const all = functions.flatMap(({ statements }) => statements);
  const imports = declareHandlerImports(module, all, handlers.some(({ form }) => form.fp));
  for (const { code, form, statements } of functions) {
    const scope = new ColdScope(code, imports, code.local(I32));
    if (form.fp) emitFpGuard(scope);
    emitStatements(scope, statements);
    code.i32(0);
  }
  return module.build();
}

/**
 * `invoke(depth, slot)`: goes on in compiled code, so that the modules of compiled code need not import the table (which costs them time). It leaves no
 * frame of its own behind: code that goes from page to page comes by here for ever.
 */
function writeInvoke(module: ModuleWriter): void {
  const { code } = module.function([I32, I32], [I32], "invoke");
  code.get(0);
  code.get(1);
  code.returnCallIndirect(module.type([I32], [I32]));
}

function writeRun(module: ModuleWriter, imports: CoreImports, goto: number, settleFlags: number): void {
  const { hot, hotEnd } = variants();
  const { code } = module.function([], [], "run");
  const [ip, budget, handler, context, entry, result, forBudget, ran] = Array.from({ length: 8 }, () => code.local(I32)) as [
    number, number, number, number, number, number, number, number,
  ];
  const handlerType = module.type([I32], [I32]);
  const pool = new Map<ValueType, number[]>();

  /**
   * Takes everything from memory. Where an exception or a return went is mostly in the context; if not, or if the instruction there may
   * not run, the host settles it. Ends `run` when the budget does.
   */
  const enter = (): void => {
    code.loadAt(op["i32.load"], DIVERTED);
    code.if();
    {
      code.loadAt(op["i32.load"], BUDGET);
      code.i32(0);
      code.op(op["i32.gt_s"]);
      code.loadAt(op["i32.load"], STEP_STATE);
      code.i32(PSTATE_IL);
      code.op(op["i32.and"]);
      code.op(op["i32.eqz"]);
      code.op(op["i32.and"]);
      code.if(I32);
      code.loadAt(op["i64.load"], NEXT_PC);
      code.call(goto);
      code.else();
      code.i32(0);
      code.end();
      code.tee(ip);
      code.if();
      store32(code, IP, () => code.get(ip));
      store32(code, DIVERTED, () => code.i32(0));
      code.else();
      code.call(imports.settle);
      code.op(op["i32.eqz"]);
      code.if();
      code.return();
      code.end();
      code.end();
    }
    code.end();
    code.loadAt(op["i32.load"], IP);
    code.set(ip);
    code.loadAt(op["i32.load"], BUDGET);
    code.set(budget);
    code.loadAt(op["i32.load"], CONTEXT);
    code.set(context);
    fetch();
  };
  const fetch = (): void => {
    code.get(ip);
    code.memory(op["i32.load16_u"], HANDLER);
    code.set(handler);
  };
  const save = (): void => {
    store32(code, IP, () => code.get(ip));
    store32(code, BUDGET, () => code.get(budget));
  };
  const addBudget = (change: number): void => {
    code.get(budget);
    code.i32(change);
    code.op(op["i32.add"]);
    code.set(budget);
  };
  const step = (): void => {
    code.get(ip);
    code.i32(RECORD_BYTES);
    code.op(op["i32.add"]);
    code.set(ip);
  };

  enter();
  const next = code.loop();
  code.get(budget);
  code.ifZero();
  save();
  code.return();
  code.end();
  addBudget(-1);
  const resync = code.block();
  const run: RunLocals = { ip, budget, handler, context, entry, resync };
  const scope = new HotScope(code, imports, run);
  const other = code.block();
  const labels: Label[] = [];
  for (let h = 0; h < hotEnd; h++) labels.unshift(code.block());
  code.get(handler);
  code.brTable(labels, other);

  /** Goes to the address on the stack, in whatever page. */
  const gotoAddress = (): void => {
    code.call(goto);
    code.tee(ip);
    code.ifZero();
    missed();
    code.end();
  };
  /** ACCESS_VA is not in the context: the host finds its page, or takes the exception. */
  const missed = (): void => {
    store32(code, BUDGET, () => code.get(budget));
    code.call(imports.fetchMiss);
    code.tee(ip);
    code.ifZero();
    code.br(resync);
    code.end();
  };
  const refund = (): void => addBudget(1);

  for (let h = 0; h < hotEnd; h++) {
    code.end();
    if (h === HANDLER_DECODE) {
      refund();
      code.get(ip);
      code.call(imports.decode);
      fetch();
      code.br(next);
    } else if (h === HANDLER_PAGE_END) {
      refund();
      code.loadAt(op["i64.load"], PAGE_VA);
      code.i64(4096n);
      code.op(op["i64.add"]);
      gotoAddress();
      fetch();
      code.br(next);
    } else {
      writeHotHandler(hot[h - 2]!);
    }
  }

  function writeHotHandler(variant: Variant): void {
    const { form, split } = variant;
    const target = new RecordTarget(code, ip, form.wide, pool);
    const builder = new Builder(target);
    if (form.fp) emitFpGuard(scope);
    const proceed = (): void => {
      step();
      fetch();
      code.br(next);
    };
    const taken = (): void => {
      if (variant.leavesPage) {
        emitExpr(scope, target.pc());
        emitExpr(scope, target.imm64());
        code.op(op["i64.add"]);
        gotoAddress();
      } else {
        code.get(ip);
        code.get(ip);
        code.memory(op["i32.load"], FIELD_IMM);
        code.op(op["i32.add"]);
        code.set(ip);
      }
      fetch();
      code.br(next);
    };
    const link = (): void => {
      code.i32(0);
      emitExpr(scope, target.pc());
      code.i64(4n);
      code.op(op["i64.add"]);
      code.memory(op["i64.store"], REGISTERS + 8 * 30);
    };
    switch (form.flow?.kind) {
      case undefined:
        form.emit(builder, split);
        emitStatements(scope, builder.statements);
        proceed();
        break;
      case "jump":
        if (form.flow.link) link();
        taken();
        break;
      case "conditional": {
        const condition = form.condition(builder, split);
        emitStatements(scope, builder.statements);
        emitExpr(scope, condition);
        code.if();
        taken();
        code.end();
        proceed();
        break;
      }
      case "indirect": {
        const to = target.newLocal(I64);
        const value = form.target(builder, split);
        emitStatements(scope, builder.statements);
        emitExpr(scope, value);
        code.set(to);
        if (form.flow.link) link();
        // Most returns and calls through pointers stay in their page.
        code.get(to);
        code.i64(~0xffcn);
        code.op(op["i64.and"]);
        code.loadAt(op["i64.load"], PAGE_VA);
        code.op(op["i64.eq"]);
        code.if();
        code.loadAt(op["i32.load"], PAGE_RECORDS);
        code.get(to);
        code.op(op["i32.wrap_i64"]);
        code.i32(0xffc);
        code.op(op["i32.and"]);
        code.i32(2);
        code.op(op["i32.shl"]);
        code.op(op["i32.add"]);
        code.set(ip);
        code.else();
        code.get(to);
        gotoAddress();
        code.end();
        fetch();
        code.br(next);
      }
    }
  }

  code.end(); // other: handlers outside the loop, and compiled code
  code.get(handler);
  code.i32(HANDLERS_END);
  code.op(op["i32.lt_u"]);
  code.if();
  {
    save();
    code.get(ip);
    code.get(handler);
    code.callIndirect(handlerType);
    code.brIf(resync);
    code.loadAt(op["i32.load"], BUDGET);
    code.set(budget);
    step();
    fetch();
    code.br(next);
  }
  code.end();
  refund();
  store32(code, BUDGET, () => code.get(budget));
  store32(code, ENTRIES, () => {
    code.loadAt(op["i32.load"], ENTRIES);
    code.i32(1);
    code.op(op["i32.add"]);
  });
  code.i32(0);
  code.get(handler);
  code.callIndirect(handlerType);
  code.set(result);
  code.get(budget);
  code.loadAt(op["i32.load"], BUDGET);
  code.tee(budget);
  code.op(op["i32.sub"]);
  code.set(ran);
  code.get(result);
  code.i32(EXIT_FOR_BUDGET);
  code.op(op["i32.and"]);
  code.set(forBudget);
  store32(code, LEFT_FOR_BUDGET, () => code.get(forBudget));
  code.get(forBudget);
  code.ifZero();
  store32(code, LAST_ENTRY, () => code.get(ip));
  store32(code, LAST_LEFT, () => code.get(result));
  store32(code, LAST_RAN, () => code.get(ran));
  code.end();
  code.loadAt(op["i32.load"], PENDING_FLAGS);
  code.if();
  code.call(settleFlags);
  code.end();
  code.get(result);
  code.ifZero();
  missed();
  fetch();
  code.br(next);
  code.end();
  code.get(result);
  code.i32(-4);
  code.op(op["i32.and"]);
  code.set(ip);
  fetch();
  // Bit 0: this instruction is the interpreter's, even if compiled code begins with it.
  code.get(result);
  code.i32(1);
  code.op(op["i32.and"]);
  code.get(handler);
  code.i32(HANDLERS_END);
  code.op(op["i32.ge_u"]);
  code.op(op["i32.and"]);
  code.if();
  code.loadAt(op["i32.load"], PAGE_RECORDS);
  code.get(ip);
  code.loadAt(op["i32.load"], PAGE_RECORDS);
  code.op(op["i32.sub"]);
  code.i32(3);
  code.op(op["i32.shr_u"]);
  code.op(op["i32.add"]);
  code.memory(op["i32.load16_u"], PLAIN_HANDLERS);
  code.set(handler);
  code.end();
  code.br(next);

  code.end(); // resync
  enter();
  code.br(next);
  code.end(); // loop
}

/** Takes some 25 ms. */
export function coreModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const imports = declareCoreImports(module);
  module.importTable("cpu", "table", TABLE_SLOTS);
  writeInvoke(module);
  writeExchange(module);
  writeRun(module, imports, writeGoto(module), writeSettleFlags(module));
  return module.build();
}
