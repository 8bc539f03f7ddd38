/**
 * Constants of the flattened format: Devicetree Specification v0.4, chapter 5. All numbers in a blob are big-endian.
 */

/** A blob is bounded by this unless the caller asks otherwise: arm64 Linux maps no more (Documentation/arch/arm64/booting.rst). */
export const MAX_DTB_BYTES = 0x20_0000;

/** `magic` (5.2). */
export const FDT_MAGIC = 0xd00d_feed;
/** `version` we write. */
export const FDT_VERSION = 17;
/** `last_comp_version` we write, and the oldest version we read; older ones name nodes by full path. */
export const FDT_LAST_COMP_VERSION = 16;

/** Header fields by byte offset, spelled as in the specification. */
export const HEADER = {
  magic: 0,
  totalsize: 4,
  off_dt_struct: 8,
  off_dt_strings: 12,
  off_mem_rsvmap: 16,
  version: 20,
  last_comp_version: 24,
  boot_cpuid_phys: 28,
  size_dt_strings: 32,
  /** Since version 17; a version 16 blob ends its header here. */
  size_dt_struct: 36,
} as const;

export const HEADER_BYTES = 40;
export const HEADER_BYTES_V16 = 36;
/** One `fdt_reserve_entry` (5.3). */
export const RESERVE_ENTRY_BYTES = 16;

/** Tokens of the structure block (5.4.1). */
export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;

/** Rounds up to the next token boundary. */
export const alignToken = (offset: number): number => (offset + 3) & ~3;
