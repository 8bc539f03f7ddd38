/** Stage 1 walks: each fault at each level, permissions, address sizes and tags, blocks; and against the pseudocode over random tables. */
import { describe, expect, it } from "vitest";
import { Prng } from "../testing/prng.fixture.ts";
import {
  AF, AP, APTABLE, ATTR, asWords, BLOCK, CONTIGUOUS, hi, lo, MAIR, NG, PAGE, PXN, PXN_TABLE, RAM_BASE, type Registers, SCTLR, SH, TABLE,
  TableBuilder, tcr, TestMemory, UXN, UXN_TABLE, VALID,
} from "./guest-tables.fixture.ts";
import { NO_FAULT } from "./fault-status.ts";
import { Stage1 } from "./stage1.ts";
import { RIGHT_EXECUTE, RIGHT_READ, RIGHT_WRITE, Translation } from "./translation.ts";
import { type Acctype, oracle } from "./walk-oracle.fixture.ts";

const VA = 0x0000_1234_5678_9abcn;
const KERNEL = 0xffff_0000_0000_0000n;
const PA = 0x41_2345_6000n;

/** A machine whose lower half maps what `build` says. */
function walk(va: bigint, registers: Partial<Registers>, build: (tables: TableBuilder, root: number) => void): Translation {
  const memory = new TestMemory(false);
  const tables = new TableBuilder(memory);
  const root = tables.table();
  build(tables, root);
  const stage1 = new Stage1(memory.buffer, memory);
  stage1.controls.configure(asWords({ sctlr: SCTLR.M, tcr: tcr(), ttbr0: BigInt(root), ttbr1: BigInt(root), mair: MAIR, ...registers }));
  const out = new Translation();
  expect(stage1.translate(hi(va), lo(va), out)).toBe(out.fault);
  return out;
}

describe("faults (DDI 0487, D8.15; EncodeLDFSC)", () => {
  const good = PA | AF | PAGE;
  //  descriptor at level          fault code
  it.each<readonly [string, number, bigint, number]>([
    ["translation", 0, 0n, 0b000100],
    ["translation", 1, 0n, 0b000101],
    ["translation", 2, 0n, 0b000110],
    ["translation", 3, 0n, 0b000111],
    ["translation, reserved 0b10", 1, 2n, 0b000101],
    ["translation, block at level 0", 0, PA | AF | BLOCK, 0b000100],
    ["translation, block encoding at level 3", 3, PA | AF | BLOCK, 0b000111],
    ["access flag", 1, 0x4000_0000n | BLOCK, 0b001001],
    ["access flag", 2, 0x4000_0000n | BLOCK, 0b001010],
    ["access flag", 3, PA | PAGE, 0b001011],
    ["address size, table", 0, (1n << 40n) | TABLE, 0b000000],
    ["address size, table", 1, (1n << 47n) | TABLE, 0b000001],
    ["address size, table", 2, (1n << 41n) | TABLE, 0b000010],
    ["address size, block", 1, (1n << 40n) | AF | BLOCK, 0b000001],
    ["address size, block", 2, (1n << 40n) | AF | BLOCK, 0b000010],
    ["address size, page", 3, (1n << 40n) | AF | PAGE, 0b000011],
    ["address size before access flag", 3, (1n << 40n) | PAGE, 0b000011],
    ["external abort on walk", 0, 0x8000_0000n | TABLE, 0b010101],
    ["external abort on walk", 1, 0x8000_0000n | TABLE, 0b010110],
    ["external abort on walk", 2, 0x8000_0000n | TABLE, 0b010111],
  ])("%s, descriptor at level %d", (_name, level, descriptor, fault) => {
    const out = walk(VA, {}, (tables, root) => {
      tables.map(root, VA, level, descriptor);
    });
    expect(out.fault).toBe(fault);
    expect(out.level).toBe(fault & 3);
  });

  it("external abort at level 0 when TTBR0_EL1 points nowhere", () => {
    expect(walk(VA, { ttbr0: 0x8000_0000n }, () => {}).fault).toBe(0b010100);
  });

  //  IPS  address bit  fault
  it.each([
    [0, 32, 0],
    [0, 31, 0b010100],
    [1, 36, 0],
    [1, 35, 0b010100],
    [2, 40, 0],
    [2, 39, 0b010100],
    [5, 40, 0], // 48 bits asked for, 40 implemented
    [7, 40, 0], // reserved
    [7, 39, 0b010100],
  ])("IPS %d bounds the base of the first table: bit %d", (ips, bit, fault) => {
    expect(walk(VA, { tcr: tcr({ ips }), ttbr0: 1n << BigInt(bit) }, () => {}).fault).toBe(fault);
  });

  it("reads tables in ROM", () => {
    const out = walk(VA, { ttbr0: 0x1000n }, ({ memory }) => memory.write64(0x1000 + 8 * Number(VA >> 39n), VALID | BLOCK));
    expect(out.fault).toBe(0b000100); // a block at level 0, but it was read
  });

  it("maps when nothing is wrong", () => {
    const out = walk(VA, {}, (tables, root) => tables.map(root, VA, 3, good | NG | ATTR(2) | SH(3)));
    expect(out).toMatchObject({ fault: NO_FAULT, level: 3, pa: Number(PA | 0xabcn), blockLog2: 12 });
    expect(out).toMatchObject({ device: false, global: false, attributes: 0x44, shareability: 3 });
  });
});

