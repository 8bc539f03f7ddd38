/**
 * Debian's arm64 cloud kernel with its virtio modules and a static BusyBox, as a kernel and an initrd to boot: fetched with the host's own
 * package client and unpacked with dpkg-deb, which is wherever apt is. Nothing is installed. docs/adr/0034-images.md.
 */
import { HostError, messageOf } from "@trapline/core";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { debianSources, type SourceList } from "./apt-sources.ts";
import type { Environment } from "../cache-folder.ts";
import type { CachedImage, ImageCache } from "./image-cache.ts";
import { makeInitramfs } from "./initramfs.ts";
import { type ModuleFile, readModule, virtioModules } from "./kernel-modules.ts";
import { PrivateApt } from "./private-apt.ts";
import { type ProgramOptions, runProgram } from "./run-program.ts";

const ARCHITECTURE = "arm64";
/** An empty package that depends on the newest kernel's. */
const KERNEL_PACKAGE = "linux-image-cloud-arm64";
const BUSYBOX_PACKAGE = "busybox-static";
/** Names in one command, well below what a command line may hold. */
const XZ_FILES = 500;

export interface FetchOptions {
  /** The image's name in the cache. */
  readonly name: string;
  readonly cache: ImageCache;
  /** Default: the host's own. */
  readonly suite?: string;
  /** Where programs are found, and what they are told. */
  readonly env: Environment;
  /** Told what goes on, in a few words. */
  readonly progress: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Where the host says what it is and where its packages come from. Default /etc. */
  readonly etc?: string;
}

/** @throws HostError that says what to do instead */
export async function fetchDebian({ name, cache, suite, env, progress, signal, etc = "/etc" }: FetchOptions): Promise<CachedImage> {
  const say = (text: string): void => progress(`${name}: ${text}`);
  const share = (text: string) => (done: number) => say(`${text} ${Math.floor(done * 100)} %`);
  const sources = await sourcesOf(etc, suite);
  const work = await cache.workFolder(name);
  const program = { env, ...(signal === undefined ? {} : { signal }) };
  const apt = await PrivateApt.open({ folder: work, architecture: ARCHITECTURE, sources, ...program });
  say("package lists");
  await apt.update(share("package lists"));
  const kernelPackage = kernelOf(await apt.field(KERNEL_PACKAGE, "Depends"));
  const packages = [kernelPackage, BUSYBOX_PACKAGE];
  say(`downloading ${packages.join(", ")}`);
  const debs = await apt.download(packages, share(`downloading ${packages.join(", ")}`));
  say("unpacking");
  const root = path.join(work, "root");
  await rm(root, { recursive: true, force: true });
  for (const { file } of debs) await runProgram("dpkg-deb", ["--extract", file, root], program);
  const version = kernelPackage.replace(/^linux-image-/, "");
  const [kernel, busybox, modules] = await Promise.all([
    readFile(path.join(root, "boot", `vmlinuz-${version}`)),
    readFile(path.join(root, await programIn(root, "busybox"))),
    modulesIn(["lib", "usr/lib"].map((folder) => path.join(root, folder, "modules", version)), program, say),
  ]);
  say("building the initrd");
  const initrd = makeInitramfs(version, busybox, virtioModules(modules.map(readModule)));
  return cache.install(name, kernel, initrd, { kernel: version, packages: debs.map(({ file }) => decodeURIComponent(path.basename(file, ".deb"))) });
}

/** "linux-image-6.1.0-56-cloud-arm64 (= 6.1.192-2)" */
function kernelOf(depends: string): string {
  const found = /\blinux-image-\d[^\s,]*/.exec(depends)?.[0];
  if (found !== undefined) return found;
  throw new HostError(`${KERNEL_PACKAGE} depends on no kernel: ${depends}`, { subject: KERNEL_PACKAGE, value: depends, remedy: "try another --suite" });
}

async function sourcesOf(etc: string, suite: string | undefined): Promise<string> {
  const read = (file: string): Promise<string> => readFile(path.join(etc, file), "utf8").catch(() => "");
  const codename = /^VERSION_CODENAME="?([\w-]+)"?/m.exec(await read("os-release"))?.[1] ?? "stable";
  const parts = (await readdir(path.join(etc, "apt/sources.list.d")).catch(() => [])).filter((file) => /\.(list|sources)$/.test(file)).sort();
  const files = ["apt/sources.list", ...parts.map((file) => `apt/sources.list.d/${file}`)];
  const lists: SourceList[] = await Promise.all(files.map(async (file) => ({ file, text: await read(file) })));
  const sources = debianSources(lists, codename, suite);
  if (sources !== "") return sources;
  throw new HostError("this host fetches no packages from a Debian archive", { subject: path.join(etc, "apt"), remedy: "pass --kernel and --initrd" });
}

/** Since Debian 13 /bin and /lib are links to /usr, and packages name the folders they lead to. */
async function programIn(root: string, name: string): Promise<string> {
  for (const folder of ["bin", "usr/bin"]) {
    const files = await readdir(path.join(root, folder)).catch(() => [] as string[]);
    if (files.includes(name)) return path.join(folder, name);
  }
  throw new HostError(`package ${BUSYBOX_PACKAGE} holds no ${name}`, { subject: BUSYBOX_PACKAGE, remedy: "try another --suite" });
}

/** All modules of a kernel; those that are compressed (since Debian 13) are unpacked, for BusyBox loads plain ones only. */
async function modulesIn(homes: readonly string[], program: ProgramOptions, say: (text: string) => void): Promise<readonly ModuleFile[]> {
  const filesIn = async (home: string): Promise<readonly string[]> => {
    const files = await readdir(home, { recursive: true }).catch(() => [] as string[]);
    return files.map((file) => path.join(home, file));
  };
  const packed = (await Promise.all(homes.map(filesIn))).flat().filter((file) => file.endsWith(".ko.xz"));
  if (packed.length > 0) say("unpacking modules");
  for (let at = 0; at < packed.length; at += XZ_FILES) await unxz(packed.slice(at, at + XZ_FILES), program);
  const modules: ModuleFile[] = [];
  for (const home of homes) {
    const files = (await filesIn(home)).filter((file) => file.endsWith(".ko")).sort();
    for (const file of files) modules.push({ path: path.relative(home, file), bytes: await readFile(file) });
  }
  return modules;
}

async function unxz(files: readonly string[], program: ProgramOptions): Promise<void> {
  try {
    await runProgram("xz", ["--decompress", "--force", ...files], program);
  } catch (cause) {
    const remedy = "install xz-utils, or fetch --suite bookworm, whose modules are not compressed";
    throw new HostError(`the kernel's modules cannot be unpacked: ${messageOf(cause)}`, { subject: "xz", remedy, cause });
  }
}
