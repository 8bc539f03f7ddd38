/**
 * Where fetched images are kept: `trapline/images/NAME` in the user's cache folder (XDG Base Directory Specification: $XDG_CACHE_HOME,
 * otherwise ~/.cache). An image is a folder with a kernel, an initrd and a description; it appears whole or not at all, by a rename.
 * What a fetch has half done lies in `trapline/work/NAME` and is gone on with by the next one. Bounds: one folder for each name.
 */
import { HostError, messageOf } from "@trapline/core";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder, type Environment } from "../cache-folder.ts";

/** What an image is made of, for people and for the next version. */
export interface ImageFacts {
  /** As `uname -r` says it. */
  readonly kernel: string;
  readonly packages: readonly string[];
}

/** A fetched image, and where its files are. */
export interface CachedImage extends ImageFacts {
  readonly name: string;
  readonly folder: string;
  readonly kernelFile: string;
  readonly initrdFile: string;
}

const KERNEL = "vmlinuz";
const INITRD = "initrd.cpio";
const FACTS = "image.json";

export class ImageCache {
  readonly folder: string;

  constructor(env: Environment) {
    this.folder = cacheFolder(env);
  }

  /** Undefined when it is not there; also when it was damaged, so that it is fetched again. */
  async find(name: string): Promise<CachedImage | undefined> {
    const folder = this.folderOf(name);
    const [kernelFile, initrdFile] = [path.join(folder, KERNEL), path.join(folder, INITRD)];
    try {
      const { kernel, packages } = JSON.parse(await readFile(path.join(folder, FACTS), "utf8")) as ImageFacts;
      for (const file of [kernelFile, initrdFile]) if ((await stat(file)).size === 0) return undefined;
      return { name, folder, kernel, packages, kernelFile, initrdFile };
    } catch {
      return undefined;
    }
  }

  async list(): Promise<readonly CachedImage[]> {
    const names = await readdir(path.join(this.folder, "images")).catch(() => []);
    const found = await Promise.all(names.sort((a, b) => (a < b ? -1 : 1)).map((name) => this.find(name)));
    return found.filter((image) => image !== undefined);
  }

  /** A folder for what a fetch of that image downloads. @throws HostError */
  async workFolder(name: string): Promise<string> {
    const folder = path.join(this.folder, "work", name);
    await this.attempt(folder, () => mkdir(folder, { recursive: true }));
    return folder;
  }

  /** Puts an image in place, whole, in the place of an older one, and forgets the work folder. @throws HostError */
  async install(name: string, kernel: Uint8Array, initrd: Uint8Array, facts: ImageFacts): Promise<CachedImage> {
    const work = await this.workFolder(name);
    const fresh = path.join(work, `image-${process.pid}`);
    await this.attempt(fresh, async () => {
      await mkdir(fresh);
      await writeFile(path.join(fresh, KERNEL), kernel);
      await writeFile(path.join(fresh, INITRD), initrd);
      await writeFile(path.join(fresh, FACTS), `${JSON.stringify(facts, undefined, 2)}\n`);
      await mkdir(path.dirname(this.folderOf(name)), { recursive: true });
      await rename(this.folderOf(name), path.join(work, `replaced-${process.pid}`)).catch(() => {}); // there was none
      await rename(fresh, this.folderOf(name));
      await rm(work, { recursive: true, force: true });
    });
    return (await this.find(name))!;
  }

  private folderOf(name: string): string {
    return path.join(this.folder, "images", name);
  }

  private async attempt<T>(value: string, use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (cause) {
      const remedy = "make it writable, or set XDG_CACHE_HOME to a folder that is";
      throw new HostError(`images cannot be kept in ${value}: ${messageOf(cause)}`, { subject: "images", value, remedy, cause });
    }
  }
}
