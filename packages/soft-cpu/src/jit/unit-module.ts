/** The module that is made of a region and of the functions in its page that it calls. */
import type { Expr } from "../ir/expr.ts";
import { importHelpers } from "../ir/helpers.ts";
import type { Stmt } from "../ir/stmt.ts";
import { type FunctionHandle, ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64 } from "../wasm/opcodes.ts";
import { CompiledTarget } from "./compiled-target.ts";
import { type CodePage, findRegion, type Region } from "./region.ts";
import { RegionWriter } from "./region-writer.ts";

/** A module and what it compiles. */
export interface Unit {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly regions: readonly Region[];
}

/** Instructions of one module, beyond which callees are left for later. */
const UNIT_INSTRUCTIONS = 400;

export const exportName = (entry: number): string => `region${entry}`;

/**
 * A module with the region of an entry and those of the functions in its page that it calls, if `mayAdd` says so: calls between
 * them are direct. Exports each under `exportName`. No region, when the entry is the host's.
 */
export function unitModule(
  page: CodePage, records: number, entry: number, patient: boolean, mayAdd: (entry: number) => boolean,
): Unit {
  const module = new ModuleWriter();
  module.importMemory("cpu", "memory");
  const resolve = module.importFunction("cpu", "resolve", [I64, I32], [I32]);
  const goto = module.importFunction("cpu", "goto", [I64], [I32]);
  const settleFlags = module.importFunction("cpu", "settleFlags", [], []);
  const invoke = module.importFunction("cpu", "invoke", [I32, I32], [I32]);
  const units = new Map<number, { readonly region: Region; readonly fn: FunctionHandle }>();
  const queue = [entry];
  let instructions = 0;
  for (let next = queue.shift(); next !== undefined && instructions < UNIT_INSTRUCTIONS; next = queue.shift()) {
    if (units.has(next)) continue;
    const fn = module.function([I32], [I32], exportName(next));
    const region = findRegion(page, next, new CompiledTarget(fn.code));
    units.set(next, { region, fn });
    instructions += region.instructions;
    if (region.blocks.get(next)!.length === 0) {
      fn.code.unreachable(); // nothing to compile here, and nobody will enter it
      continue;
    }
    for (const { ending } of region.blocks.values()) {
      const callee = ending.kind === "call" ? ending.target : -1;
      if (callee >= 0 && callee < 4096 && page.isDecoded(callee) && mayAdd(callee)) queue.push(callee);
    }
  }
  const compiled = [...units.values()].filter(({ region }) => region.blocks.get(region.entry)!.length > 0);
  const semantics = compiled.map(({ region }) => semanticsOf(region));
  const helpers = importHelpers(module, semantics.flatMap(([statements]) => statements), semantics.flatMap(([, asked]) => asked));
  for (const { region, fn } of compiled) {
    new RegionWriter(fn.code, region, records, {
      resolve: patient ? resolve : undefined,
      ...{ goto, settleFlags, invoke },
      helper: (number) => helpers.get(number)!,
      local(offset) {
        const unit = units.get(offset);
        return unit === undefined || unit.region.blocks.get(offset)!.length === 0 ? undefined : unit.fn.index;
      },
    }).writeFunction();
  }
  return { bytes: module.build(), regions: compiled.map(({ region }) => region) };
}

/** The statements of a region, and what its branches ask. */
function semanticsOf({ blocks }: Region): readonly [Stmt[], Expr[]] {
  const all = [...blocks.values()];
  const statements = all.flatMap(({ instructions }) => instructions.flatMap((instruction) => instruction.statements));
  const asked = all.flatMap(({ ending }): Expr[] => {
    if (ending.kind === "conditional") return [ending.condition];
    return ending.kind === "indirect" || ending.kind === "switch" || ending.kind === "indirect-call" ? [ending.target] : [];
  });
  return [statements, asked];
}
