/**
 * Archives in cpio's `newc` format, as the kernel unpacks them for its first root file system (Documentation/driver-api/early-userspace/
 * buffer-format.rst). Names, modes and contents; everything belongs to root and has time 0, so equal entries make equal bytes. Cold.
 */

/** What an archive may hold. Names without a leading slash; a folder stands before what is in it. */
export type CpioEntry =
  | { readonly kind: "folder"; readonly name: string }
  | { readonly kind: "file"; readonly name: string; readonly bytes: Uint8Array; readonly executable?: boolean }
  | { readonly kind: "link"; readonly name: string; readonly target: string }
  | { readonly kind: "terminal"; readonly name: string; readonly major: number; readonly minor: number };

const ALIGNMENT = 4;
const HEADER_BYTES = 110;
const TRAILER = "TRAILER!!!";
const ascii = new TextEncoder();

export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, at) => record(at + 1, entry.name, modeOf(entry), contentsOf(entry), deviceOf(entry)));
  parts.push(...record(0, TRAILER, 0, new Uint8Array(0), [0, 0]));
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function record(inode: number, name: string, mode: number, contents: Uint8Array, [major, minor]: readonly [number, number]): Uint8Array[] {
  const terminated = ascii.encode(`${name}\0`);
  //              ino    mode  uid gid links mtime size           devmajor devminor rdevmajor rdevminor namesize       check
  const fields = [inode, mode, 0, 0, 1, 0, contents.length, 0, 0, major, minor, terminated.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return [ascii.encode(header), terminated, padding(HEADER_BYTES + terminated.length), contents, padding(contents.length)];
}

const padding = (length: number): Uint8Array => new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);

/** Type and permissions as in stat(2). */
function modeOf(entry: CpioEntry): number {
  switch (entry.kind) {
    case "folder":
      return 0o040755;
    case "file":
      return entry.executable === true ? 0o100755 : 0o100644;
    case "link":
      return 0o120777;
    case "terminal":
      return 0o020600;
  }
}

function contentsOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === "file") return entry.bytes;
  return entry.kind === "link" ? ascii.encode(entry.target) : new Uint8Array(0);
}

function deviceOf(entry: CpioEntry): readonly [number, number] {
  return entry.kind === "terminal" ? [entry.major, entry.minor] : [0, 0];
}
