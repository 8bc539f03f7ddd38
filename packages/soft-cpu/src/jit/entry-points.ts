/**
 * Where compilation should begin, given an instruction that was found executing: at the top of the innermost loop around it, or else
 * where its function seems to begin. Both are where control comes from elsewhere; and whoever falls out of compiled code inside a
 * loop comes back into it at the loop's next round.
 */
import { isForHost } from "./host-instructions.ts";
import { type CodePage, outline, REGION_INSTRUCTIONS } from "./region.ts";

export function entryPoint(page: CodePage, sampled: number): number {
  return innermostLoop(page, sampled) ?? functionStart(page, sampled);
}

/** The nearest target above of a branch back over the sampled instruction; undefined when none is reached from there. */
function innermostLoop(page: CodePage, sampled: number): number | undefined {
  let top: number | undefined;
  for (const { end, backTo } of outline(page, sampled).blocks.values()) {
    if (backTo === undefined || backTo > sampled || end <= sampled) continue;
    if (top === undefined || backTo > top) top = backTo;
  }
  return top;
}

/** Back over what was executed, until something that never runs on into it. */
function functionStart(page: CodePage, sampled: number): number {
  let offset = sampled;
  for (let steps = 0; steps < REGION_INSTRUCTIONS && offset > 0 && page.isDecoded(offset - 4) && !page.isCallTarget(offset); steps++) {
    const { variant } = page.decodeAt(offset - 4);
    const { flow } = variant.form;
    if (flow === undefined ? isForHost(variant) : flow.kind !== "conditional" && !("link" in flow && flow.link)) break;
    offset -= 4;
  }
  return offset;
}