describe("ranges of the halves (TCR_EL1)", () => {
  const mapped = (tables: TableBuilder, root: number): void => {
    for (let i = 0; i < 512; i++) tables.memory.write64(root + 8 * i, AF | BLOCK | (2n << 30n)); // an index too far still finds a block
  };
  //  T0SZ   VA              fault  (a block at the first level, 1 or 2; 0b000100 where out of range)
  it.each([
    [15, 0n, 4],
    [25, 0n, -1], // level 1
    [25, (1n << 39n) - 1n, -1],
    [25, 1n << 39n, 4],
    [33, (1n << 31n) - 1n, -1],
    [33, 1n << 31n, 4],
    [34, (1n << 30n) - 1n, -1], // level 2
    [39, (1n << 25n) - 1n, -1],
    [39, 1n << 25n, 4],
    [40, 0n, 4],
    [63, 0n, 4],
    [0, 0n, 4],
    [25, 1n << 55n, 4],
    [25, 1n << 63n, 4],
  ])("T0SZ %d, VA %d", (t0sz, va, fault) => {
    expect(walk(va, { tcr: tcr({ t0sz }) }, mapped).fault).toBe(fault);
  });
  //  T1SZ   VA              fault
  it.each([
    [25, (1n << 64n) - 1n, -1],
    [25, (1n << 64n) - (1n << 39n), -1],
    [25, (1n << 64n) - (1n << 39n) - 1n, 4],
    [39, (1n << 64n) - (1n << 25n), -1],
    [39, (1n << 64n) - (1n << 25n) - 1n, 4],
    [40, (1n << 64n) - 1n, 4],
    [15, (1n << 64n) - 1n, 4],
  ])("T1SZ %d, VA %d", (t1sz, va, fault) => {
    expect(walk(va, { tcr: tcr({ t1sz }) }, mapped).fault).toBe(fault);
  });

  it("EPD0 and EPD1 fault their own half at level 0", () => {
    const at = (registers: bigint, va: bigint): number => walk(va, { tcr: registers }, mapped).fault;
    expect([at(tcr({ t0sz: 25, t1sz: 25, epd0: 1 }), 0n), at(tcr({ t0sz: 25, t1sz: 25, epd0: 1 }), -1n)]).toEqual([4, -1]);
    expect([at(tcr({ t0sz: 25, t1sz: 25, epd1: 1 }), 0n), at(tcr({ t0sz: 25, t1sz: 25, epd1: 1 }), -1n)]).toEqual([-1, 4]);
  });

  it("treats granules that are not implemented as 4 KiB", () => {
    for (const tg0 of [0, 1, 2, 3]) {
      for (const tg1 of [0, 1, 2, 3]) expect(walk(0n, { tcr: tcr({ t0sz: 25, t1sz: 25, tg0, tg1 }) }, mapped).fault).toBe(-1);
    }
  });

  it("takes each half's table", () => {
    const memory = new TestMemory(false);
    const tables = new TableBuilder(memory);
    const [lower, upper] = [tables.table(), tables.table()];
    tables.map(lower, VA, 3, 0x5000_0000n | AF | PAGE);
    tables.map(upper, KERNEL | VA, 3, 0x6000_0000n | AF | PAGE);
    const stage1 = new Stage1(memory.buffer, memory);
    stage1.controls.configure(asWords({ sctlr: SCTLR.M, tcr: tcr(), ttbr0: BigInt(lower), ttbr1: BigInt(upper), mair: MAIR }));
    const out = new Translation();
    stage1.translate(hi(VA), lo(VA), out);
    expect(out.pa).toBe(0x5000_0abc);
    stage1.translate(hi(KERNEL | VA), lo(KERNEL | VA), out);
    expect(out.pa).toBe(0x6000_0abc);
  });
});

