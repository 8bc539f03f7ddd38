/** Traces on the command line: the formats of `--trace`, `convert`, `irq`, and what `check` says of machine and tree. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseDtb, readU32, setProperty, writeDtb } from "@trapline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { code } from "../boot/images.fixture.ts";
import { cli } from "../cli.ts";
import { NO_PROGRESS } from "../images/progress-line.ts";

/** Says H, and switches the machine off. */
const HELLO = code(0xd2a1_2001, 0x5280_0902, 0x3900_0022, 0xd2b0_8000, 0xf280_0100, 0xd400_0002);

/** An interrupt of the RTC on a GICv3, as a machine writes it: taken after 2 µs, handled in 3. A second one waits. */
const TRACE = [
  { seq: 0, atNs: 0, kind: "wiring", machine: "board", vcpus: 1, irqchips: [{ name: "gic", pins: 32, inputs: [{ pin: 0, intid: 32, count: 32, vcpu: -1 }] }], sources: [{ gsi: 2, owner: "rtc", trigger: "level", targets: [{ irqchip: "gic", pin: 2, input: "SPI 2 (INTID 34)" }] }] },
  { seq: 1, atNs: 1000, kind: "gsi", gsi: 2, signal: "high", result: 1 },
  { seq: 2, atNs: 1000, kind: "pin", irqchip: "gic", pin: 2, signal: "high", result: 1 },
  { seq: 3, atNs: 1000, kind: "vcpu-line", irqchip: "gic", vcpu: 0, line: "irq", level: true },
  { seq: 4, atNs: 3000, kind: "gic.acknowledge", irqchip: "gic", vcpu: 0, intid: 34, group: 1, priority: 160 },
  { seq: 5, atNs: 3000, kind: "vcpu-line", irqchip: "gic", vcpu: 0, line: "irq", level: false },
  { seq: 6, atNs: 6000, kind: "gic.eoi", irqchip: "gic", vcpu: 0, intid: 34, group: 1 },
  { seq: 7, atNs: 6000, kind: "gic.deactivate", irqchip: "gic", vcpu: 0, intid: 34 },
  { seq: 8, atNs: 6000, kind: "completion", irqchip: "gic", pin: 2 },
];

let folder: string;
const at = (name: string): string => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trapline-trace-"));
  await writeFile(at("HELLO"), HELLO);
  const lines = TRACE.map((event) => `${JSON.stringify(event)}\n`);
  await writeFile(at("t.jsonl"), lines.join(""));
  await writeFile(at("damaged.jsonl"), [...lines.slice(0, 5), "no event\n", ...lines.slice(5), '{"seq":9,"at'].join(""));
  await writeFile(at("empty.jsonl"), "");
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process. `@NAME` is a file of the folder. */
async function trapline(line: string, isTTY = false): Promise<Outcome> {
  const out = { stdout: "", stderr: "" };
  const write = (stream: "stdout" | "stderr") => (text: string | Uint8Array): void => void (out[stream] += typeof text === "string" ? text : new TextDecoder().decode(text));
  const stdin = { on: () => stdin, off: () => stdin, pause: () => {}, resume: () => {} };
  const args = line.split(" ").map((word) => word.replace(/^@/, `${folder}${path.sep}`));
  const host = { stdin: stdin as never, stdout: { isTTY, write: write("stdout") }, stderr: { write: write("stderr") }, env: { XDG_CACHE_HOME: at("cache") }, progress: NO_PROGRESS, onSignal: () => () => {} };
  return { status: await cli(args, host), ...out };
}

