/**
 * What is compiled together: the blocks of one page that an entry reaches, at most REGION_INSTRUCTIONS of them, with the
 * semantics of each instruction as statements. Only instructions that were decoded (hence executed) begin a block, so that
 * neither data nor paths that are never taken are compiled.
 */
import { Builder, type Comparison } from "../ir/builder.ts";
import type { I32Expr, I64Expr } from "../ir/expr.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Decoded } from "../isa/decoder.ts";
import type { Flow, Operands } from "../isa/form.ts";
import { SLOT_SP } from "../state/layout.ts";
import type { CompiledTarget } from "./compiled-target.ts";
import { ADDRESS, HOST, INDIRECT, isDirect, mayGoOn, type PageFlow } from "./page-flow.ts";

/** TurboFan's time grows faster than a function's size: 100 to 150 instructions are its measure. */
export const REGION_INSTRUCTIONS = 160;
const PAGE = 4096;

/** What a literal is loaded by, in the place of a base register. */
export const BASE_PC = 32;

/** The page as the compiler sees it. */
export interface CodePage {
  readonly flow: PageFlow;
  decodeAt(offset: number): Decoded;
  /** Was the instruction at this offset executed? */
  isDecoded(offset: number): boolean;
  /** Does a BL of this page name it? */
  isCallTarget(offset: number): boolean;
  /** Where execution began behind something that never runs on: what a jump table may lead to. */
  blockStarts(): readonly number[];
}

export interface Instruction {
  readonly offset: number;
  readonly statements: readonly Stmt[];
  /** Registers read and written, a bit each. */
  readonly reads: number;
  readonly writes: number;
  /** It may leave compiled code: an access, or something for the host. */
  readonly mayExit: boolean;
  /** Flags must be in memory before it. */
  readonly readsFlags: boolean;
  readonly writesFlags: boolean;
  /** The comparison it leaves, when it wrote the flags by one. */
  readonly comparison: Comparison | undefined;
  readonly fp: boolean;
  /** The register by which it accesses memory (slot, or BASE_PC for a literal); undefined without an access. */
  readonly base: number | undefined;
  /** Registers that it moves by an immediate, a bit each: writeback, ADD, SUB. */
  readonly steps: number;
}

/** How a block ends. */
export type Ending =
  /** Runs on into the next block, which others enter too. */
  | { readonly kind: "through"; readonly next: number }
  /** The next instruction is the interpreter's. */
  | { readonly kind: "stop"; readonly next: number }
  /** It lies in the next page, or the region is full. */
  | { readonly kind: "end"; readonly next: number }
  | { readonly kind: "jump"; readonly target: number }
  | { readonly kind: "conditional"; readonly condition: I32Expr; readonly target: number; readonly next: number; readonly readsFlags: boolean }
  | { readonly kind: "call"; readonly target: number; readonly next: number }
  | { readonly kind: "indirect"; readonly target: I64Expr; readonly isReturn: boolean }
  /** A branch through a jump table; `cases` are the targets that are compiled with it. */
  | { readonly kind: "switch"; readonly target: I64Expr; readonly cases: readonly number[] }
  | { readonly kind: "indirect-call"; readonly target: I64Expr; readonly next: number };

export interface Block {
  readonly offset: number;
  readonly instructions: readonly Instruction[];
  /** Instructions counted, the last branch among them. */
  readonly length: number;
  /** Registers that the ending reads. */
  readonly endReads: number;
  readonly ending: Ending;
  /** Blocks of the region that may follow. */
  readonly successors: readonly number[];
}

export interface Region {
  readonly entry: number;
  readonly blocks: ReadonlyMap<number, Block>;
  readonly instructions: number;
}

const inPage = (offset: number): boolean => offset >= 0 && offset < PAGE;

const isCall = (flow: Flow): boolean => "link" in flow && flow.link;

/** A block without its semantics. */
export interface OutlineBlock {
  readonly successors: readonly number[];
}

export interface Outline {
  /** In order of their offsets. */
  readonly blocks: ReadonlyMap<number, OutlineBlock>;
  readonly reached: Reached;
}

/** For each instruction of a page, whether paths from an entry reach it (INCLUDED), and whether a block begins there (LEADER, with or without INCLUDED). */
export type Reached = Uint8Array;
export const INCLUDED = 1;
const LEADER = 2;
const BLOCK = INCLUDED | LEADER;

export const isIncluded = (reached: Reached, offset: number): boolean => inPage(offset) && (reached[offset >> 2]! & INCLUDED) !== 0;
const isBlock = (reached: Reached, offset: number): boolean => inPage(offset) && reached[offset >> 2] === BLOCK;

