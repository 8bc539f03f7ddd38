// Makes guest.ts of guest.s: `node assemble.mjs`; with --check it only tells whether they agree, by its status. Needs
// binutils-aarch64-linux-gnu (Debian's name), and ends with status 77 where there is none; running the example needs neither.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const START = "0x40080000";
const BINUTILS = "aarch64-linux-gnu-";

/** The text of guest.ts. */
function assembled() {
  const folder = mkdtempSync(path.join(tmpdir(), "bare-metal-guest-"));
  const [object, elf] = ["guest.o", "guest.elf"].map((file) => path.join(folder, file));
  const tool = (name, args) => execFileSync(`${BINUTILS}${name}`, args, { encoding: "utf8" });
  try {
    tool("as", ["--fatal-warnings", "-o", object, fileURLToPath(new URL("guest.s", import.meta.url))]);
    tool("ld", [`-Ttext=${START}`, "-e", START, "-o", elf, object]);
    const rows = [];
    for (const line of tool("objdump", ["-d", elf]).split("\n")) {
      const [, address, word, text] = /^\s*([0-9a-f]+):\t([0-9a-f]{8}) \t(.*)$/.exec(line) ?? [];
      if (address === undefined || word === "00000000") continue;
      const instruction = text.replace(/\s*(\/\/|<).*/, "").replace("\t", " ");
      rows.push(`  [0x${address.slice(0, 4)}_${address.slice(4)}, 0x${word.slice(0, 4)}_${word.slice(4)}], // ${instruction}`);
    }
    const opening = ["// Generated from guest.s by assemble.mjs; do not edit. Address and word of each instruction; between them memory is zero."];
    const type = "readonly (readonly [address: number, word: number])[]";
    return [...opening, `export const GUEST: ${type} = [`, ...rows, "];", ""].join("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const target = new URL("guest.ts", import.meta.url);
if (spawnSync(`${BINUTILS}as`, ["--version"]).error !== undefined) process.exitCode = 77;
else if (!process.argv.includes("--check")) writeFileSync(target, assembled());
else process.exitCode = readFileSync(target, "utf8") === assembled() ? 0 : 1;
