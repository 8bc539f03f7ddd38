/**
 * Where compilation should begin, given an instruction that was found executing: at the top of the loop around it, or else where
 * its function seems to begin. Both are where control comes from elsewhere, so that one region serves all who come.
 */
import { decode } from "../isa/decoder.ts";
import { isForHost } from "./host-instructions.ts";
import { type CodePage, outline, REGION_INSTRUCTIONS } from "./region.ts";

export function entryPoint(page: CodePage, sampled: number): number {
  return loopTop(page, sampled) ?? functionStart(page, sampled);
}

/** The lowest block of those that the sampled one reaches and that reach it; undefined when it is in no loop. */
function loopTop(page: CodePage, sampled: number): number | undefined {
  const { blocks } = outline(page, sampled);
  const reach = (from: number): Set<number> => {
    const seen = new Set<number>();
    const queue = [...blocks.get(from)!.successors];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      queue.push(...blocks.get(at)!.successors);
    }
    return seen;
  };
  // The sampled instruction may be in the middle of a block that the loop enters further up: that block then holds it.
  const start = [...blocks.keys()].find((offset) => offset < sampled && sampled < blocks.get(offset)!.end) ?? sampled;
  const forward = reach(start);
  if (!forward.has(start)) return undefined;
  const loop = [...forward].filter((offset) => offset === start || reach(offset).has(start));
  return Math.min(...loop);
}

/** Back over what was executed, until something that never runs on into it. */
function functionStart(page: CodePage, sampled: number): number {
  let offset = sampled;
  for (let steps = 0; steps < REGION_INSTRUCTIONS && offset > 0 && page.isDecoded(offset - 4) && !page.isCallTarget(offset); steps++) {
    const { variant } = decode(page.wordAt(offset - 4), offset - 4);
    const { flow } = variant.form;
    if (flow === undefined ? isForHost(variant) : flow.kind !== "conditional" && !("link" in flow && flow.link)) break;
    offset -= 4;
  }
  return offset;
}
