import { defineConfig } from "vitest/config";

export default defineConfig({
  // Node-side tests resolve through `ssr`; plain `resolve.conditions` is not enough.
  ssr: { resolve: { conditions: ["@trapline/source"] } },
  test: {
    include: ["packages/*/src/**/*.spec.ts", "examples/**/*.spec.ts", "bench/src/**/*.spec.ts", "tools/*.spec.ts"],
    // Examples run in processes of their own; a busy machine may take its time to start one.
    testTimeout: 60_000,
  },
});
