/**
 * Boots Debian's kernel in a matrix of machines, with the images of `trapline images fetch debian`: not part of `npm test`, for the images have
 * to be fetched and a boot takes ten seconds of a CPU. In the root of the checkout:
 *
 *     node tools/run.mjs build && node --conditions=@trapline/source --import tsx packages/cli/ci/linux-matrix.ts [--only TEXT]
 *
 * Ends with 0 when everything holds, with 1 otherwise, and with 77 ("skipped", the reason on the last line) where there is nothing to fetch
 * the images with. Two runs at a time; about five minutes of CPU time in all.
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { isTraplineError, messageOf } from "@trapline/core";
import { imageNamed } from "../src/command/images-command.ts";
import { NO_PROGRESS } from "../src/images/progress-line.ts";
import { check, type Ending, runLinux } from "./linux-guest.ts";

const SKIPPED = 77;
const AT_A_TIME = 2;
const REBOOTS = 10;
/** What the shell of the initrd prints when it waits. */
const PROMPT = "# \u001b[6n";
const QUIET = "console=ttyAMA0 cryptomgr.notests";

interface Case {
  readonly name: string;
  run(folder: string): Promise<string>;
}

/** A machine of that shape comes up, sees what it is made of, and switches itself off. */
function boots(gic: 2 | 3, cpus: number, memory: "128M" | "2G"): Case {
  return {
    name: `boot: GICv${gic}, ${cpus} vCPUs, ${memory}`,
    async run() {
      const command = "nproc; grep MemTotal /proc/meminfo; cat /proc/interrupts; uname -m";
      const shape = ["--gic", String(gic), "--cpus", String(cpus), "--memory", memory];
      const ending = await runLinux(["--image", "debian", ...shape, "--seed", "1", "--append", `${QUIET} trapline.run="${command}"`]);
      switchedOff(ending);
      const { console } = ending;
      check(console.includes("trapline.run: exit status 0"), "the command failed", ending);
      check(new RegExp(`^${cpus}\\r?$`, "m").test(console), `nproc is not ${cpus}`, ending);
      const total = Number(/MemTotal:\s+(\d+) kB/.exec(console)?.[1]) / 1024;
      const [least, most] = memory === "2G" ? [1900, 2048] : [80, 128];
      check(total > least && total < most, `MemTotal is ${total} MiB`, ending);
      const chip = gic === 2 ? "GIC-0" : "GICv3"; // as Linux calls them
      check(new RegExp(`${chip} +27 Level +arch_timer`).test(console), "the timer has no interrupt", ending);
      check(/SMP: Total of (\d+) processors/.exec(console)?.[1] === String(cpus), "a vCPU did not come up", ending);
      return seconds(ending);
    },
  };
}

const reboots: Case = {
  name: `${REBOOTS} reboots in a row`,
  async run() {
    const again = Array.from({ length: REBOOTS }, () => ({ prompt: PROMPT, text: "reboot -f\n" }));
    const ending = await runLinux(["--image", "debian", "--cpus", "2", "--append", QUIET], [...again, { prompt: PROMPT, text: "poweroff -f\n" }]);
    switchedOff(ending);
    const booted = ending.console.match(/Booting Linux on physical CPU/g)?.length;
    check(booted === REBOOTS + 1, `it booted ${booted} times`, ending);
    return seconds(ending);
  },
};

const repeats: Case = {
  name: "the same trace twice, virtual time",
  async run(folder) {
    const traced = async (name: string): Promise<readonly string[]> => {
      const file = path.join(folder, name);
      const ending = await runLinux(["--image", "debian", "--cpus", "2", "--clock", "virtual", "--seed", "1", "--trace", file, "--append", `${QUIET} trapline.run=true`]);
      switchedOff(ending);
      const bytes = await readFile(file);
      check(bytes.length > 1_000_000, `the trace has ${bytes.length} bytes`, ending);
      return [createHash("sha256").update(bytes).digest("hex"), ending.console, JSON.stringify(ending.report)];
    };
    const [a, b] = await Promise.all([traced("a.jsonl"), traced("b.jsonl")]);
    const different = ["trace", "console", "report"].filter((_name, at) => a[at] !== b[at]);
    if (different.length > 0) throw new Error(`they differ in ${different.join(", ")}`);
    return a[0]!.slice(0, 16);
  },
};