describe("tags (TBI0, TBI1)", () => {
  const mapped = (tables: TableBuilder, root: number): void => tables.map(root, VA, 3, PA | AF | PAGE);
  //  TBI0 TBI1   VA                          fault
  it.each([
    [0, 0, VA | (0x5an << 56n), 4],
    [1, 0, VA | (0x5an << 56n), -1],
    [0, 1, VA | (0x5an << 56n), 4], // VA[55] is 0: TBI0 decides
    [1, 0, VA | (0xffn << 56n), -1],
    [1, 0, VA | (0x80n << 48n), 4], // bit 55 chooses TTBR1, and 54:48 are not ones
    [1, 0, VA | (1n << 48n), 4], // bits below the tag count
    [0, 1, VA | (0x00ffn << 48n), -1],
    [0, 0, VA | (0x00ffn << 48n), 4],
    [0, 1, VA | (0xa5ffn << 48n), -1],
  ])("TBI0 %d, TBI1 %d, VA %d", (tbi0, tbi1, va, fault) => {
    const out = walk(va, { tcr: tcr({ tbi0, tbi1 }) }, mapped);
    expect(out.fault).toBe(fault);
    if (fault === NO_FAULT) expect(out.pa).toBe(Number(PA | 0xabcn));
  });
});

describe("the MMU off (TranslateAddressS1Off)", () => {
  //  TCR            VA                       fault, or −1 and the PA
  it.each([
    [tcr(), 0x12_3456_789an, -1, 0x12_3456_789a],
    [tcr(), 0xff_ffff_ffffn, -1, 0xff_ffff_ffff],
    [tcr(), 1n << 40n, 0, 0],
    [tcr(), KERNEL, 0, 0],
    [tcr(), 0xab00_0000_0000_1000n, 0, 0],
    [tcr({ tbi0: 1 }), 0xab00_0000_0000_1000n, -1, 0x1000],
    [tcr({ tbi1: 1 }), 0xab80_0000_0000_1000n, 0, 0], // bit 55 is left over
    [tcr({ t0sz: 63, epd0: 1 }), 0x1000n, -1, 0x1000], // TCR says nothing but TBI
  ])("TCR %d, VA %d", (t, va, fault, pa) => {
    const out = walk(va, { sctlr: SCTLR.WXN, tcr: t, ttbr0: 0n }, () => {});
    expect([out.fault, out.level]).toEqual([fault, 0]);
    if (fault !== NO_FAULT) return;
    expect(out).toMatchObject({ pa, device: true, global: true, blockLog2: 12, rights: 0x3f });
  });
});

