/** Generators as guest code: every operation, interrupts, exceptions, and that a journal is a state. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compute,
  createMachine,
  definePlugin,
  DELIVERED,
  EXTERNAL_ABORT,
  FIQ_LINE,
  GuestException,
  type GuestCode,
  type GuestOp,
  type GuestProgram,
  HIGH,
  hvc,
  inPort,
  IRQ_LINE,
  type Irqchip,
  IrqchipToken,
  irqchipWires,
  isTraplineError,
  type Machine,
  type MachineConfig,
  maskInterrupts,
  mrs,
  msr,
  outPort,
  type PlainData,
  type PluginDefinition,
  powerOff,
  provideAlso,
  read16,
  read32,
  read64,
  read8,
  type RunResult,
  scripted,
  systemReset,
  sysregEncoding,
  toJsonLine,
  type U64,
  unmaskInterrupts,
  type Vmm,
  wfi,
  write16,
  write32,
  write64,
  write8,
} from "../index.ts";
import { MAX_JOURNAL } from "./scripted-vcpu.ts";

const RAM = 0x4000_0000;
const ROM = 0;
const DEVICE = 0x0900_0000;
const REG = sysregEncoding(3, 0, 4, 6, 0);

/** Logs what it is asked; reads give machine time, port reads 0x55; aborts from offset 0x800 on. */
function recorder(log: string[]): PluginDefinition {
  return definePlugin({
    name: "recorder",
    create: (vmm) => ({
      attach(scope) {
        scope.add(vmm.bus.claim({ name: "recorder", base: DEVICE, size: 0x1000 }, {
          read: (offset) => (offset >= 0x800 ? EXTERNAL_ABORT : vmm.clock.nowNs()),
          write(offset, width, value, vcpu) {
            if (offset >= 0x800) return EXTERNAL_ABORT;
            const form = typeof value === "bigint" && value < 2n ** 53n ? " as a bigint" : "";
            log.push(`write${8 * width} ${value.toString(16)}${form} by ${vcpu}`);
          },
        }));
        scope.add(vmm.ports.claim({ name: "ports", base: 0x60, size: 8 }, { read: () => 0x55, write: (_o, width, value) => void log.push(`out${8 * width} ${value.toString(16)}`) }));
        scope.add(vmm.sysregs.claim("sysregs", [{ name: "ICC_PMR_EL1", encoding: REG }], { readSysreg: () => 2n ** 63n, writeSysreg: (_e, value) => void log.push(`msr ${value.toString(16)}`) }));
        scope.add(vmm.hypercalls.claim("psci", 0x8400_0000, 1, () => 0x1_0001));
      },
    }),
  });
}

async function withMachine(config: MachineConfig, use: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = await createMachine(config);
  try {
    await use(machine);
  } finally {
    await machine.close();
  }
}

const MEMORY = [{ base: RAM, size: 0x1000 }, { base: ROM, size: 0x1000, readOnly: true, name: "rom" }];

/** Runs a program to its end; gives back how it ended and what the recorder saw. */
async function run(program: GuestProgram | (() => GuestCode), ...more: readonly PluginDefinition[]): Promise<{ readonly result: RunResult; readonly log: string[]; readonly nowNs: number; readonly retired: number }> {
  const log: string[] = [];
  let outcome!: { result: RunResult; nowNs: number; retired: number };
  await withMachine({ memory: MEMORY, plugins: [...more, recorder(log), scripted(program)] }, async (machine) => {
    outcome = { result: await machine.run(), nowNs: machine.clock.nowNs(), retired: machine.vcpus[0]!.retired };
  });
  return { ...outcome, log };
}

