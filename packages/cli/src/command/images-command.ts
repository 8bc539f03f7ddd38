/** `trapline images`: kernels to boot, fetched and kept. And the image that `--image` or a machine file means, fetched when it is missing. */
import { ConfigError, HostError } from "@trapline/core";
import { fetchDebian } from "../images/debian-image.ts";
import { type CachedImage, ImageCache } from "../images/image-cache.ts";
import { STATUS } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";

/** What can be fetched; the suite may be part of an image's name: `debian-trixie`. */
const DISTRIBUTION = "debian";
const SUITE = /^[a-z]+$/;

/** What fetching uses of the process. */
export type ImageHost = Pick<CommandHost, "env" | "progress" | "onSignal">;

export interface FetchCommandOptions {
  readonly suite?: string;
  readonly force?: boolean;
}

export async function fetchCommand(distribution: string, { suite, force = false }: FetchCommandOptions, host: CommandHost): Promise<number> {
  const name = suite === undefined ? distribution : `${distribution}-${suite}`;
  checkName(name);
  const cache = new ImageCache(host.env);
  const image = (force ? undefined : await cache.find(name)) ?? (await fetch(name, cache, host));
  host.stdout.write(`${describe(image)}\n`);
  return STATUS.OK;
}

export async function listCommand(host: CommandHost): Promise<number> {
  const images = await new ImageCache(host.env).list();
  for (const image of images) host.stdout.write(`${describe(image)}\n`);
  if (images.length === 0) host.stderr.write("trapline: no image has been fetched; see trapline images fetch --help\n");
  return STATUS.OK;
}

export async function pathCommand(name: string, host: CommandHost): Promise<number> {
  checkName(name);
  const cache = new ImageCache(host.env);
  const image = await cache.find(name);
  if (image === undefined) throw new HostError(`image ${name} is not in ${cache.folder}`, { subject: name, value: cache.folder, remedy: "trapline images fetch" });
  host.stdout.write(`${image.folder}\n`);
  return STATUS.OK;
}

/** The image of that name, fetched when it is not in the cache. @throws ConfigError, HostError */
export async function imageNamed(name: string, host: ImageHost): Promise<CachedImage> {
  checkName(name);
  const cache = new ImageCache(host.env);
  return (await cache.find(name)) ?? fetch(name, cache, host);
}

async function fetch(name: string, cache: ImageCache, { env, progress, onSignal }: ImageHost): Promise<CachedImage> {
  const [, suite] = name.split("-");
  const abort = new AbortController();
  const forget = onSignal(() => abort.abort());
  try {
    return await fetchDebian({ name, cache, ...(suite === undefined ? {} : { suite }), env, progress: (text) => progress.show(text), signal: abort.signal });
  } finally {
    forget();
    progress.end();
  }
}

function checkName(name: string): void {
  const [distribution, suite, ...more] = name.split("-");
  if (distribution === DISTRIBUTION && (suite === undefined || SUITE.test(suite)) && more.length === 0) return;
  throw new ConfigError(`there is no image ${JSON.stringify(name)}`, { subject: "image", value: name, remedy: `use ${DISTRIBUTION}, or a suite of it as in ${DISTRIBUTION}-trixie` });
}

const describe = ({ name, kernel, folder }: CachedImage): string => `${name.padEnd(16)} ${kernel.padEnd(28)} ${folder}`;
