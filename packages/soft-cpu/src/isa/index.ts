/** All instructions this CPU knows, in the manual's order. What is not here is UNDEFINED. */
import { dataProcessingImmediate } from "./data-processing-immediate.ts";
import type { Form } from "./form.ts";

export const instructionForms: readonly Form[] = [...dataProcessingImmediate];
