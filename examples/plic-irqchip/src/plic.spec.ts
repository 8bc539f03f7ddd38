/** The PLIC keeps the irqchip contract, with level-sensitive and with edge-triggered sources, and the specification, section by section. */
import { HIGH, IRQ_LINE, isTraplineError, LOW, lo32, PULSE, RegisterFrame, WireOrder } from "@trapline/core";
import { describeIrqchip, type IrqchipUnderTest, type Trigger } from "@trapline/testkit";
import { describe, expect, it } from "vitest";
import plicPlugin from "./plic.plugin.ts";
import { plicRegisters } from "./plic.registers.ts";
import { Plic } from "./plic.ts";

const PRIORITY = 0x0;
const PENDING = 0x1000;
const ENABLE = 0x2000;
const THRESHOLD = 0x20_0000;
const CLAIM = 0x20_0004;
const SOURCES = 40;

function bench(edge: readonly number[] = [], contexts: readonly number[] = [0]) {
  const order = new WireOrder();
  const plic = new Plic(order, { name: "plic", sources: SOURCES, edge, contexts, line: "irq" });
  const frame = new RegisterFrame(plic, plicRegisters);
  const read = (offset: number): number => lo32(frame.read(offset, 4, 0));
  const write = (offset: number, value: number): void => frame.write(offset, 4, value >>> 0, 0);
  const enableAt = (context: number, id: number): number => ENABLE + 0x80 * context + 4 * (id >> 5);
  const enable = (id: number, context = 0): void => write(enableAt(context, id), read(enableAt(context, id)) | (1 << (id & 31)));
  const disable = (id: number, context = 0): void => write(enableAt(context, id), read(enableAt(context, id)) & ~(1 << (id & 31)));
  const lines: string[] = [];
  return {
    order,
    plic,
    read,
    write,
    enable,
    disable,
    lines,
    claim: (context = 0) => read(CLAIM + 0x1000 * context),
    complete: (id: number, context = 0) => write(CLAIM + 0x1000 * context, id),
  };
}

/** As above, listening to what it drives. */
function rig(edge: readonly number[] = [], contexts: readonly number[] = [0]): ReturnType<typeof bench> {
  const made = bench(edge, contexts);
  made.plic.vcpuLines$.own(
    "test",
    (vcpu, line, level) => void made.lines.push(`${line === IRQ_LINE ? "irq" : "fiq"}${vcpu} ${level ? "high" : "low"}`),
  );
  return made;
}

function underTest(trigger: Trigger): IrqchipUnderTest {
  const { order, plic, write, enable, disable, claim, complete } = bench(
    trigger === "edge" ? Array.from({ length: SOURCES }, (_, n) => n + 1) : [],
  );
  return {
    ...{ irqchip: plic, order, pins: [1, 2, 7, 33], triggers: [trigger], unimplementedPin: 0, fallenLevel: "kept", disable, complete },
    enable(pin) {
      write(PRIORITY + 4 * pin, 1);
      enable(pin);
    },
    acknowledge: () => claim() || undefined,
  };
}

describeIrqchip("the PLIC, level-sensitive sources", () => underTest("level"));
describeIrqchip("the PLIC, edge-triggered sources", () => underTest("edge"));

describe("Interrupt Gateways", () => {
  it("make one request of a level, and keep it when the level falls", () => {
    const { plic, read } = rig();
    for (const signal of [HIGH, LOW, HIGH, LOW]) plic.pins$.emit(3, signal as 0 | 1);
    expect(read(PENDING)).toBe(1 << 3);
  });

  it("send the next request only after the completion, and for a level only if it is still asserted", () => {
    const { plic, write, read, enable, claim, complete } = rig();
    write(PRIORITY + 4 * 3, 1);
    enable(3);
    plic.pins$.emit(3, HIGH);
    expect([claim(), read(PENDING), claim()]).toEqual([3, 0, 0]);
    complete(3);
    expect([read(PENDING), claim()]).toEqual([1 << 3, 3]);
    plic.pins$.emit(3, LOW);
    complete(3);
    expect(read(PENDING)).toBe(0);
  });

  it("remember one edge that comes between claim and completion", () => {
    const { plic, write, enable, claim, complete } = rig([3]);
    write(PRIORITY + 4 * 3, 1);
    enable(3);
    for (let n = 0; n < 3; n++) plic.pins$.emit(3, PULSE);
    expect(claim()).toBe(3);
    for (let n = 0; n < 3; n++) plic.pins$.emit(3, PULSE);
    complete(3);
    expect(claim()).toBe(3);
    complete(3);
    expect(claim()).toBe(0);
  });
});

describe("Interrupt Priorities", () => {
  it("are WARL: three bits of each source, and none of source 0 or of what is not there", () => {
    const { write, read } = rig();
    for (const id of [0, 1, SOURCES, SOURCES + 1, 1023]) write(PRIORITY + 4 * id, 0xffff_ffff);
    expect([0, 1, SOURCES, SOURCES + 1, 1023].map((id) => read(PRIORITY + 4 * id))).toEqual([0, 7, 7, 0, 0]);
  });

  it("decide what is claimed first, and the lowest id among equals; 0 means never", () => {
    const { plic, write, enable, claim } = rig();
    for (const [id, priority] of [
      [5, 2],
      [9, 3],
      [2, 2],
      [33, 3],
      [7, 0],
    ] as const) {
      write(PRIORITY + 4 * id, priority);
      enable(id);
      plic.pins$.emit(id, HIGH);
    }
    expect(Array.from({ length: 5 }, () => claim())).toEqual([9, 33, 2, 5, 0]);
  });
});

