// Builds the guests of the benchmarks into bin/ and describes them in manifest.json.
//
//   node bench/guests/build.mjs            builds all of them, counts their instructions, writes bin/ and manifest.json
//   node bench/guests/build.mjs --check    builds them elsewhere and compares; changes nothing
//
// Needs Debian 12's gcc-aarch64-linux-gnu, and qemu-system-arm for counting. The same compiler gives the same bytes; another one does
// not, so --check is then skipped: status 77, the reason on the last line. Without QEMU it compares bytes only.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const MANIFEST = path.join(here, "manifest.json");
const SKIPPED = 77;

const GCC = "aarch64-linux-gnu-gcc";
const OBJCOPY = "aarch64-linux-gnu-objcopy";
const QEMU = "qemu-system-aarch64";

// Armv8.0 without FP, as firmware and kernels are compiled; nothing that depends on where or when this runs.
const FLAGS = [
  ...["-std=gnu11", "-O2", "-march=armv8-a", "-mgeneral-regs-only", "-mno-outline-atomics", "-ffreestanding", "-fno-common"],
  ...["-fno-pic", "-fno-pie", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns"],
  ...["-Wall", "-Wextra", "-Werror", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none,--no-warn-rwx-segments", "-Wl,-T,guest.ld"],
];

const RUNTIME = ["runtime/start.S", "runtime/print.c", "runtime/memory.c", "runtime/stretch.c"];
const CPU = [...RUNTIME, "runtime/cpu.c"];
const GIC = [...RUNTIME, "runtime/gic.c"];
const MIXED = ["mixed", "sort", "hash", "text", "matrix", "interpreter", "list", "compress"];

/** Names are those of the benchmark rows; `counted` guests execute the same number of instructions every time. */
const GUESTS = [
  { name: "cpu/alu", sources: [...CPU, "cpu/alu.S"], counted: true },
  { name: "cpu/crc-copy", sources: [...CPU, "cpu/crc-copy.c"], counted: true },
  { name: "cpu/fib", sources: [...CPU, "cpu/fib.S"], counted: true },
  { name: "cpu/mixed", sources: [...CPU, ...MIXED.map((part) => `cpu/mixed/${part}.c`)], counted: true },
  { name: "guest/hypercall", sources: [...RUNTIME, "devices/hypercall.c"] },
  { name: "guest/mmio", sources: [...RUNTIME, "devices/reads.c"], flags: ["-DGUEST_MMIO"] },
  { name: "guest/gicd", sources: [...RUNTIME, "devices/reads.c"], flags: ["-DGUEST_GICD"] },
  { name: "guest/eoi", sources: [...GIC, "devices/eoi.c"] },
  { name: "guest/ipi", sources: [...GIC, "devices/ipi.c"], vcpus: 2 },
  { name: "guest/lpi", sources: [...GIC, "devices/lpi.c"] },
  { name: "guest/timer-latency", sources: [...GIC, "devices/timer-latency.c"] },
];

const fileOf = (name) => `${name.replace("/", "-")}.bin`;

/** First line of what `program --version` says; undefined when there is none. */
function version(program) {
  const { stdout, error } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return error === undefined ? stdout.split("\n", 1)[0] : undefined;
}

/** Compiler and binutils, as they call themselves; undefined when one is missing. */
function toolchain() {
  const [compiler, binutils] = [version(GCC), version(OBJCOPY)];
  return compiler === undefined || binutils === undefined ? undefined : `${compiler}, ${binutils}`;
}

function build(scratch, { name, sources, flags = [] }) {
  const elf = path.join(scratch, "guest.elf");
  const bin = path.join(scratch, fileOf(name));
  execFileSync(GCC, [...FLAGS, ...flags, "-o", elf, ...sources], { cwd: here, stdio: ["ignore", "inherit", "inherit"] });
  execFileSync(OBJCOPY, ["-O", "binary", elf, bin]);
  return readFileSync(bin);
}

/**
 * Instructions and checksum of a counted guest. With -icount shift=4 an instruction takes 16 ns, and the counter of QEMU's
 * cortex-a57 ticks at 62.5 MHz: one tick for each instruction, exactly.
 */
function count(scratch, name) {
  const machine = ["-M", "virt,gic-version=3", "-cpu", "cortex-a57", "-accel", "tcg", "-icount", "shift=4,sleep=off", "-m", "64"];
  const streams = ["-nodefaults", "-nographic", "-monitor", "none", "-serial", "stdio"];
  const said = execFileSync(QEMU, [...machine, ...streams, "-kernel", path.join(scratch, fileOf(name))], {
    encoding: "utf8",
    timeout: 120_000,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const found = /^(\S+) checksum=([0-9a-f]{16}) ticks=(\d+) hz=62500000$/m.exec(said);
  if (found?.[1] !== name) throw new Error(`${name} said ${JSON.stringify(said)}`);
  return { instructions: Number(found[3]), checksum: found[2] };
}

function makeAll(scratch, counting) {
  const guests = GUESTS.map((guest) => {
    const bytes = build(scratch, guest);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const counts = guest.counted === true && counting ? count(scratch, guest.name) : {};
    return { name: guest.name, file: fileOf(guest.name), vcpus: guest.vcpus ?? 1, bytes: bytes.length, sha256, ...counts };
  });
  return guests;
}

function renew(scratch, builtWith) {
  if (builtWith === undefined) throw new Error(`building the guests needs ${GCC} (Debian: gcc-aarch64-linux-gnu)`);
  if (version(QEMU) === undefined) throw new Error(`counting the guests' instructions needs ${QEMU} (Debian: qemu-system-arm)`);
  const guests = makeAll(scratch, true);
  const bin = path.join(here, "bin");
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
  for (const { file } of guests) writeFileSync(path.join(bin, file), readFileSync(path.join(scratch, file)));
  writeFileSync(MANIFEST, `${JSON.stringify({ builtWith, guests }, null, 2)}\n`);
  for (const { name, bytes, instructions = "–", checksum = "" } of guests) console.log(`${name}  ${bytes} bytes  ${instructions}  ${checksum}`);
}

/** What differs between the committed guests and those built now, in words. */
function differences(scratch, counting) {
  const committed = JSON.parse(readFileSync(MANIFEST, "utf8")).guests;
  const made = makeAll(scratch, counting);
  const found = [];
  const files = readdirSync(path.join(here, "bin")).sort();
  const wanted = made.map(({ file }) => file).sort();
  if (files.join() !== wanted.join()) found.push(`bin/ holds ${files.join(", ")} instead of ${wanted.join(", ")}`);
  for (const now of made) {
    const before = committed.find(({ name }) => name === now.name);
    if (before === undefined) found.push(`manifest.json does not name ${now.name}`);
    for (const key of Object.keys(now)) {
      if (before !== undefined && before[key] !== now[key]) found.push(`${now.name}: ${key} is ${before[key]} in manifest.json and ${now[key]} when built`);
    }
    if (files.includes(now.file) && !readFileSync(path.join(here, "bin", now.file)).equals(readFileSync(path.join(scratch, now.file)))) {
      found.push(`bin/${now.file} is not what its sources give`);
    }
  }
  return found;
}

function check(scratch, builtWith) {
  const pinned = JSON.parse(readFileSync(MANIFEST, "utf8")).builtWith;
  if (builtWith !== pinned) {
    console.log(`the guests were built with ${pinned}; here is ${builtWith ?? `no ${GCC}`}`);
    return SKIPPED;
  }
  const counting = version(QEMU) !== undefined;
  const found = differences(scratch, counting);
  for (const difference of found) console.error(difference);
  const counted = counting ? ", instruction counts included" : `; no ${QEMU} to count instructions`;
  console.log(found.length === 0 ? `${GUESTS.length} guests are what their sources give (${builtWith})${counted}` : "run node bench/guests/build.mjs");
  return found.length === 0 ? 0 : 1;
}

const scratch = mkdtempSync(path.join(tmpdir(), "trapline-guests-"));
try {
  const args = process.argv.slice(2);
  if (args.length === 0) renew(scratch, toolchain());
  else if (args.length === 1 && args[0] === "--check") process.exitCode = check(scratch, toolchain());
  else throw new Error(`node bench/guests/build.mjs [--check], not ${args.join(" ")}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
