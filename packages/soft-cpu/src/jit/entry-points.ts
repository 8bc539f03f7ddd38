/**
 * Where compilation should begin, given an instruction that was found executing: at the top of the innermost loop around it, or else
 * where its function seems to begin. Both are where control comes from elsewhere; and whoever falls out of compiled code inside a
 * loop comes back into it at the loop's next round.
 */
import { isDirect, mayGoOn } from "./page-flow.ts";
import { type CodePage, INCLUDED, reach, REGION_INSTRUCTIONS } from "./region.ts";

export function entryPoint(page: CodePage, sampled: number): number {
  return innermostLoop(page, sampled) ?? functionStart(page, sampled);
}

/** The nearest target above of a branch back over the sampled instruction; undefined when none is reached from there. */
function innermostLoop(page: CodePage, sampled: number): number | undefined {
  const { flow } = page;
  const reached = reach(page, sampled);
  let top = -1;
  for (let offset = sampled; offset < 4096; offset += 4) {
    if ((reached[offset >> 2]! & INCLUDED) === 0 || !isDirect(flow.leadAt(offset))) continue;
    const target = flow.targetAt(offset);
    if (target <= sampled && target > top) top = target;
  }
  return top < 0 ? undefined : top;
}

/** Back over what was executed, until something that never runs on into it. */
function functionStart(page: CodePage, sampled: number): number {
  const { flow } = page;
  let offset = sampled;
  for (let steps = 0; steps < REGION_INSTRUCTIONS && offset > 0 && page.isDecoded(offset - 4) && !page.isCallTarget(offset); steps++) {
    if (!mayGoOn(flow.leadAt(offset - 4))) break;
    offset -= 4;
  }
  return offset;
}
