/** What is built beforehand has every handler that a guest may need, by the names that the engine asks for. */
import { describe, expect, it } from "vitest";
import { fpHelpers } from "../fp/helpers.ts";
import { decode } from "../isa/decoder.ts";
import { HOST_FUNCTIONS } from "../isa/host-functions.ts";
import { coldGroup, coldGroups, coldName } from "../isa/variants.ts";
import { CpuState } from "../state/cpu-state.ts";
import { Prng } from "../testing/prng.fixture.ts";
import { createWasmMemory } from "../testing/wasm-memory.fixture.ts";
import { CORE, groupName } from "./handler-modules.ts";
import { prebuild } from "./prebuild.ts";
import { prebuiltFile } from "./prebuilt.ts";
import { compileModule, instantiate } from "./wasm-api.ts";

const WORDS = 200_000;

describe("the modules of the interpreter", { timeout: 60_000 }, () => {
  const modules = prebuild("1");
  const groups = coldGroups();

  it("are the loop and one for each group of rows", () => {
    expect([...modules.keys()]).toEqual([CORE, ...groups.map((_, number) => groupName(number))].map((name) => prebuiltFile(name, "1")));
  });

  it("export each handler by its name", () => {
    const memory = createWasmMemory(1);
    const nothing = (): number => 0;
    const imports = {
      cpu: { memory, resolve: nothing, commit: nothing },
      host: Object.fromEntries(Array.from({ length: HOST_FUNCTIONS }, (_, number) => [String(number), nothing])),
      helper: fpHelpers(() => new CpuState(memory.buffer)),
    };
    for (const [number, handlers] of groups.entries()) {
      const exports = instantiate(compileModule(modules.get(prebuiltFile(groupName(number), "1"))!), imports);
      expect(Object.keys(exports).sort()).toEqual(handlers.map(({ name }) => name).sort());
    }
  });

  it("have the handler of any word", () => {
    const names = groups.map((handlers) => new Set(handlers.map(({ name }) => name)));
    const random = new Prng("words");
    const missing = new Set<string>();
    for (let n = 0; n < WORDS; n++) {
      const { variant } = decode(random.word(), 0);
      if (variant.hot || variant.form.flow !== undefined) continue;
      if (!names[coldGroup(variant)]!.has(coldName(variant))) missing.add(`${variant.form.name} ${JSON.stringify(variant.split)}`);
    }
    expect([...missing]).toEqual([]);
  });
});
