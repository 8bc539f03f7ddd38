/** NOR flash as a plugin: banks one behind the other, as QEMU's `virt` board has two at 0, firmware in the first, its variables in the second. */
import { ConfigError, definePlugin, nodeNameAt, type PlainData, type PluginDefinition } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { readFile } from "node:fs/promises";
import { misfit } from "../saved-words.ts";
import { BANK_WIDTH, BLOCK_BYTES } from "./cfi-table.ts";
import { FlashBank, type FlashBankOptions } from "./flash-bank.ts";

const MAX_BANK_BYTES = 0x1000_0000;
const MAX_BANKS = 8;

/** Where the flash is, and what its banks hold. */
export interface CfiFlashOptions {
  /** Unique in its machine. Default "flash"; the banks are "flash0", "flash1", … */
  readonly name?: string;
  /** Guest-physical address of the first bank. Default 0. */
  readonly base?: number;
  /** Bytes of each bank: a power of two, 256 KiB … 256 MiB. Default 64 MiB. */
  readonly bankSize?: number;
  /** One to eight. Default: two without a file. */
  readonly banks?: readonly FlashBankOptions[];
}

/**
 * Flash where QEMU's `virt` board has it. New banks are zero, as there.
 *
 * @example
 * createMachine({ plugins: [softCpu({ start: { pc: 0 } }), cfiFlash({ banks: [{ image: firmware, readOnly: true }, { file: "variables.img" }] })] })
 * @throws ConfigError for a size that flash cannot have, and for an image that does not fit
 */
export function cfiFlash(options: CfiFlashOptions = {}): PluginDefinition {
  const { name = "flash", base = 0, bankSize = 0x400_0000, banks = [{}, {}] } = options;
  checkOptions(name, bankSize, banks);
  const places = banks.map((_, n) => ({ name: `${name}${n}`, base: base + n * bankSize, size: bankSize }));
  return definePlugin({
    name,
    fingerprint: { base, bankSize, banks: banks.length, readOnly: banks.map(({ readOnly = false }) => readOnly) },
    memory: places.map((place) => ({ ...place, readOnly: true })),
    create(vmm) {
      const made: FlashBank[] = [];
      return {
        attach(scope) {
          for (const [n, bank] of banks.entries()) {
            const place = places[n]!;
            const region = vmm.memory.regions.find((each) => each.name === place.name)!;
            const flash = new FlashBank(vmm, region, bank);
            made.push(flash);
            scope.add(() => flash.close());
            flash.load();
            scope.add(vmm.bus.claim(place, flash.device));
          }
        },
        stop() {
          for (const flash of made) flash.stop();
        },
        reset() {
          for (const flash of made) flash.reset();
        },
        save: () => made.map((flash) => flash.save()),
        restore: (state) => restoreAll(name, made, state),
        deviceTree(tree) {
          const node = tree.node(`/${nodeNameAt("flash", base)}`, name).compatible("cfi-flash");
          node.reg(...places).set("bank-width", BANK_WIDTH);
        },
      };
    },
  });
}

/** All of them or none. @throws SnapshotError */
function restoreAll(name: string, made: readonly FlashBank[], state: PlainData): void {
  if (!Array.isArray(state) || state.length !== made.length) throw misfit(name, "its state", `a list of ${made.length} banks`);
  const before = made.map((flash) => flash.save());
  try {
    for (const [n, flash] of made.entries()) flash.restore(state[n] as PlainData);
  } catch (error) {
    for (const [n, flash] of made.entries()) flash.restore(before[n]!);
    throw error;
  }
}

function checkOptions(name: string, bankSize: number, banks: readonly FlashBankOptions[]): void {
  const isPowerOfTwo = Number.isInteger(Math.log2(bankSize));
  if (!isPowerOfTwo || bankSize < BLOCK_BYTES || bankSize > MAX_BANK_BYTES) {
    throw new ConfigError(`${name} cannot have banks of ${bankSize} bytes`, { subject: name, value: bankSize, limit: MAX_BANK_BYTES, remedy: "use a power of two from 256K to 256M" });
  }
  if (banks.length < 1 || banks.length > MAX_BANKS) {
    throw new ConfigError(`${name} cannot have ${banks.length} banks`, { subject: name, value: banks.length, limit: MAX_BANKS, remedy: `give it 1 to ${MAX_BANKS}` });
  }
  for (const [n, { file, image, readOnly = false }] of banks.entries()) {
    const bank = `${name}${n}`;
    if (image !== undefined && image.length > bankSize) {
      throw new ConfigError(`the image of ${bank} has ${image.length} bytes, and the bank ${bankSize}`, { subject: bank, value: image.length, limit: bankSize, remedy: "take a smaller one, or a larger bank" });
    }
    if (file === undefined || (image === undefined && !readOnly)) continue;
    const other = image === undefined ? "is read-only" : "begins with an image";
    throw new ConfigError(`${bank} keeps file ${file} and ${other}`, { subject: bank, other: file, remedy: "leave one out; what is not to be kept is an image" });
  }
}

/** Banks of a machine file: an image is a path there. */
export interface CfiFlashFileOptions extends Omit<CfiFlashOptions, "banks"> {
  readonly banks?: readonly (Omit<FlashBankOptions, "image"> & { readonly image?: string })[];
}

/** What may be written in a machine file. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, multipleOf: BLOCK_BYTES, description: "guest-physical address of the first bank; default 0" },
    bankSize: { type: "integer", minimum: BLOCK_BYTES, maximum: MAX_BANK_BYTES, description: "bytes of each bank, a power of two; default 64M" },
    banks: {
      type: "array",
      minItems: 1,
      maxItems: MAX_BANKS,
      description: "one behind the other; default: two, which are zero and not kept",
      items: {
        type: "object",
        properties: {
          file: { type: "string", minLength: 1, description: "keeps the bank: exactly its size, or missing at first" },
          image: { type: "string", minLength: 1, description: "a file that the bank begins with; changes are not kept" },
          readOnly: { type: "boolean", description: "the guest cannot change it; default false" },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<CfiFlashFileOptions> = async ({ banks, ...given }, context) => {
  const { name } = context;
  const read = async ({ file, image, ...bank }: NonNullable<CfiFlashFileOptions["banks"]>[number]): Promise<FlashBankOptions> => ({
    ...bank,
    ...(file === undefined ? {} : { file: context.resolve(file) }),
    ...(image === undefined ? {} : { image: await readImage(context.resolve(image)) }),
  });
  const named = name === undefined ? given : { ...given, name };
  return cfiFlash(banks === undefined ? named : { ...named, banks: await Promise.all(banks.map(read)) });
};

async function readImage(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`flash image ${path} cannot be read: ${why}`, { subject: path, remedy: "check the path", cause });
  }
}
