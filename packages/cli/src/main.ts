#!/usr/bin/env node
/**
 * The `trapline` command, its first file: Node 22.1 and later keep compiled code for the next start, a tenth of it. In the user's own cache
 * folder, for it is run unseen, and Node's default is a folder that all users of a host share. A few MiB; NODE_DISABLE_COMPILE_CACHE=1
 * does without (docs/adr/0046-bundles.md). What the command is stands in process.ts.
 */
import * as nodeModule from "node:module";
import path from "node:path";
import { cacheFolder } from "./cache-folder.ts";

const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (folder: string) => unknown };
try {
  enableCompileCache?.(path.join(cacheFolder(process.env), "compiled"));
} catch {
  // A user without a home: nothing is kept.
}

await import("./process.ts");