describe("permissions (CheckPermission)", () => {
  // What AP[2:1], PXN and UXN grant, as "EL1 EL0", each of r w x; then the same with SCTLR_EL1.WXN.
  it.each([
    [0b00, 0, 0, "rwx --x", "rw- --x"],
    [0b00, 1, 0, "rw- --x", "rw- --x"],
    [0b00, 0, 1, "rwx ---", "rw- ---"],
    [0b00, 1, 1, "rw- ---", "rw- ---"],
    [0b01, 0, 0, "rw- rwx", "rw- rw-"], // EL1 never executes what EL0 may write
    [0b01, 1, 0, "rw- rwx", "rw- rw-"],
    [0b01, 0, 1, "rw- rw-", "rw- rw-"],
    [0b01, 1, 1, "rw- rw-", "rw- rw-"],
    [0b10, 0, 0, "r-x --x", "r-x --x"],
    [0b10, 1, 0, "r-- --x", "r-- --x"],
    [0b10, 0, 1, "r-x ---", "r-x ---"],
    [0b10, 1, 1, "r-- ---", "r-- ---"],
    [0b11, 0, 0, "r-x r-x", "r-x r-x"],
    [0b11, 1, 0, "r-- r-x", "r-- r-x"],
    [0b11, 0, 1, "r-x r--", "r-x r--"],
    [0b11, 1, 1, "r-- r--", "r-- r--"],
  ])("AP %d, PXN %d, UXN %d", (ap, pxn, uxn, plain, wxn) => {
    for (const [sctlr, expected] of [[SCTLR.M, plain], [SCTLR.M | SCTLR.WXN, wxn]] as const) {
      const bits = AP(ap) | (pxn === 1 ? PXN : 0n) | (uxn === 1 ? UXN : 0n);
      const out = walk(VA, { sctlr }, (tables, root) => tables.map(root, VA, 3, PA | AF | PAGE | bits));
      expect(`${letters(out, 1)} ${letters(out, 0)}`).toBe(expected);
    }
  });

  // Hierarchical attributes of one table on the way, over a page that allows everything.
  it.each([
    ["APTable 01", APTABLE(1), AP(0b01), "rwx --x"], // no EL0 data access: and so EL1 may execute
    ["APTable 10", APTABLE(2), AP(0b01), "r-x r-x"],
    ["APTable 11", APTABLE(3), AP(0b01), "r-x --x"],
    ["PXNTable", PXN_TABLE, AP(0b00), "rw- --x"],
    ["UXNTable", UXN_TABLE, AP(0b00), "rwx ---"],
  ])("%s restricts everything below", (_name, table, ap, expected) => {
    for (const level of [1, 2, 3]) {
      const out = walk(VA, {}, (tables, root) => {
        tables.map(root, VA, level, (level === 3 ? PA | PAGE : 0x4000_0000n | BLOCK) | AF | ap, level === 1 ? table : 0n);
        const above = tables.entry(root, VA, level - 1);
        tables.memory.write64(above, tables.memory.read64(BigInt(above))! | table);
      });
      expect(`${letters(out, 1)} ${letters(out, 0)}`).toBe(expected);
    }
  });

  it("names the level of the descriptor", () => {
    for (const [level, descriptor] of [[1, 0x4000_0000n | BLOCK], [2, 0x4000_0000n | BLOCK], [3, PA | PAGE]] as const) {
      const out = walk(VA, {}, (tables, root) => tables.map(root, VA, level, descriptor | AF | AP(0b10)));
      expect(out.check(1, RIGHT_WRITE)).toBe(0b001100 | level);
      expect(out.check(0, RIGHT_READ)).toBe(0b001100 | level);
      expect(out.check(1, RIGHT_READ)).toBe(NO_FAULT);
    }
  });
});