const continues: Case = {
  name: "saved at the prompt, goes on in another process",
  async run(folder) {
    const file = path.join(folder, "saved");
    const machine = ["--image", "debian", "--cpus", "2", "--append", QUIET];
    const before = await runLinux([...machine, "--save-on-exit", file], [{ prompt: PROMPT, text: "x=40\n" }, { prompt: PROMPT, signal: "SIGTERM" }]);
    check(before.report.reason === "stopped", "it was not stopped", before);
    const after = await runLinux([...machine, "--load", file], [{ prompt: "", text: "echo =$((x + 2))=; poweroff -f\n" }]);
    switchedOff(after);
    check(after.console.includes("=42=") && !after.console.includes("Booting Linux"), "it did not go on where it was", after);
    return `${((await readFile(file)).length / 2 ** 20).toFixed(1)} MiB`;
  },
};

/** What the initrd's shell is told to do, in one line; the image's BusyBox has all of it. */
const command = (...lines: readonly string[]): readonly string[] => ["--append", `${QUIET} quiet trapline.run="${lines.join("; ")}"`];
const LINUX_FILE = ["examples/linux.yaml"] as const;

/** The interrupts of a device as Linux counted them. */
const interruptsOf = ({ console }: Ending, line: RegExp): number => Number(line.exec(console)?.[1] ?? 0);

const devices: Case = {
  name: "disk, randomness and network of linux.yaml",
  async run() {
    const copy = "dd if=/dev/vda of=/dev/null bs=1M count=48 iflag=direct && echo read it";
    const listed = command("dd if=/dev/hwrng of=/dev/null bs=16 count=4 && echo random", "ip link set eth0 up", copy, "cat /proc/interrupts", "echo 3q >/dev/vport2p0", "sleep 9");
    const ending = await runLinux(["--image", "debian", ...listed], [], ...LINUX_FILE);
    check(ending.status === 7 && ending.report.status === 3, "the test port did not end the run with code 3", ending);
    check(ending.console.includes("read it") && ending.console.includes("random"), "a device gave nothing", ending);
    const spis = interruptsOf(ending, /(\d+) +GICv3 +48 Edge +virtio0/);
    check(spis > 0, "the disk's SPI never came", ending);
    check(/ITS-MSI +\d+ Edge +virtio3-input/.test(ending.console), "the network card has no MSI", ending);
    return `${spis} interrupts of the disk`;
  },
};

const survives: Case = {
  name: "what was synced is there after a reboot",
  async run(folder) {
    const disk = ["--image", "debian", "--set", `plugins.disk0.overlay=${path.join(folder, "disk.overlay")}`];
    const written = await runLinux([...disk, ...command("echo kept | dd of=/dev/vda bs=512 conv=sync,fsync")], [], ...LINUX_FILE);
    switchedOff(written);
    const read = await runLinux([...disk, ...command("dd if=/dev/vda bs=512 count=1 | head -c 4")], [], ...LINUX_FILE);
    switchedOff(read);
    check(read.console.includes("kept"), "the disk forgot", read);
    return seconds(read);
  },
};

/** BusyBox brings no script for its udhcpc. */
const LEASE = [
  "echo 'ip addr add $ip/$mask dev eth0; ip route add default via $router' >/tmp/bound",
  "echo '[ $1 != bound ] || . /tmp/bound' >/tmp/lease",
  "chmod +x /tmp/lease",
].join("; ");

