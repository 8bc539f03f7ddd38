// Reads from a pnpm lock file (version 9) which builds of each native package it lists, and says which systems would go without.
//
// pnpm drops an optional dependency it cannot find in the registry at the time of locking, silently; the lock then works on the machine
// that made it and nowhere else. Not read: the wasm fall-backs (no os), and packages for one system only, such as fsevents.

/** The systems Trapline promises to run on, in the words of `process.platform` and `process.arch`. */
export const SYSTEMS = ["darwin arm64", "darwin x64", "linux arm64", "linux x64", "win32 arm64", "win32 x64"] as const;

/** A package whose lock lists builds per system. */
export interface NativePackage {
  /** As the lock names it: `esbuild@0.28.2`. */
  readonly name: string;
  /** Systems out of {@link SYSTEMS} for which no build is listed. */
  readonly missing: readonly string[];
}

interface Build {
  readonly os: readonly string[];
  readonly cpu: readonly string[];
  readonly libc: readonly string[];
}

/** Every package of the lock with two or more builds, and what each lacks. Linux counts with glibc only. */
export function nativePackages(lock: string): NativePackage[] {
  const builds = readBuilds(section(lock, "packages"));
  const families: NativePackage[] = [];
  for (const [name, optional] of readOptionalDependencies(section(lock, "snapshots"))) {
    const own = optional.flatMap((dependency) => builds.get(dependency) ?? []);
    if (own.length < 2) continue;
    families.push({ name, missing: SYSTEMS.filter((system) => !own.some((build) => runsOn(build, system))) });
  }
  return families;
}

function runsOn(build: Build, system: string): boolean {
  const [os = "", cpu = ""] = system.split(" ");
  return build.os.includes(os) && build.cpu.includes(cpu) && (build.libc.length === 0 || build.libc.includes("glibc"));
}

/** Lines of one top-level section, without its heading. */
function section(lock: string, heading: string): string[] {
  const lines = lock.split(/\r?\n/);
  const start = lines.indexOf(`${heading}:`);
  if (start < 0) throw new Error(`the lock file has no section "${heading}": is it a pnpm lock of version 9?`);
  const end = lines.findIndex((line, index) => index > start && /^\S/.test(line));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}

const unquote = (text: string): string => text.replace(/^'|'$/g, "");

/** `name@version` → its os, cpu and libc lists, for packages that have any. */
function readBuilds(lines: readonly string[]): Map<string, Build> {
  const builds = new Map<string, Build>();
  let name = "";
  for (const line of lines) {
    const key = /^ {2}(\S.*):$/.exec(line)?.[1];
    if (key !== undefined) name = unquote(key);
    const [, field, list] = /^ {4}(os|cpu|libc): \[(.*)\]$/.exec(line) ?? [];
    if (field === undefined || list === undefined) continue;
    const build = builds.get(name) ?? { os: [], cpu: [], libc: [] };
    builds.set(name, { ...build, [field]: list.split(",").map((word) => word.trim()) });
  }
  return builds;
}

/** `name@version` → its optional dependencies as `name@version`. */
function readOptionalDependencies(lines: readonly string[]): Map<string, string[]> {
  const optional = new Map<string, string[]>();
  let name = "";
  let inside = false;
  for (const line of lines) {
    const key = /^ {2}(\S.*?):(?: \{\})?$/.exec(line)?.[1];
    if (key !== undefined) name = unquote(key);
    if (/^ {0,4}\S/.test(line)) inside = line === "    optionalDependencies:";
    const [, dependency, version] = /^ {6}(\S+): (\S+)$/.exec(line) ?? [];
    if (!inside || dependency === undefined || version === undefined) continue;
    optional.set(name, [...(optional.get(name) ?? []), `${unquote(dependency)}@${unquote(version)}`]);
  }
  return optional;
}
