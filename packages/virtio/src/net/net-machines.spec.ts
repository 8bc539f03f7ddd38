/** Whole machines with network cards: on a hub, in step and each at its own pace; over a socket; saved and restored; in machine files. */
import { createMachine, type GuestCode, type Machine, ofKind, powerOff, scripted, toJsonLine, type TraceEvent } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BROADCAST, formatMac, macAt, parseMac } from "./ethernet.ts";
import { anyLine, GUEST_RAM, GuestNic } from "./guest-nic.fixture.ts";
import { net, type NetOptions } from "./net.plugin.ts";
import type { NetEvent } from "./net-event.ts";
import { NetworkHub, networkHub } from "./network-hub.ts";
import { frameOf, textOf } from "./plug.fixture.ts";

const A = "52:54:00:00:00:0a";
const B = "52:54:00:00:00:0b";
const ROUNDS = 3;
/** Of machine time between two looks at the other machine. */
const STEP_NS = 10_000;
const MAX_STEPS = 1000;

const opened: Machine[] = [];
let folder: string | undefined;
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

async function machineOf(name: string, program: () => GuestCode, options: NetOptions): Promise<Machine> {
  const machine = await createMachine({ name, memory: [GUEST_RAM], plugins: [scripted(program), anyLine(), net(options)] });
  opened.push(machine);
  return machine;
}

/** Asks ROUNDS times, and waits for each answer. */
function* asking(): GuestCode {
  const nic = new GuestNic();
  yield* nic.bringUp();
  for (let n = 0; n < ROUNDS; n++) {
    yield* nic.send(frameOf(BROADCAST, parseMac(A), `ping ${n}`));
    const answer = yield* nic.receive();
    if (textOf(answer) !== `ping ${n}!`) yield powerOff(1);
  }
  yield powerOff();
}

/** Answers whoever asks. */
function* answering(): GuestCode {
  const nic = new GuestNic();
  yield* nic.bringUp();
  for (let n = 0; n < ROUNDS; n++) {
    const question = yield* nic.receive();
    yield* nic.send(frameOf(macAt(question, 6), parseMac(B), `${textOf(question)}!`));
  }
  yield powerOff();
}

/** Who answers comes first, so that it is there when it is asked. */
async function pair(hub: NetworkHub): Promise<readonly [answerer: Machine, asker: Machine]> {
  return [await machineOf("answerer", answering, { hub, mac: B }), await machineOf("asker", asking, { hub, mac: A })];
}

/** The machines in turns, a step of machine time each, until none goes on. Returns how each ended. */
async function inStep(machines: readonly Machine[], fromNs = 0): Promise<string[]> {
  const ends = machines.map(() => "until");
  for (let untilNs = fromNs + STEP_NS; ends.includes("until") && untilNs < fromNs + MAX_STEPS * STEP_NS; untilNs += STEP_NS) {
    for (const [index, machine] of machines.entries()) {
      if (ends[index] === "until") ends[index] = (await machine.run({ untilNs })).reason;
    }
  }
  return ends;
}

function traceOf(machine: Machine): string[] {
  const lines: string[] = [];
  machine.trace$.subscribe((event: TraceEvent) => void lines.push(toJsonLine(event)));
  return lines;
}

