/** What tools/bundle.mjs asks for: the modules of the interpreter, as the files that handler-modules.ts looks for. */
import { coldHandlersModule, coreModule } from "../interpreter/core-module.ts";
import { coldGroups } from "../isa/variants.ts";
import { CORE, groupName } from "./handler-modules.ts";
import { prebuiltFile } from "./prebuilt.ts";

/** @param build stands in the files' names */
export function prebuild(build: string): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const modules = new Map([[prebuiltFile(CORE, build), coreModule()]]);
  for (const [number, handlers] of coldGroups().entries()) modules.set(prebuiltFile(groupName(number), build), coldHandlersModule(handlers));
  return modules;
}
