/** The monitor's answers, on a virt board whose guest runs a few words of code. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createMachine, definePlugin, type RunResult, type Vmm } from "@trapline/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { virt } from "../board/virt.ts";
import { installDeviceTree } from "../boot/boot-loader.plugin.ts";
import { code, image } from "../boot/images.fixture.ts";
import { Session } from "../command/session.ts";
import { completions, runMonitorCommand } from "./monitor-commands.ts";

/** Enables the UART's interrupt in the UART alone, sends a byte, counts in x5 for ever. */
const GUEST = code(
  0xd2a1_2001, // movz x1, #0x900, lsl #16
  0x5280_0402, // movz w2, #0x20
  0xb900_3822, // str w2, [x1, #0x38]   UARTIMSC.TXIM
  0x3900_0022, // strb w2, [x1]         UARTDR: a blank
  0x9100_04a5, // add x5, x5, #1
  0x17ff_ffff, // b -4
);

let folder: string;
let session: Session;
let run: Promise<RunResult>;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trapline-monitor-"));
  let vmm: Vmm | undefined;
  const spy = definePlugin({ name: "spy", create: (given) => void (vmm = given) });
  const machine = await createMachine(virt({ gic: 2, cpus: 2, memory: 0x80_0000, boot: { kernel: image(GUEST) }, plugins: [spy] }));
  installDeviceTree(machine);
  await machine.run({ untilNs: 1000 });
  session = new Session(machine, vmm!);
  run = session.run(60_000);
});
afterEach(async () => {
  session.quit();
  await run;
  await session.machine.close();
  await rm(folder, { recursive: true });
});
const ask = (line: string): Promise<string> => runMonitorCommand(line, session);