/** The blocks that `entry` reaches within the page, nearest first until there are REGION_INSTRUCTIONS. */
export function outline(page: CodePage, entry: number): Outline {
  const reached = reach(page, entry);
  const blocks = new Map<number, OutlineBlock>();
  for (let start = 0; start < PAGE; start += 4) if (reached[start >> 2] === BLOCK) blocks.set(start, { successors: successorsOf(page, reached, start) });
  return { blocks, reached };
}

function successorsOf(page: CodePage, reached: Reached, start: number): readonly number[] {
  const { flow } = page;
  let last = start;
  while (flow.leadAt(last) <= ADDRESS && isIncluded(reached, last + 4) && !isBlock(reached, last + 4)) last += 4;
  const lead = flow.leadAt(last);
  const successors: number[] = [];
  const add = (next: number): void => {
    if (isBlock(reached, next)) successors.push(next);
  };
  if (isDirect(lead)) add(flow.targetAt(last));
  if (mayGoOn(lead)) add(last + 4);
  if (isSwitch(page, last)) nearestStarts(page, last).forEach(add);
  return successors;
}

/** Instructions before a BR in which compilers put the address that its jump table is relative to. */
const SWITCH_DISTANCE = 8;
const MOST_CASES = 32;

/** BR behind an ADR of this page: how compilers branch through a table. */
function isSwitch(page: CodePage, offset: number): boolean {
  const { flow } = page;
  if (flow.leadAt(offset) !== INDIRECT) return false;
  for (let at = offset - 4; at >= 0 && at >= offset - 4 * SWITCH_DISTANCE && page.isDecoded(at); at -= 4) {
    if (flow.leadAt(at) === ADDRESS) return true;
  }
  return false;
}

/** What a table there may lead to, nearest first: code that is executed and that nothing runs into from above. */
function nearestStarts(page: CodePage, offset: number): readonly number[] {
  const distance = (start: number): number => Math.abs(start - offset);
  return [...page.blockStarts()].sort((a, b) => distance(a) - distance(b)).slice(0, MOST_CASES);
}

/** All that belongs to the region of an entry. */
export function reach(page: CodePage, entry: number): Reached {
  const { flow } = page;
  const reached = new Uint8Array(PAGE >> 2);
  const queue = [entry];
  reached[entry >> 2] = LEADER;
  let included = 0;
  const follow = (next: number): void => {
    if (!inPage(next) || !page.isDecoded(next)) return;
    reached[next >> 2]! |= LEADER;
    queue.push(next);
  };
  for (let next = 0; next < queue.length && included < REGION_INSTRUCTIONS; next++) {
    for (let offset = queue[next]!; inPage(offset) && !isIncluded(reached, offset) && included < REGION_INSTRUCTIONS; offset += 4) {
      if (!page.isDecoded(offset) && offset !== entry) break;
      reached[offset >> 2]! |= INCLUDED; // one for the host, too: the block stops there
      included++;
      const lead = flow.leadAt(offset);
      if (lead <= ADDRESS) continue;
      if (lead !== HOST && mayGoOn(lead)) follow(offset + 4);
      if (isDirect(lead)) follow(flow.targetAt(offset));
      if (lead === INDIRECT && isSwitch(page, offset)) nearestStarts(page, offset).forEach(follow);
      break;
    }
  }
  return reached;
}

export function findRegion(page: CodePage, entry: number, target: CompiledTarget): Region {
  const { blocks: outlined, reached } = outline(page, entry);
  const entered = enteredByOnePath(outlined, entry);
  const blocks = new Map<number, Block>();
  const comparisons = new Map<number, Comparison | undefined>();
  let instructions = 0;
  for (const offset of outlined.keys()) {
    // A block that only one block before it enters goes on with that one's comparison.
    const from = entered.get(offset);
    target.comparison = from === undefined ? undefined : comparisons.get(from);
    const block = readBlock(page, offset, outlined, reached, target);
    const isCalling = block.ending.kind === "call" || block.ending.kind === "indirect-call";
    comparisons.set(offset, isCalling ? undefined : target.comparison);
    blocks.set(offset, block);
    instructions += block.length;
  }
  return { entry, blocks, instructions };
}

