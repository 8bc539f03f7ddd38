/**
 * Words that SP only passes through (see stack-pointer.ts). Linux adds X0 to SP in each exception, to see whether its stack has overflowed,
 * and takes it away again three instructions later; were the host told of that, each exception would cost microseconds more. Only asked
 * when such a word is decoded.
 */
import type { EncodedFields } from "./encoding.ts";
import type { Form } from "./form.ts";
import { isDataProcessing, isSystemRegisterMove } from "./groups.ts";

type FindForm = (word: number) => { readonly form: Form; readonly fields: EncodedFields };

const PAGE = 4096;
/** Instructions that are looked at; Linux takes 9. */
const MOST = 16;

/**
 * Does another instruction that moves SP follow, whichever way is taken, before any that could access memory? Then what the one before
 * leaves in SP is never used, and it need not tell.
 *
 * Who enters or leaves an exception in between, or ends a chunk, looks at SP anyway. So does a write to one of the words that were looked
 * at, if they are known as code from now on: that is for who gives them.
 *
 * @param from where it goes on, an offset in the page
 * @param wordAt the instruction at an offset in the page
 */
export function isPassing(from: number, wordAt: (offset: number) => number, findForm: FindForm): boolean {
  let left = MOST;
  const settles = (start: number): boolean => {
    for (let offset = start; offset >= 0 && offset < PAGE && left > 0; ) {
      left--;
      const word = wordAt(offset);
      const { form, fields } = findForm(word);
      const { flow, stack } = form;
      if (isDataProcessing(word)) {
        if (stack?.when(fields) === true) return true;
        offset += 4;
      } else if (isSystemRegisterMove(word)) {
        offset += 4;
      } else if (flow === undefined || flow.kind === "indirect" || ("link" in flow && flow.link)) {
        return false;
      } else {
        const target = offset + Number(form.operands(fields).imm);
        if (flow.kind === "conditional" && !settles(offset + 4)) return false;
        offset = target;
      }
    }
    return false;
  };
  return settles(from);
}
