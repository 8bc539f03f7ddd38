/**
 * Translation on whole machines (Arm ARM DDI 0487, D5): faults with their exact syndromes, and how soon changes take effect. Sources in
 * mmu.s, lines as in guest-port.fixture.ts.
 */
import type { Machine } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { AF, AP, ATTR, BLOCK, CONTIGUOUS, NG, PAGE, PXN, SH, TABLE, UXN } from "../mmu/guest-tables.fixture.ts";
import { addressOf } from "./guest-image.fixture.ts";
import { ENGINES, playGuest, RAM, tablesIn } from "./guest-machine.fixture.ts";
import { mmuGuest } from "./mmu.guest.fixture.ts";

const NORMAL = AF | SH(3);
const DEVICE = AF | ATTR(1);
const NX = PXN | UXN;

const RET = 0xd65f_03c0;
/** Where things are in RAM. */
const PARAMETERS = RAM + 0x7_0000;
const ram = (offset: number): bigint => BigInt(RAM + offset);

type Mapping = readonly [va: bigint, level: number, descriptor: bigint];
/** The n-th page behind `va`, at the n-th behind `offset` in RAM. */
const pageOf = (va: number, n: number, offset: number, bits: bigint): Mapping => [
  BigInt(va + 0x1000 * n), 3, ram(offset + 0x1000 * n) | PAGE | NORMAL | bits,
];
/** Of TTBR0_EL1. The first nine, code and WINDOW, are in all address spaces. */
const MAP: readonly Mapping[] = [
  ...Array.from({ length: 8 }, (_, n): Mapping => [ram(0x8_0000 + 0x1000 * n), 3, ram(0x8_0000 + 0x1000 * n) | PAGE | NORMAL | AP(3)]),
  [0x2000_0000n, 2, ram(0) | BLOCK | NORMAL | NX],
  [0x1000_0000n, 3, ram(0x10_0000) | PAGE | NORMAL | NX],
  ...Array.from({ length: 16 }, (_, n) => pageOf(0x1001_0000, n, 0x10_0000, NX | CONTIGUOUS)),
  ...[AP(0), AP(1), AP(2), AP(3), AP(0) | PXN, AP(3) | UXN].map((rights, n) => pageOf(0x1100_0000, n, 0x12_0000, rights)),
  [0x1200_0000n, 3, ram(0x10_0000) | PAGE],
  [0x1200_1000n, 3, 0x100_0000_0000n | PAGE | NORMAL],
  [0x1220_0000n, 2, 0x1000_0000n | TABLE],
  [0x1280_0000n, 3, ram(0x13_0000) | PAGE | NORMAL | NX],
  [0x1300_0000n, 3, ram(0x14_0000) | PAGE | NORMAL | AP(2)],
  [0x1300_1000n, 3, ram(0x14_2000) | PAGE | NORMAL | AP(2)],
  [0x1400_0000n, 3, ram(0x10_8000) | PAGE | NORMAL],
  [0x1400_1000n, 3, ram(0x10_a000) | PAGE | NORMAL],
  [0x1400_3000n, 3, ram(0x10_b000) | PAGE | NORMAL],
  [0x1400_4000n, 3, ram(0x10_c000) | PAGE | NORMAL | AP(2)],
  [0x1401_0000n, 3, ram(0x10_d000) | PAGE | NORMAL],
  [0x1401_1000n, 3, 0x0900_0000n | PAGE | NORMAL],
  [0x1500_0000n, 3, 0x0900_0000n | PAGE | DEVICE],
  [0x1500_1000n, 3, ram(0x10_e000) | PAGE | DEVICE],
  [0x2100_0000n, 2, ram(0) | BLOCK],
  [0x2200_0000n, 2, ram(0) | BLOCK | NORMAL | NX],
  [0x80_0000_0000n, 1, ram(0) | BLOCK | NORMAL | NX],
  [0x80_c000_0000n, 1, ram(0) | BLOCK],
];
const COMMON = 9;
const UPPER: readonly Mapping[] = [
  [0xffff_0000_0000_0000n, 3, ram(0x10_0000) | PAGE | NORMAL | NX],
  [0xffff_ffff_ffff_f000n, 3, ram(0x10_0000) | PAGE | NORMAL | NX],
];