describe("Interrupt Pending Bits and Interrupt Enables", () => {
  it("stand at id mod 32 of word id / 32, bit 0 of word 0 is 0", () => {
    const { plic, read, write } = rig();
    for (const id of [0, 1, 31, 32, SOURCES]) plic.pins$.emit(id, HIGH);
    for (const word of [0, 1]) write(ENABLE + 4 * word, 0xffff_ffff);
    expect([read(PENDING), read(PENDING + 4), read(PENDING + 8)]).toEqual([0x8000_0002, 0x101, 0]);
    expect([read(ENABLE), read(ENABLE + 4), read(ENABLE + 8)]).toEqual([0xffff_fffe, 0x1ff, 0]);
    write(PENDING, 0);
    expect(read(PENDING)).toBe(0x8000_0002); // read-only
  });
});

describe("Priority Thresholds", () => {
  it("mask priorities up to them, but not the claim", () => {
    const { plic, write, enable, claim, lines } = rig();
    write(PRIORITY + 4 * 3, 4);
    write(THRESHOLD, 4);
    enable(3);
    plic.pins$.emit(3, HIGH);
    expect(lines).toEqual([]);
    write(THRESHOLD, 3);
    expect(lines).toEqual(["irq0 high"]);
    write(THRESHOLD, 7);
    expect([lines, claim()]).toEqual([["irq0 high", "irq0 low"], 3]);
  });
});

describe("Interrupt Claim Process and Completion", () => {
  it("notify every context that is enabled; the first to claim has it, the other finds nothing", () => {
    const { plic, write, enable, claim, lines } = rig([], [0, 2]);
    write(PRIORITY + 4 * 3, 1);
    for (const context of [0, 1]) enable(3, context);
    plic.pins$.emit(3, HIGH);
    expect([lines.splice(0), claim(1), claim(0)]).toEqual([["irq0 high", "irq2 high"], 3, 0]);
    expect(lines).toEqual(["irq0 low", "irq2 low"]);
  });

  it("ignore a completion for a context in which the source is not enabled; do not check who claimed it", () => {
    const { plic, write, read, enable, claim, complete } = rig([], [0, 1, 2]);
    write(PRIORITY + 4 * 3, 1);
    for (const context of [0, 1]) enable(3, context);
    plic.pins$.emit(3, HIGH);
    claim(0);
    for (const id of [0, 3, 4, 1023, 0xffff_ffff]) complete(id, 2);
    expect(read(PENDING)).toBe(0);
    complete(3, 1);
    expect(read(PENDING)).toBe(1 << 3);
  });

  it("claim nothing for contexts that are not there, and looking claims nothing", () => {
    const { plic, write, enable, claim } = rig();
    write(PRIORITY + 4 * 3, 1);
    enable(3);
    plic.pins$.emit(3, HIGH);
    const frame = new RegisterFrame(plic, plicRegisters);
    expect([claim(5), frame.peek(CLAIM, 4, 0), frame.peek(CLAIM, 4, 0), claim()]).toEqual([0, 3, 3, 3]);
  });
});

describe("explain", () => {
  it("names what is in the way, until nothing is", () => {
    const { plic, write, enable } = rig();
    const why = (): string => plic.explain(3, 0).text.replace("source 3 does not interrupt vCPU 0: ", "");
    const story = [why()];
    plic.pins$.emit(3, HIGH);
    story.push(why());
    write(PRIORITY + 4 * 3, 2);
    story.push(why());
    write(THRESHOLD, 2);
    enable(3);
    story.push(why());
    write(THRESHOLD, 0);
    story.push(why(), plic.explain(3, 1).text, plic.explain(99, 0).text);
    expect(story).toEqual([
      "its IP bit is 0, and the line is low; its priority is 0, which means never; its enable bit in context 0 is 0",
      "its priority is 0, which means never; its enable bit in context 0 is 0",
      "its enable bit in context 0 is 0",
      "its priority 2 is not above the threshold 2 of context 0",
      "source 3 drives IRQ of vCPU 0 at priority 2",
      "source 3 does not interrupt vCPU 1: no context of this PLIC leads to it",
      "source 99 does not interrupt vCPU 0: there are sources 1 to 40",
    ]);
  });

  it("says signalled exactly where a claim would give that source, and the line is high", () => {
    const { plic, write, enable, claim, complete } = rig();
    for (const id of [3, 5]) {
      write(PRIORITY + 4 * id, id);
      enable(id);
      plic.pins$.emit(id, HIGH);
    }
    const signalled = (): readonly number[] => [3, 5].filter((id) => plic.explain(id, 0).signalled);
    expect([signalled(), plic.explain(3, 0).text]).toEqual([
      [5],
      "source 3 does not interrupt vCPU 0: source 5 goes before it, with priority 5 against 3",
    ]);
    claim();
    expect([signalled(), plic.explain(5, 0).text]).toEqual([
      [3],
      "source 5 does not interrupt vCPU 0: it was claimed and not completed; source 3 goes before it, with priority 3 against 5",
    ]);
    complete(5);
    expect(signalled()).toEqual([5]);
  });
});

describe("what the host gets wrong", () => {
  it.each([[null], [{}], [{ priorities: [1], enables: [], thresholds: [], driven: [], gateways: {} }]])(
    "refuses %j as a saved state",
    (state) => {
      const { plic } = rig();
      const saved = plic.save();
      expect(() => plic.restore(state)).toThrow(expect.toSatisfy((error) => isTraplineError(error, "snapshot")));
      expect(plic.save()).toEqual(saved);
    },
  );

  it.each([
    [{ edge: [50] }, "plic has no source 50; raise sources"],
    [{ contexts: [1, 1] }, "two contexts of plic interrupt one vCPU; name each vCPU once"],
  ])("refuses %j", (options, message) => {
    expect(() => plicPlugin(options)).toThrow(message);
  });
});
