/**
 * Writes a region as one WebAssembly function: (depth of calls) → the record to go on with. Hot while it compiles.
 *
 * Registers are locals; what differs from memory is written back wherever the function is left, each way out for itself
 * (docs/adr/0041-compiled-code-leaves.md). The result's bit 0 says that the instruction is the interpreter's to execute, even if
 * compiled code begins with it; 0 that ACCESS_VA is the address to go on at.
 * The budget is checked at the entry, where loops begin and after calls, against the length of the whole region, and taken block
 * by block, so that it is exact wherever somebody looks; a side exit gives back what its block did not execute.
 *
 * A guest's call is a WebAssembly call where the callee is compiled: it returns the record to go on with, and the caller compares
 * that with the one behind its own call. If it is another one (an exception, the end of the budget), all callers return.
 */
import { emitExpr, emitStatements, type Scope } from "../ir/emit.ts";
import type { Comparison } from "../ir/builder.ts";
import { apply, const32, const64, type Expr, FLAG_C, type I64Expr, select } from "../ir/expr.ts";
import type { Stmt } from "../ir/stmt.ts";
import { EXIT_FOR_BUDGET } from "../interpreter/core-module.ts";
import { FLAG_ADDRESSES } from "../interpreter/record-target.ts";
import { PENDING_BITS, pendingKind } from "../interpreter/settle-flags.ts";
import { HANDLERS_END } from "../isa/variants.ts";
import {
  BUDGET, CONTEXT, FP_TRAPPED, HANDLER, PAGE_END, PAGE_VA, PENDING_A, PENDING_B, PENDING_FLAGS, REGISTERS,
} from "../state/layout.ts";
import type { CodeWriter, Label } from "../wasm/code-writer.ts";
import { I32, I64, op } from "../wasm/opcodes.ts";
import { AccessWriter } from "./access-writer.ts";
import { endsWithNeed, type FlagNeeds, flagNeeds } from "./flag-needs.ts";
import { type FlowGraph, flowGraph } from "./flow-graph.ts";
import { type Liveness, liveness } from "./liveness.ts";
import type { Block, Instruction, Region } from "./region.ts";
import { windowsOf } from "./windows.ts";

/** Nested guest calls that may be WebAssembly calls; deeper ones go through the interpreter. */
const MAX_DEPTH = 120;
const LINK_REGISTER = 30;
/** Bit of the result: the instruction is the interpreter's. */
export const INTERPRET = 1;

/** Numbers of the imported functions, and of this module's own. */
export interface RegionFunctions {
  /** Undefined where accesses without a fast tag are the interpreter's. */
  readonly resolve: number | undefined;
  readonly goto: number;
  readonly settleFlags: number;
  readonly invoke: number;
  helper(number: number): number;
  /** The function in this module that begins at an offset of the same page. */
  local(offset: number): number | undefined;
}

export class RegionWriter implements Scope {
  readonly code: CodeWriter;
  private readonly region: Region;
  private readonly records: number;
  private readonly functions: RegionFunctions;
  private readonly graph: FlowGraph;
  private readonly live: Liveness;
  private readonly needs: FlagNeeds;
  private readonly accesses: AccessWriter;

  private readonly registers: (number | undefined)[] = [];
  private readonly budget: number;
  private readonly context: number;
  private readonly next: number;
  private readonly pageVa: number;
  private readonly labels = new Map<number, Label>();

  // Where we are while a block is written.
  private dirty = 0;
  /** What set the flags last, while it is nowhere but in locals. */
  private comparison: Comparison | undefined;
  /** The four flags are in memory, and no comparison is. */
  private settled = false;
  private instruction: Instruction | undefined;
  /** Instructions of the block that have not been executed at this point, this one included. */
  private remaining = 0;
  private fpChecked = false;

  constructor(code: CodeWriter, region: Region, records: number, functions: RegionFunctions) {
    this.code = code;
    this.region = region;
    this.records = records;
    this.functions = functions;
    this.graph = flowGraph(region);
    this.live = liveness(region, this.graph);
    this.needs = flagNeeds(region, this.graph);
    this.budget = code.local(I32);
    this.context = code.local(I32);
    this.next = code.local(I32);
    this.pageVa = code.local(I64);
    this.accesses = new AccessWriter(code, {
      windowOf: windowsOf(region, this.graph, records),
      resolve: functions.resolve,
      context: this.context,
      leave: () => this.sideExit(),
    });
  }

