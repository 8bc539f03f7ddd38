/** Looks for `qemu-system-aarch64`. Where there is none, rows are measured without it and the report has no column for it. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

const PROGRAM = "qemu-system-aarch64";

/** Its path; undefined when it is in no folder of `searchPath`, by default the PATH. */
export function findQemu(searchPath: string = process.env["PATH"] ?? ""): string | undefined {
  const names = process.platform === "win32" ? [`${PROGRAM}.exe`] : [PROGRAM];
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => path.join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
