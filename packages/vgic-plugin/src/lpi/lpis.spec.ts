/** LPIs and the LPI registers of redistributors: gic.md J.4 rows 139–150, 153–155, 158; kvm-irq-abi K.3 57, K.8 179, 180. */
import { toBigint, u64 } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { CONFIG_TABLE, ITT, ItsBench, NOWHERE, pendingTable, SPURIOUS } from "../its/its-bench.fixture.ts";
import { int, mapc, mapd, mapti } from "../its/its-command-words.ts";
import { savePendingTables } from "./save-pending-tables.ts";
import { LPIS_DISABLED, NO_SUCH_LPI, PENDED } from "./lpis.ts";

const CES = 2;
const ONES = 0xffff_ffff_ffff_ffffn;

/** LPIs usable, nothing enabled yet. */
function cold(): ItsBench {
  const bench = new ItsBench();
  bench.memory.window(CONFIG_TABLE, 57_344)!.fill(0xa1);
  return bench;
}

function setPendingBit(bench: ItsBench, vcpu: number, intid: number): void {
  bench.memory.window(pendingTable(vcpu) + (intid >>> 3), 1)![0]! |= 1 << (intid & 7);
}

function pendingBit(bench: ItsBench, vcpu: number, intid: number): number {
  return (bench.memory.window(pendingTable(vcpu) + (intid >>> 3), 1)![0]! >>> (intid & 7)) & 1;
}

