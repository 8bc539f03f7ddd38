/**
 * LPIs in a whole GICv3: gic.md J.3 98, J.4 139–146, 151, 152, 154, 158, J.5 178, 179; kvm-irq-abi K.3 45–48 and A.7.
 */
import { GuestMemory, SnapshotError, topology, u64, VirtualClock, type WireEvent } from "@trapline/core";
import { Subscriber } from "rxjs";
import { describe, expect, it } from "vitest";
import { RigV3 } from "../gic-rig.fixture.ts";
import { type LpiOptions, Lpis } from "../lpi/lpis.ts";
import {
  BASER0,
  BASER1,
  CBASER,
  COLLECTION_TABLE_AT,
  CONFIG_TABLE,
  CTLR,
  CWRITER,
  DEVICE_TABLE_AT,
  ITT,
  pendingTable,
  QUEUE,
  RAM,
  valid,
} from "./its-bench.fixture.ts";
import { type CommandWords, discard, int, mapc, mapd, mapti, movi } from "./its-command-words.ts";
import { Its } from "./its.ts";
import { itsConfig } from "./its-config.ts";
import { KVM_MSI_VALID_DEVID, signalMsi } from "./signal-msi.ts";

const ITS_BASE = 0x0808_0000;
const DOORBELL = ITS_BASE + 0x1_0040;
/** GICR offsets. */
const [GICR_CTLR, TYPER, PROPBASER, PENDBASER, SETLPIR, INVLPIR, SYNCR] = [0x00, 0x08, 0x70, 0x78, 0x40, 0xa0, 0xc0];

/** A GICv3 of four PEs with an ITS, set up as an OS does. LPI 8192 + n is event n of device 1, in collection 0 on PE 0. */
class Rig extends RigV3 {
  readonly memory: GuestMemory;
  readonly lpis: Lpis;
  readonly its: Its;
  private at = 0;

  constructor(options: LpiOptions = {}) {
    super(4);
    this.memory = new GuestMemory(this.order, [RAM]);
    this.lpis = this.gic.attachLpis((port) => new Lpis(port, this.memory, options)) as Lpis;
    const config = itsConfig({ base: ITS_BASE }, 16);
    const { memory, order, lpis } = this;
    this.its = new Its(config, { memory, order, clock: new VirtualClock(), topology: topology(4), intidBits: 16, lpis });
    this.gic.addMsiTarget(this.its);
  }

  boot(): this {
    this.memory.window(CONFIG_TABLE, 57_344)!.fill(0xa1);
    for (let pe = 0; pe < 4; pe++) {
      this.rd(true, PROPBASER, 8, CONFIG_TABLE + 15, pe);
      this.rd(true, PENDBASER, 8, pendingTable(pe), pe);
      this.R(GICR_CTLR, 1, pe);
    }
    this.its.frame.write(BASER0, 8, valid(DEVICE_TABLE_AT, 7), 0);
    this.its.frame.write(BASER1, 8, valid(COLLECTION_TABLE_AT), 0);
    this.its.frame.write(CBASER, 8, valid(QUEUE, 15), 0);
    this.its.frame.write(CTLR, 4, 1, 0);
    this.commands(mapd(1, 8, ITT), mapc(0, 0), mapc(1, 1), ...Array.from({ length: 8 }, (_, n) => mapti(1, n, 8192 + n, 0)));
    return this;
  }

  commands(...commands: readonly CommandWords[]): void {
    for (const words of commands) {
      for (const [n, word] of words.entries()) this.memory.write(QUEUE + this.at + 4 * n, 4, word);
      this.at += 32;
    }
    this.its.frame.write(CWRITER, 8, this.at, 0);
  }

  msi(eventId: number): number {
    return this.gic.msi$.emit(DOORBELL, eventId, 1);
  }

  setConfig(intid: number, byte: number): void {
    this.memory.write(CONFIG_TABLE + intid - 8192, 1, byte);
  }
}