describe("an operation", () => {
  //   operation                              evaluates to           the recorder sees
  const OPERATIONS: readonly (readonly [string, GuestOp, unknown, readonly string[]])[] = [
    ["a load of RAM", read32(RAM), 0, []],
    ["a load of ROM", read64(ROM), 0, []],
    ["a load of a device, which reads the time of this instruction", read32(DEVICE), 1, []],
    ["a byte store to a device", write8(DEVICE, 0x41), undefined, ["write8 41 by 0"]],
    ["a halfword store", write16(DEVICE, 0x4142), undefined, ["write16 4142 by 0"]],
    ["a word store", write32(DEVICE, 0xdead_beef), undefined, ["write32 deadbeef by 0"]],
    ["a doubleword store, whole", write64(DEVICE, 0xfedc_ba98_7654_3210n), undefined, ["write64 fedcba9876543210 by 0"]],
    ["a store of more than it is wide, cut", write8(DEVICE, 0x1ff), undefined, ["write8 ff by 0"]],
    ["a store of a negative number, in two's complement", write32(DEVICE, -1), undefined, ["write32 ffffffff by 0"]],
    ["a store of a small bigint, in the one form", write64(DEVICE, 5n), undefined, ["write64 5 by 0"]],
    ["an output of more than it is wide, cut", outPort(0x60, 1, 0x141), undefined, ["out8 41"]],
    ["a port read", inPort(0x60, 1), 0x55, []],
    ["a port write", outPort(0x60, 2, 0x1234), undefined, ["out16 1234"]],
    ["MRS", mrs(REG), 2n ** 63n, []],
    ["MSR", msr(REG, 0xf0), undefined, ["msr f0"]],
    ["HVC", hvc(0x8400_0000), 0x1_0001, []],
    ["HVC of what nobody implements", hvc(0x8400_0001), 2n ** 64n - 1n, []],
    ["masking", maskInterrupts(), undefined, []],
    ["unmasking", unmaskInterrupts(), undefined, []],
  ];

  it.each(OPERATIONS)("%s", async (_what, op, value, seen) => {
    let got: unknown = "never";
    const { result, log, nowNs, retired } = await run(function* () {
      got = (yield* op) ?? undefined;
    });
    expect(result).toEqual({ reason: "halted" });
    expect(typeof value === "undefined" ? undefined : got).toEqual(value);
    expect([log, nowNs, retired]).toEqual([seen, 1, 1]); // one instruction, one nanosecond
  });

  it("may be yielded plainly, too", async () => {
    let got: unknown;
    await run(function* () {
      yield write32(RAM, 7);
      got = yield read32(RAM);
    });
    expect(got).toBe(7);
  });

  it("stores to RAM in every width without leaving the vCPU; ROM ignores them", async () => {
    const kinds: string[] = [];
    let read: U64[] = [];
    await withMachine({ memory: MEMORY, plugins: [scripted(function* () {
      yield write64(RAM, 0x1111_1111_1111_1111n);
      yield write32(RAM, 0x2222_2222);
      yield write16(RAM, 0x3333);
      yield write8(RAM, 0x44);
      yield write32(ROM, 0xffff_ffff);
      read = [yield* read64(RAM), yield* read32(RAM), yield* read16(RAM), yield* read8(RAM), yield* read32(ROM)];
    })] }, async (machine) => {
      const tap = machine.trace$.subscribe(({ kind }) => kinds.push(kind));
      await machine.run();
      tap.unsubscribe();
    });
    expect(read).toEqual([0x1111_1111_2222_3344n, 0x2222_3344, 0x3344, 0x44, 0]);
    expect(kinds).toEqual(["exit", "access"]); // the write to ROM
  });

  it("counts and times before it acts, so that a device sees the instruction's own time", async () => {
    const times: number[] = [];
    await run(function* () {
      times.push(yield* read32(DEVICE));
      yield compute(40);
      times.push(yield* read32(DEVICE));
    });
    expect(times).toEqual([1, 42]);
  });

  it("of computing takes as many instructions as it says, none included", async () => {
    const { retired, nowNs } = await run(function* () {
      yield compute(0);
      yield compute(1);
      yield compute(1000);
    });
    expect([retired, nowNs]).toEqual([1001, 1001]);
  });

  it("ends the machine, with a status", async () => {
    expect((await run(function* () { yield powerOff(3); })).result).toEqual({ reason: "power-off", vcpu: 0, status: 3 });
  });
});

