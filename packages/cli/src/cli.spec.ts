/** The command line as a script sees it: arguments in, output and status out. The guests are a few words of raw code. */
import { EventEmitter } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseDtb } from "@trapline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { code } from "./boot/images.fixture.ts";
import { cli } from "./cli.ts";

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

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trapline-cli-"));
  for (const [name, bytes] of Object.entries({ HELLO, LOOP, SLEEP, ECHO })) await writeFile(path.join(folder, name), bytes);
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Stdin extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

/** Runs the command in this process. `@NAME` stands for a guest above. */
async function trapline(line: string, typed = ""): Promise<Outcome> {
  const out = { stdout: "", stderr: "" };
  const stdin = new Stdin();
  const writer = (stream: "stdout" | "stderr") => ({
    write: (text: string | Uint8Array): void => void (out[stream] += typeof text === "string" ? text : new TextDecoder().decode(text)),
  });
  const args = line.split(" ").map((word) => word.replace(/^@/, `${folder}${path.sep}`));
  const feed = setInterval(() => {
    if (stdin.listenerCount("data") === 0) return;
    clearInterval(feed);
    if (typed !== "") stdin.emit("data", new TextEncoder().encode(typed));
    stdin.emit("end");
  }, 1);
  const status = await cli(args, { stdin, stdout: writer("stdout"), stderr: writer("stderr"), onSignal: () => () => {} });
  clearInterval(feed);
  return { status, ...out };
}

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
    const file = path.join(folder, "machine.yaml");
    await writeFile(file, "memory: 1M\nplugins: [soft-cpu, vgic-v3, pl011]\n");
    const { status, stderr } = await trapline(`run ${file} --timeout 20`);
    expect([status, stderr]).toEqual([125, expect.stringContaining("vCPU 0 cannot go on at 0x200")]);
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
    ["run virt --kernel @MISSING", /--kernel .*MISSING cannot be read.*check the path/],
    ["dtb virt --initrd @HELLO", /--initrd without --kernel/],
    ["run virt", /nothing to run.*--kernel/],
    ["run virt --kernel @HELLO --firmware @HELLO", /both firmware .* would start/],
    ["run virt --kernel @HELLO --trace @trace.vcd", /name the file \.jsonl/],
    ["run virt --kernel @HELLO --trace @no/such/folder.jsonl", /--trace .* cannot be written/],
    ["run @missing.yaml", /cannot be read/],
    ["run @machine.toml", /does not end in "\.toml"/],
    ["run @machine.yaml --kernel @HELLO", /--kernel is for a built-in board/],
    ["run virt --kernel @HELLO --dtb @HELLO", /device tree|DTB|dtb/i],
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

  it("check composes and says so", async () => {
    expect((await trapline("check virt --cpus 3")).stdout).toMatch(/^virt: 3 vCPUs, \d+ regions, no findings\n$/);
  });

  it("schema is JSON, devices lists options", async () => {
    expect(JSON.parse((await trapline("schema")).stdout)).toHaveProperty("$schema");
    expect((await trapline("devices")).stdout).toMatch(/^pl011\n {2}base .*0x0900_0000/m);
    expect(JSON.parse((await trapline("devices --json")).stdout)).toHaveProperty(["pl031", "properties", "start"]);
  });

  it("--help is no mistake", async () => {
    const { status, stdout } = await trapline("--help");
    expect([status, stdout]).toEqual([0, expect.stringContaining("trapline [options] [command]")]);
  });
});
