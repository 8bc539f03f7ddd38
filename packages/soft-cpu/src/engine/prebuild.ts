/** What tools/bundle.mjs asks for: the modules of the interpreter, by the names that handler-modules.ts looks for. */
import { coldHandlersModule, coreModule } from "../interpreter/core-module.ts";
import { coldGroups } from "../isa/variants.ts";
import { CORE, groupName } from "./handler-modules.ts";

export { prebuiltFile } from "./prebuilt.ts";

export function prebuild(): ReadonlyMap<string, Uint8Array> {
  const modules = new Map<string, Uint8Array>([[CORE, coreModule()]]);
  for (const [number, handlers] of coldGroups().entries()) modules.set(groupName(number), coldHandlersModule(handlers));
  return modules;
}