describe("--trace", () => {
  it("writes what the file's name says, and convert makes the same of a trace of every event", async () => {
    for (const file of ["run.jsonl", "run.json", "run.vcd"]) expect(await trapline(`run virt --kernel @HELLO --seed 1 --trace @${file}`)).toMatchObject({ status: 0, stdout: "H" });
    for (const format of ["json", "vcd"]) {
      expect(await trapline(`convert @run.jsonl @converted.${format}`)).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(await readFile(at(`converted.${format}`), "utf8")).toBe(await readFile(at(`run.${format}`), "utf8"));
    }
    const { traceEvents: events } = JSON.parse(await readFile(at("run.json"), "utf8")) as { traceEvents: { name: string }[] };
    expect(events.map(({ name }) => name)).toContain("write uart0.UARTDR");
    expect(await readFile(at("run.vcd"), "utf8")).toMatch(/\$scope module virt \$end\n\$scope module gsi \$end\n\$var wire 1 ! gsi_1_uart0 \$end\n/);
  });

  it("begins a trace of every event with the wiring", async () => {
    const [first] = (await readFile(at("run.jsonl"), "utf8")).split("\n");
    expect(JSON.parse(first!)).toMatchObject({
      kind: "wiring",
      machine: "virt",
      irqchips: [{ name: "gic", inputs: [{ pin: 0, intid: 32, count: 256, vcpu: -1 }] }, { name: "gpio", inputs: [] }],
      sources: expect.arrayContaining([{ gsi: 1, owner: "uart0", trigger: "level", targets: [{ irqchip: "gic", pin: 1, input: "SPI 1 (INTID 33)" }] }]) as unknown,
    });
  });
});

it("a full disk ends the trace, not the machine, and is told", async (context) => {
  if (!existsSync("/dev/full")) return context.skip("there is no /dev/full here");
  await symlink("/dev/full", at("full.json"));
  const { status, stdout, stderr } = await trapline("run virt --kernel @HELLO --trace @full.json");
  expect([status, stdout, stderr]).toEqual([2, "H", expect.stringMatching(/^trapline: --trace .*full\.json cannot be written: ENOSPC.*room on its disk\n$/)]);
});