describe("an exception", () => {
  //   cause                           what it is called
  const CAUSES: readonly (readonly [GuestOp, string])[] = [
    [read32(0x1_0000), "external abort: read of 4 bytes at 0x10000"],
    [write64(0x1_0000, 1), "external abort: write of 8 bytes at 0x10000"],
    [read8(DEVICE + 0x800), "external abort: read of 1 bytes at 0x9000800"],
    [write8(DEVICE + 0x800, 1), "external abort: write of 1 bytes at 0x9000800"],
    [read32(RAM + 0xffe), "external abort: read of 4 bytes at 0x40000ffe"],
    [inPort(0x70, 1), "external abort: port read of 1 bytes at 0x70"],
    [mrs(0), "undefined instruction: system-register read of 8 bytes at 0x0"],
    [msr(0, 1), "undefined instruction: system-register write of 8 bytes at 0x0"],
  ];

  it.each(CAUSES)("of %o can be caught by the program, which goes on", async (op, message) => {
    let caught: unknown;
    const { result, log } = await run(function* () {
      try {
        yield op;
      } catch (error) {
        caught = error;
      }
      yield write32(DEVICE, 1);
    });
    expect(caught).toBeInstanceOf(GuestException);
    expect([(caught as Error).message, (caught as GuestException).op]).toEqual([message, op]);
    expect([result, log]).toEqual([{ reason: "halted" }, ["write32 1 by 0"]]);
  });

  it.each(CAUSES)("of %o that is not caught ends the run as a fault, and the vCPU is off", async (op, message) => {
    const { result } = await run(function* () {
      yield op;
    });
    expect(result).toEqual({ reason: "fault", vcpu: 0, pc: op.address, message: `vcpu0: ${message}` });
  });

  it("of one vCPU leaves the others alone: the run can go on", async () => {
    const log: string[] = [];
    await withMachine({ vcpus: 2, plugins: [recorder(log), scripted(function* () { yield read32(0x1_0000); }, function* () { yield write32(DEVICE, 2); })] }, async (machine) => {
      expect(await machine.run()).toMatchObject({ reason: "fault", vcpu: 0 });
      expect(machine.vcpus.map(({ off }) => off)).toEqual([true, false]);
      expect(await machine.run()).toEqual({ reason: "halted" });
      expect(log).toEqual(["write32 2 by 1"]);
    });
  });

  it("in a handler faults as well", async () => {
    const program: GuestProgram = { main: function* () { for (;;) yield compute(5); }, irq: function* () { yield read32(0x1_0000); } };
    expect((await run(program, alarm([20]))).result).toMatchObject({ reason: "fault" });
  });

  it("of the script itself, a bug of the host's, is no fault: the run rejects", async () => {
    await withMachine({ plugins: [scripted(function* () { yield compute(1); throw new TypeError("script bug"); })] }, async (machine) => {
      await expect(machine.run()).rejects.toThrow("script bug");
    });
  });
});

/** Pin 0 is IRQ of vcpu0, pin 1 its FIQ: a chip that only passes on. */
function throughChip(vmm: Vmm): Irqchip {
  const chip: Irqchip = {
    ...irqchipWires(vmm.order, "through"),
    name: "through",
    pinCount: 2,
    capabilities: { msi: false, completions: false, synchronous: true },
    describePin: (pin) => `input ${pin}`,
    peekPin: () => undefined,
    reset: () => {},
    save: () => null,
    restore: () => {},
  };
  chip.pins$.own("through", (pin, signal) => {
    chip.vcpuLines$.emit(0, pin === 0 ? IRQ_LINE : FIQ_LINE, signal === HIGH);
    return DELIVERED;
  });
  return chip;
}

const ACK_IRQ = 0x0901_0000;
const ACK_FIQ = 0x0901_0004;

/** Raises IRQ at the given times (FIQ at the others); a read at ACK_IRQ or ACK_FIQ lowers it and gives the time. */
function alarm(irqAt: readonly number[], fiqAt: readonly number[] = []): PluginDefinition {
  return definePlugin({
    name: "alarm",
    provides: [provideAlso(IrqchipToken, throughChip)],
    create(vmm) {
      const lines = [vmm.router.line(0, "alarm irq"), vmm.router.line(1, "alarm fiq")];
      const timers = [...irqAt.map((at) => [at, 0] as const), ...fiqAt.map((at) => [at, 1] as const)].map(
        ([at, line]) => [at, vmm.clock.timer(`alarm ${at}`, () => lines[line]!.set(true))] as const,
      );
      return {
        attach: (scope) => scope.add(vmm.bus.claim({ name: "alarm", base: ACK_IRQ, size: 8 }, {
          read(offset) {
            lines[offset >> 2]!.set(false);
            return vmm.clock.nowNs();
          },
          write: () => {},
        })),
        reset() {
          for (const line of lines) line.set(false);
          for (const [at, timer] of timers) timer.armAt(at);
        },
        save: () => timers.map(([, timer]) => timer.save()),
        restore(state: PlainData) {
          for (const [n, saved] of (state as ReturnType<(typeof timers)[number][1]["save"]>[]).entries()) timers[n]![1].restore(saved);
        },
      };
    },
  });
}

