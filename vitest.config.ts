import { defineConfig } from "vitest/config";

/** They count bytes on the heap, and so want it for themselves. */
const ALONE = ["packages/*/src/**/*allocation.spec.ts", "bench/src/harness/heap.spec.ts"];

export default defineConfig({
  // Node-side tests resolve through `ssr`; plain `resolve.conditions` is not enough.
  ssr: { resolve: { conditions: ["@trapline/source"] } },
  test: {
    // Examples run in processes of their own; a busy machine may take its time to start one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Vitest leaves one core to itself, which with two cores is half the machine; it has little to do once modules are transformed.
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["packages/*/src/**/*.spec.ts", "examples/**/*.spec.ts", "bench/src/**/*.spec.ts", "tools/*.spec.ts"],
          exclude: ["**/node_modules/**", ...ALONE],
          // Importing everything anew for each file took longer than the tests. None of them may leave anything behind in its modules.
          isolate: false,
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
    ],
  },
});
