/** Which instructions are the host's from the start, so that compiled code ends before them. Found by asking their semantics, once each. */
import { Builder } from "../ir/builder.ts";
import type { Variant } from "../isa/variants.ts";
import { CodeWriter } from "../wasm/code-writer.ts";
import { CompiledTarget } from "./compiled-target.ts";

const known = new Map<Variant, boolean>();

/** @param variant of a row without flow */
export function isForHost(variant: Variant): boolean {
  let answer = known.get(variant);
  if (answer === undefined) {
    const builder = new Builder(new CompiledTarget(new CodeWriter(0)));
    variant.form.emit(builder, variant.split);
    answer = builder.statements.some(({ kind }) => kind === "host");
    known.set(variant, answer);
  }
  return answer;
}