/** Tables from the start of RAM, parameters, and code that runs elsewhere than in the image. */
function prepare(machine: Machine): void {
  const { memory } = machine;
  const tables = tablesIn(machine);
  const [lower, upper, one, two] = [tables.table(), tables.table(), tables.table(), tables.table()];
  for (const mapping of MAP) tables.map(lower, ...mapping);
  for (const mapping of UPPER) tables.map(upper, ...mapping);
  for (const [root, data, code] of [[one, 0x15_0000, 0x14_0000], [two, 0x15_1000, 0x14_1000]] as const) {
    for (const mapping of MAP.slice(0, COMMON)) tables.map(root, ...mapping);
    tables.map(root, 0x1000_0000n, 3, ram(data) | PAGE | NORMAL | NX | NG);
    tables.map(root, 0x1300_0000n, 3, ram(code) | PAGE | NORMAL | AP(2) | NG);
    tables.map(root, 0x1280_0000n, 3, ram(0x13_0000) | PAGE | NORMAL | NX);
  }
  const entry = (va: bigint, level: number): number => tables.entry(lower, va, level) - RAM + 0x2000_0000;
  const parameters = [
    entry(0x1000_0000n, 3), entry(0x2200_0000n, 2), entry(0x1300_0000n, 3), entry(0x1300_1000n, 3),
    BigInt(one) | (1n << 48n), BigInt(two) | (2n << 48n),
  ];
  for (const [n, value] of parameters.entries()) memory.write(PARAMETERS + 8 * n, 8, value);
  for (let n = 0; n < 6; n++) memory.write(RAM + 0x12_0000 + 0x1000 * n, 4, RET);
  memory.write(RAM + 0x13_0000, 8, 0x77);
  for (const [n, label] of ["function_one", "function_two", "runner_one", "runner_two"].entries()) {
    memory.copyIn(RAM + 0x14_0000 + 0x1000 * n, memory.copyOut(addressOf(mmuGuest, label), 64)!); // more than it needs
  }
}