  writeFunction(): void {
    const { code, region } = this;
    code.loadAt(op["i32.load"], BUDGET);
    code.tee(this.budget);
    code.i32(region.instructions);
    code.op(op["i32.lt_s"]);
    code.if();
    this.returnForBudget(region.entry);
    code.end();
    code.loadAt(op["i32.load"], CONTEXT);
    code.set(this.context);
    this.load(this.live.liveIn.get(region.entry)!);
    this.writeTree(region.entry);
    code.unreachable();
  }

  // ------------------------------------------------------------------------------------------------------------ registers

  private local(slot: number): number {
    return (this.registers[slot] ??= this.code.local(I64));
  }

  register(slot: number): void {
    this.code.get(this.local(slot));
  }

  setRegister(slot: number): void {
    this.code.set(this.local(slot));
  }

  private load(set: number): void {
    for (let slot = 0; slot < 32; slot++) {
      if ((set & (1 << slot)) === 0) continue;
      this.code.loadAt(op["i64.load"], REGISTERS + 8 * slot);
      this.code.set(this.local(slot));
    }
  }

  private writeBack(set: number): void {
    for (let slot = 0; slot < 32; slot++) {
      if ((set & (1 << slot)) === 0) continue;
      this.code.i32(0);
      this.code.get(this.local(slot));
      this.code.memory(op["i64.store"], REGISTERS + 8 * slot);
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- flags

  flag(which: number): void {
    throw new TypeError(`flag ${which} is read from memory`);
  }

  /** Those of a comparison are kept as its operands, after the instruction. */
  writeFlag(which: number, value: Expr): void {
    if (this.instruction?.comparison !== undefined) return;
    const { code } = this;
    code.i32(0);
    emitExpr(this, value);
    code.memory(which === FLAG_C ? op["i32.store"] : op["i64.store"], FLAG_ADDRESSES[which]!);
  }

  private noteFlags({ comparison, writesFlags }: Instruction): void {
    if (!writesFlags) return;
    this.comparison = comparison;
    if (comparison === undefined && !this.settled) this.storePending(() => this.code.i32(0)); // nothing older is pending
    this.settled = comparison === undefined;
  }

  private storePending(kind: () => void): void {
    const { code } = this;
    code.i32(0);
    kind();
    code.memory(op["i32.store"], PENDING_FLAGS);
  }

  /** Leaves the flags in memory, as the comparison they are. */
  private leaveFlags(): void {
    const { code, comparison } = this;
    if (comparison === undefined) return;
    const { kind, wide, a, b, result, otherwise } = comparison;
    const keep = (value: Expr, into: number, bits?: number): void => {
      code.i32(0);
      const whole = wide ? (value as I64Expr) : apply("i64.extend_i32_u", value);
      emitExpr(this, otherwise === undefined || bits === undefined ? whole : select(otherwise.holds, whole, const64(bits)));
      code.memory(op["i64.store"], into);
    };
    keep(kind === "and" ? result : a, PENDING_A, otherwise?.nzcv);
    if (kind !== "and") keep(b, PENDING_B);
    const compared = const32(pendingKind(comparison));
    this.storePending(() => emitExpr(this, otherwise === undefined ? compared : select(otherwise.holds, compared, const32(PENDING_BITS))));
    this.comparison = undefined;
  }

  /** Before an instruction that reads the four flags. */
  private settleFlags(): void {
    this.leaveFlags();
    if (this.settled) return;
    const { code } = this;
    code.loadAt(op["i32.load"], PENDING_FLAGS);
    code.if();
    code.call(this.functions.settleFlags);
    code.end();
    this.settled = true;
  }

  // ---------------------------------------------------------------------------------------------------------------- exits

  private saveBudget(): void {
    const { code } = this;
    code.i32(0);
    code.get(this.budget);
    code.memory(op["i32.store"], BUDGET);
  }

  private recordOf(offset: number): number {
    return this.records + (offset >= 4096 ? PAGE_END : 4 * offset);
  }

  /** The rest of the chunk is the interpreter's. Everything is in memory. */
  private returnForBudget(offset: number): void {
    this.code.i32(this.recordOf(offset) | INTERPRET | EXIT_FOR_BUDGET);
    this.code.return();
  }

  /** Leaves before this instruction; the interpreter does it. */
  private sideExit(): void {
    this.leave(this.instruction!.offset, INTERPRET, this.remaining);
  }

  /** Leaves for an instruction of this page. */
  private exitTo(offset: number, how: number): void {
    this.leave(offset, how, 0);
  }

  /** Goes on at an instruction of this page that is not in this region: it may be compiled in another. */
  private goOnAt(offset: number): void {
    if (offset >= 4096) return this.jumpAway(offset);
    const { code } = this;
    this.writeBack(this.dirty);
    this.saveBudget();
    code.i32(this.recordOf(offset));
    code.set(this.next);
    this.goOn();
  }

  /** Goes on at the record in `next`, in the place of this function where that is compiled. Everything is in memory. */
  private goOn(): void {
    const { code } = this;
    this.returnUnlessCompiled();
    code.get(0);
    this.pushSlot();
    code.returnCall(this.functions.invoke);
  }

  /** Returns the record in `next` to the interpreter, if that has to execute it. */
  private returnUnlessCompiled(): void {
    const { code, next } = this;
    this.pushSlot();
    code.i32(HANDLERS_END);
    code.op(op["i32.lt_u"]);
    code.if();
    code.get(next);
    code.return();
    code.end();
  }

  /** The handler of the record in `next`: the slot of its function, if it is compiled. */
  private pushSlot(): void {
    this.code.get(this.next);
    this.code.memory(op["i32.load16_u"], HANDLER);
  }

  /** Returns 0, if that is what `goto` left in `next`. */
  private returnIfMissed(): void {
    const { code } = this;
    code.get(this.next);
    code.ifZero();
    code.i32(0);
    code.return();
    code.end();
  }

  /** @param how bits of the result */
  private leave(offset: number, how: number, giveBack: number): void {
    const { code } = this;
    this.writeBack(this.dirty);
    code.i32(0);
    code.get(this.budget);
    if (giveBack > 0) {
      code.i32(giveBack);
      code.op(op["i32.add"]);
    }
    code.memory(op["i32.store"], BUDGET);
    code.i32(this.recordOf(offset) | how);
    code.return();
  }

  private pushPc(offset: number): void {
    const { code } = this;
    code.loadAt(op["i64.load"], PAGE_VA);
    code.i64(BigInt(offset));
    code.op(op["i64.add"]);
  }

  // --------------------------------------------------------------------------------------------------------------- memory

  callHelper(helper: number): void {
    this.code.call(this.functions.helper(helper));
  }

  host(): void {
    this.sideExit();
  }

  read({ va, access, host }: Stmt & { kind: "read" }): void {
    this.accesses.resolve(this.instruction!, va, access, host);
  }

  write({ va, access, stores }: Stmt & { kind: "write" }): void {
    const { code, next } = this;
    this.accesses.resolve(this.instruction!, va, access, next);
    for (const { op: opcode, offset, value } of stores) {
      code.get(next);
      emitExpr(this, value);
      code.memory(opcode, offset);
    }
  }

  // --------------------------------------------------------------------------------------------------------------- blocks

  private writeTree(offset: number): void {
    const children = (this.graph.dominated.get(offset) ?? []).filter((child) => this.graph.merges.has(child)).reverse();
    if (!this.graph.loopHeads.has(offset)) return this.writeWithin(offset, children, 0);
    this.labels.set(offset, this.code.loop());
    this.writeWithin(offset, children, 0);
    this.code.end();
  }

  /** Merge points come behind the block that dominates them, the last of them outermost. */
  private writeWithin(offset: number, children: readonly number[], index: number): void {
    const child = children[index];
    if (child === undefined) return this.writeBlock(offset);
    this.labels.set(child, this.code.block());
    this.writeWithin(offset, children, index + 1);
    this.code.end();
    this.writeTree(child);
  }

  private branchTo(from: number, to: number): void {
    const { graph } = this;
    if (!graph.isInside(from, to)) this.goOnAt(to);
    else if (graph.isBackward(from, to) || graph.merges.has(to)) this.code.br(this.labels.get(to)!);
    else this.writeTree(to);
  }

  private checkBudget(offset: number): void {
    const { code } = this;
    code.get(this.budget);
    code.i32(this.region.instructions);
    code.op(op["i32.lt_s"]);
    code.if();
    this.exitTo(offset, INTERPRET | EXIT_FOR_BUDGET);
    code.end();
  }

  private writeBlock(offset: number): void {
    const { code } = this;
    const block = this.region.blocks.get(offset)!;
    this.dirty = this.live.dirtyIn.get(offset)!;
    this.comparison = undefined;
    this.settled = false;
    this.fpChecked = false;
    if (this.graph.loopHeads.has(offset)) this.checkBudget(offset);
    if (block.length > 0) {
      code.get(this.budget);
      code.i32(block.length);
      code.op(op["i32.sub"]);
      code.set(this.budget);
    }
    this.remaining = block.length;
    for (const instruction of block.instructions) {
      this.writeInstruction(instruction);
      this.remaining--;
    }
    this.writeEnding(offset, block);
  }

  private writeInstruction(instruction: Instruction): void {
    this.instruction = instruction;
    if (instruction.mayExit) this.leaveFlags();
    if (instruction.fp && !this.fpChecked) {
      this.code.loadAt(op["i32.load"], FP_TRAPPED);
      this.code.if();
      this.sideExit();
      this.code.end();
      this.fpChecked = true;
    }
    if (instruction.readsFlags) this.settleFlags();
    emitStatements(this, instruction.statements);
    this.noteFlags(instruction);
    this.dirty |= instruction.writes;
    this.instruction = undefined;
  }

  private writeEnding(offset: number, block: Block): void {
    const { code } = this;
    const { ending } = block;
    if (endsWithNeed(block, this.needs, this.graph)) this.leaveFlags();
    this.comparison = undefined;
    switch (ending.kind) {
      case "through":
        return this.branchTo(offset, ending.next);
      case "stop":
        return this.exitTo(ending.next, INTERPRET);
      case "end":
        return this.goOnAt(ending.next);
      case "jump":
        return this.jump(offset, ending.target);
      case "conditional": {
        if (ending.readsFlags) this.settleFlags();
        const { dirty } = this;
        emitExpr(this, ending.condition);
        code.if();
        this.jump(offset, ending.target);
        code.else();
        this.dirty = dirty;
        if (ending.next >= 4096) this.jumpAway(ending.next);
        else this.branchTo(offset, ending.next);
        code.end();
        // Both ways have left: what follows in the text is reached by no path.
        return code.unreachable();
      }
      case "indirect": {
        const to = this.keepAddress(ending.target);
        this.writeBack(this.dirty);
        this.saveBudget();
        return this.leaveFor(to, ending.isReturn);
      }
      case "switch":
        return this.writeSwitch(offset, ending.target, ending.cases);
      case "call":
      case "indirect-call":
        return this.call(offset, block);
    }
  }

  /** A branch to one of several blocks of this page, or away. */
  private writeSwitch(from: number, target: I64Expr, cases: readonly number[]): void {
    const { code, dirty } = this;
    const to = this.keepAddress(target);
    const first = Math.min(...cases);
    const last = Math.max(...cases);
    const elsewhere = code.block();
    const labels = new Map(cases.map((offset) => [offset, code.block()]));
    // The offset in the page, if it is one of these, and the page is this one; anything else is out of the table's range.
    code.get(to);
    code.loadAt(op["i64.load"], PAGE_VA);
    code.i64(BigInt(first));
    code.op(op["i64.add"]);
    code.op(op["i64.sub"]);
    code.i64(2n);
    code.op(op["i64.rotr"]);
    code.set(to);
    code.get(to);
    code.i64(BigInt((last - first) >> 2));
    code.op(op["i64.gt_u"]);
    code.brIf(elsewhere);
    code.get(to);
    code.op(op["i32.wrap_i64"]);
    const table = Array.from({ length: ((last - first) >> 2) + 1 }, (_, index) => labels.get(first + 4 * index) ?? elsewhere);
    code.brTable(table, elsewhere);
    for (const offset of [...cases].reverse()) {
      code.end();
      this.dirty = dirty;
      this.branchTo(from, offset);
    }
    code.end();
    this.dirty = dirty;
    code.get(to);
    code.i64(2n);
    code.op(op["i64.rotl"]);
    code.loadAt(op["i64.load"], PAGE_VA);
    code.op(op["i64.add"]);
    code.i64(BigInt(first));
    code.op(op["i64.add"]);
    code.set(to);
    this.writeBack(this.dirty);
    this.saveBudget();
    this.leaveFor(to, false);
  }

  private jump(from: number, target: number): void {
    if (target >= 0 && target < 4096) this.branchTo(from, target);
    else this.jumpAway(target);
  }

  /** To another page. */
  private jumpAway(target: number): void {
    const { code, next } = this;
    this.writeBack(this.dirty);
    this.saveBudget();
    this.pushPc(target);
    code.call(this.functions.goto);
    code.set(next);
    this.returnIfMissed();
    this.goOn();
  }

  private keepAddress(address: I64Expr): number {
    const to = this.code.local(I64);
    emitExpr(this, address);
    this.code.set(to);
    return to;
  }

  /** Leaves for an address that is often in this very page. A return ends this function: its caller may be waiting for just this record. */
  private leaveFor(to: number, isReturn: boolean): void {
    const { code, next } = this;
    code.get(to);
    code.i64(~0xffcn);
    code.op(op["i64.and"]);
    code.loadAt(op["i64.load"], PAGE_VA);
    code.op(op["i64.eq"]);
    code.if();
    code.get(to);
    code.op(op["i32.wrap_i64"]);
    code.i32(0xffc);
    code.op(op["i32.and"]);
    code.i32(2);
    code.op(op["i32.shl"]);
    code.i32(this.records);
    code.op(op["i32.add"]);
    code.set(next);
    code.else();
    code.get(to);
    code.call(this.functions.goto);
    code.set(next);
    this.returnIfMissed();
    code.end();
    if (!isReturn) return this.goOn();
    code.get(next);
    code.return();
  }

  private call(offset: number, block: Block): void {
    const { code, next } = this;
    const { ending } = block;
    if (ending.kind !== "call" && ending.kind !== "indirect-call") return;
    const to = ending.kind === "call" ? undefined : this.keepAddress(ending.target);
    this.pushPc(ending.next);
    code.set(this.local(LINK_REGISTER));
    this.writeBack(this.dirty | (1 << LINK_REGISTER));
    this.saveBudget();
    code.loadAt(op["i64.load"], PAGE_VA);
    code.set(this.pageVa);

    const inPage = ending.kind === "call" && ending.target >= 0 && ending.target < 4096;
    const local = inPage ? this.functions.local(ending.target) : undefined;
    /** Leaves the callee's record in `next`. */
    const resolve = (): void => {
      if (inPage) {
        code.i32(this.recordOf(ending.target));
      } else {
        if (to === undefined) this.pushPc((ending as { target: number }).target);
        else code.get(to);
        code.call(this.functions.goto);
      }
      code.set(next);
    };
    // Too deep: the interpreter makes this call.
    code.get(0);
    code.i32(MAX_DEPTH);
    code.op(op["i32.gt_s"]);
    code.if();
    resolve();
    code.get(next);
    code.return();
    code.end();
    if (local === undefined) {
      resolve();
      if (!inPage) this.returnIfMissed();
      this.returnUnlessCompiled();
    }
    code.get(0);
    code.i32(1);
    code.op(op["i32.add"]);
    if (local === undefined) {
      this.pushSlot();
      code.call(this.functions.invoke);
    } else {
      code.call(local);
    }
    code.set(next);

    // Are we back where the call came from?
    code.get(next);
    code.i32(this.recordOf(ending.next));
    code.op(op["i32.ne"]);
    code.loadAt(op["i64.load"], PAGE_VA);
    code.get(this.pageVa);
    code.op(op["i64.ne"]);
    code.op(op["i32.or"]);
    code.if();
    code.get(next);
    code.return();
    code.end();
    this.dirty = 0;
    code.loadAt(op["i32.load"], BUDGET);
    code.set(this.budget);
    if (!this.graph.isInside(offset, ending.next) || ending.next >= 4096) {
      code.i32(this.recordOf(ending.next));
      return code.return();
    }
    code.get(this.budget);
    code.i32(this.region.instructions);
    code.op(op["i32.lt_s"]);
    code.if();
    this.returnForBudget(ending.next);
    code.end();
    this.load(this.live.liveIn.get(ending.next)!);
    this.branchTo(offset, ending.next);
  }
}

