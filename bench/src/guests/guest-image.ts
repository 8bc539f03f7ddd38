/**
 * The guests in bench/guests: the bytes, and what their manifest says of them. Built by bench/guests/build.mjs, whose --check
 * finds out whether they are still what their sources give.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ConfigError, HostError, messageOf } from "@trapline/core";

export interface GuestImage {
  /** Of the row, GROUP/WHAT. */
  readonly name: string;
  /** The raw binary; it belongs at RAM + 0x80000. */
  readonly path: string;
  readonly vcpus: number;
  /** Executed between the two readings of the counter; only guests of the group cpu have it. */
  readonly instructions?: number;
  /** What a guest of the group cpu must end with, 16 hexadecimal digits. */
  readonly checksum?: string;
}

interface Manifest {
  readonly guests: readonly (Omit<GuestImage, "path"> & { readonly file: string })[];
}

/** Seen from dist/guests/ and from src/guests/ alike. */
const at = (file: string): string => fileURLToPath(new URL(`../../guests/${file}`, import.meta.url));

/** Every guest there is, in the order of the manifest. @throws HostError when it cannot be read */
export function guestImages(): readonly GuestImage[] {
  const path = at("manifest.json");
  try {
    const { guests } = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    return guests.map(({ name, file, vcpus, instructions, checksum }) => ({
      ...{ name, path: at(`bin/${file}`), vcpus },
      ...(instructions === undefined ? {} : { instructions }),
      ...(checksum === undefined ? {} : { checksum }),
    }));
  } catch (cause) {
    throw new HostError(`cannot read ${path}: ${messageOf(cause)}`, { subject: path, remedy: "run node bench/guests/build.mjs", cause });
  }
}

/** @throws ConfigError listing the guests when there is none of that name */
export function guestImage(name: string): GuestImage {
  const images = guestImages();
  const image = images.find((each) => each.name === name);
  if (image !== undefined) return image;
  throw new ConfigError(`there is no guest ${name}`, { subject: name, remedy: `the guests are ${images.map((each) => each.name).join(", ")}` });
}
