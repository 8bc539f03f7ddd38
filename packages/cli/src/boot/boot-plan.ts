/**
 * Where everything goes in RAM, and where the CPU starts (Documentation/arch/arm64/booting.rst):
 *
 *     RAM + 0          the device tree, on a 2 MiB boundary of its own where the kernel leaves one; else behind everything
 *     RAM + 2 MiB      an Image, text_offset further; RAM + 512 KiB for raw code; an ELF program where it says
 *     behind that      the initrd, on the next 2 MiB boundary after .bss, all within 1 GiB windows as far as RAM goes
 *
 * Firmware lies in flash instead, and starts there. Everything is checked against RAM before a machine is made. Cold.
 */
import { type AddressRange, ConfigError } from "@trapline/core";
import { isArm64Image, otherArchitecture, readArm64Header } from "./arm64-image.ts";
import { isElf, readElf, type Segment } from "./elf.ts";
import { imageError, type ImageFile, sizeText } from "./image-error.ts";
import { unpack } from "./unpack.ts";

const MIB2 = 0x20_0000;
/** Where raw code goes, from the start of RAM; where the soft CPU starts unless told. */
export const RAW_OFFSET = 0x8_0000;
/** An arm64 kernel maps at most this much device tree. */
export const MAX_DEVICE_TREE: number = MIB2;

/** The files to boot from. */
export interface BootFiles {
  readonly kernel: ImageFile;
  readonly initrd?: ImageFile;
}

export interface BootPlan {
  readonly format: "Image" | "ELF" | "raw" | "firmware";
  readonly segments: readonly Segment[];
  readonly entry: number;
  readonly initrd: Segment | undefined;
  readonly deviceTree: { readonly address: number; readonly limit: number };
}

/** Where an image and its initrd go in a machine's RAM. @throws ConfigError for images that are damaged, for another CPU, or do not fit */
export function planBoot(ram: AddressRange, { kernel, initrd }: BootFiles): BootPlan {
  if (kernel.bytes.length === 0) throw imageError(kernel, "the file is empty", "name a kernel");
  const unpacked = unpack(kernel, ram.size);
  const loaded = load(unpacked, ram);
  for (const segment of loaded.segments) checkInRam(unpacked, segment, ram);
  const start = Math.min(...loaded.segments.map(({ address }) => address));
  const end = Math.max(...loaded.segments.map(({ address, size }) => address + size));
  const ramdisk = initrd === undefined ? undefined : placeInitrd(initrd, roundUp(end, MIB2), ram);
  const behind = roundUp(ramdisk === undefined ? end : ramdisk.address + ramdisk.size, MIB2);
  return { ...loaded, initrd: ramdisk, deviceTree: placeDeviceTree(start, behind, ram) };
}

/** Firmware is in the flash, starts with it, as the CPU does, and finds the device tree at the start of RAM. @throws ConfigError when it does not fit */
export function planFirmware(ram: AddressRange, flash: AddressRange, firmware: ImageFile): BootPlan {
  const { bytes } = firmware;
  if (bytes.length === 0) throw imageError(firmware, "the file is empty", "name a firmware");
  if (bytes.length > flash.size) {
    const message = `the firmware has ${sizeText(bytes.length)}, and the flash ${sizeText(flash.size)}`;
    throw imageError(firmware, message, "take one for this board", { value: bytes.length, limit: flash.size });
  }
  const deviceTree = { address: ram.base, limit: Math.min(MAX_DEVICE_TREE, ram.size) };
  return { format: "firmware", segments: [], entry: flash.base, initrd: undefined, deviceTree };
}

function load(image: ImageFile, ram: AddressRange): Pick<BootPlan, "format" | "segments" | "entry"> {
  const { bytes } = image;
  if (isElf(bytes)) return { format: "ELF", ...readElf(image) };
  if (isArm64Image(bytes)) {
    const { textOffset, imageSize } = readArm64Header(image);
    const address = roundUp(ram.base, MIB2) + MIB2 + textOffset;
    return { format: "Image", segments: [{ ...wholeFile(image, address), size: imageSize }], entry: address };
  }
  const other = otherArchitecture(bytes);
  if (other !== undefined) throw imageError(image, `the kernel is for ${other}`, "take one for arm64", { value: other });
  const address = ram.base + RAW_OFFSET;
  return { format: "raw", segments: [wholeFile(image, address)], entry: address };
}

function wholeFile({ bytes, readAgain }: ImageFile, address: number): Segment {
  return { address, bytes, size: bytes.length, ...(readAgain === undefined ? {} : { readAgain }) };
}

function checkInRam(image: ImageFile, { address, size }: Segment, ram: AddressRange): void {
  if (address >= ram.base && address + size <= ram.base + ram.size) return;
  const [wants, has] = [range(address, size), range(ram.base, ram.size)];
  throw imageError(image, `it wants memory ${wants}, and RAM is ${has}`, "give the machine more memory, or link it for this board", { value: wants, limit: has });
}

function placeInitrd(image: ImageFile, address: number, ram: AddressRange): Segment {
  const room = ram.base + ram.size - address;
  const { bytes } = image;
  if (bytes.length === 0) throw imageError(image, "the initrd is empty", "name an initrd, or leave it out");
  if (bytes.length <= room) return wholeFile(image, address);
  const message = `the initrd has ${sizeText(bytes.length)}, and behind the kernel there is room for ${sizeText(Math.max(0, room))}`;
  throw imageError(image, message, "give the machine more memory (--memory)", { value: bytes.length, limit: Math.max(0, room) });
}

function placeDeviceTree(start: number, behind: number, ram: AddressRange): BootPlan["deviceTree"] {
  const end = ram.base + ram.size;
  const below = { address: ram.base, limit: Math.min(MAX_DEVICE_TREE, start - ram.base) };
  const above = { address: behind, limit: Math.min(MAX_DEVICE_TREE, end - behind) };
  const chosen = below.limit >= RAW_OFFSET ? below : above;
  if (chosen.limit > 0) return chosen;
  throw new ConfigError(`no room is left for the device tree in RAM ${range(ram.base, ram.size)}`, { subject: "device tree", remedy: "give the machine more memory" });
}

function range(base: number, size: number): string {
  return `0x${base.toString(16)}+0x${size.toString(16)}`;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