describe("blocks and attributes", () => {
  it.each([
    [1, 30, 0x40_4000_0000n, 0x40_4000_0000n | (VA & 0x3fff_ffffn)],
    [2, 21, 0x40_4020_0000n, 0x40_4020_0000n | (VA & 0x1f_ffffn)],
    [1, 30, 0x40_5555_5000n, 0x40_4000_0000n | (VA & 0x3fff_ffffn)], // address bits below the block are RES0
  ])("level %d", (level, blockLog2, address, pa) => {
    const out = walk(VA, {}, (tables, root) => tables.map(root, VA, level, address | AF | BLOCK | CONTIGUOUS));
    expect(out).toMatchObject({ fault: NO_FAULT, level, blockLog2, pa: Number(pa), global: true });
  });

  it("entries of a contiguous set translate each by itself", () => {
    const out = walk(VA, {}, (tables, root) => {
      const at = tables.entry(root, VA & ~0xffffn, 3);
      for (let i = 0; i < 16; i++) tables.memory.write64(at + 8 * i, (PA & ~0xffffn) + BigInt(i * 0x1000) | AF | PAGE | CONTIGUOUS);
    });
    expect(out).toMatchObject({ fault: NO_FAULT, level: 3, pa: Number((PA & ~0xffffn) | (VA & 0xffffn)), blockLog2: 12 });
  });

  //  AttrIndx  as it takes effect   Device
  it.each([
    [0, 0xff, false],
    [1, 0x04, true],
    [2, 0x44, false],
    [3, 0x44, false], // 0xf0 is reserved
    [4, 0x04, true], // 0x05 is reserved
    [7, 0x00, true],
  ])("MAIR_EL1.Attr%d", (index, attributes, device) => {
    const out = walk(VA, {}, (tables, root) => tables.map(root, VA, 3, PA | AF | PAGE | ATTR(index)));
    expect(out).toMatchObject({ attributes, device });
  });
});

describe("against the pseudocode", () => {
  it("any tables, registers and address give the same fault or translation", () => {
    const seed = `${Date.now()}`;
    const random = new Prng(seed);
    const memory = new TestMemory(false);
    const stage1 = new Stage1(memory.buffer, memory);
    const out = new Translation();
    const faults = new Set<number>();
    for (let machine = 0; machine < 60; machine++) {
      fillTables(random, memory);
      for (let setting = 0; setting < 4; setting++) {
        const registers = randomRegisters(random);
        stage1.controls.configure(asWords(registers));
        for (let i = 0; i < 12; i++) {
          const va = randomAddress(random, registers);
          stage1.translate(hi(va), lo(va), out);
          for (const el of [0, 1] as const) {
            for (const acctype of ["read", "write", "ifetch"] as const) {
              const expected = oracle((pa) => memory.read64(pa), registers, va, el, acctype);
              const fault = out.fault === NO_FAULT ? out.check(el, needed(acctype)) : out.fault;
              faults.add(fault);
              const { fault: _, ...rest } = expected;
              const found = fault === NO_FAULT ? inTheirWords(out) : {};
              if (fault === expected.fault && same(rest, found)) continue;
              const where = `seed ${seed}: machine ${machine}, setting ${setting}, va ${va.toString(16)}, EL${el} ${acctype}`;
              expect({ fault, ...found }, `${where}, ${show(registers)}`).toEqual(expected);
            }
          }
        }
      }
    }
    // The generators reach what they are meant to reach: success and nearly every kind of fault at nearly every level.
    expect(faults.size, `seed ${seed}`).toBeGreaterThan(15);
  });
});

const TABLE_PAGES = 12;

/** Table pages that mostly point at each other, with some of everything else. */
function fillTables(random: Prng, memory: TestMemory): void {
  const tableAttributes = (): bigint => (random.oneIn(2) ? 0n : random.doubleword() & 0xf800_0000_0000_0000n);
  const kinds = [0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 5];
  for (let page = 0; page < TABLE_PAGES; page++) {
    const kind = random.below(4);
    for (let i = 0; i < 512; i++) {
      let descriptor: bigint;
      const attributes = random.doubleword() & 0x007f_0000_0000_0fecn & ~AF;
      const flag = random.oneIn(8) ? 0n : AF;
      switch (kind === 0 ? 1 : random.pick(kinds)) {
        case 0: descriptor = random.doubleword() & ~VALID; break;
        case 1: descriptor = BigInt(RAM_BASE + 0x1000 * random.below(TABLE_PAGES)) | TABLE | tableAttributes(); break;
        case 2: descriptor = (random.doubleword() & 0xff_ffff_f000n) | PAGE | attributes | flag; break;
        case 3: descriptor = (random.doubleword() & 0xff_ffff_f000n) | BLOCK | attributes | flag; break;
        case 4: descriptor = (random.doubleword() & 0xffff_ffff_f000n) | (random.oneIn(2) ? BLOCK : PAGE) | attributes | flag; break;
        default: descriptor = random.doubleword();
      }
      memory.write64(RAM_BASE + 0x1000 * page + 8 * i, descriptor);
    }
  }
}

