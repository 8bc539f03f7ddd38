export { assemble, type AssembleOptions } from "./assemble.ts";
export { Assembled, type AssembledLine } from "./assembled.ts";
export { AssemblyError, type AssemblyProblem, MAX_PROBLEMS, type SourcePlace } from "./assembly-error.ts";
export { systemRegister } from "./system-registers.ts";
