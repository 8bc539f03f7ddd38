/** The command line as a script sees it: arguments in, output and status out. The guests are a few words of raw code. */
import { EventEmitter } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseDtb } from "@trapline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arm64Image, code, x86Kernel } from "./boot/images.fixture.ts";
import { cli } from "./cli.ts";
import { NO_PROGRESS } from "./images/progress-line.ts";

const HELLO = code(
  0xd2a1_2001, // movz x1, #0x900, lsl #16
  ...[..."Hi\n"].flatMap((char) => [0x5280_0002 | (char.charCodeAt(0) << 5), 0x3900_0022]), // movz w2, #char; strb w2, [x1]
  0xd2b0_8000, // movz x0, #0x8400, lsl #16
  0xf280_0100, // movk x0, #8      SYSTEM_OFF
  0xd400_0002, // hvc #0
);
const LOOP = code(0x1400_0000); // b .
const SLEEP = code(0xd503_207f, 0x17ff_ffff); // wfi; b -4
/** Sends back what it receives, until a full stop. */
const ECHO = code(
  0xd2a1_2001, // movz x1, #0x900, lsl #16
  0x5280_6022, // movz w2, #0x301
  0xb900_3022, // str w2, [x1, #0x30]   UARTCR: enabled
  0xb940_1822, // ldr w2, [x1, #0x18]   UARTFR
  0x3727_ffe2, // tbnz w2, #4, -4       RXFE
  0xb940_0022, // ldr w2, [x1]          UARTDR
  0xb900_0022, // str w2, [x1]
  0x7100_b85f, // cmp w2, #'.'
  0x54ff_ff61, // b.ne -20
  0xd2b0_8000,
  0xf280_0100,
  0xd400_0002,
);

