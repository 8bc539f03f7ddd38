import { describe, expect, it } from "vitest";
import { SYSTEMS, nativePackages } from "./native-builds.ts";

/** A lock as pnpm 10 writes it, with one native package and the builds named `os-cpu[-libc]`. */
function lockWith(builds: readonly string[]): string {
  const entries = builds.flatMap((build) => {
    const [os, cpu, libc] = build.split("-");
    const lines = [`  '@native/${build}@1.0.0':`, "    resolution: {integrity: sha512-x}", `    cpu: [${cpu}]`, `    os: [${os}]`];
    return libc === undefined ? [...lines, ""] : [...lines, `    libc: [${libc}]`, ""];
  });
  const optional = builds.map((build) => `      '@native/${build}': 1.0.0`);
  const parent = ["  plain@2.0.0: {}", "", "  native@1.0.0:", "    dependencies:", "      plain: 2.0.0", "    optionalDependencies:"];
  return ["lockfileVersion: '9.0'", "", "packages:", "", ...entries, "snapshots:", "", ...parent, ...optional, ""].join("\n");
}

const ALL = ["darwin-arm64", "darwin-x64", "linux-arm64-glibc", "linux-x64-glibc", "win32-arm64", "win32-x64"];

describe("nativePackages", () => {
  it("finds nothing missing where every promised system has a build", () => {
    expect(nativePackages(lockWith(ALL))).toEqual([{ name: "native@1.0.0", missing: [] }]);
  });

  it.each(ALL.map((build, index) => [build, SYSTEMS[index]]))("misses %s when the lock does not list it", (build, system) => {
    expect(nativePackages(lockWith(ALL.filter((other) => other !== build)))).toEqual([{ name: "native@1.0.0", missing: [system] }]);
  });

  it("does not count a musl build for Linux, whose promise is glibc", () => {
    const builds = ALL.map((build) => (build === "linux-x64-glibc" ? "linux-x64-musl" : build));
    expect(nativePackages(lockWith(builds))[0]?.missing).toEqual(["linux x64"]);
  });

  it("counts a Linux build that names no libc", () => {
    expect(nativePackages(lockWith(ALL.map((build) => build.replace("-glibc", ""))))[0]?.missing).toEqual([]);
  });

  it("leaves out a package that exists for one system only", () => {
    expect(nativePackages(lockWith(["darwin-x64"]))).toEqual([]);
  });

  it("refuses a text that is no pnpm lock", () => {
    expect(() => nativePackages("{}")).toThrow(/no section "packages"/);
  });
});