describe("an interrupt", () => {
  const handler = (log: string[], name: string, ack: number) =>
    function* (): GuestCode {
      log.push(`${name} at ${yield* read32(ack)}`);
    };
  const busy = function* (total: number): GuestCode {
    for (let n = 0; n < total; n += 10) yield compute(10);
  };

  it("is taken between two instructions, while the line is high", async () => {
    const log: string[] = [];
    const { result } = await run({ main: () => busy(100), irq: handler(log, "irq", ACK_IRQ) }, alarm([25, 60]));
    expect([log, result]).toEqual([["irq at 26", "irq at 61"], { reason: "halted" }]);
  });

  it("is taken in the middle of a long computation, which then goes on for the rest", async () => {
    const log: string[] = [];
    const { nowNs } = await run({ main: function* () { yield compute(100); }, irq: handler(log, "irq", ACK_IRQ) }, alarm([25]));
    expect([log, nowNs]).toEqual([["irq at 26"], 101]);
  });

  it("whose handler computes, too, does not mix up the two computations", async () => {
    const log: string[] = [];
    const irq = function* (): GuestCode {
      log.push(`irq at ${yield* read32(ACK_IRQ)}`);
      yield compute(50);
      log.push(`done at ${yield* read32(DEVICE)}`);
    };
    const { nowNs, retired } = await run({ main: function* () { yield compute(100); }, irq }, alarm([25]));
    expect([log, nowNs, retired]).toEqual([["irq at 26", "done at 77"], 152, 152]);
  });

  it("is masked inside its handler: no nesting, however long the line stays high", async () => {
    let depth = 0;
    let deepest = 0;
    const irq = function* (): GuestCode {
      deepest = Math.max(deepest, ++depth);
      yield compute(30);
      yield read32(ACK_IRQ);
      yield compute(30);
      depth--;
    };
    await run({ main: () => busy(100), irq }, alarm([15, 20]));
    expect([deepest, depth]).toEqual([1, 0]);
  });

  it("nests when the handler unmasks, and masks are as before afterwards", async () => {
    const log: string[] = [];
    const irq = function* (): GuestCode {
      log.push("irq in");
      yield read32(ACK_IRQ);
      yield unmaskInterrupts();
      yield compute(20);
      log.push("irq out");
    };
    const fiq = handler(log, "fiq", ACK_FIQ);
    const main = function* (): GuestCode {
      yield* busy(60);
      yield maskInterrupts();
      yield* busy(60);
    };
    await run({ main, irq, fiq }, alarm([15], [25, 100]));
    expect(log).toEqual(["irq in", "fiq at 26", "irq out"]); // the second FIQ comes while main has masked
  });

  it("FIQ goes before IRQ", async () => {
    const log: string[] = [];
    await run({ main: () => busy(50), irq: handler(log, "irq", ACK_IRQ), fiq: handler(log, "fiq", ACK_FIQ) }, alarm([20], [20]));
    expect(log).toEqual(["fiq at 21", "irq at 22"]);
  });

  it("without a handler is not taken, but ends a WFI", async () => {
    const { result, nowNs } = await run(function* () {
      yield wfi();
      yield powerOff(yield* read32(ACK_IRQ));
    }, alarm([500]));
    expect([result, nowNs]).toEqual([{ reason: "power-off", vcpu: 0, status: 501 }, 502]);
  });

  it("that is masked ends a WFI all the same, and is taken when it is unmasked", async () => {
    const log: string[] = [];
    const main = function* (): GuestCode {
      yield maskInterrupts();
      yield wfi();
      log.push("awake");
      yield unmaskInterrupts();
      log.push("on");
    };
    await run({ main, irq: handler(log, "irq", ACK_IRQ) }, alarm([500]));
    expect(log).toEqual(["awake", "irq at 502", "on"]);
  });

  it("that is high already makes WFI return at once", async () => {
    const { nowNs } = await run(function* () {
      yield compute(50);
      yield wfi();
      yield read32(ACK_IRQ);
    }, alarm([10]));
    expect(nowNs).toBe(52);
  });

  it("shows in the registers", async () => {
    await withMachine({ plugins: [alarm([10]), scripted({ main: function* () { yield maskInterrupts(); yield compute(100); } , irq: function* () {} })] }, async (machine) => {
      const [vcpu] = machine.vcpus;
      const all = (): unknown => Object.fromEntries(vcpu!.registerNames.map((name) => [name, vcpu!.peekRegister(name)]));
      expect(all()).toEqual({ retired: 0, masked: 0, irq: 0, fiq: 0, depth: 0 });
      await machine.run({ untilNs: 20 });
      expect([all(), vcpu!.peekRegister("x0")]).toEqual([{ retired: 20, masked: 1, irq: 1, fiq: 0, depth: 1 }, undefined]);
    });
  });
});

