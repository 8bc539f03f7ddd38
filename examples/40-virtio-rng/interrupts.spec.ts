/**
 * No answer is missed: with an input that takes edges, as QEMU's device tree says, and one that takes levels, as reset leaves
 * it; with eventfds and without; while the last interrupt is still active, and with interrupts masked meanwhile.
 */
import { createMachine, type GuestCode, type GuestOp, type GuestProgram, type Machine, maskInterrupts, powerOff, read16, read64, scripted, unmaskInterrupts, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { vgicV3 } from "@trapline/vgic-plugin";
import { rng } from "@trapline/virtio";
import { afterEach, describe, expect, it } from "vitest";
import { acknowledgeDevice, ask, bringUp, BUFFER, BYTES, GSI, RAM, USED_INDEX } from "./driver.ts";

const REQUESTS = 6;
const GICD_ICFGR3 = 0x0800_0c0c; // INTIDs 48 … 63
const EDGE = 2;

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});

interface Wiring {
  readonly edge: boolean;
  readonly eventFds: boolean;
}
const WIRINGS: readonly Wiring[] = [true, false].flatMap((edge) => [true, false].map((eventFds) => ({ edge, eventFds })));

/** What the interrupt handler saw. */
interface Seen {
  readonly statuses: number[];
}

async function machineOf({ edge, eventFds }: Wiring, program: (setUp: () => GuestCode) => GuestProgram): Promise<Machine> {
  function* setUp(): GuestCode {
    yield* enableDistributor();
    if (edge) yield write32(GICD_ICFGR3, EDGE);
    yield* enableSpi(GSI);
    yield* enableCpuInterface();
    yield* bringUp();
  }
  const machine = await createMachine({
    memory: [{ base: RAM, size: 0x1_0000 }],
    plugins: [scripted(program(setUp)), vgicV3({ spis: 32 }), ...(eventFds ? kvmInterrupts() : []), rng({ seed: 1 })],
  });
  opened.push(machine);
  return machine;
}

function* handle({ statuses }: Seen): Generator<GuestOp, number, unknown> {
  const intid = yield* acknowledge();
  statuses.push(yield* acknowledgeDevice());
  return intid;
}

const answers = (machine: Machine): number => machine.memory.read(USED_INDEX, 2) as number;

describe.each(WIRINGS)("edge $edge, eventfds $eventFds", (wiring) => {
  it("each request has its interrupt", async () => {
    const seen: Seen = { statuses: [] };
    const machine = await machineOf(wiring, (setUp) => ({
      *main() {
        yield* setUp();
        for (let n = 0; n < REQUESTS; n++) {
          yield* ask(n);
          while (seen.statuses.length <= n) yield wfi();
        }
        yield powerOff();
      },
      *irq() {
        yield endOfInterrupt(yield* handle(seen));
      },
    }));
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off" });
    expect(seen.statuses).toEqual(Array(REQUESTS).fill(1));
  });

  it("an answer that comes while the last interrupt is active interrupts again", async () => {
    const seen: Seen = { statuses: [] };
    const machine = await machineOf(wiring, (setUp) => ({
      *main() {
        yield* setUp();
        yield* ask(0);
        while (seen.statuses.length < REQUESTS) yield wfi();
        yield powerOff();
      },
      *irq() {
        const intid = yield* handle(seen);
        if (seen.statuses.length < REQUESTS) yield* ask(seen.statuses.length);
        yield endOfInterrupt(intid);
      },
    }));
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off" });
    expect([seen.statuses, answers(machine)]).toEqual([Array(REQUESTS).fill(1), REQUESTS]);
  });

  it("answers with interrupts masked, polled by the guest, leave it able to be interrupted", async () => {
    const seen: Seen = { statuses: [] };
    const machine = await machineOf(wiring, (setUp) => ({
      *main() {
        yield maskInterrupts();
        yield* setUp();
        for (let n = 0; n < REQUESTS - 1; n++) {
          yield* ask(n);
          while ((yield* read16(USED_INDEX)) <= n);
          yield* acknowledgeDevice();
        }
        yield unmaskInterrupts();
        yield* ask(REQUESTS - 1);
        while (!seen.statuses.includes(1)) yield wfi();
        yield powerOff();
      },
      *irq() {
        yield endOfInterrupt(yield* handle(seen));
      },
    }));
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off" });
    expect(seen.statuses.filter((status) => status === 1)).toEqual([1]);
    expect(seen.statuses.length).toBeLessThanOrEqual(2); // one that was latched before, at most
  });
});

it.each([true, false])("a snapshot between any two steps goes on to the same bytes (eventfds: %s)", async (eventFds) => {
  const compose = (): Promise<Machine> =>
    machineOf({ edge: true, eventFds }, (setUp) => ({
      *main() {
        yield* setUp();
        for (let n = 0; n < 3; n++) {
          yield* ask(n);
          while ((yield* read16(USED_INDEX)) <= n) yield wfi();
        }
        yield* read64(BUFFER);
        yield powerOff();
      },
      *irq() {
        yield endOfInterrupt(yield* handle({ statuses: [] }));
      },
    }));
  const whole = await compose();
  await whole.run({ timeoutMs: 10_000 });
  const endNs = whole.clock.nowNs();
  for (let part = 1; part < 4; part++) {
    const first = await compose();
    await first.run({ untilNs: Math.floor((endNs * part) / 4) });
    const second = await compose();
    await second.restore(await first.save());
    expect(await second.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off" });
    expect([second.clock.nowNs(), second.memory.copyOut(BUFFER, 3 * BYTES)]).toEqual([endNs, whole.memory.copyOut(BUFFER, 3 * BYTES)]);
  }
});
