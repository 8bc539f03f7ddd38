/** The door alone, the door on a GPIO block, and, where its image is in the cache, Linux with the session of the README, byte for byte. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createMachine, powerOff, read32, RegisterFrame, scripted, write32 } from "@trapline/core";
import { pl061 } from "@trapline/devices";
import { ManualClock, recordTrace } from "@trapline/testkit";
import { describe, expect, it } from "vitest";
import door from "./door.plugin.ts";
import { doorRegisters } from "./door.registers.ts";
import { Door, OPEN_NS } from "./door.ts";

const [CODE, STATE, WRONG] = [0x0, 0x4, 0x8];
const SECRET = 4711;

function bench() {
  const clock = new ManualClock();
  const line: boolean[] = [];
  const device = new Door(clock, (high) => void (line.at(-1) !== high && line.push(high)), SECRET);
  const frame = new RegisterFrame(device, doorRegisters);
  return {
    ...{ clock, line, device },
    read: (offset: number) => Number(frame.read(offset, 4, 0)),
    enter: (code: number) => frame.write(CODE, 4, code, 0),
  };
}

describe("a door", () => {
  it("opens for the code, and closes after three seconds", () => {
    const { clock, line, read, enter } = bench();
    enter(SECRET);
    clock.advance(OPEN_NS - 1);
    expect([read(STATE), line]).toEqual([1, [true]]);
    clock.advance(1);
    expect([read(STATE), line]).toEqual([0, [true, false]]);
  });

  it("counts wrong codes until the right one comes", () => {
    const { line, read, enter } = bench();
    for (const code of [0, 1234, 0xffff_ffff]) enter(code);
    expect([read(WRONG), read(STATE), line]).toEqual([3, 0, []]);
    enter(SECRET);
    expect(read(WRONG)).toBe(0);
  });

  it("goes on from a saved state, and refuses what is none", () => {
    const [from, to] = [bench(), bench()];
    from.enter(SECRET);
    from.clock.advance(1e9);
    to.clock.advance(1e9);
    to.device.restore(from.device.save());
    expect([to.read(STATE), to.clock.armed]).toEqual([1, from.clock.armed]);
    expect(() => to.device.restore({ open: true })).toThrow("the saved state is none of a door");
    to.device.reset();
    expect([to.read(STATE), to.clock.armed]).toEqual([0, []]);
  });
});

describe("a door on a GPIO block", () => {
  const [DOOR, GPIO] = [0x0c00_0000, 0x0903_0000];
  const [GPIOIBE, GPIOIE, GPIOIC] = [GPIO + 0x408, GPIO + 0x410, GPIO + 0x41c];
  const options = { base: DOOR, gpio: "gpio", pin: 5, code: SECRET };

  it("is an interrupt of the block", async () => {
    const guest = scripted(function* () {
      yield write32(GPIOIBE, 1 << 5); // both edges
      yield write32(GPIOIE, 1 << 5);
      yield write32(DOOR + CODE, SECRET);
      yield write32(GPIOIC, 1 << 5);
      yield powerOff(yield* read32(DOOR + STATE));
    });
    const machine = await createMachine({ plugins: [guest, pl061(), door(options)] });
    const trace = recordTrace(machine, "gsi");
    expect(await machine.run()).toMatchObject({ reason: "power-off", status: 1 });
    expect(trace.of("gsi").map(({ gsi, signal }) => [gsi, signal])).toEqual([[7, "high"], [7, "low"]]);
    await machine.close();
  });

  it("needs one", async () => {
    const lonely = createMachine({ plugins: [door(options)] });
    await expect(lonely).rejects.toThrow("door wants GPIO block gpio, and the machine has none of that name");
  });
});

// -------------------------------------------------------------------------------------------------------------------- Linux

const CACHE = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const IMAGE = path.join(CACHE, "trapline/images/debian/image.json");
const README = readFileSync(new URL("README.md", import.meta.url), "utf8");
/** What the terminal shows, from the first prompt on. */
const SESSION = /```text\n(\/root # .*?)```/s.exec(README)![1]!;
const PROMPT = "/root # ";
/** The cursor's movements, and the carriage returns of a terminal. */
const CONTROLS = new RegExp(String.raw`${String.fromCharCode(0x1b)}\[[0-9;?]*[a-zA-Z]|\r`, "g");

/** Types the next command whenever the prompt appears. Ends after four minutes at the latest: a computer may be busy. */
async function type(commands: readonly string[]): Promise<string> {
  const trapline = ["--conditions=@trapline/source", "--import", "tsx", "packages/cli/src/main.ts"];
  const args = [...trapline, "run", "examples/32-linux-device/machine.yaml"];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const env = { ...process.env, TSX_TSCONFIG_PATH: "tsconfig.base.json" };
  const child = spawn(process.execPath, args, { cwd, env, timeout: 240_000, stdio: ["pipe", "pipe", "inherit"] });
  const todo = [...commands];
  let [said, seen] = ["", 0];
  child.stdin.on("error", () => {}); // it has ended: told by what it said
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).replaceAll(CONTROLS, "");
    const at = said.indexOf(PROMPT, seen);
    if (at < 0) return;
    seen = at + PROMPT.length;
    child.stdin.write(`${todo.shift() ?? "poweroff -f"}\n`);
  });
  await new Promise((resolve) => void child.on("close", resolve));
  return said;
}

it("Linux drives the door, and counts its interrupts", { timeout: 250_000 }, async (context) => {
  if (!existsSync(IMAGE)) context.skip("the image debian is not in the cache: trapline images fetch debian");
  const commands = SESSION.split("\n").filter((line) => line.startsWith(PROMPT));
  expect(await type(commands.map((line) => line.slice(PROMPT.length)))).toContain(SESSION);
});
