/** For the specs of the examples: runs an example's main.ts as a user does, in a process of its own. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ExampleRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** @param name the example's folder. Ends after a minute at the latest. @throws Error when it fails, with what it wrote to stderr. */
export function runExample(name: string, ...args: readonly string[]): ExampleRun {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const command = ["--conditions=@trapline/source", "--import", "tsx", `examples/${name}/main.ts`, ...args];
  const { stdout, stderr, status } = spawnSync(process.execPath, command, {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: "tsconfig.base.json" },
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0 || stderr !== "") throw new Error(`example ${name} ended with ${status}: ${stderr}`);
  return { stdout, stderr, status };
}
