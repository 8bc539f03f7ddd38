/**
 * Exclusives, load-acquire and store-release (Arm ARM DDI 0487, C4.1.4 "Load/store exclusive", B2.9 "Synchronization and semaphores").
 * All vCPUs share one thread, so acquire and release order nothing that is not ordered already, but they demand alignment.
 *
 * The monitor remembers a host address, which all aliases of a location share, how many bytes were read there, and what they were; a
 * store passes when all three are still so. Not remembered are the stores in between that left the same bytes. Choices the manual
 * leaves (ExclusiveMonitorsPass): with an open monitor a store-exclusive fails before the access could abort, else the abort comes first;
 * one of another size than the load fails; a device never passes. Not hot.
 *
 * CONSTRAINED UNPREDICTABLE: a status register that is also the address or the data is used as it was (Constraint_NONE); LDXP of twice
 * the same register leaves the second element there (Constraint_UNKNOWN). Fields that should be ones may be anything. LDLAR and STLLR
 * (Armv8.1 LOR), CAS and CASP (Armv8.1 LSE) have no rows.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, const64, type I32Expr, type I64Expr, loadFrom, select } from "../ir/expr.ts";
import { ACCESS_ALIGNED } from "../ir/stmt.ts";
import { EXCLUSIVE_ADDRESS, EXCLUSIVE_HI, EXCLUSIVE_LO, EXCLUSIVE_SIZE, SCRATCH } from "../state/layout.ts";
import { I32, I64, type OpName } from "../wasm/opcodes.ts";
import { type Form, form, xr, xsp, xw } from "./form.ts";
import { loadOf, storeOf } from "./loads-transfer.ts";

const OPEN = const64(-1);

/** AArch64.SetExclusiveMonitors, and what is there for the comparison. */
function remember(c: Builder, host: I32Expr, bytes: number, low: I64Expr, high?: I64Expr): void {
  const device = apply("i32.eq", host, const32(SCRATCH));
  c.setState64(EXCLUSIVE_ADDRESS, select(device, OPEN, apply("i64.extend_i32_u", host)));
  c.setState32(EXCLUSIVE_SIZE, const32(bytes));
  c.setState64(EXCLUSIVE_LO, low);
  if (high !== undefined) c.setState64(EXCLUSIVE_HI, high);
}

/** A store-exclusive of `bytes` bytes at Xn, once the monitor passes: stores, and a value to be there still for each 8 bytes. */
function storeExclusive(c: Builder, bytes: 1 | 2 | 4 | 8 | 16, stores: readonly (readonly [OpName, number, I64Expr])[]): void {
  const passed = c.variable(I32);
  passed.set(const32(0));
  c.if(apply("i64.ne", c.state64(EXCLUSIVE_ADDRESS), OPEN), () => {
    const host = c.forWriting(c.x("n"), bytes, bytes, ACCESS_ALIGNED);
    const unchanged = (state: number, at: number): I32Expr =>
      apply("i64.eq", c.state64(state), loadFrom(I64, loadOf(bytes === 16 ? 8 : bytes), host, at));
    const conditions = [
      apply("i64.eq", c.state64(EXCLUSIVE_ADDRESS), apply("i64.extend_i32_u", host)),
      apply("i32.eq", c.state32(EXCLUSIVE_SIZE), const32(bytes)),
      unchanged(EXCLUSIVE_LO, 0),
    ];
    if (bytes === 16) conditions.push(unchanged(EXCLUSIVE_HI, 8));
    passed.set(conditions.reduce((all, one) => apply("i32.and", all, one)));
    c.if(passed.value, () => {
      for (const [name, offset, value] of stores) c.storeAt(name, host, offset, value);
    });
    c.setState64(EXCLUSIVE_ADDRESS, OPEN);
  });
  c.setW("d", apply("i32.eqz", passed.value));
}

const SIZES = [
  { size: "00", bytes: 1, suffix: "B", width: "" },
  { size: "01", bytes: 2, suffix: "H", width: "" },
  { size: "10", bytes: 4, suffix: "", width: " W" },
  { size: "11", bytes: 8, suffix: "", width: " X" },
] as const;