describe("a reset", () => {
  it("starts the program again from its beginning, whatever it was doing", async () => {
    const log: string[] = [];
    let boots = 0;
    const main = function* (): GuestCode {
      const boot = ++boots;
      yield write32(DEVICE, boot);
      if (boot === 1) yield systemReset();
      yield write32(DEVICE, 100 + boot);
    };
    await withMachine({ plugins: [recorder(log), scripted(main)] }, async (machine) => {
      expect(await machine.run()).toEqual({ reason: "halted" });
      expect([log, machine.vcpus[0]!.retired]).toEqual([["write32 1 by 0", "write32 2 by 0", "write32 66 by 0"], 4]); // instructions are counted from power-on
      await machine.reset("power-on");
      expect(machine.vcpus[0]!.retired).toBe(0);
    });
  });
});

/** A program as data, so that a property can make one up. */
type Step =
  | { readonly op: "write" | "ram" | "compute" | "caught"; readonly n: number }
  | { readonly op: "read" | "wfi" | "mask" | "unmask" | "abort" };

function* play(steps: readonly Step[]): GuestCode {
  let sum = 0;
  for (const step of steps) {
    switch (step.op) {
      case "write":
        yield write32(DEVICE, sum + step.n);
        break;
      case "ram":
        yield write32(RAM + 4 * (step.n % 16), sum);
        sum = (sum + (yield* read32(RAM + 4 * ((step.n * 7) % 16)))) >>> 0;
        break;
      case "compute":
        yield compute(step.n);
        break;
      case "read":
        sum = (sum + (yield* read32(DEVICE))) >>> 0;
        break;
      case "caught":
        try {
          yield read32(DEVICE + 0x800 + 4 * step.n);
        } catch {
          sum++;
        }
        break;
      case "wfi":
        yield wfi();
        break;
      case "mask":
        yield maskInterrupts();
        break;
      case "unmask":
        yield unmaskInterrupts();
        break;
      case "abort":
        yield read32(0x1_0000);
    }
  }
  yield powerOff(sum % 251);
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom("write" as const, "ram" as const, "compute" as const, "caught" as const), n: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ op: fc.constantFrom("read" as const, "read" as const, "wfi" as const, "mask" as const, "unmask" as const) }),
);
const steps = fc.array(step, { maxLength: 14 });
const handlerSteps = fc.array(
  fc.oneof(
    fc.record({ op: fc.constantFrom("write" as const, "compute" as const, "caught" as const), n: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ op: fc.constantFrom("read" as const, "unmask" as const) }),
  ),
  { maxLength: 4 },
);