describe("two machines on a hub", () => {
  it("talk, in step: the same in every run, byte for byte", async () => {
    const runs: string[][] = [];
    for (let run = 0; run < 2; run++) {
      const machines = await pair(new NetworkHub());
      const traces = machines.map(traceOf);
      expect(await inStep(machines)).toEqual(["power-off", "power-off"]);
      runs.push(traces.map((lines) => lines.join("\n")));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]![1]).toContain(`"step":"received","length":21`);
  });

  it("talk, each at its own pace, and wake each other from their sleep", async () => {
    const machines = await pair(new NetworkHub());
    const frames: string[] = [];
    machines[1].trace$.pipe(ofKind("net")).subscribe(({ step, length }: NetEvent) => void frames.push(`${step} ${length}`));
    const ends = await Promise.all(machines.map((machine) => machine.run({ timeoutMs: 20_000 })));
    expect(ends).toEqual(machines.map(() => ({ reason: "power-off", vcpu: 0, status: 0 })));
    expect(frames).toEqual(["sent 20", "received 21", "sent 20", "received 21", "sent 20", "received 21"]);
  });

  it("go on identically from snapshots, with a frame that is under way", async () => {
    const machines = await pair(new NetworkHub());
    // Up to where the answerer has been sent the first question and has not run since.
    for (let untilNs = STEP_NS; ; untilNs += STEP_NS) {
      await machines[0].run({ untilNs });
      let isSent = false;
      const watching = machines[1].trace$.pipe(ofKind("net")).subscribe(() => (isSent = true));
      await machines[1].run({ untilNs });
      watching.unsubscribe();
      if (isSent) break;
    }
    const files = [await machines[0].save(), await machines[1].save()];
    const fromNs = machines[0].clock.nowNs();
    const originals = machines.map(traceOf);
    await inStep(machines, fromNs);

    const copies = await pair(new NetworkHub());
    for (const [index, copy] of copies.entries()) await copy.restore(files[index]!);
    const traces = copies.map(traceOf);
    expect(await inStep(copies, fromNs)).toEqual(["power-off", "power-off"]);
    expect(traces).toEqual(originals);
  });

  it("are found by the name of the hub, and have addresses of their own", async () => {
    const machines = [await machineOf("one", answering, { hub: "lan-of-spec" }), await machineOf("two", asking, { hub: "lan-of-spec" })];
    expect(networkHub("lan-of-spec").ports.map(({ name }) => name)).toEqual(["one/net0", "two/net0"]);
    expect(await inStep(machines)).toEqual(["power-off", "power-off"]);
    for (const machine of opened.splice(0)) await machine.close();
    expect(networkHub("lan-of-spec").ports).toEqual([]);
  });
});

describe("a machine whose guest waits for a frame", () => {
  it("ends as idle where nobody could send one", async () => {
    const machine = await machineOf("alone", answering, { hub: new NetworkHub() });
    expect(await machine.run({ timeoutMs: 20_000 })).toEqual({ reason: "idle" });
  });

  it("goes on waiting where somebody could", async () => {
    const hub = new NetworkHub();
    const machine = await machineOf("waiting", answering, { hub });
    await machineOf("other", asking, { hub });
    expect(await machine.run({ untilNs: 1e9 })).toEqual({ reason: "until" });
  });
});

describe("machines on a stream socket", () => {
  it("talk; and when one is closed the other's guest is told that its link is down", async () => {
    folder = mkdtempSync(path.join(tmpdir(), "net-"));
    const file = path.join(folder, "s");
    const found: string[] = [];
    const asker = await machineOf(
      "asker",
      function* () {
        const nic = new GuestNic();
        yield* nic.bringUp();
        while ((yield* nic.linkStatus()) === 0) yield* nic.sleep(); // the client comes when it comes
        yield* nic.send(frameOf(BROADCAST, parseMac(A), "ping"));
        found.push(textOf(yield* nic.receive()));
        while ((yield* nic.linkStatus()) === 1) yield* nic.sleep();
        yield powerOff();
      },
      { stream: { listen: file } },
    );
    const answerer = await machineOf(
      "answerer",
      function* () {
        const nic = new GuestNic();
        yield* nic.bringUp();
        const question = yield* nic.receive();
        yield* nic.send(frameOf(macAt(question, 6), parseMac(B), `${textOf(question)}!`));
        yield powerOff();
      },
      { stream: { connect: file } },
    );
    const asked = asker.run({ timeoutMs: 20_000 });
    expect(await answerer.run({ timeoutMs: 20_000 })).toMatchObject({ reason: "power-off" });
    await answerer.close();
    expect(await asked).toMatchObject({ reason: "power-off" });
    expect(found).toEqual(["ping!"]);
  });
});

