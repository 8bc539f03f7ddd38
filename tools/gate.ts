// What the gates of this folder share: the root, running a pinned program, a throw-away folder of files, and the closing report.
// A gate is a program check-*.ts: it prints one line when all is well, otherwise every problem, and exits 1.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The answer of a program that ran to its end. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a Node program file and waits for it.
 * @throws if it cannot start or was killed; a failing status is an answer.
 */
export function runNode(args: readonly string[], cwd: string = root, env: Record<string, string> = {}): Ended {
  return run(process.execPath, args, cwd, env);
}

/** As {@link runNode}, for any program on the PATH. */
export function run(program: string, args: readonly string[], cwd: string = root, env: Record<string, string> = {}): Ended {
  const ended = spawnSync(program, args, { cwd, encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 });
  if (ended.error) throw ended.error;
  if (ended.status === null) throw new Error(`${program} ${args.join(" ")} was ended by ${ended.signal ?? "a signal"}`);
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** JavaScript file of a program that tools/gates pins, found through the `bin` entry of its package. */
export function gateProgram(packageName: string, binName: string): string {
  const folder = path.join(root, "tools/gates/node_modules", packageName);
  const { bin } = readJson(path.join(folder, "package.json")) as { bin: string | Record<string, string> };
  const file = typeof bin === "string" ? bin : bin[binName];
  if (file === undefined) throw new Error(`${packageName} has no program ${binName}; read its release notes, then mend this call`);
  return path.join(folder, file);
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Paths below the root that git tracks, with `/` on every system. */
export function trackedFiles(...patterns: string[]): string[] {
  const { status, stdout, stderr } = run("git", ["ls-files", "-z", "--", ...patterns]);
  if (status !== 0) throw new Error(`git ls-files failed: ${stderr}`);
  return stdout.split("\0").filter((file) => file !== "");
}

/** A package of the workspace. */
export interface WorkspacePackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The part of a package.json that gates look at. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly exports?: Record<string, unknown>;
  readonly publishConfig?: { readonly exports?: Record<string, unknown> };
}

/** Every folder of packages/ and its manifest, by name. */
export function workspacePackages(): WorkspacePackage[] {
  return readdirSync(path.join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `packages/${entry.name}`)
    .sort()
    .map((folder) => ({ folder, manifest: readJson(path.join(root, folder, "package.json")) as Manifest }));
}

/** Writes `files` (path → text) into a fresh temporary folder, hands it to `use`, and removes it whatever happens. */
export function withFiles<T>(files: Record<string, string>, use: (folder: string) => T): T {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "trapline-gate-")));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the problems, or the one line that says what was looked at, and sets the exit status. */
export function report(gate: string, problems: readonly string[], summary: string): void {
  if (problems.length === 0) {
    console.log(`${gate}: ${summary}`);
    return;
  }
  console.error(`${gate}: ${problems.length} problem${problems.length === 1 ? "" : "s"}`);
  for (const problem of problems) console.error(`  ${problem}`);
  process.exitCode = 1;
}