const downloads: Case = {
  name: "wget from the host's loopback, through passt",
  async run() {
    const content = randomBytes(4 * 2 ** 20);
    const server = createServer((_request, response) => void response.end(content)).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const lines = [LEASE, "ip link set eth0 up", "udhcpc -i eth0 -q -n -s /tmp/lease", "gateway=$(ip route | awk '/default/ { print $3 }')", `wget -q -O /tmp/got http://$gateway:${port}/`];
      const passt = ["--clock", "host", "--set", "plugins.net0={ use: virtio-net, transport: pci, slot: 1, passt: true }", "--append", `${QUIET} quiet`];
      const ending = await runLinux(
        ["--image", "debian", ...passt],
        [{ prompt: PROMPT, text: `${lines.join("; ")}; sha256sum /tmp/got; poweroff -f\n` }],
        ...LINUX_FILE,
      );
      check(ending.report.reason === "power-off", "it did not switch itself off", ending);
      check(ending.console.includes(createHash("sha256").update(content).digest("hex")), "what arrived is not what was sent", ending);
      return "4 MiB";
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },
};

const hotplug: Case = {
  name: "vCPU 1 goes offline and comes back",
  async run() {
    const cpu = "/sys/devices/system/cpu/cpu1/online";
    const there = "grep -c processor /proc/cpuinfo";
    const ending = await runLinux(["--image", "debian", "--cpus", "2", ...command(`echo 0 >${cpu}`, there, `echo 1 >${cpu}`, there, "taskset 2 true && echo on it")]);
    switchedOff(ending);
    check(/^1\r?\n(?:.*\n)*?2\r?\n(?:.*\n)*?on it/m.test(ending.console), "the vCPU did not come back", ending);
    return seconds(ending);
  },
};

function switchedOff(ending: Ending): void {
  const { reason, status } = ending.report;
  check(reason === "power-off" && status === 0 && ending.status === 0, "it did not switch itself off", ending);
  check(ending.console.includes("reboot: Power down"), "Linux did not say that it powers down", ending);
}

const seconds = ({ report }: Ending): string => `${(report.machineNs / 1e9).toFixed(3)} s of its time, ${(report.retired.reduce((a, b) => a + b) / 1e6).toFixed(0)} M instructions`;

const CASES: readonly Case[] = [
  reboots, // the longest first
  repeats,
  continues,
  devices,
  survives,
  downloads,
  hotplug,
  ...([2, 3] as const).flatMap((gic) => [1, 2, 8].flatMap((cpus) => (["128M", "2G"] as const).map((memory) => boots(gic, cpus, memory)))),
];

/** Every case, a few at a time; the number that failed. */
async function runAll(cases: readonly Case[], folder: string): Promise<number> {
  const todo = [...cases];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
      const { name } = next;
      const begun = performance.now();
      const took = (): string => `${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s`;
      try {
        const text = await next.run(folder);
        console.log(`${name.padEnd(50)} ${took()}  passed  ${text}`);
      } catch (error) {
        failed++;
        console.log(`${name.padEnd(50)} ${took()}  FAILED  ${messageOf(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return failed;
}

async function main(args: readonly string[]): Promise<number> {
  const only = args[0] === "--only" ? (args[1] ?? "") : "";
  try {
    const image = await imageNamed("debian", { env: process.env, progress: NO_PROGRESS, onSignal: () => () => {} });
    console.log(`Linux ${image.kernel}, ${image.packages.join(", ")}`);
  } catch (error) {
    if (!isTraplineError(error, "host")) throw error;
    console.log(messageOf(error).replaceAll("\n", " "));
    return SKIPPED;
  }
  const cases = CASES.filter(({ name }) => name.includes(only));
  const folder = await mkdtemp(path.join(tmpdir(), "trapline-linux-"));
  try {
    const failed = await runAll(cases, folder);
    console.log(`${cases.length - failed} passed, ${failed} failed`);
    return failed > 0 || cases.length === 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