describe("the plugin", () => {
  it.each<[what: string, options: NetOptions, why: RegExp]>([
    ["two networks", { hub: "lan", passt: true }, /net0 is plugged into hub and passt; leave one of them/],
    ["a stream without a path", { stream: {} }, /the stream of net0 needs a path to connect to or one to listen on/],
    ["a stream with two", { stream: { connect: "a", listen: "b" } }, /give one of the two/],
    ["a server that reconnects", { stream: { listen: "a", reconnectMs: 5 } }, /listens and has reconnectMs; leave it out/],
    ["no address", { mac: "hello" }, /"hello" is no MAC address/],
    ["an MTU of 67", { mtu: 67 }, /net0 has an MTU of 67; use 68 to 65517/],
    ["an MTU that no frame holds", { mtu: 65_518 }, /use 68 to 65517/],
    ["half a place", { base: 0x1000 }, /net0 needs both a base and a GSI/],
  ])("refuses %s", (_what, options, why) => {
    expect(() => net(options)).toThrow(why);
  });

  it("refuses a second device with the address of the first", async () => {
    const hub = new NetworkHub("lan");
    await machineOf("one", asking, { hub, mac: A });
    await expect(machineOf("two", asking, { hub, mac: A })).rejects.toThrow(/two\/net0 and one\/net0 have the same address .* on lan/);
    expect(hub.ports.map(({ name }) => name)).toEqual(["one/net0"]);
  });

  it("does not take a snapshot of a device with another address", async () => {
    const [one, two] = [await machineOf("one", asking, { mac: A }), await machineOf("two", asking, { mac: B })];
    await expect(two.restore(await one.save())).rejects.toThrow(/another machine/);
  });

  it("without an address has the one that its names make, and takes that of a snapshot", async () => {
    const [one, two] = [await machineOf("one", asking, {}), await machineOf("two", asking, {})];
    const macOf = (machine: Machine): string => formatMac(Number(BigInt(machine.bus.read(0x0a00_0100, 4, -1)) << 16n) % 2 ** 48);
    const before = macOf(two);
    await two.restore(await one.save());
    expect([macOf(two) === macOf(one), before === macOf(one)]).toEqual([true, false]);
    await two.reset("warm");
    expect(macOf(two)).toBe(macOf(one));
  });
});

describe("machine files", () => {
  const FILE = path.join(tmpdir(), "machine.yaml");
  const parse = async (line: string): ReturnType<typeof parseMachineFile> =>
    parseMachineFile(`name: filed\nplugins:\n  - ${line}\n`, FILE, { catalogue: { net: await import("@trapline/virtio/net") } });

  it("join machines by the name of a hub", async () => {
    await machineOf("peer", answering, { hub: "lan-of-files" });
    for (const line of ["net: { hub: lan-of-files }", `net1: { use: net, hub: lan-of-files, mac: "${A}", mtu: 1400, slot: 3 }`]) {
      opened.push(await createMachine(await parse(line)));
    }
    expect(networkHub("lan-of-files").ports.map(({ name }) => name)).toEqual(["peer/net0", "filed/net0", "filed/net1"]);
    const places = opened.map(({ bus }) => {
      const { name, base } = bus.claims.find((claim) => claim.name.startsWith("net"))!;
      return `${name} ${base.toString(16)}`;
    });
    expect(places).toEqual(["net0 a000000", "net0 a000000", "net1 a000600"]);
  });

  it("name sockets by paths from where they stand", async () => {
    folder = mkdtempSync(path.join(tmpdir(), "net-"));
    const config = await parse(`net: { stream: { listen: ${path.basename(folder)}/s } }`);
    opened.push(await createMachine(config));
    const other = await parse(`net: { stream: { connect: ${path.basename(folder)}/s } }`);
    opened.push(await createMachine(other));
    expect(opened.length).toBe(2);
  });

  it.each([
    "net: { hub: 3 }",
    "net: { hub: lan, passt: true }",
    "net: { stream: { connect: a, reconnectMs: 0 } }",
    "net: { stream: { path: a } }",
    "net: { passt: { tcp: 22 } }",
    'net: { mac: "01:00:5e:00:00:01" }',
    "net: { mtu: 20 }",
    "net: { bridge: br0 }",
  ])("%s is refused where it stands", async (line) => {
    const error = await parse(line).catch((thrown: unknown) => thrown);
    expect(isMachineFileError(error) && error.message).toMatch(/:3:\d+/);
  });
});
