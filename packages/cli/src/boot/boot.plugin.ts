/**
 * The boot loader for machine files: what to load is named there, where it goes is decided by the machine's first RAM, and the CPU asks it
 * where to start. `image` is a kernel with its initrd from the cache of images (docs/adr/0034-images.md); files beside it take its place.
 */
import { BootEntryToken, ConfigError, definePlugin, messageOf, type PluginDefinition, provide, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginContext, PluginModule } from "@trapline/core/machine-file";
import { readFile } from "node:fs/promises";
import { BootLoader, type BootValues, seeds } from "./boot-loader.ts";
import { type BootFiles, planBoot } from "./boot-plan.ts";
import type { ImageFile } from "./image-error.ts";
import { BootLoaderToken } from "./tokens.ts";

export interface BootOptions {
  readonly image?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly seed?: number;
}

/** Where the files of an image are; undefined when it is not at hand and is not to be fetched now: then nothing is loaded. */
export type ImageSource = (name: string) => Promise<{ readonly kernelFile: string; readonly initrdFile: string } | undefined>;

export const options: JsonSchema = {
  type: "object",
  properties: {
    image: { type: "string", minLength: 1, description: "a kernel with its initrd, fetched when it is missing: debian, debian-trixie" },
    kernel: { type: "string", minLength: 1, description: "arm64 Image (gzip and EFI zboot too), ELF, or raw code for RAM + 0x80000; a file, relative to this one" },
    initrd: { type: "string", minLength: 1, description: "passed on untouched; a file, relative to this one" },
    append: { type: "string", description: "the kernel's command line" },
    seed: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "for the guest's random numbers; default none" },
  },
  additionalProperties: false,
};

export function bootModule(images: ImageSource): PluginModule {
  return { options, plugin: async (given: BootOptions, context: PluginContext) => boot(await filesOf(given, context, images), valuesOf(given)) };
}

/** @param files what to load; nothing leaves memory and CPU alone */
function boot(files: BootFiles | undefined, values: BootValues): PluginDefinition {
  if (files === undefined) return definePlugin({ name: "boot", create: () => {} });
  return definePlugin({
    name: "boot",
    provides: [
      provide(BootLoaderToken, (vmm) => new BootLoader(vmm.memory, planBoot(firstRam(vmm), files), values)),
      provide(BootEntryToken, (vmm) => vmm.get(BootLoaderToken).entry),
    ],
    create: (vmm) => {
      const loader = vmm.get(BootLoaderToken);
      return { reset: () => loader.load() };
    },
  });
}

function firstRam({ memory }: Vmm): { readonly base: number; readonly size: number } {
  const ram = memory.regions.find(({ readOnly }) => !readOnly);
  if (ram !== undefined) return ram;
  throw new ConfigError("there is no RAM to load a kernel into", { subject: "boot", remedy: "give the machine memory: 512M" });
}

function valuesOf({ append, seed }: BootOptions): BootValues {
  return { ...(append === undefined ? {} : { bootargs: append }), ...seeds(seed) };
}

/** A kernel of one's own comes without the image's initrd, whose modules are for another. */
async function filesOf({ image, kernel, initrd }: BootOptions, context: PluginContext, images: ImageSource): Promise<BootFiles | undefined> {
  if (image === undefined && kernel === undefined) {
    throw new ConfigError("there is nothing to boot", { subject: "boot", remedy: "name an image (image: debian) or a kernel" });
  }
  const found = image === undefined || kernel !== undefined ? undefined : await images(image);
  const kernelFile = kernel === undefined ? found?.kernelFile : context.resolve(kernel);
  const initrdFile = initrd === undefined ? found?.initrdFile : context.resolve(initrd);
  if (kernelFile === undefined) return undefined;
  return { kernel: await read("kernel", kernelFile), ...(initrdFile === undefined ? {} : { initrd: await read("initrd", initrdFile) }) };
}

/** A ConfigError, so that the machine file's line is shown. */
async function read(option: string, file: string): Promise<ImageFile> {
  try {
    const bytes = await readFile(file);
    return { name: file, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  } catch (cause) {
    throw new ConfigError(`${option} ${file} cannot be read: ${messageOf(cause)}`, { subject: option, value: file, remedy: "check the path", cause });
  }
}
