/** All instructions this CPU knows, in the manual's order. What no other row matches is UNDEFINED. */
import { branches } from "./branches.ts";
import { dataProcessingImmediate } from "./data-processing-immediate.ts";
import { dataProcessingRegister } from "./data-processing-register.ts";
import type { Form } from "./form.ts";
import { loadsExclusive } from "./loads-exclusive.ts";
import { loadsImmediate } from "./loads-immediate.ts";
import { loadsLiteral } from "./loads-literal.ts";
import { loadsPair } from "./loads-pair.ts";
import { loadsRegister } from "./loads-register.ts";
import { system, undefinedInstruction } from "./system.ts";

export const instructionForms: readonly Form[] = [
  ...dataProcessingImmediate,
  ...branches,
  ...system,
  ...loadsExclusive,
  ...loadsLiteral,
  ...loadsPair,
  ...loadsImmediate,
  ...loadsRegister,
  ...dataProcessingRegister,
  undefinedInstruction,
];
