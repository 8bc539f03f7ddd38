/**
 * A machine file in TypeScript or JavaScript → MachineConfig. The same fields are checked by the same schema; what is
 * wrong has a path but no line, for values carry none.
 */
import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { isTraplineError, messageOf } from "../errors.ts";
import { checkConfig, type MachineConfig } from "../machine/machine-config.ts";
import { loadingHint, type PluginSource } from "./find-plugin.ts";
import { formatPath, type Step } from "./located.ts";
import { MachineFileError, type MachineFileProblem } from "./machine-file-error.ts";
import { CONFIG } from "./machine-schema.ts";
import { CheckedSchema } from "./schema-finding.ts";
import { fileProblem, shorten } from "./source-text.ts";

const MACHINE = new CheckedSchema(CONFIG);

/** @throws MachineFileError */
export async function machineFromModule(name: string, { file, importModule }: PluginSource): Promise<MachineConfig> {
  const found = await stat(file).catch((cause: unknown) => ({ cause }));
  if ("cause" in found) throw fileProblem(name, `the file cannot be read: ${messageOf(found.cause)}`, "check the path", found.cause);
  const url = pathToFileURL(file).href;
  const module = await attempt(
    name,
    "the module does not load",
    (cause) => loadingHint(url, cause),
    () => importModule(url),
  );
  const exported = (module as { default?: unknown } | null | undefined)?.default;
  const config =
    typeof exported !== "function"
      ? exported
      : await attempt(
          name,
          "its default export threw",
          () => "make it return a machine",
          () => (exported as () => unknown)(),
        );
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    const text = `the default export is ${describe(config)}, not a machine`;
    throw fileProblem(name, text, "write `export default defineMachine({ plugins: […] })`, or a function that returns that");
  }
  return checked(name, config);
}

function checked(file: string, config: object): MachineConfig {
  const { parent: _parent, plugins, ...fields } = config as { readonly [key: string]: unknown };
  const problems: MachineFileProblem[] = [];
  const report = (steps: readonly Step[], text: string, more: Pick<MachineFileProblem, "hint" | "cause">): void => {
    problems.push({ file, line: undefined, column: undefined, length: 1, path: formatPath(steps), text, ...more });
  };
  // The schema looks at the fields only; plugins hold functions, which no schema describes.
  const view = { ...plainView(fields, 0), ...(plugins === undefined ? {} : { plugins: Array.isArray(plugins) ? [] : null }) };
  const show = (steps: readonly Step[]): string =>
    describe(steps.reduce<unknown>((at, step) => (at as Record<Step, unknown> | undefined)?.[step], config));
  for (const { steps, text, hint } of MACHINE.check(view, show)) report(steps, text, hint === undefined ? {} : { hint });
  for (const [index, plugin] of (Array.isArray(plugins) ? (plugins as MachineConfig["plugins"]) : []).entries()) {
    const cause = refusal({ plugins: [plugin] });
    if (cause !== undefined) report(["plugins", index], cause.message.replace(/^plugins\[0\] is/, "this is"), { cause });
  }
  const whole = problems.length > 0 ? undefined : refusal(config as MachineConfig);
  if (whole !== undefined) report(["plugins"], whole.message, { cause: whole });
  if (problems.length > 0) throw new MachineFileError(problems);
  return config as MachineConfig;
}

/** What createMachine would say to it, as far as nothing has to be made for that. */
function refusal(config: MachineConfig): Error | undefined {
  try {
    checkConfig(config);
    return undefined;
  } catch (cause) {
    if (isTraplineError(cause, "config")) return cause;
    throw cause;
  }
}

/** Deeper than any field of a machine. */
const DEEP = 8;

/** What the schema can look at: no functions, no cycles. What is no plain data becomes null, which fits nowhere. */
function plainView(value: object, depth: number): Record<string, unknown> {
  const view: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value) as [string, unknown][]) {
    if (part !== undefined) Object.defineProperty(view, key, { value: plain(part, depth + 1), enumerable: true });
  }
  return view;
}

function plain(value: unknown, depth: number): unknown {
  if (depth > DEEP) return null;
  if (Array.isArray(value)) return value.map((part) => plain(part, depth + 1));
  if (typeof value === "object" && value !== null) return plainView(value, depth);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return "a mapping";
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return shorten(`${value}n`);
  if (typeof value === "string") return shorten(JSON.stringify(value));
  return typeof value === "symbol" ? shorten(value.toString()) : String(value as number | boolean | null);
}

async function attempt<T>(file: string, what: string, hint: (cause: unknown) => string, use: () => T | Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    throw fileProblem(file, `${what}: ${messageOf(cause)}`, hint(cause), cause);
  }
}
