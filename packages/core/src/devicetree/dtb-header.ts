/**
 * The header of a blob, checked (Devicetree Specification v0.4, 5.2 and 5.6): where each block lies, proven to be inside
 * the blob and aligned. After this no offset needs a check against the blob, only against its block.
 */
import { hex } from "../ids.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import {
  FDT_LAST_COMP_VERSION,
  FDT_MAGIC,
  FDT_VERSION,
  HEADER,
  HEADER_BYTES,
  HEADER_BYTES_V16,
  RESERVE_ENTRY_BYTES,
} from "./dtb-format.ts";

/** Byte offsets from the start of the blob; ends are exclusive. */
export interface DtbHeader {
  readonly totalBytes: number;
  readonly reservationsAt: number;
  readonly structAt: number;
  readonly structEnd: number;
  readonly stringsAt: number;
  readonly stringsEnd: number;
}

/** @throws DeviceTreeError naming the field that does not hold. */
export function readDtbHeader(view: DataView, maxBytes: number): DtbHeader {
  if (view.byteLength < HEADER_BYTES_V16) throw damaged(0, `${hex(view.byteLength)} bytes are too few for a header`);
  const field = (name: keyof typeof HEADER): number => view.getUint32(HEADER[name]);

  if (field("magic") !== FDT_MAGIC) {
    throw damaged(0, `magic is ${hex(field("magic"), 8)}, not ${hex(FDT_MAGIC)}`, "give a .dtb file; dtc turns .dts text into one");
  }
  const version = field("version");
  const compatible = field("last_comp_version");
  if (version < FDT_LAST_COMP_VERSION || compatible > FDT_VERSION) {
    const what = `version ${version}, compatible down to ${compatible}, is neither 16 nor 17`;
    throw damaged(HEADER.version, what, "convert it with dtc -I dtb -O dtb -V 17");
  }

  const headerBytes = version >= FDT_VERSION ? HEADER_BYTES : HEADER_BYTES_V16;
  const totalBytes = field("totalsize");
  if (totalBytes > maxBytes) {
    throw new DeviceTreeError("too-large", `the device tree blob is ${hex(totalBytes)} bytes long, the limit is ${hex(maxBytes)}`, {
      value: totalBytes,
      limit: maxBytes,
      remedy: "use a smaller tree, or raise maxBytes where the guest can take it",
    });
  }
  if (totalBytes < headerBytes || totalBytes > view.byteLength) {
    throw damaged(HEADER.totalsize, `totalsize is ${hex(totalBytes)}, the data are ${hex(view.byteLength)} bytes`);
  }

  const reservationsAt = field("off_mem_rsvmap");
  const structAt = field("off_dt_struct");
  const stringsAt = field("off_dt_strings");
  const structEnd = version >= FDT_VERSION ? structAt + field("size_dt_struct") : totalBytes;
  const stringsEnd = stringsAt + field("size_dt_strings");
  checkBlock("off_mem_rsvmap", reservationsAt, reservationsAt + RESERVE_ENTRY_BYTES, 8);
  checkBlock("off_dt_struct", structAt, structEnd, 4);
  checkBlock("off_dt_strings", stringsAt, stringsEnd, 1);
  return { totalBytes, reservationsAt, structAt, structEnd, stringsAt, stringsEnd };

  function checkBlock(name: keyof typeof HEADER, start: number, end: number, alignment: number): void {
    if (start % alignment !== 0) throw damaged(HEADER[name], `${name} ${hex(start)} is not aligned to ${alignment} bytes`);
    if (start < headerBytes || end > totalBytes || end < start) {
      const where = `${name} puts its block at ${hex(start)} to ${hex(end)}`;
      throw damaged(HEADER[name], `${where}, which is not between the header and totalsize ${hex(totalBytes)}`);
    }
  }
}

/** The error for a blob that breaks the format at `offset`. */
export function damaged(offset: number, what: string, remedy = "check the file, or make it anew with dtc"): DeviceTreeError {
  return new DeviceTreeError("malformed", `device tree blob: at offset ${hex(offset)} ${what}`, { value: offset, remedy });
}
