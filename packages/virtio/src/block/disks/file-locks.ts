/**
 * Who in this process has which file open: many readers or one writer, as two writers would spoil each other's file systems.
 *
 * Files are told apart by device and inode, so links do not deceive it. Other processes are not seen: Node has no file locks.
 */
import { ConfigError } from "@trapline/core";

interface OpenFile {
  /** Who has it open: device names, for messages. */
  readonly owners: string[];
  readonly writing: boolean;
}

const openFiles = new Map<string, OpenFile>();

/**
 * Takes a file, for writing alone or for reading together with other readers. Returns the release.
 * @param identity device and inode
 * @throws ConfigError naming both when somebody else's use excludes this one
 */
export function lockFile(identity: string, owner: string, path: string, writing: boolean): () => void {
  const open = openFiles.get(identity);
  if (open !== undefined && (writing || open.writing)) {
    const other = open.owners[0]!;
    throw new ConfigError(
      `${owner} cannot ${writing ? "write" : "read"} ${path}: ${other} has it open for ${open.writing ? "writing" : "reading"}`,
      {
        subject: owner,
        other,
        value: path,
        remedy: "give each disk a file of its own, or let both be `readOnly`, `snapshot` or have an `overlay`",
      },
    );
  }
  const file = open ?? { owners: [], writing };
  file.owners.push(owner);
  openFiles.set(identity, file);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    file.owners.splice(file.owners.indexOf(owner), 1);
    if (file.owners.length === 0) openFiles.delete(identity);
  };
}