// A fault is EC 0x24 and 0x20 from EL0, 0x25 and 0x21 from EL1, then WnR and the status code with its level.
const ROWS: readonly (readonly [does: string, guest: string, trace: readonly string[]])[] = [
  ["pages, blocks of 2 MiB and 1 GiB, contiguous pages and TTBR1's ends name the same byte", "sizes", ["0", "0", "0", "0", "0", "0"]],
  ["permissions are those of D5.4.4 for each level and kind of access", "permissions", [
    "sync EL1h esr 8600000f far 11001000 at 11001000", // AP 01: what EL0 may write, EL1 does not execute
    "sync EL1h esr 9600004f far 11002008 at probe_store", // AP 10
    "sync EL1h esr 9600004f far 11003008 at probe_store", // AP 11
    "sync EL1h esr 8600000f far 11004000 at 11004000", // PXN
    "sync EL1h esr 9600004f far 11005008 at probe_store", // AP 11, UXN
    "sync EL0 esr 9200000f far 11000008 at probe_load", // AP 00
    "sync EL0 esr 9200004f far 11000008 at probe_store",
    "sync EL0 esr 9200000f far 11002008 at probe_load",
    "sync EL0 esr 9200004f far 11002008 at probe_store",
    "sync EL0 esr 9200004f far 11003008 at probe_store",
    "sync EL0 esr 9200000f far 11004008 at probe_load",
    "sync EL0 esr 9200004f far 11004008 at probe_store",
    "sync EL0 esr 9200004f far 11005008 at probe_store",
    "sync EL0 esr 8200000f far 11005000 at 11005000", // UXN
  ]],
  ["LDTR and STTR at EL1 have EL0's permissions, and fault as EL1", "unprivileged", [
    "sync EL1h esr 9600000f far 11000008 at unprivileged_load",
    "sync EL1h esr 9600004f far 11000008 at unprivileged_store",
    "sync EL1h esr 9600000f far 11002008 at unprivileged_load",
    "sync EL1h esr 9600004f far 11002008 at unprivileged_store",
    "sync EL1h esr 9600004f far 11003008 at unprivileged_store",
    "sync EL1h esr 9600000f far 11004008 at unprivileged_load",
    "sync EL1h esr 9600004f far 11004008 at unprivileged_store",
    "sync EL1h esr 9600004f far 11005008 at unprivileged_store",
  ]],
  ["SCTLR_EL1.WXN takes execution from what may be written, while it is set", "write_execute_never", [
    "sync EL1h esr 8600000f far 11000000 at 11000000",
    "1",
  ]],
  ["a walk reports its fault with the level where it ended", "walk_faults", ([
    ["10000000000", 0x04], ["8040000000", 0x05], ["30000000", 0x06], ["10001000", 0x07], // translation, levels 0 to 3
    ["12000000", 0x0b], ["21000000", 0x0a], ["80c0000000", 0x09], //                        access flag, levels 3 to 1
    ["12001000", 0x03], //                                                                  address size
    ["12200000", 0x17], //                                                                  external abort on the walk
    ["1000010000000", 0x04], ["fffe000000000000", 0x04], //                                 beyond TxSZ
  ] as const).flatMap(([far, status]) => [
    `sync EL1h esr 960000${hex2(status)} far ${far} at walk_load`,
    `sync EL1h esr 960000${hex2(status | 0x40)} far ${far} at walk_store`,
    `sync EL1h esr 860000${hex2(status)} far ${far} at ${far}`,
  ])],
  ["with TBI0 a tag is no part of an address, and does not get into the program counter", "tagged", [
    "3",
    "0",
    "sync EL1h esr 96000007 far 3300000010001000 at tagged_fault+16",
  ]],
  ["AT leaves address, attributes and shareability in PAR_EL1, or the fault", "address_translate", [
    "ff00000040100b80", "ff00000040100b80", "81f", "81f", // AP 00: S1E1R, S1E1W, S1E0R, S1E0W
    "ff00000040121b80", "ff00000040121b80", "ff00000040121b80", "ff00000040121b80", // AP 01
    "ff00000040122b80", "81f", "81f", "81f", //              AP 10
    "80f", "80f", "80f", "80f", //                           not mapped
    "817", "817", "817", "817", //                           access flag
    "ff00000040140b80", "81f", "81f", "81f",
  ]],
  ["each form of TLBI makes a changed descriptor known at once", "remap_data", [
    ...Array.from({ length: 5 }, () => ["10", "11", "11", "10"]).flat(), // before, behind; and back
  ]],
  ["a page is taken away, made read-only and given back", "revoke", ["2", "1"].flatMap((value) => [
    "sync EL1h esr 96000007 far 10000000 at revoke_load",
    value,
    "sync EL1h esr 9600004f far 10000000 at revoke_again",
  ])],
  ["TLBI by one address in a block removes all of the block", "remap_block", [
    "1",
    "sync EL1h esr 96000006 far 22100000 at block_gone",
    "1",
  ]],
  ["code follows its page while it is called in a loop", "remap_code", [
    "3c",
    "sync EL1h esr 86000007 far 13000000 at 13000000",
    "3",
  ]],
  ["the page that is executed moves, and goes, behind the TLBI that it executes", "remap_running", [
    "2",
    "sync EL1h esr 86000007 far 13001018 at 13001018",
    "7",
  ]],
  ["ASIDs keep address spaces apart, code too, and share what is global", "address_spaces", [
    "1", "77", "2", "77", "1",
    "1", "77", "2", "77", "1",
  ]],
  ["an access over two pages reaches both", "crossing", [
    "1122334455667788",
    "55667788", "11223344", //                   its halves, where they lie in RAM
    "0", "0",
    "1122334455667788", "14000ffc", //           Q1
    "fc112233",
  ]],
  ["an access over two pages faults with its first byte that may not be accessed, and stores nothing", "crossing_fault", [
    "sync EL1h esr 96000047 far 14002000 at crossing_second",
    "sync EL1h esr 96000007 far 14002000 at crossing_second+4",
    "sync EL1h esr 96000047 far 14002000 at crossing_second+12",
    "0",
    "sync EL1h esr 96000047 far 14002ffc at crossing_first",
    "sync EL1h esr 96000007 far 14002ffc at crossing_first+4",
    "0",
    "sync EL1h esr 9600004f far 14004000 at crossing_read_only",
    "0",
  ]],
  ["of an access over RAM and a device, the device sees its part", "crossing_device", [
    "write32 +0 = 11223344", "read32 +0", "302010055667788",
    "write32 +0 = 22334455", "write8 +4 = 11", "read32 +0", "read8 +4", "403020100667788",
    "write64 +0 = 1122334455667788", "read64 +0", "706050403020100", // pairs: element by element
    "read32 +0", "3020100",
  ]],
  ["alignment is checked for Device memory, exclusives and acquire, and for all with SCTLR_EL1.A", "alignment", [
    "sync EL1h esr 96000021 far 15000004 at device_unaligned",
    "sync EL1h esr 96000021 far 15000002 at device_unaligned+4",
    "sync EL1h esr 96000061 far 15000001 at device_unaligned+8",
    "read8 +3",
    "read32 +4", "read32 +8", //                 LDP W: aligned elements
    "sync EL1h esr 96000061 far 15001004 at device_unaligned+20", // RAM that is mapped as Device
    "sync EL1h esr 96000021 far 11001004 at exclusive_unaligned",
    "sync EL1h esr 96000021 far 11001004 at exclusive_unaligned+4",
    "sync EL1h esr 96000061 far 11001004 at exclusive_unaligned+8",
    "sync EL1h esr 96000021 far 11001008 at exclusive_unaligned+16", // LDXP: all 16 bytes
    "sync EL1h esr 96000021 far 11001001 at strict",
    "sync EL1h esr 96000061 far 11001001 at strict+4",
  ]],
  ["DC ZVA clears its block or faults as a store; other maintenance faults as maintenance", "zero_block", [
    "ffffffffffffffff", "0", "0", "ffffffffffffffff", // around the block
    "sync EL1h esr 9600004f far 11002123 at zero_fault",
    "sync EL1h esr 96000047 far 10001123 at zero_fault+20",
    "sync EL1h esr 96000061 far 15001123 at zero_fault+40",
    "sync EL1h esr 96000147 far 10001123 at cache_fault", // CM and WnR
    "sync EL1h esr 96000147 far 10001123 at cache_fault+4",
    "sync EL1h esr 9600014f far 11002123 at cache_fault+28",
  ]],
];

describe.each(ENGINES)("on the %s", (engine) => {
  it.each(ROWS)("%s", async (_, guest, trace) => {
    expect(await playGuest(mmuGuest, guest, { engine, prepare })).toEqual(trace);
  });
});

function hex2(value: number): string {
  return value.toString(16).padStart(2, "0");
}
