/** `trapline schema` and `trapline devices`: what machine files may say. */
import { machineSchema } from "@trapline/core/machine-file";
import { catalogueWith } from "../catalogue.ts";
import { STATUS } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";

/** Nothing is booted here. */
const CATALOGUE = catalogueWith(() => Promise.resolve(undefined));

export function schemaCommand(host: CommandHost): number {
  host.stdout.write(`${JSON.stringify(machineSchema(CATALOGUE), undefined, 2)}\n`);
  return STATUS.OK;
}

/** Every built-in plugin with its options. */
export function devicesCommand({ json }: { readonly json?: boolean }, host: CommandHost): number {
  if (json === true) {
    const entries = Object.entries(CATALOGUE).map(([name, { options = {} }]) => [name, options] as const);
    host.stdout.write(`${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`);
    return STATUS.OK;
  }
  for (const [name, { options }] of Object.entries(CATALOGUE)) {
    host.stdout.write(`${name}\n`);
    const properties = (options?.["properties"] ?? {}) as Readonly<Record<string, { readonly description?: string }>>;
    for (const [option, { description = "" }] of Object.entries(properties)) host.stdout.write(`  ${option.padEnd(16)} ${description}\n`);
  }
  return STATUS.OK;
}
