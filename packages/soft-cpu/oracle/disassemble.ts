// Disassembles words with binutils, where they are installed: for the messages of the checks, and as a second opinion on names of forms.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** One line of text a word, aliases not used; undefined where there is no aarch64-linux-gnu-objdump. */
export function disassemble(words: readonly number[]): string[] | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), "soft-cpu-oracle-"));
  try {
    const file = path.join(folder, "words.bin");
    writeFileSync(file, new Uint8Array(Uint32Array.from(words).buffer));
    const args = ["-D", "-z", "-b", "binary", "-m", "aarch64", "-M", "no-aliases", file];
    const { status, stdout } = spawnSync("aarch64-linux-gnu-objdump", args, { encoding: "utf8", maxBuffer: 1 << 28 });
    if (status !== 0) return undefined;
    const lines = stdout.split("\n").filter((line) => /^\s*[0-9a-f]+:\t/.test(line));
    return lines.map((line) => line.split("\t").slice(2).join(" ").trim());
  } finally {
    rmSync(folder, { recursive: true });
  }
}
