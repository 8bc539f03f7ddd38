/** The cache of images, and what a host without Debian's packages is told. Fetching itself is tried by ci/linux-matrix.ts. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isTraplineError } from "@trapline/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchDebian } from "./debian-image.ts";
import { ImageCache } from "./image-cache.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), "trapline-images-"))));
afterEach(() => rm(folder, { recursive: true }));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FACTS = { kernel: "6.1.0-cloud-arm64", packages: ["linux_6.1_arm64"] };

describe("the cache", () => {
  it.each([
    [{ XDG_CACHE_HOME: "/var/c", HOME: "/h" }, "/var/c/trapline"],
    [{ XDG_CACHE_HOME: "relative", HOME: "/h" }, "/h/.cache/trapline"],
    [{ HOME: "/h" }, "/h/.cache/trapline"],
  ])("of %o is %s", (env, expected) => {
    expect(new ImageCache(env).folder).toBe(expected);
  });

  it("has an image whole, or not at all; a new one takes the old one's place", async () => {
    const cache = new ImageCache({ XDG_CACHE_HOME: folder });
    expect([await cache.find("debian"), await cache.list()]).toEqual([undefined, []]);
    await cache.install("debian", bytes("kernel"), bytes("initrd"), FACTS);
    const image = await cache.install("debian", bytes("kernel 2"), bytes("initrd"), FACTS);
    expect(await cache.list()).toEqual([image]);
    expect([await readFile(image.kernelFile, "utf8"), image.kernel, await readdir(path.join(cache.folder, "work"))]).toEqual(["kernel 2", FACTS.kernel, []]);
  });

  it.each(["vmlinuz", "initrd.cpio", "image.json"])("does not have an image whose %s is empty", async (file) => {
    const cache = new ImageCache({ XDG_CACHE_HOME: folder });
    const image = await cache.install("debian", bytes("kernel"), bytes("initrd"), FACTS);
    await writeFile(path.join(image.folder, file), "");
    expect([await cache.find("debian"), await cache.list()]).toEqual([undefined, []]);
  });

  it("that cannot be written says where, and how to have another", async () => {
    await writeFile(path.join(folder, "trapline"), "a file where a folder should be");
    await expect(new ImageCache({ XDG_CACHE_HOME: folder }).workFolder("debian")).rejects.toThrow(/cannot be kept in .*trapline.*XDG_CACHE_HOME/);
  });
});

describe("a host", () => {
  const fetch = async (env: Record<string, string>): Promise<unknown> => {
    const fetching = fetchDebian({ name: "debian", cache: new ImageCache({ XDG_CACHE_HOME: folder }), env, progress: () => {}, etc: path.join(folder, "etc") });
    return fetching.then(
      () => undefined,
      (error: unknown) => (isTraplineError(error, "host") ? error.message : error),
    );
  };
  const sources = async (): Promise<void> => {
    await mkdir(path.join(folder, "etc/apt"), { recursive: true });
    await writeFile(path.join(folder, "etc/os-release"), "VERSION_CODENAME=bookworm\n");
    await writeFile(path.join(folder, "etc/apt/sources.list"), "deb http://mirror.example/os bookworm main\n");
  };
  /** A program that says something and fails, in the place of apt-get. */
  const program = async (text: string): Promise<Record<string, string>> => {
    await mkdir(path.join(folder, "bin"));
    await writeFile(path.join(folder, "bin/apt-get"), `#!/bin/sh\necho ${JSON.stringify(text)} >&2\nexit 100\n`, { mode: 0o755 });
    return { PATH: path.join(folder, "bin") };
  };

  it("whose packages are not Debian's is told to bring a kernel", async () => {
    expect(await fetch({ PATH: "/nowhere" })).toMatch(/no packages from a Debian archive; pass --kernel and --initrd/);
  });

  it("without apt is told so", async () => {
    await sources();
    expect(await fetch({ PATH: "/nowhere" })).toMatch(/apt-get.*ENOENT.*this host has no apt: pass --kernel and --initrd/s);
  });

  it.each([
    ["E: Could not get lock lists/lock.", /Could not get lock.*another fetch of the same image is at work/s],
    ["E: Failed to fetch http://mirror.example/ Temporary failure", /Failed to fetch.*run it again to go on/s],
  ])("where apt fails shows what it said: %s", async (said, expected) => {
    await sources();
    expect(await fetch(await program(said))).toMatch(expected);
  });
});