/** For blocks with a single predecessor that lies before them, that predecessor. */
function enteredByOnePath(blocks: ReadonlyMap<number, OutlineBlock>, entry: number): Map<number, number> {
  const single = new Map<number, number>();
  const several = new Set([entry]);
  for (const [from, { successors }] of blocks) {
    for (const to of successors) {
      if (several.has(to)) continue;
      if (single.delete(to)) several.add(to);
      else single.set(to, from);
    }
  }
  for (const [to, from] of single) if (from >= to) single.delete(to);
  return single;
}

function readBlock(
  page: CodePage, start: number, leaders: ReadonlyMap<number, OutlineBlock>, reached: Reached, target: CompiledTarget,
): Block {
  const instructions: Instruction[] = [];
  const known = (offset: number): number[] => (leaders.has(offset) ? [offset] : []);
  const done = (ending: Ending, successors: readonly number[], endReads = 0): Block => ({
    offset: start,
    instructions,
    length: instructions.length + (ending.kind === "through" || ending.kind === "stop" || ending.kind === "end" ? 0 : 1),
    endReads,
    ending,
    successors,
  });
  for (let offset = start; ; offset += 4) {
    if (offset !== start && leaders.has(offset)) return done({ kind: "through", next: offset }, [offset]);
    if (!isIncluded(reached, offset)) return done({ kind: "end", next: offset }, []);
    const decoded = page.decodeAt(offset);
    target.begin(decoded.operands, offset);
    const { form, split } = decoded.variant;
    const { flow } = form;
    if (flow === undefined) {
      const instruction = readStraight(decoded, offset, target);
      if (instruction === undefined) return done({ kind: "stop", next: offset }, []);
      instructions.push(instruction);
      continue;
    }
    const to = offset + Number(decoded.operands.imm ?? 0);
    const next = offset + 4;
    const builder = new Builder(target);
    switch (flow.kind) {
      case "jump":
        if (isCall(flow)) return done({ kind: "call", target: to, next }, known(next));
        return done({ kind: "jump", target: to }, known(to));
      case "conditional": {
        const condition = form.condition(builder, split);
        return done({ kind: "conditional", condition, target: to, next, readsFlags: target.readsFlags }, [...known(to), ...known(next)], target.reads);
      }
      case "indirect": {
        const address = form.target(builder, split);
        if (isCall(flow)) return done({ kind: "indirect-call", target: address, next }, known(next), target.reads);
        const cases = leaders.get(start)!.successors;
        if (cases.length > 0) return done({ kind: "switch", target: address, cases }, cases, target.reads);
        return done({ kind: "indirect", target: address, isReturn: flow.isReturn === true }, [], target.reads);
      }
    }
  }
}

/** Undefined for an instruction that is the host's from the start. */
function readStraight(decoded: Decoded, offset: number, target: CompiledTarget): Instruction | undefined {
  const { form, split } = decoded.variant;
  const before = target.comparison;
  const { operands } = decoded;
  const builder = new Builder(target);
  form.emit(builder, split);
  const { statements } = builder;
  if (statements.some((statement) => statement.kind === "host")) {
    target.comparison = before;
    return undefined;
  }
  const { readsFlags, writesFlags } = target;
  const shape = { mayExit: form.fp, conditional: 0, accesses: false };
  examine(statements, shape, 0);
  return {
    offset,
    statements,
    // A register that is written on one path only keeps its old value on the other: that is read.
    reads: target.reads | shape.conditional,
    writes: target.writes,
    mayExit: shape.mayExit,
    readsFlags,
    writesFlags,
    comparison: writesFlags ? target.comparison : undefined,
    fp: form.fp,
    base: shape.accesses ? (operands.n === undefined ? BASE_PC : operands.n >> 3) : undefined,
    steps: stepsOf(operands, target.writes, shape.accesses),
  };
}

function stepsOf({ n, d, m, a }: Operands, writes: number, accesses: boolean): number {
  if (n === undefined || n >> 3 > SLOT_SP) return 0;
  const bit = writes & (1 << (n >> 3));
  if (accesses) return n === d || n === a || n === m ? 0 : bit;
  return m === undefined && a === undefined ? bit : 0;
}

function examine(statements: readonly Stmt[], shape: { mayExit: boolean; conditional: number; accesses: boolean }, depth: number): void {
  for (const statement of statements) {
    if (statement.kind === "read" || statement.kind === "write" || statement.kind === "host") shape.mayExit = true;
    if (statement.kind === "read" || statement.kind === "write") shape.accesses = true;
    if (statement.kind === "register" && depth > 0) shape.conditional |= 1 << statement.slot;
    if (statement.kind === "if") {
      examine(statement.yes, shape, depth + 1);
      examine(statement.no, shape, depth + 1);
    }
  }
}