describe("info", () => {
  it("status: whether it runs, the time there, instructions", async () => {
    expect(await ask("info status")).toMatch(/^virt runs at \d+\.\d{3} s of virtual time, after [\d_]+ instructions$/);
  });

  it("irq: pins in use, and why what is pending does not arrive", async () => {
    const text = await ask("info irq");
    expect(text).toMatch(/^ {2}1 {2}SPI 1 \(INTID 33\) {2}high {2}pending, disabled {2}uart0 \(GSI 1\)$/m);
    expect(text).toMatch(/^ {2}2 {2}SPI 2 \(INTID 34\) {2}low {3}disabled {11}rtc \(GSI 2\)$/m);
    expect(text).toMatch(/^SPI 1 \(INTID 33\) is not signalled to vCPU 0: the enable bit in GICD_ISENABLER is 0; /m);
    expect(await ask("info irq 33 1")).toMatch(/^SPI 1 \(INTID 33\) is not signalled to vCPU 1: /);
    expect(await ask("info irq 0x21")).toBe(await ask("info irq 33"));
  });

  it("gsi: sources and where they lead", async () => {
    expect((await ask("info gsi")).split("\n").slice(0, 2)).toEqual(["GSI  trigger  source  leads to", expect.stringMatching(/^ {2}1 {2}level {4}uart0 +\w+ pin 1: SPI 1 \(INTID 33\)$/)]);
  });

  it("vcpus and registers, of a machine that stands still", async () => {
    await ask("stop");
    const vcpus = (await ask("info vcpus")).split("\n");
    expect(vcpus[1]).toMatch(/^ {3}0 {2}running {2}0x0000_0000_4008_001[04] +[\d_]+$/);
    expect(vcpus[2]).toMatch(/^ {3}1 {2}off +0x[\d_a-f]+ +0$/);
    const registers = await ask("info registers");
    expect(registers).toMatch(/^vCPU 0, running\nx0 {2}0000000040000000 {2}x1 {2}0000000009000000 {2}x2 {2}0000000000000020\n/);
    expect(registers).toMatch(/\npstate 0x3c5 nzcv DAIF EL1h$/);
    expect(Math.max(...registers.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await ask("info registers 1 all")).toContain("SCTLR_EL1");
    expect(await ask("info registers 2")).toBe("there is no vCPU 2: there are 2, counted from 0");
  });

  it("mtree: who has which addresses", async () => {
    expect(await ask("info mtree")).toMatch(/^0x0000_0000_0900_0000 {2}0x0000_0000_0900_0fff {2}device {2}uart0$/m);
    expect(await ask("info mtree")).toMatch(/^0x0000_0000_4000_0000 {2}0x0000_0000_407f_ffff {2}RAM {5}ram$/m);
  });
});

describe("control", () => {
  it.each(["quit", "stop"])("quit ends the run, after %s too", async (before) => {
    await ask(before);
    expect(await ask("quit")).toBe("");
    expect(await run).toEqual({ reason: "stopped" });
  });

  it("stop lets nothing run, cont goes on", async () => {
    expect(await ask("stop")).toMatch(/^virt is stopped at/);
    expect(await ask("stop")).toMatch(/^virt is stopped at/);
    const before = session.machine.vcpus[0]!.retired;
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([session.running, session.machine.vcpus[0]!.retired]).toEqual([false, before]);
    expect(await ask("cont")).toBe("");
    while (session.machine.vcpus[0]!.retired === before) await new Promise((resolve) => setImmediate(resolve));
    expect(session.running).toBe(true);
  });

  it("system_reset starts it again", async () => {
    await ask("stop");
    expect(await ask("system_reset")).toBe("");
    expect(Number(session.machine.vcpus[0]!.peekRegister("pc"))).toBe(0x4008_0000);
  });

  it("powerdown presses the button: its GPIO pin goes up", async () => {
    expect(await ask("powerdown")).toBe("");
    expect(await ask("info irq")).toMatch(/^gpio:?\n.*\n {2}3 .*high/m);
  });
});

describe("save and load", () => {
  it("come back to where it was, whatever happened since", async () => {
    await ask("stop");
    const file = path.join(folder, "a file");
    expect(await ask(`save ${file}`)).toMatch(/a file: [\d_]+ bytes$/);
    const [x5] = [session.machine.vcpus[0]!.peekRegister("x5")];
    await ask("system_reset");
    expect(session.machine.vcpus[0]!.peekRegister("x5")).toBe(0);
    expect(await ask(`load ${file}`)).toMatch(/^virt is stopped at/);
    expect(session.machine.vcpus[0]!.peekRegister("x5")).toBe(x5);
  });

  it("replace a file whole: one that cannot be written leaves the old one, and nothing beside it", async () => {
    const file = path.join(folder, "saved");
    await writeFile(file, "older");
    await ask(`save ${file}`);
    expect(await readFile(file, "latin1")).toMatch(/^TRAPLINE/);
    expect(await ask(`save ${path.join(folder, "no/such/folder")}`)).toMatch(/^save .*no\/such\/folder cannot be written: ENOENT.*check the path$/);
  });

  it.each<[what: string, content: string | undefined, answer: RegExp]>([
    ["a file that is not there", undefined, /^load .*saved cannot be read: ENOENT/],
    ["a file that is none", "#!/bin/sh", /saved: these bytes are no saved machine/],
  ])("refuse %s, and the machine goes on", async (_what, content, answer) => {
    const file = path.join(folder, "saved");
    if (content !== undefined) await writeFile(file, content);
    expect(await ask(`load ${file}`)).toMatch(answer);
    expect(await ask("info status")).toContain("virt runs");
  });
});

describe("a line", () => {
  it.each([
    ["", ""],
    ["   ", ""],
    ["fly", 'there is no command "fly"; try help'],
    ["info", "info tells of: status, irq, gsi, vcpus, registers, mtree"],
    ["info tea", 'info does not tell of "tea"; it does of status, irq, gsi, vcpus, registers, mtree'],
    ["info irq x", '"x" is no INTID; write a number'],
    ["info registers -1", '"-1" is no vCPU; write a number'],
    ["save", "save needs a file; write save FILE"],
    ["load", "load needs a file; write load FILE"],
  ])("%j is answered %j", async (line, answer) => {
    expect(await ask(line)).toBe(answer);
  });

  it("help lists every command within 100 columns", async () => {
    const lines = (await ask("help")).split("\n");
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual(expect.arrayContaining(["info irq [INTID [VCPU]]", "save, savevm FILE", "quit, q"]));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(103);
  });

  it("is completed", () => {
    expect([completions("info r"), completions("sy"), completions("x")]).toEqual([["info registers"], ["system_reset", "system_powerdown"], []]);
  });
});