describe("a saved vCPU", () => {
  function config(main: readonly Step[], irq: readonly Step[] | undefined, fiq: readonly Step[] | undefined, at: readonly number[]): MachineConfig {
    const handle = (ack: number, todo: readonly Step[]) =>
      function* (): GuestCode {
        yield read32(ack); // lower the line first, so that a handler that unmasks does not nest for ever
        for (const one of todo) yield* playOne(one);
      };
    const program: GuestProgram = {
      main: () => play(main),
      ...(irq === undefined ? {} : { irq: handle(ACK_IRQ, irq) }),
      ...(fiq === undefined ? {} : { fiq: handle(ACK_FIQ, fiq) }),
    };
    return { memory: MEMORY, quantum: 13, plugins: [alarm(at, at.map((ns) => ns + 9)), recorder([]), scripted(program)] };
  }
  function* playOne(one: Step): GuestCode {
    if (one.op === "write") yield write32(DEVICE, one.n);
    else if (one.op === "compute") yield compute(one.n);
    else if (one.op === "read") yield read32(DEVICE);
    else if (one.op === "unmask") yield unmaskInterrupts();
    else if (one.op === "caught") {
      try {
        yield read32(DEVICE + 0x800);
      } catch {
        yield write32(DEVICE, 0xca);
      }
    }
  }

  async function trace(machine: Machine, go: () => Promise<unknown>): Promise<string[]> {
    const lines: string[] = [];
    const tap = machine.trace$.subscribe((event) => lines.push(toJsonLine(event)));
    const result = await go();
    tap.unsubscribe();
    return [...lines, JSON.stringify(result)];
  }

  it("goes on identically from between any two instructions, in another machine", async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.option(handlerSteps, { nil: undefined }),
        fc.option(handlerSteps, { nil: undefined }),
        fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 3 }),
        fc.integer({ min: 1, max: 150 }),
        async (main, irq, fiq, at, untilNs) => {
          const make = (): Promise<Machine> => createMachine(config(main, irq, fiq, at));
          const whole = await make();
          const expected = await trace(whole, () => whole.run());
          const end = await whole.save();
          await whole.close();

          const first = await make();
          const before = await trace(first, () => first.run({ untilNs }));
          const interrupted = before.at(-1) === '{"reason":"until"}';
          const file = await first.save();
          await first.close();
          if (!interrupted) {
            expect(before).toEqual(expected);
            return;
          }

          const second = await make();
          await second.run({ untilNs: 17 }); // it had a life of its own
          await second.restore(file);
          const after = await trace(second, () => second.run());
          expect(await second.save()).toEqual(end);
          await second.close();
          expect([...before.slice(0, -1), ...after]).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("keeps a fault: it stays off, and says why", async () => {
    const make = (): Promise<Machine> => createMachine({ plugins: [scripted(function* () { yield read32(0x1_0000); })] });
    const first = await make();
    await first.run();
    const file = await first.save();
    await first.close();
    const second = await make();
    const kinds: string[] = [];
    second.trace$.subscribe(({ kind }) => kinds.push(kind));
    await second.restore(file);
    expect([second.vcpus[0]!.off, second.vcpus[0]!.faultMessage]).toEqual([true, "vcpu0: external abort: read of 4 bytes at 0x10000"]);
    expect(kinds).toEqual(["machine"]); // restoring says nothing on exits$
    await second.close();
  });

  it("has a journal of bounded length: a guest that ran longer runs on but is not saved", async () => {
    await withMachine({ memory: MEMORY, plugins: [scripted(function* () { for (let n = 0; n <= MAX_JOURNAL; n++) yield read8(RAM); yield powerOff(); })] }, async (machine) => {
      expect(await machine.run()).toMatchObject({ reason: "power-off" });
      const error: unknown = await machine.save().catch((e: unknown) => e);
      expect(isTraplineError(error, "snapshot")).toBe(true);
      expect((error as Error).message).toContain("scripted vcpu0 ran more than 1000000 operations; save earlier");
    });
  });

  //   what is wrong                          the other program
  it.each<readonly [string, () => GuestCode]>([
    ["shorter", function* () { yield compute(1); }],
    ["one that throws where the saved one did not", function* () { yield compute(1); throw new Error("other bug"); }],
    ["none at all", undefined as never],
  ])("is refused by another program that is %s, which goes on as it was", async (_what, other) => {
    const first = await createMachine({ vcpus: 1, memory: MEMORY, plugins: [recorder([]), scripted(function* () { for (let n = 0; n < 10; n++) yield write32(DEVICE, n); })] });
    await first.run({ untilNs: 5 });
    const saved = first.vcpus[0]!.save();
    await first.close();
    await withMachine({ vcpus: 1, memory: MEMORY, plugins: [recorder([]), scripted(...(other === undefined ? [] : [other]))] }, async (machine) => {
      const [vcpu] = machine.vcpus;
      const before = vcpu!.save();
      let error: unknown;
      try {
        vcpu!.restore(saved);
      } catch (e) {
        error = e;
      }
      expect(isTraplineError(error, "snapshot")).toBe(true);
      expect((error as Error).message).toMatch(/^the saved state of vcpu0 does not fit its program: .*; restore it into a machine whose programs are those that were saved$/);
      expect(vcpu!.save()).toEqual(before);
    });
  });

  it.each([["nothing", null], ["another thing", { journal: 5 }], ["half of it", { journal: [], frames: [] }]])("is refused when it is %s", async (_what, state) => {
    await withMachine({ plugins: [scripted(function* () { yield compute(1); })] }, async (machine) => {
      const [vcpu] = machine.vcpus;
      let error: unknown;
      try {
        vcpu!.restore(state as PlainData);
      } catch (e) {
        error = e;
      }
      expect(isTraplineError(error, "snapshot")).toBe(true);
      expect(await machine.run()).toEqual({ reason: "halted" });
    });
  });
});