describe("LPIs", () => {
  it("140: EnableLPIs sticks, and CES says that it can be cleared", () => {
    const { lpis } = cold();
    lpis.writeCtlr(0, 1);
    expect(lpis.ctlr(0)).toBe(1 | CES);
    expect(lpis.ctlr(1)).toBe(CES);
    lpis.writeCtlr(0, 0xffff_fffe);
    expect(lpis.ctlr(0)).toBe(CES);
  });

  it("141: while enabled GICR_PROPBASER and GICR_PENDBASER ignore writes", () => {
    const bench = cold();
    bench.enableLpis(0);
    const before = [bench.lpis.propbaser(0), bench.lpis.pendbaser(0)];
    bench.lpis.writePropbaser(0, ONES);
    bench.lpis.writePendbaser(0, ONES);
    expect([bench.lpis.propbaser(0), bench.lpis.pendbaser(0)]).toEqual(before);
  });

  it("142: PTZ and the reserved bits read 0", () => {
    const { lpis } = cold();
    lpis.writePendbaser(0, ONES);
    lpis.writePropbaser(0, ONES);
    expect(toBigint(lpis.pendbaser(0))).toBe(0x070f_ffff_ffff_0f80n);
    expect(toBigint(lpis.propbaser(0))).toBe(0x070f_ffff_ffff_ff9fn);
  });

  it("143 and K 57: enabling reads the pending table, and takes the bit out of it", () => {
    const bench = cold();
    setPendingBit(bench, 0, 8195);
    bench.enableLpis(0);
    expect(pendingBit(bench, 0, 8195)).toBe(0);
    expect(bench.iar(0)).toBe(8195);
  });

  it("144: with PTZ the table is taken to be empty", () => {
    const bench = cold();
    setPendingBit(bench, 0, 8195);
    bench.enableLpis(0, { ptz: true });
    expect(bench.iar(0)).toBe(SPURIOUS);
  });

  it.each([true, false])("145: disabled LPIs are withdrawn, kept in memory, and delivered again (PTZ at first: %s)", (ptz) => {
    const bench = cold();
    bench.enableLpis(0, { ptz });
    bench.lpis.pend(8195, 0);
    expect(bench.port.filedAt(8195)).toBe(0);
    bench.lpis.writeCtlr(0, 0);
    expect(bench.port.filedAt(8195)).toBe(-1);
    expect(pendingBit(bench, 0, 8195)).toBe(1);
    bench.lpis.writeCtlr(0, 1);
    expect(bench.iar(0)).toBe(8195);
    expect(bench.iar(0)).toBe(SPURIOUS);
  });

  it("K 180: clearing EnableLPIs takes every filed LPI back, of that vCPU only", () => {
    const bench = cold();
    bench.enableLpis(0);
    bench.enableLpis(1);
    for (const [intid, vcpu] of [[8192, 0], [8193, 1], [65_535, 0]] as const) bench.lpis.pend(intid, vcpu);
    bench.lpis.writeCtlr(0, 0);
    expect([...bench.port.filed.keys()]).toEqual([8193]);
  });

  it("146: an LPI that arrives while LPIs are disabled is lost", () => {
    const bench = cold();
    bench.lpis.writePropbaser(0, CONFIG_TABLE + 15);
    expect(bench.lpis.pend(8195, 0)).toBe(LPIS_DISABLED);
    bench.enableLpis(0);
    expect(bench.iar(0)).toBe(SPURIOUS);
  });

  it.each([
    // field IDbits (minus one), intid, result
    ["147: IDbits 13, LPI 20000", 14, 20_000, NO_SUCH_LPI],
    ["147: IDbits 13, the last LPI", 14, 16_383, PENDED],
    ["147: IDbits 13, one beyond it", 14, 16_384, NO_SUCH_LPI],
    ["148: IDbits 12 leaves none", 13, 8192, NO_SUCH_LPI],
    ["149: IDbits 31 is clamped to the GIC's 16", 32, 65_535, PENDED],
    ["149: and 65536 is none", 32, 65_536, NO_SUCH_LPI],
    ["an SGI is no LPI", 16, 3, NO_SUCH_LPI],
    ["8191 is no LPI", 16, 8191, NO_SUCH_LPI],
    ["2^32 − 1 is no LPI", 16, 0xffff_ffff, NO_SUCH_LPI],
  ])("%s", (_what, idBits, intid, result) => {
    const bench = cold();
    bench.enableLpis(0, { idBits });
    expect(bench.lpis.pend(intid, 0)).toBe(result);
    expect(bench.port.filed.size).toBe(result === PENDED ? 1 : 0);
  });

  it("150: disabled in the table it becomes pending and is not offered, until it is enabled and invalidated", () => {
    const bench = cold();
    bench.setConfig(8195, 0xa0);
    bench.enableLpis(0);
    expect(bench.lpis.pend(8195, 0)).toBe(PENDED);
    expect(bench.port.filed.size).toBe(0);
    bench.setConfig(8195, 0xa1);
    bench.lpis.invalidate(8195);
    expect(bench.iar(0)).toBe(8195);
  });

  it("K 179: a configuration byte of 0xA3 is priority 0xA0, enabled", () => {
    const bench = new ItsBench().boot();
    bench.setConfig(8195, 0xa3);
    bench.commands(mapd(2, 8, ITT), mapc(0, 0), mapti(2, 20, 8195, 0));
    expect(bench.lpis.peek(8195)).toEqual({ mapped: true, pending: false, enabled: true, priority: 0xa0, vcpu: 0, lpisEnabled: true });
  });

  it("keeps the priority bits [7:2] as they are", () => {
    const bench = cold();
    bench.setConfig(8195, 0xff);
    bench.enableLpis(0);
    bench.lpis.pend(8195, 0);
    expect(bench.port.filed.get(8195)?.priority).toBe(0xfc);
  });

  it("153: acknowledged, an LPI is no longer pending, and the next best comes", () => {
    const bench = cold();
    bench.setConfig(9000, 0x21);
    setPendingBit(bench, 0, 8195);
    setPendingBit(bench, 0, 9000);
    bench.enableLpis(0);
    expect([bench.iar(0), bench.iar(0), bench.iar(0)]).toEqual([9000, 8195, SPURIOUS]);
    expect([pendingBit(bench, 0, 9000), pendingBit(bench, 0, 8195)]).toEqual([0, 0]);
  });

  it("154: a configuration table outside RAM leaves LPIs disabled", () => {
    const bench = cold();
    bench.lpis.writePropbaser(0, NOWHERE + 15);
    bench.lpis.writePendbaser(0, NOWHERE);
    bench.lpis.writeCtlr(0, 1);
    expect(bench.lpis.pend(8195, 0)).toBe(PENDED);
    expect(bench.port.filed.size).toBe(0);
    bench.lpis.writeCtlr(0, 0);
    expect(bench.lpis.pendingAt(8195)).toBe(-1);
  });

  it("154: a configuration table that runs out of RAM counts as far as it goes", () => {
    const bench = cold();
    bench.memory.window(0x40ff_f000, 0x1000)!.fill(0xa1);
    bench.lpis.writePropbaser(0, 0x40ff_f000 + 15);
    bench.lpis.writeCtlr(0, 1);
    bench.lpis.pend(8192 + 0xfff, 0);
    bench.lpis.pend(8192 + 0x1000, 0);
    expect([...bench.port.filed.keys()]).toEqual([8192 + 0xfff]);
  });

  it("158: without DirectLPI and IR the direct registers are ignored", () => {
    const bench = cold();
    bench.setConfig(8196, 0xa0);
    bench.enableLpis(0);
    expect(bench.lpis.typer(0) & 8).toBe(0);
    bench.lpis.writeSetlpir(0, 8195);
    expect(bench.lpis.pendingAt(8195)).toBe(-1);
    bench.lpis.pend(8195, 0);
    bench.lpis.writeClrlpir(0, 8195);
    expect(bench.lpis.pendingAt(8195)).toBe(0);
    bench.setConfig(8195, 0xa0);
    bench.lpis.writeInvlpir(0, 8195);
    bench.lpis.writeInvallr(0, 0);
    expect(bench.port.filedAt(8195)).toBe(0);
  });

  it("with IR, GICR_INVLPIR and GICR_INVALLR read configuration again", () => {
    const bench = new ItsBench({ directInvalidation: true }).boot();
    expect(bench.lpis.ctlr(0)).toBe(7);
    bench.lpis.pend(8195, 0);
    bench.lpis.pend(8196, 1);
    for (const intid of [8195, 8196]) bench.setConfig(intid, 0xa0);
    bench.lpis.writeInvlpir(0, 8195);
    expect([...bench.port.filed.keys()]).toEqual([8196]);
    bench.lpis.writeInvallr(1, 0);
    expect(bench.port.filed.size).toBe(0);
  });

  it("with DirectLPI, GICR_SETLPIR and GICR_CLRLPIR work, at their own redistributor", () => {
    const bench = new ItsBench({ directLpi: true }).boot();
    expect(bench.lpis.typer(0)).toBe(9);
    bench.lpis.writeSetlpir(2, 8195);
    bench.lpis.writeClrlpir(1, 8195);
    expect(bench.port.filedAt(8195)).toBe(2);
    bench.lpis.writeClrlpir(2, 8195);
    expect(bench.port.filed.size).toBe(0);
    bench.lpis.writeSetlpir(2, 0xffff_ffff);
    bench.lpis.writeClrlpir(2, u64(5, 7));
    expect(bench.port.filed.size).toBe(0);
  });

  it("an LPI is pending at one vCPU only: a second time it coalesces, elsewhere too", () => {
    const bench = new ItsBench().boot();
    bench.lpis.pend(8195, 0);
    bench.lpis.pend(8195, 0);
    bench.lpis.pend(8195, 1);
    expect([bench.iar(1), bench.iar(0), bench.iar(0)]).toEqual([SPURIOUS, 8195, SPURIOUS]);
  });

  it("another GICR_PROPBASER drops what was read from the old table, and LPIs the new one has not", () => {
    const bench = new ItsBench({ vcpus: 2 }).boot();
    bench.lpis.pend(8195, 0);
    bench.lpis.pend(60_000, 0);
    bench.lpis.writeCtlr(1, 0);
    bench.memory.window(0x4060_0000, 8192)!.fill(0x41);
    bench.lpis.writePropbaser(1, 0x4060_0000 + 13);
    expect(bench.port.filed.get(8195)).toEqual({ vcpu: 0, priority: 0x40 });
    expect(bench.lpis.pendingAt(60_000)).toBe(-1);
  });

  it("saves pending tables without disturbing anything, and leaves their first KiB alone", () => {
    const bench = new ItsBench().boot();
    bench.memory.window(pendingTable(0), 1024)!.fill(0x5a);
    bench.lpis.pend(8195, 0);
    setPendingBit(bench, 0, 9000); // stale: must be cleared
    expect(bench.lpis.savePendingTables()).toBe(true);
    expect([pendingBit(bench, 0, 8195), pendingBit(bench, 0, 9000)]).toEqual([1, 0]);
    expect(bench.memory.window(pendingTable(0), 1024)!.every((byte) => byte === 0x5a)).toBe(true);
    expect(bench.iar(0)).toBe(8195);
  });

  it("says so when a pending table is not in RAM", () => {
    const bench = new ItsBench().boot();
    bench.lpis.writeCtlr(1, 0);
    bench.lpis.writePendbaser(1, NOWHERE);
    bench.lpis.writeCtlr(1, 1);
    expect(bench.lpis.savePendingTables()).toBe(false);
    expect(() => savePendingTables(bench.lpis)).toThrow(/^EFAULT/);
  });

  it("SAVE_PENDING_TABLES: EBUSY while a vCPU runs, nothing to do without LPIs", () => {
    const bench = new ItsBench().boot();
    expect(() => savePendingTables(bench.lpis, true)).toThrow(/^EBUSY/);
    expect(() => savePendingTables(undefined)).not.toThrow();
    bench.lpis.pend(8195, 2);
    savePendingTables(bench.lpis);
    expect(pendingBit(bench, 2, 8195)).toBe(1);
  });

  it("peeks what would be read while nothing is cached, and nothing for what is no LPI", () => {
    const bench = cold();
    bench.enableLpis(0);
    bench.setConfig(8200, 0x45);
    expect(bench.lpis.peek(8200)).toEqual({ mapped: false, pending: false, enabled: true, priority: 0x44, vcpu: -1, lpisEnabled: false });
    expect(bench.lpis.peek(5)).toBeUndefined();
    expect(bench.lpis.peek(65_536)).toBeUndefined();
  });

  it("peeks the target of a mapped LPI and none while its collection has none", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(2, 8, ITT), mapti(2, 20, 8195, 4));
    expect(bench.lpis.peek(8195)).toMatchObject({ mapped: true, vcpu: -1, lpisEnabled: false });
    bench.commands(mapc(4, 2));
    expect(bench.lpis.peek(8195)).toMatchObject({ mapped: true, vcpu: 2, lpisEnabled: true });
    bench.commands(int(2, 20));
    expect(bench.lpis.peek(8195)).toMatchObject({ pending: true, vcpu: 2 });
  });
});
