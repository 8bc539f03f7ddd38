import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.spec.ts"],
    // Machine files are loaded by @trapline/core: so that they may name TypeScript modules, vitest has to load core as well.
    server: { deps: { inline: [/@trapline\//] } },
  },
});
