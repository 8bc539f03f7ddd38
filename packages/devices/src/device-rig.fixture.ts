/** A device of rows on a bench: its frame, its line, a clock that the test moves, and the checks that every such device has to pass. */
import { type LevelLine, type PlainData, type RegisterBank, RegisterFrame, VirtualClock, type Width } from "@trapline/core";
import fc from "fast-check";
import { expect } from "vitest";

export class TestLine implements LevelLine {
  high = false;
  changes = 0;
  set(high: boolean): void {
    if (high !== this.high) this.changes++;
    this.high = high;
  }
}

export interface Savable {
  save(): PlainData;
  restore(state: PlainData): void;
}

export class DeviceRig<D extends Savable> {
  readonly clock: VirtualClock = new VirtualClock();
  readonly line: TestLine = new TestLine();
  readonly device: D;
  readonly frame: RegisterFrame<D>;

  constructor(bank: RegisterBank<D>, make: (rig: { line: TestLine; clock: VirtualClock }) => D) {
    this.device = make(this);
    this.frame = new RegisterFrame(this.device, bank);
  }

  r(offset: number, width: Width = 4): number {
    return Number(this.frame.read(offset, width, 0));
  }

  w(offset: number, value: number, width: Width = 4): void {
    this.frame.write(offset, width, value, 0);
  }

  advance(ns: number): void {
    this.clock.elapse(ns);
  }
}

/** Rows: every register has its reset value, and what is RO stays so. Offsets in `live` change by themselves. */
export function checkRows<D extends Savable>(rig: () => DeviceRig<D>, live: readonly number[] = []): void {
  const { frame } = rig();
  for (const register of frame.bank.registers) {
    if (live.includes(register.offset)) continue;
    const fresh = rig();
    const reset = Number(register.spec.read === undefined || register.reset !== 0 ? register.reset : fresh.frame.peek(register.offset, 4, 0));
    expect([register.name, fresh.r(register.offset)]).toEqual([register.name, register.readable ? reset : 0]);
    if (register.spec.access !== "RO") continue;
    fresh.w(register.offset, ~reset >>> 0);
    expect([register.name, fresh.r(register.offset)]).toEqual([register.name, reset]);
  }
}

const OFFSET = fc.oneof(fc.nat(0x50), fc.integer({ min: 0x3f8, max: 0x428 }), fc.nat(0xfff));
const ACCESS = fc.record({
  write: fc.boolean(),
  offset: OFFSET,
  width: fc.constantFrom<Width>(1, 2, 4, 8),
  value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  waitNs: fc.constantFrom(0, 1, 100_000, 5_000_000_000),
});

/**
 * A guest that does anything: nothing throws, values fit their width, looking changes nothing, the line says what `expected`
 * says, and a device restored from `save` is the same device.
 */
export function checkHostileGuest<D extends Savable>(rig: () => DeviceRig<D>, expected: (rig: DeviceRig<D>) => boolean): void {
  fc.assert(
    fc.property(fc.array(ACCESS, { maxLength: 60 }), (accesses) => {
      const bench = rig();
      for (const { write, offset, width, value, waitNs } of accesses) {
        const before = bench.device.save();
        const peeked = bench.frame.peek(offset, width, 0);
        expect(bench.device.save()).toEqual(before);
        expect(BigInt(peeked) >> BigInt(8 * width)).toBe(0n);
        if (write) bench.frame.write(offset, width, value, 0);
        else expect(BigInt(bench.frame.read(offset, width, 0)) >> BigInt(8 * width)).toBe(0n);
        bench.advance(waitNs);
        expect(bench.line.high).toBe(expected(bench));
      }
      const state = bench.device.save();
      const copy = rig();
      copy.device.restore(state);
      expect(copy.device.save()).toEqual(state);
    }),
    { numRuns: 60 },
  );
}

/** A state with one field spoilt is refused, and nothing changes. */
export function checkRestoreRefuses<D extends Savable>(rig: () => DeviceRig<D>): void {
  const { device } = rig();
  const good = device.save() as Record<string, PlainData>;
  for (const spoilt of [null, 7, [], ...Object.keys(good).map((key) => ({ ...good, [key]: -1 }))]) {
    expect(() => device.restore(spoilt)).toThrow(/saved state of/);
    expect(device.save()).toEqual(good);
  }
}