/** o0 tells acquire and release from plain exclusives, which makes no difference here. */
function single({ size, bytes, suffix, width }: (typeof SIZES)[number]): readonly Form[] {
  return [
    form({
      name: `STXR${suffix}${width}, STLXR${suffix}${width}`,
      encoding: `${size} 001000 0 0 0 Rs:5 o0 Rt2:5 Rn:5 Rt:5`,
      operands: (f) => ({ d: xw(f.Rs), a: xr(f.Rt), n: xsp(f.Rn) }),
      emit: (c) => storeExclusive(c, bytes, [[storeOf(bytes), 0, c.x("a")]]),
    }),
    form({
      name: `LDXR${suffix}${width}, LDAXR${suffix}${width}`,
      encoding: `${size} 001000 0 1 0 Rs:5 o0 Rt2:5 Rn:5 Rt:5`,
      operands: (f) => ({ d: xw(f.Rt), n: xsp(f.Rn) }),
      emit: (c) => {
        const host = c.forReading(c.x("n"), bytes, bytes, ACCESS_ALIGNED);
        const value = c.let(loadFrom(I64, loadOf(bytes), host, 0));
        remember(c, host, bytes, value);
        c.setX("d", value);
      },
    }),
    form({
      name: `STLR${suffix}${width}`,
      encoding: `${size} 001000 1 0 0 Rs:5 1 Rt2:5 Rn:5 Rt:5`,
      operands: (f) => ({ d: xr(f.Rt), n: xsp(f.Rn) }),
      emit: (c) => c.write(c.x("n"), bytes, bytes, [[storeOf(bytes), 0, c.x("d")]], ACCESS_ALIGNED),
    }),
    form({
      name: `LDAR${suffix}${width}`,
      encoding: `${size} 001000 1 1 0 Rs:5 1 Rt2:5 Rn:5 Rt:5`,
      operands: (f) => ({ d: xw(f.Rt), n: xsp(f.Rn) }),
      emit: (c) => c.setX("d", c.read(loadOf(bytes), c.x("n"), bytes, ACCESS_ALIGNED)),
    }),
  ];
}

/** Two words are one doubleword to memory and monitor. */
const pairsOfWords: readonly Form[] = [
  form({
    name: "STXP W, STLXP W",
    encoding: "10 001000 0 0 1 Rs:5 o0 Rt2:5 Rn:5 Rt:5",
    operands: (f) => ({ d: xw(f.Rs), a: xr(f.Rt), m: xr(f.Rt2), n: xsp(f.Rn) }),
    emit: (c) => storeExclusive(c, 8, [["i64.store32", 0, c.x("a")], ["i64.store32", 4, c.x("m")]]),
  }),
  form({
    name: "LDXP W, LDAXP W",
    encoding: "10 001000 0 1 1 Rs:5 o0 Rt2:5 Rn:5 Rt:5",
    operands: (f) => ({ d: xw(f.Rt), a: xw(f.Rt2), n: xsp(f.Rn) }),
    emit: (c) => {
      const host = c.forReading(c.x("n"), 8, 8, ACCESS_ALIGNED);
      const value = c.let(loadFrom(I64, "i64.load", host, 0));
      remember(c, host, 8, value);
      c.setX("d", apply("i64.and", value, const64(0xffff_ffff)));
      c.setX("a", apply("i64.shr_u", value, const64(32)));
    },
  }),
];

const pairsOfDoublewords: readonly Form[] = [
  form({
    name: "STXP X, STLXP X",
    encoding: "11 001000 0 0 1 Rs:5 o0 Rt2:5 Rn:5 Rt:5",
    operands: (f) => ({ d: xw(f.Rs), a: xr(f.Rt), m: xr(f.Rt2), n: xsp(f.Rn) }),
    emit: (c) => storeExclusive(c, 16, [["i64.store", 0, c.x("a")], ["i64.store", 8, c.x("m")]]),
  }),
  form({
    name: "LDXP X, LDAXP X",
    encoding: "11 001000 0 1 1 Rs:5 o0 Rt2:5 Rn:5 Rt:5",
    operands: (f) => ({ d: xw(f.Rt), a: xw(f.Rt2), n: xsp(f.Rn) }),
    emit: (c) => {
      const host = c.forReading(c.x("n"), 16, 16, ACCESS_ALIGNED);
      const low = c.let(loadFrom(I64, "i64.load", host, 0));
      const high = c.let(loadFrom(I64, "i64.load", host, 8));
      remember(c, host, 16, low, high);
      c.setX("d", low);
      c.setX("a", high);
    },
  }),
];

export const loadsExclusive: readonly Form[] = [...SIZES.flatMap(single), ...pairsOfWords, ...pairsOfDoublewords];