describe("LPIs in a GICv3", () => {
  it("98: GICD_TYPER says LPIs, and A.7: GICR_TYPER says PLPIS and no DirectLPI", () => {
    expect(new RigV3(4).d(0x0004)).toBe(0x0378_0008);
    const rig = new Rig();
    expect(rig.d(0x0004)).toBe(0x037a_0008);
    expect([0, 1, 2, 3].map((pe) => rig.r(TYPER, pe))).toEqual([0x001, 0x101, 0x201, 0x311]);
  });

  it("139: without LPIs GICR_CTLR is 0 whatever is written", () => {
    const rig = new RigV3(4);
    rig.R(GICR_CTLR, 1);
    expect(rig.r(GICR_CTLR)).toBe(0);
  });

  it("140–142: EnableLPIs and CES; then GICR_PROPBASER and PENDBASER are fixed; PTZ reads 0", () => {
    const rig = new Rig();
    rig.rd(true, PENDBASER, 8, u64(0x4000_0000, pendingTable(0)), 0);
    expect(rig.r64(PENDBASER)).toBe(BigInt(pendingTable(0)));
    rig.R(GICR_CTLR, 1);
    expect(rig.r(GICR_CTLR)).toBe(3);
    rig.rd(true, PENDBASER, 8, 0, 0);
    rig.R(PROPBASER, 15);
    expect([rig.r64(PENDBASER), rig.r64(PROPBASER)]).toEqual([BigInt(pendingTable(0)), 0n]);
  });

  it("raises the line for an MSI, is acknowledged once, and coalesces", () => {
    const rig = new Rig().boot();
    expect([rig.msi(3), rig.msi(3)]).toEqual([1, 1]);
    expect(rig.irq(0)).toBe(true);
    expect(rig.iar1()).toBe(8195);
    expect(rig.irq(0)).toBe(false);
    rig.eoi1(8195);
    expect([rig.iar1(), rig.rpr()]).toEqual([1023, 0xff]);
  });

  it("145 and K 180: disabling LPIs lowers the line, enabling them raises it again", () => {
    const rig = new Rig().boot();
    rig.msi(3);
    rig.R(GICR_CTLR, 0);
    expect(rig.irq(0)).toBe(false);
    expect(rig.iar1()).toBe(1023);
    expect(rig.msi(4)).toBe(-16);
    rig.R(GICR_CTLR, 1);
    expect(rig.irq(0)).toBe(true);
    expect([rig.iar1(), rig.iar1()]).toEqual([8195, 1023]);
  });

  it("151: of equal priority the SPI comes first", () => {
    const rig = new Rig().boot();
    rig.use(40, { priority: 0xa0, edge: true });
    rig.msi(0);
    rig.pulse(40);
    expect(rig.iar1()).toBe(40);
    rig.eoi1(40);
    expect(rig.iar1()).toBe(8192);
  });

  it("an LPI of better priority preempts an SPI, and the other way round", () => {
    const rig = new Rig().boot();
    rig.setConfig(8192, 0x41);
    rig.lpis.invalidate(8192);
    rig.use(40, { priority: 0x80, edge: true });
    rig.msi(1);
    expect(rig.iar1()).toBe(8193);
    rig.pulse(40);
    expect(rig.iar1()).toBe(40);
    rig.msi(0);
    expect([rig.iar1(), rig.rpr()]).toEqual([8192, 0x40]);
    for (const [intid, left] of [[8192, 0x80], [40, 0xa0], [8193, 0xff]] as const) {
      rig.eoi1(intid);
      expect(rig.rpr()).toBe(left);
    }
  });

  it("152: with EnableGrp1 = 0 no LPI is signalled; with it on, it is", () => {
    const rig = new Rig().boot();
    rig.D(0x0000, 1);
    rig.msi(3);
    expect(rig.irq(0)).toBe(false);
    rig.D(0x0000, 3);
    expect(rig.irq(0)).toBe(true);
  });

  it("153: after an acknowledge the next best is signalled", () => {
    const rig = new Rig().boot();
    rig.msi(5);
    rig.msi(3);
    expect(rig.iar1()).toBe(8195);
    expect(rig.irq(0)).toBe(false); // 8197 waits behind the running priority
    rig.eoi1(8195);
    expect(rig.irq(0)).toBe(true);
    expect(rig.iar1()).toBe(8197);
  });

  it("155: GICR_SYNCR is never busy", () => {
    expect(new Rig().boot().r(SYNCR)).toBe(0);
  });

  it("158: GICR_SETLPIR and INVLPIR are ignored, unless announced", () => {
    const plain = new Rig().boot();
    plain.rd(true, SETLPIR, 8, 8195, 0);
    expect(plain.irq(0)).toBe(false);
    const direct = new Rig({ directLpi: true, directInvalidation: true }).boot();
    expect(direct.r(GICR_CTLR)).toBe(7);
    direct.rd(true, SETLPIR, 8, 8195, 2);
    expect(direct.irq(2)).toBe(true);
    direct.setConfig(8195, 0xa0);
    direct.rd(true, INVLPIR, 8, 8195, 2);
    expect(direct.irq(2)).toBe(false);
  });

  it.each([0, 2])("178: EOIR of an LPI drops the priority once, DIR is ignored, and no SPI changes (ICC_CTLR %i)", (control) => {
    const rig = new Rig().boot();
    rig.msr("CTLR", control);
    for (let intid = 32; intid < 288; intid++) rig.use(intid, { edge: true });
    const before = rig.gic.save();
    for (const eventId of [0, 7]) {
      rig.msi(eventId);
      const intid = rig.iar1();
      expect(intid).toBe(8192 + eventId);
      rig.msr("DIR", intid);
      expect(rig.rpr()).toBe(0xa0);
      rig.eoi1(intid);
      expect(rig.rpr()).toBe(0xff);
      rig.eoi1(intid);
      rig.msr("DIR", intid);
    }
    for (const intid of [14_304, 65_535, 65_536, 0xff_ffff]) {
      rig.eoi1(intid);
      rig.msr("DIR", intid);
    }
    expect(rig.gic.save()).toEqual(before);
  });

  it("217: MOVI moves the line, DISCARD lowers it", () => {
    const rig = new Rig().boot();
    rig.commands(int(1, 3));
    expect([rig.irq(0), rig.irq(1)]).toEqual([true, false]);
    rig.commands(movi(1, 3, 1));
    expect([rig.irq(0), rig.irq(1)]).toEqual([false, true]);
    rig.commands(discard(1, 3));
    expect(rig.irq(1)).toBe(false);
    expect(rig.iar1(1)).toBe(1023);
  });

  it("a reset forgets LPIs and their tables; nothing of before is delivered", () => {
    const rig = new Rig().boot();
    rig.msi(3);
    rig.gic.reset("warm");
    rig.its.reset();
    expect(rig.irq(0)).toBe(false);
    expect([rig.r(GICR_CTLR), rig.r64(PROPBASER), rig.msi(3)]).toEqual([2, 0n, -16]);
  });

  it("goes on from a snapshot with the LPI in flight", () => {
    const from = new Rig().boot();
    from.msi(3);
    from.msi(4);
    expect(from.iar1()).toBe(8195);
    const to = new Rig();
    to.memory.copyIn(RAM.base, from.memory.window(RAM.base, RAM.size)!);
    to.gic.restore(from.gic.save());
    to.its.restore(from.its.save());
    expect([to.rpr(), to.irq(0)]).toEqual([0xa0, false]);
    to.eoi1(8195);
    expect(to.irq(0)).toBe(true);
    expect(to.iar1()).toBe(8196);
    expect(to.gic.save()).not.toEqual(from.gic.save());
  });

  it("refuses a snapshot of a GIC with other LPIs, and changes nothing", () => {
    const rig = new Rig().boot();
    const before = rig.gic.save();
    const saved = before as { readonly lpis: { readonly config: Uint8Array } };
    const misfits = [{ config: new Uint8Array(3) }, { pending: [8195, 9] }, { pending: [5, 0] }];
    for (const lpis of [null, ...misfits.map((part) => ({ ...saved.lpis, ...part }))]) {
      expect(() => rig.gic.restore({ ...(saved as object), lpis })).toThrow(SnapshotError);
      expect(rig.gic.save()).toEqual(before);
    }
  });
});