function randomRegisters(random: Prng): Registers {
  const txsz = (): number => (random.oneIn(10) ? random.below(64) : random.oneIn(3) ? 16 : 16 + random.below(24));
  const rarely = (): number => (random.oneIn(12) ? 1 : 0);
  const ttbr = (): bigint => {
    const asid = (random.doubleword() >> 48n) << 48n;
    if (random.oneIn(20)) return asid | (random.doubleword() & 0xffff_ffff_ffffn);
    return asid | (BigInt(RAM_BASE + 0x1000 * random.below(TABLE_PAGES)) + BigInt(random.oneIn(2) ? 0 : random.below(0x1000)));
  };
  return {
    sctlr: (random.oneIn(20) ? 0n : SCTLR.M) | (random.oneIn(3) ? SCTLR.WXN : 0n),
    tcr: tcr({
      t0sz: txsz(), t1sz: txsz(), epd0: rarely(), epd1: rarely(), tg0: random.below(4), tg1: random.below(4),
      ips: random.oneIn(3) ? random.below(8) : 2, a1: random.below(2), as: random.below(2), tbi0: random.below(2), tbi1: random.below(2),
    }),
    ttbr0: ttbr(),
    ttbr1: ttbr(),
    mair: random.doubleword() & (random.oneIn(2) ? -1n : 0x0c_ff_04_44_00_f0_0f_ffn),
  };
}

/** In range of a half more often than not, with or without a tag. */
function randomAddress(random: Prng, { tcr: t }: Registers): bigint {
  const upper = random.oneIn(2);
  const size = 64n - ((upper ? t >> 16n : t) & 0x3fn);
  const within = BigInt.asUintN(Number(size), random.doubleword());
  let va = upper ? BigInt.asUintN(64, (-1n << size) | within) : within;
  if (random.oneIn(4)) va = (va & 0x00ff_ffff_ffff_ffffn) | (random.doubleword() & 0xff00_0000_0000_0000n);
  if (random.oneIn(10)) va ^= 1n << BigInt(random.below(64));
  return va;
}

/** What the walk found, as the oracle puts it. */
function inTheirWords({ pa, level, global, device, attributes, blockLog2, shareability }: Translation): Record<string, unknown> {
  const [attrfield, sh] = [BigInt(attributes), BigInt(shareability)];
  return { pa: BigInt(pa), level, nG: !global, device, attrfield, blocksize: 1n << BigInt(blockLog2), sh };
}

/** The oracle says nothing of block size and shareability while the MMU is off. */
function same(expected: Record<string, unknown>, found: Record<string, unknown>): boolean {
  return Object.entries(expected).every(([name, value]) => found[name] === value);
}

function needed(acctype: Acctype): number {
  return acctype === "read" ? RIGHT_READ : acctype === "write" ? RIGHT_WRITE : RIGHT_EXECUTE;
}

function letters(translation: Translation, el: number): string {
  expect(translation.fault).toBe(NO_FAULT);
  const rights = translation.rightsAt(el);
  return [RIGHT_READ, RIGHT_WRITE, RIGHT_EXECUTE].map((right, i) => ((rights & right) === 0 ? "-" : "rwx"[i]!)).join("");
}

function show(registers: Registers): string {
  return Object.entries(registers).map(([name, value]) => `${name} ${(value as bigint).toString(16)}`).join(" ");
}