describe("irq", () => {
  it("top has a line for each interrupt", async () => {
    expect((await trapline("irq top @t.jsonl")).stdout).toBe(
      [
        "interrupt         source       raised  taken  merged  withdrawn  lost  waits p50   p99  handled p50   p99  now",
        "SPI 2 (INTID 34)  rtc (GSI 2)       2      1       0          0     1       2 µs  2 µs         3 µs  3 µs  held, not taken\n",
      ].join("\n"),
    );
  });

  it("latency has distributions, of one interrupt where it is named", async () => {
    expect((await trapline("irq latency @t.jsonl")).stdout).toContain("  raise → acknowledge: min 2 µs, p50 2 µs, p90 2 µs, p99 2 µs, max 2 µs\n");
    expect((await trapline("irq latency @t.jsonl --intid spi3")).stdout).toBe("INTID 35 was not taken\n");
    expect(JSON.parse((await trapline("irq latency @t.jsonl --json")).stdout)).toMatchObject([{ name: "SPI 2 (INTID 34)", source: "rtc (GSI 2)", waited: { count: 1, p50Ns: 2000 }, handled: { maxNs: 3000 } }]);
  });

  it("journeys are told step by step, or as lines of JSON", async () => {
    expect((await trapline("irq journeys @t.jsonl")).stdout).toMatch(/^SPI 2 \(INTID 34\): completed\n {2}#1 {2}1\.000 µs .*\n(.*\n)+SPI 2 \(INTID 34\): held, not taken\n/);
    expect((await trapline("irq journeys @t.jsonl --intid 34 --json")).stdout.trimEnd().split("\n").map((line) => (JSON.parse(line) as { outcome: string }).outcome)).toEqual(["completed", "pending"]);
  });

  it("why says how far the last one came", async () => {
    expect((await trapline("irq why spi2 @t.jsonl")).stdout).toMatch(/SPI 2 \(INTID 34\) is lost: rtc \(GSI 2\) holds its line high since the end of the interrupt before/);
    expect((await trapline("irq why 40 @t.jsonl")).stdout).toBe("SPI 8 (INTID 40) was never raised in this trace, and nothing is wired to it.\n");
  });

  it("runs a machine and asks its chip", async () => {
    expect((await trapline("irq why spi1 virt --kernel @HELLO")).stdout).toBe(
      "SPI 1 (INTID 33) was never raised in this trace; its source is uart0 (GSI 1).\nnow: SPI 1 (INTID 33) is not signalled to vCPU 0: it is not pending: no latch, and the wire is low; the enable bit in GICD_ISENABLER is 0; it is in group 0, and GICD_CTLR.EnableGrp0 is 0; it is in group 0, and ICC_IGRPEN0_EL1 is 0; its priority 0x00 is not below ICC_PMR_EL1 0x00.\n",
    );
    const { explanation } = JSON.parse((await trapline("irq why 33 virt --kernel @HELLO --json")).stdout) as { explanation: { signalled: boolean } };
    expect(explanation.signalled).toBe(false);
    expect(await trapline("irq top virt --kernel @HELLO", true)).toEqual({ status: 0, stdout: "no interrupt so far\n", stderr: "" });
  });

  it("uses what is good of a damaged file, and ends with 2", async () => {
    const { status, stdout, stderr } = await trapline("irq top @damaged.jsonl");
    expect([status, stdout.split("\n").length]).toEqual([2, 3]);
    expect(stderr).toMatch(/damaged\.jsonl:6: this line is no event: it is no JSON: .*\n.*damaged\.jsonl: the last line is cut; the trace ends before it\n$/);
  });
});

describe("check", () => {
  it("holds a device tree against the machine: errors end with 2, warnings do not", async () => {
    expect((await trapline(`dtb virt --output ${at("good.dtb")}`)).status).toBe(0);
    expect(await trapline("check virt --dtb @good.dtb")).toMatchObject({ status: 0, stderr: "" });
    const tree = parseDtb(await readFile(at("good.dtb")));
    const uart = tree.root.children.find(({ name }) => name.startsWith("pl011"))!;
    const rtc = tree.root.children.find(({ name }) => name.startsWith("pl031"))!;
    expect(readU32(uart, "phandle")).toBeUndefined();
    setProperty(uart, "interrupts", [0, 1, 1]); // edge-rising
    await writeFile(at("edge.dtb"), writeDtb(tree));
    const edge = await trapline("check virt --dtb @edge.dtb");
    expect([edge.status, edge.stdout]).toEqual([2, ""]);
    expect(edge.stderr).toMatch(/^error: \/pl011@9000000: trigger-mismatch: it says that gic pin 1, SPI 1 \(INTID 33\) is edge-triggered, and uart0 holds its line \(GSI 1\)/);
    setProperty(uart, "interrupts", [0, 1, 4]);
    tree.root.children.splice(tree.root.children.indexOf(rtc), 1);
    await writeFile(at("less.dtb"), writeDtb(tree));
    const less = await trapline("check virt --dtb @less.dtb");
    expect([less.status, less.stdout]).toEqual([0, expect.stringMatching(/^virt: 1 vCPUs, \d+ regions, 2 warnings\n$/)]);
    expect(less.stderr).toMatch(/^warning: rtc: undescribed-interrupt: .*\nwarning: rtc: undescribed-address: /);
  });
});

describe("2, and a sentence that says what to do, for", () => {
  it.each<[line: string, stderr: RegExp]>([
    ["run virt --kernel @HELLO --trace @trace.txt", /--trace .*trace\.txt: .*name it \.jsonl \(every event\), \.json \(Perfetto\) or \.vcd \(GTKWave\)/],
    ["run virt --kernel @HELLO --trace @no/such/folder.vcd", /--trace .* cannot be written: ENOENT.*check the path/],
    ["irq", /Usage: trapline irq/],
    ["irq top @missing.jsonl", /missing\.jsonl cannot be read: ENOENT.*check the path/],
    ["irq top @empty.jsonl", /empty\.jsonl has no event; write one with trapline run --trace/],
    ["irq why many @t.jsonl", /It should be an INTID, or spi1/],
    ["irq why spi988 @t.jsonl", /SPI 988 is out of range/],
    ["irq why 16777216 @t.jsonl", /It should be an INTID/],
    ["irq top @nowhere.yaml", /cannot be read/],
    ["irq top @run.vcd", /run\.vcd is a picture of a trace; give the trace of every event/],
    ["convert @run.json @run.vcd", /run\.json is no trace of every event; give a \.jsonl file/],
    ["convert @t.jsonl @t.jsonl", /would be written over itself/],
    ["convert @t.jsonl @t.txt", /name it \.jsonl/],
  ])("%s", async (line, stderr) => {
    const outcome = await trapline(line);
    expect(outcome.stderr).toMatch(stderr);
    expect([outcome.status, outcome.stdout]).toEqual([2, ""]);
  });
});