describe("KVM_SIGNAL_MSI", () => {
  const msi = { address: DOORBELL, data: 3, flags: KVM_MSI_VALID_DEVID, deviceId: 1 };

  it("45: no GIC: EINVAL", () => {
    expect(signalMsi(undefined, msi)).toBe(-22);
  });

  it.each([0, KVM_MSI_VALID_DEVID])("46: no ITS: ENODEV (flags %i)", (flags) => {
    expect(signalMsi(new RigV3(4).gic, { ...msi, flags })).toBe(-19);
  });

  it("47: without VALID_DEVID: EINVAL; unknown flags too", () => {
    const { gic } = new Rig().boot();
    expect([signalMsi(gic, { ...msi, flags: 0 }), signalMsi(gic, { ...msi, flags: 2 })]).toEqual([-22, -22]);
  });

  it("48: behind the ITS: EINVAL; anywhere inside: delivered", () => {
    const { gic } = new Rig().boot();
    expect(signalMsi(gic, { ...msi, address: ITS_BASE + 0x2_0000 })).toBe(-22);
    expect(signalMsi(gic, { ...msi, address: 0xffff_ffff_0000_0000n })).toBe(-22);
    expect(signalMsi(gic, { ...msi, address: ITS_BASE })).toBe(1);
  });

  it("49–52: EBUSY while disabled, 0 while blocked, 1 when delivered", () => {
    const rig = new Rig();
    expect(signalMsi(rig.gic, msi)).toBe(-16);
    rig.boot();
    expect([signalMsi(rig.gic, { ...msi, data: 99 }), signalMsi(rig.gic, msi)]).toEqual([0, 1]);
    rig.R(GICR_CTLR, 0);
    expect(signalMsi(rig.gic, msi)).toBe(-16);
  });
});

it("numbers a message and what comes of it alike, whether somebody watches or not", () => {
  const [plain, watched] = [new Rig().boot(), new Rig().boot()];
  const seen: number[] = [];
  const before = watched.order.sequence;
  watched.order.watchAll(new Subscriber<unknown>({ next: (event) => void seen.push((event as WireEvent).seq), error: () => {}, complete: () => {} }));
  for (const rig of [plain, watched]) {
    expect([rig.msi(3), rig.iar1(), rig.msi(200), rig.its.deliver(0, 4, 1)]).toEqual([1, 8195, 0, 1]);
    rig.eoi1(8195);
    expect(rig.iar1()).toBe(8196);
  }
  expect(plain.order.sequence).toBe(watched.order.sequence);
  expect(seen).toEqual(Array.from({ length: watched.order.sequence - before }, (_, n) => before + 1 + n));
});
