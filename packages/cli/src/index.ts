export { virt, VIRT_MAX_RAM, VIRT_RAM_BASE, type VirtOptions } from "./board/virt.ts";
export { type BootFiles, type BootPlan, planBoot } from "./boot/boot-plan.ts";
export type { BootValues } from "./boot/boot-loader.ts";
export { bootLoader, installDeviceTree } from "./boot/boot-loader.plugin.ts";
export type { Segment } from "./boot/elf.ts";
export { type CachedImage, ImageCache, type ImageFacts } from "./images/image-cache.ts";
export type { ImageFile } from "./boot/image-error.ts";
