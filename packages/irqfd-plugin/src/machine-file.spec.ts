/** The plugins in machine files, as the package exports them. */
import { createMachine } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { TableRouterToken } from "./routing/gsi-routing-plugin.ts";

const FILE = fileURLToPath(new URL("machine.yaml", import.meta.url));
const parse = (...plugins: string[]): ReturnType<typeof parseMachineFile> =>
  parseMachineFile(`plugins:\n${plugins.map((plugin) => `  - ${plugin}\n`).join("")}`, FILE, { catalogue });

// By the names under which the package exports them.
const catalogue = {
  eventfd: await import("@trapline/irqfd-plugin/eventfd"),
  "gsi-routing": await import("@trapline/irqfd-plugin/gsi-routing"),
  irqfd: await import("@trapline/irqfd-plugin/irqfd"),
  ioeventfd: await import("@trapline/irqfd-plugin/ioeventfd"),
};

it.each(["mainline", "rfc2014", "wide"])("a machine file composes all four, profile %s", async (profile) => {
  const machine = await createMachine(await parse("eventfd", `gsi-routing: { profile: ${profile} }`, "irqfd", "ioeventfd"));
  expect(machine.get(TableRouterToken).profile.name).toBe(profile);
  await machine.close();
});

it("an option that is none is refused where it stands", async () => {
  const error = await parse("gsi-routing: { profile: x86 }").catch((thrown: unknown) => thrown);
  expect(isMachineFileError(error) && error.message).toMatch(/:2:29.*mainline/s);
});