/** Counts its starts at RAM + 1 MiB, and asks for a reset until it has had three. */
const REBOOT = code(
  0xd2a8_0201, // movz x1, #0x4010, lsl #16
  0xb940_0022, // ldr w2, [x1]
  0x1100_0442, // add w2, w2, #1
  0xb900_0022, // str w2, [x1]
  0xd2b0_8000, // movz x0, #0x8400, lsl #16
  0xf280_0120, // movk x0, #9          SYSTEM_RESET
  0x7100_0c5f, // cmp w2, #3
  0x5400_0041, // b.ne +8
  0xf280_0100, // movk x0, #8          SYSTEM_OFF
  0xd400_0002, // hvc #0
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trapline-cli-"));
  for (const [name, bytes] of Object.entries({ HELLO, LOOP, SLEEP, ECHO, REBOOT })) await writeFile(path.join(folder, name), bytes);
  await writeFile(path.join(folder, "image"), arm64Image({ imageSize: 0x20_0000n }));
  await writeFile(path.join(folder, "truncated"), arm64Image({ sectionEnd: 0x2000 }));
  await writeFile(path.join(folder, "x86"), x86Kernel());
  await writeFile(path.join(folder, "empty"), "");
  await writeFile(path.join(folder, "large"), new Uint8Array(0x50_0000));
  await writeFile(path.join(folder, "bare.yaml"), "memory: 1M\nplugins: [soft-cpu, vgic-v3, pl011]\n");
  await writeFile(path.join(folder, "board.yaml"), "memory: 2M\nplugins: [boot: { kernel: ./HELLO }, soft-cpu, vgic-v3, uart0: { use: pl011 }, virt-nodes]\n");
  await trapline("run virt --kernel @LOOP --memory 16M --timeout 0.1 --save-on-exit @saved");
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Stdin extends EventEmitter {
  raw = false;
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  pause(): void {}
  resume(): void {}
}

interface Circumstances {
  readonly isTTY?: boolean;
  /** A signal comes when that has been printed. */
  readonly signalAfter?: string;
}

/** Runs the command in this process. `@NAME` stands for a guest above. */
async function trapline(line: string, typed = "", { isTTY = false, signalAfter }: Circumstances = {}): Promise<Outcome> {
  const out = { stdout: "", stderr: "" };
  let signal = (): void => {};
  const stdin = new Stdin(isTTY);
  const writer = (stream: "stdout" | "stderr") => ({
    write(text: string | Uint8Array): void {
      out[stream] += typeof text === "string" ? text : new TextDecoder().decode(text);
      if (stream === "stdout" && signalAfter !== undefined && out.stdout.includes(signalAfter)) signal();
    },
  });
  const args = line.split(" ").map((word) => word.replace(/^@/, `${folder}${path.sep}`));
  const feed = setInterval(() => {
    if (stdin.listenerCount("data") === 0) return;
    clearInterval(feed);
    if (typed !== "") stdin.emit("data", new TextEncoder().encode(typed));
    if (!isTTY) stdin.emit("end");
  }, 1);
  const onSignal = (stop: () => void): (() => void) => {
    signal = stop;
    return () => void (signal = () => {});
  };
  const env = { PATH: "/nowhere", XDG_CACHE_HOME: path.join(folder, "cache") };
  const status = await cli(args, { stdin, stdout: writer("stdout"), stderr: writer("stderr"), env, progress: NO_PROGRESS, onSignal });
  clearInterval(feed);
  expect([stdin.raw, stdin.eventNames()]).toEqual([false, []]);
  return { status, ...out };
}

it("tells its version, which all packages share", async () => {
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  expect(await trapline("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});

describe("run", () => {
  it.each(["--gic 2", "--gic 3", "--gic 3 --its off --cpus 2", "--clock host", "--memory 128M --seed 7"])("virt %s: the guest's output, status 0", async (options) => {
    expect(await trapline(`run virt --kernel @HELLO ${options}`)).toEqual({ status: 0, stdout: "Hi\n", stderr: "" });
  });

  it("firmware runs from flash", async () => {
    expect(await trapline("run virt --firmware @HELLO")).toEqual({ status: 0, stdout: "Hi\n", stderr: "" });
  });

  it("what is typed reaches the guest", async () => {
    expect(await trapline("run virt --kernel @ECHO --timeout 20", "hello.")).toEqual({ status: 0, stdout: "hello.", stderr: "" });
  });

  it("--json reports how it ended, in the last line", async () => {
    const { stdout } = await trapline("run virt --kernel @HELLO --json");
    const [text, json] = stdout.split(/(?<=\n)/);
    expect([text, JSON.parse(json!)]).toEqual(["Hi\n", { machine: "virt", reason: "power-off", vcpu: 0, status: 0, exitStatus: 0, machineNs: 10, retired: [10] }]);
  });

  it("--trace writes every event in order, and the same ones each time", async () => {
    const files = [path.join(folder, "a.jsonl"), path.join(folder, "b.jsonl")] as const;
    for (const file of files) expect((await trapline(`run virt --kernel @HELLO --seed 1 --trace ${file}`)).status).toBe(0);
    const [a, b] = await Promise.all(files.map((file) => readFile(file, "utf8")));
    expect(b).toBe(a);
    const events = a!.trimEnd().split("\n").map((line) => JSON.parse(line) as { seq: number; kind: string; value?: number });
    expect(events.filter(({ kind }) => kind === "access").map(({ value }) => value)).toEqual([0x48, 0x69, 0x0a]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).sort((x, y) => x - y));
  });

  it("a machine saved when a signal ends it goes on from the file, in another process as in this one", async () => {
    const file = path.join(folder, "saved-echo");
    const first = await trapline(`run virt --kernel @ECHO --memory 16M --timeout 20 --save-on-exit ${file} --json`, "ab", { signalAfter: "ab" });
    expect([first.status, first.stdout.slice(0, 4)]).toEqual([0, "ab\n{"]); // the report has a line of its own
    const second = await trapline(`run virt --kernel @ECHO --memory 16M --timeout 20 --load ${file} --json`, "c.");
    expect([second.status, second.stdout.slice(0, 4), second.stderr]).toEqual([0, "c.\n{", ""]);
    const [before, after] = [first, second].map(({ stdout }) => (JSON.parse(stdout.split("\n")[1]!) as { retired: [number] }).retired[0]);
    expect(after).toBeGreaterThan(before!);
  });

  it("a machine that switched itself off is not saved", async () => {
    const file = path.join(folder, "not-saved");
    expect(await trapline(`run virt --kernel @HELLO --save-on-exit ${file}`)).toEqual({ status: 0, stdout: "Hi\n", stderr: "" });
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  it("at a terminal time is the host's, but for a saved machine's; Ctrl-A C opens the monitor, Ctrl-A X leaves", async () => {
    const typed = await trapline("run virt --kernel @ECHO --timeout 20", "x\u0001cinfo status\rquit\r", { isTTY: true });
    expect([typed.status, typed.stdout]).toEqual([0, expect.stringMatching(/^x?[^]*trapline monitor: [^]*virt runs at \d+\.\d+ s of host time/)]);
    expect((await trapline("run virt --kernel @LOOP --timeout 20", "\u0001x", { isTTY: true })).status).toBe(0);
    expect(await trapline("run virt --kernel @LOOP --memory 16M --timeout 20 --load @saved", "\u0001cinfo status\rquit\r", { isTTY: true })).toMatchObject({ stdout: expect.stringContaining("virtual time") as string });
  });

  it("124 at the timeout", async () => {
    expect(await trapline("run virt --kernel @LOOP --timeout 0.1")).toEqual({
      status: 124,
      stdout: "",
      stderr: "trapline: timeout: the guest was still running after 0.1 s\n",
    });
  });

  it("125 for a guest that nothing can wake", async () => {
    const { status, stderr } = await trapline("run virt --kernel @SLEEP --timeout 20");
    expect([status, stderr]).toEqual([125, "trapline: the guest waits for an interrupt that nothing can send\n"]);
  });

  it("runs machine files with the built-in plugins by their short names, and says where a guest got lost", async () => {
    const { status, stderr } = await trapline("run @bare.yaml --timeout 20");
    expect([status, stderr]).toEqual([125, expect.stringContaining("vCPU 0 cannot go on at 0x200")]);
  });

  it.each<[options: string, stdout: string]>([
    ["", "Hi\n"],
    ["--cpus 2 --memory 4M --clock host --seed 3", "Hi\n"],
    ["--kernel @ECHO --append quiet", "ok."], // the command line's in the place of the file's
    ["--set plugins.boot.kernel=./ECHO", "ok."], // relative to the file
    ["--set plugins.uart0.console=false", ""],
  ])("boots what a machine file says, or the command line instead: %s", async (options, stdout) => {
    expect(await trapline(`run @board.yaml --timeout 20 ${options}`.trim(), "ok.")).toEqual({ status: 0, stdout, stderr: "" });
  });

  it("a guest that reboots goes on counting its instructions", async () => {
    const { stdout } = await trapline("run virt --kernel @REBOOT --json");
    expect(JSON.parse(stdout)).toMatchObject({ reason: "power-off", retired: [9 + 9 + 10] });
  });
});

describe("2, and a sentence that says what to do, for", () => {
  it.each<[line: string, stderr: RegExp]>([
    ["run", /missing required argument 'machine'/],
    ["fly", /unknown command 'fly'/],
    ["run virt --kernal x", /unknown option '--kernal'.*--kernel/s],
    ["run virt --kernel @HELLO --cpus none", /--cpus.*whole number from 1/],
    ["run virt --kernel @HELLO --memory 12Q", /--memory.*It should be a size: 512M, 2G/],
    ["run virt --kernel @HELLO --gic 4", /--gic.*one of: 2, 3/],
    ["run virt --kernel @HELLO --timeout soon", /--timeout.*number of seconds/],
    ["run virt --kernel @HELLO --cpus 9 --gic 2", /--cpus 9; use 1 to 8 with a GICv2/],
    ["run virt --kernel @HELLO --memory 4G", /whole MiB from 4M to 3G/],
    ["run virt --kernel @HELLO --memory 0", /--memory.*It should be a size/],
    ["run virt --kernel @HELLO --memory 5000000", /--memory 5000000; use whole MiB from 4M to 3G/],
    ["run virt --kernel @HELLO --memory 99999999G", /--memory.*(a size|whole MiB)/],
    ["run virt --kernel @HELLO --cpus 0", /--cpus.*whole number from 1/],
    ["run virt --kernel @HELLO --cpus 513", /--cpus 513; use 1 to 512 with a GICv3/],
    ["run virt --kernel @truncated", /truncated: the kernel is truncated: the file has 0x1000 bytes .* its sections need 0x2000 bytes .*fetch it again/],
    ["run virt --kernel @x86", /x86: the kernel is for x86; take one for arm64/],
    ["run virt --kernel @empty", /empty: the file is empty; name a kernel/],
    ["run virt --kernel @", /--kernel .* cannot be read: EISDIR/],
    ["run virt --kernel @image --initrd @MISSING", /--initrd .*MISSING cannot be read: ENOENT/],
    ["run virt --kernel @image --initrd @empty", /empty: the initrd is empty/],
    ["run virt --kernel @image --initrd @large --memory 8M", /large: the initrd has 0x500000 bytes .*behind the kernel there is room for 0x400000 bytes .*--memory/],
    ["run virt --kernel @image --memory 4M --initrd @large", /large: the initrd has .* room for 0x0 bytes/],
    ["run virt --kernel @image --dtb @MISSING", /--dtb .*MISSING cannot be read/],
    ["run virt --firmware @MISSING", /--firmware .*MISSING cannot be read/],
    ["run virt --kernel @MISSING", /--kernel .*MISSING cannot be read.*check the path/],
    ["dtb virt --initrd @HELLO", /--initrd without --kernel/],
    ["run virt", /nothing to run.*--kernel/],
    ["run virt --kernel @HELLO --firmware @HELLO", /both firmware .* would start/],
    ["run virt --kernel @HELLO --trace @trace.txt", /name it \.jsonl/],
    ["run virt --kernel @HELLO --trace @no/such/folder.jsonl", /--trace .* cannot be written/],
    ["run @missing.yaml", /cannot be read/],
    ["run @machine.toml", /does not end in "\.toml"/],
    ["run @board.yaml --gic 2", /--gic is for a built-in board, and .*board\.yaml is a machine file; list vgic-v2 or vgic-v3 in the file/],
    ["run @board.yaml --its off", /--its is for a built-in board/],
    ["run @board.yaml --firmware @HELLO", /--firmware is for a built-in board/],
    ["run @bare.yaml --kernel @HELLO", /^--kernel:1:8: plugins: there is no plugin boot\n.*hint: there are soft-cpu/s],
    ["run @bare.yaml --append x", /^--append:1:8: plugins: there is no plugin boot/],
    ["run @board.yaml --set memory", /^--set:1:1: a setting is a path and a value/],
    ["run @board.yaml --set plugins.uart0.base=nine", /^--set:1:20: plugins\[3\]\.uart0\.base: nine is not a whole number\n {2}1 \| plugins\.uart0\.base=nine\n/],
    ["run @board.yaml --memory 8G", /memory needs .* at most 4 GiB/],
    ["run @board.yaml --set plugins.boot.kernel=./image", /image: it wants memory 0x40200000\+0x200000, and RAM is 0x40000000\+0x200000/],
    ["run @board.yaml --kernel @MISSING", /plugin boot refuses its options: kernel .*MISSING cannot be read.*check the path/],
    ["run virt --kernel @HELLO --set memory=1M", /--set memory=1M is for machine files, and virt is a built-in board/],
    ["run virt --image fedora", /there is no image "fedora"; use debian/],
    ["run virt --image debian", /this host (has no apt|fetches no packages).*--kernel and --initrd/s],
    ["run virt --kernel @HELLO --dtb @HELLO", /device tree|DTB|dtb/i],
    ["run virt --kernel @HELLO --load @MISSING", /--load .*MISSING cannot be read: ENOENT.*check the path/],
    ["run virt --kernel @HELLO --load @HELLO", /HELLO: these bytes are no saved machine; give a file that Machine\.save wrote/],
    ["run virt --kernel @LOOP --memory 16M --cpus 2 --load @saved", /saved: the snapshot is of another machine: vCPUs .*\[0\] was saved, \[0,1\] is here.*compose the machine as it was/],
    ["run virt --kernel @LOOP --memory 32M --load @saved", /memory: .*16777216.* was saved, .*33554432.* is here/],
    ["run virt --kernel @LOOP --memory 16M --clock host --load @saved", /clock: "virtual" was saved, "host" is here/],
    ["run virt --kernel @LOOP --memory 16M --timeout 0.1 --save-on-exit @no/such/folder", /--save-on-exit .*folder cannot be written: ENOENT/],
    ["images", /Usage: trapline images/],
    ["images fetch fedora", /there is no image "fedora"; use debian/],
    ["images fetch debian --suite ../x", /there is no image "debian-\.\.\/x"/],
    ["images path debian", /image debian is not in .*trapline; trapline images fetch/],
  ])("%s", async (line, stderr) => {
    const outcome = await trapline(line);
    expect(outcome.stderr).toMatch(stderr);
    expect([outcome.status, outcome.stdout]).toEqual([2, ""]);
  });
});

describe("the other commands", () => {
  it("dtb prints source, or writes a blob", async () => {
    expect((await trapline("dtb virt --cpus 2")).stdout).toMatch(/^\/dts-v1\/;.*pl011@9000000/s);
    const file = path.join(folder, "virt.dtb");
    expect(await trapline(`dtb virt --output ${file}`)).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(parseDtb(await readFile(file)).root.children.length).toBeGreaterThan(10);
  });

  it("check and dtb of a machine file boot nothing, so that nothing need be fetched", async () => {
    await writeFile(path.join(folder, "linux.yaml"), "memory: 512M\nplugins: [boot: { image: debian }, soft-cpu, vgic-v3, pl011, virt-nodes]\n");
    expect(await trapline("check @linux.yaml --cpus 2")).toEqual({ status: 0, stdout: "machine: 2 vCPUs, 4 regions, no findings\n", stderr: "" });
    expect((await trapline("dtb @linux.yaml")).stdout).toContain('stdout-path = "/pl011@9000000"');
  });

  it("check composes and says so", async () => {
    expect((await trapline("check virt --cpus 3")).stdout).toMatch(/^virt: 3 vCPUs, \d+ regions, no findings\n$/);
  });

  it("schema is JSON, devices lists options", async () => {
    expect(JSON.parse((await trapline("schema")).stdout)).toHaveProperty("$schema");
    expect((await trapline("devices")).stdout).toMatch(/^boot\n {2}image .*^pl011\n {2}base .*0x0900_0000/ms);
    expect(JSON.parse((await trapline("devices --json")).stdout)).toHaveProperty(["pl031", "properties", "start"]);
  });

  it("images list has nothing to say of an empty cache", async () => {
    expect(await trapline("images list")).toEqual({ status: 0, stdout: "", stderr: "trapline: no image has been fetched; see trapline images fetch --help\n" });
  });

  it("--help is no mistake", async () => {
    const { status, stdout } = await trapline("--help");
    expect([status, stdout]).toEqual([0, expect.stringContaining("trapline [options] [command]")]);
  });
});
