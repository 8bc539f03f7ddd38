/**
 * The lines that GNU as is asked about: templates with places, and what may stand in each place. `systematicLines` puts every
 * value of every place into some line; `randomLine` picks freely, out of more values, for comparisons that nobody wrote down.
 */

/** A template: `{place}` stands for one of PLACES. Addresses are relative to the line. */
const TEMPLATES: readonly string[] = [
  // arithmetic
  ...both("add|adds|sub|subs", ["{R}, {R}, {R}", "{R}, {R}, {R}, {shift3} #{amount}"]),
  ...both("add|sub", ["{Rsp}, {Rsp}, #{imm12}", "{Rsp}, {Rsp}, #{imm12}, lsl #12", "{Rsp}, {Rsp}, #{imm24}", "{Rsp}, {Rsp}, #-{imm12}"]),
  ...both("adds|subs", ["{R}, {Rsp}, #{imm12}", "{R}, {Rsp}, #{imm12}, lsl #12", "{R}, {Rsp}, #-{imm12}"]),
  "{add4} {Xplain}, {Xsp}, {W}, {extendW}",
  "{add4} {Xplain}, {Xsp}, {W}, {extendW} #{amount4}",
  "{add4} {Xplain}, {Xsp}, {X}, {extendX} #{amount4}",
  "{add4} {Wplain}, {Wsp}, {W}, {extendW} #{amount4}",
  "{add2} sp, {Xsp}, {X}, lsl #{amount4}",
  "{add2} {Xsp}, sp, {X}",
  "{add2} wsp, {Wsp}, {W}",
  ...both("cmp|cmn", ["{R}, {R}", "{R}, {R}, {shift3} #{amount}", "{Rsp}, #{imm12}", "{Rsp}, #{imm24}", "{Rsp}, #-{imm12}"]),
  "{cmp2} sp, {X}",
  "{cmp2} {Xsp}, {W}, {extendW} #{amount4}",
  ...both("neg|negs", ["{R}, {R}", "{R}, {R}, {shift3} #{amount}"]),
  ...both("adc|adcs|sbc|sbcs|udiv|sdiv|mul|mneg|lslv|lsrv|asrv|rorv|lsl|lsr|asr|ror", ["{R}, {R}, {R}"]),
  ...both("ngc|ngcs|rbit|rev|rev16|clz|cls|mov|mvn", ["{R}, {R}"]),
  ...both("madd|msub", ["{R}, {R}, {R}, {R}"]),
  ...each("smaddl|smsubl|umaddl|umsubl", ["{X}, {W}, {W}, {X}"]),
  ...each("smull|smnegl|umull|umnegl", ["{X}, {W}, {W}"]),
  ...each("smulh|umulh", ["{X}, {X}, {X}"]),
  ...each("rev32", ["{X}, {X}"]),
  ...each("crc32b|crc32h|crc32w|crc32cb|crc32ch|crc32cw", ["{W}, {W}, {W}"]),
  ...each("crc32x|crc32cx", ["{W}, {W}, {X}"]),
  // logical operations, moves, bit fields
  ...both("and|orr|eor|ands|bic|orn|eon|bics", ["{R}, {R}, {R}", "{R}, {R}, {R}, {shift4} #{amount}"]),
  ...each("and|orr|eor|bic", ["{Xsp}, {X}, #{mask64}", "{Wsp}, {W}, #{mask32}"]),
  ...each("ands", ["{X}, {X}, #{mask64}", "{W}, {W}, #{mask32}"]),
  "tst {X}, #{mask64}",
  "tst {W}, #{mask32}",
  ...both("tst|mvn", ["{R}, {R}", "{R}, {R}, {shift4} #{amount}"]),
  "mov {Xsp}, sp",
  "mov sp, {Xsp}",
  "mov {Wsp}, wsp",
  "mov {Xplain}, #{move64}",
  "mov {Wplain}, #{move32}",
  "mov sp, #{mask64}",
  ...both("movz|movn|movk", ["{R}, #{imm16}"]),
  ...each("movz|movn|movk", ["{X}, #{imm16}, lsl #{halfword64}", "{W}, #{imm16}, lsl #{halfword32}"]),
  ...both("sbfm|bfm|ubfm", ["{R}, {R}, #{amount}, #{amount}"]),
  ...both("sbfx|ubfx|bfxil|sbfiz|ubfiz|bfi", ["{R}, {R}, #{lsb}, #{width}"]),
  ...both("sxtb|sxth", ["{R}, {W}"]),
  "sxtw {X}, {W}",
  "uxtb {W}, {W}",
  "uxth {W}, {W}",
  ...both("extr", ["{R}, {R}, {R}, #{amount}"]),
  ...both("lsl|lsr|asr|ror", ["{R}, {R}, #{amount}"]),
  // conditions
  ...both("csel|csinc|csinv|csneg", ["{R}, {R}, {R}, {cond}"]),
  ...both("cinc|cinv|cneg", ["{R}, {R}, {cond14}"]),
  ...both("cset|csetm", ["{R}, {cond14}"]),
  ...both("ccmp|ccmn", ["{R}, {R}, #{nzcv}, {cond}", "{R}, #{imm5}, #{nzcv}, {cond}"]),
  // branches, addresses, exceptions
  "b .+{near26}",
  "bl .+{near26}",
  "b.{cond} .+{near19}",
  "b{cond14} .+{near19}",
  ...both("cbz|cbnz", ["{R}, .+{near19}"]),
  "tbz {X}, #{amount64}, .+{near14}",
  "tbnz {X}, #{amount64}, .+{near14}",
  "tbz {W}, #{amount32}, .+{near14}",
  "br {X}",
  "blr {X}",
  "ret",
  "ret {X}",
  "eret",
  "drps",
  "adr {X}, .+{near21}",
  "adrp {X}, .+{page}",
  ...each("svc|hvc|smc|brk|hlt|udf", ["#{imm16}"]),
  // loads and stores
  ...both("ldr|str", ["{R}, [{Base}]", "{R}, [{Base}, #{offset9}]!", "{R}, [{Base}], #{offset9}"]),
  "ldr {X}, [{Base}, #{offset8}]",
  "str {W}, [{Base}, #{offset4}]",
  "ldrsw {X}, [{Base}, #{offset4}]",
  ...each("ldrb|strb|ldrsb", [
    "{W}, [{Base}, #{offset1}]",
    "{W}, [{Base}, {X}]",
    "{W}, [{Base}, {X}, lsl #0]",
    "{W}, [{Base}, {W}, sxtw #0]",
    "{W}, [{Base}, {W}, uxtw]",
  ]),
  ...each("ldrh|strh|ldrsh", ["{W}, [{Base}, #{offset2}]", "{W}, [{Base}, {X}, lsl #1]", "{W}, [{Base}], #{offset9}"]),
  ...each("ldrsb|ldrsh|ldrsw", ["{X}, [{Base}]", "{X}, [{Base}, #{offset9}]!", "{X}, [{Base}], #{offset9}", "{X}, [{Base}, {W}, uxtw]"]),
  ...each("ldr|str", [
    "{X}, [{Base}, #{offset9}]",
    "{X}, [{Base}, {X}]",
    "{X}, [{Base}, {X}, lsl #3]",
    "{X}, [{Base}, {X}, sxtx #3]",
    "{X}, [{Base}, {W}, {wordExtend} #3]",
    "{W}, [{Base}, {W}, {wordExtend} #2]",
    "{W}, [{Base}, {X}, sxtx]",
  ]),
  ...both("ldur|stur|ldtr|sttr", ["{R}, [{Base}]", "{R}, [{Base}, #{offset9}]"]),
  ...each("ldurb|sturb|ldurh|sturh|ldursb|ldursh|ldtrb|sttrb|ldtrh|sttrh|ldtrsb|ldtrsh", ["{W}, [{Base}, #{offset9}]"]),
  ...each("ldursb|ldursh|ldursw|ldtrsb|ldtrsh|ldtrsw", ["{X}, [{Base}, #{offset9}]"]),
  ...both("ldr", ["{R}, .+{near19}"]),
  "ldrsw {X}, .+{near19}",
  ...each("prfm", ["{prefetch}, [{Base}, #{offset8}]", "{prefetch}, [{Base}, {X}, lsl #3]", "#{imm5}, [{Base}]", "{prefetch}, .+{near19}"]),
  "prfum {prefetch}, [{Base}, #{offset9}]",
  ...each(
    "ldp|stp",
    [..."XW"].flatMap((r) => [`{${r}}, {${r}}, [{Base}]`]),
  ),
  ...each("ldp|stp", ["{X}, {X}, [{Base}, #{pair8}]", "{X}, {X}, [{Base}, #{pair8}]!", "{X}, {X}, [{Base}], #{pair8}"]),
  ...each("ldp|stp", ["{W}, {W}, [{Base}, #{pair4}]", "{W}, {W}, [{Base}], #{pair4}"]),
  ...each("ldpsw", ["{X}, {X}, [{Base}, #{pair4}]", "{X}, {X}, [{Base}, #{pair4}]!", "{X}, {X}, [{Base}], #{pair4}"]),
  ...each("ldnp|stnp", ["{X}, {X}, [{Base}, #{pair8}]", "{W}, {W}, [{Base}]"]),
  ...both("ldxr|ldaxr|ldar|stlr", ["{R}, [{Base}]"]),
  ...each("ldxrb|ldaxrb|ldarb|stlrb|ldxrh|ldaxrh|ldarh|stlrh", ["{W}, [{Base}]"]),
  ...each("stxr|stlxr", ["{W}, {X}, [{Base}]", "{W}, {W}, [{Base}]"]),
  ...each("stxrb|stlxrb|stxrh|stlxrh", ["{W}, {W}, [{Base}]"]),
  ...each("ldxp|ldaxp", ["{X}, {X}, [{Base}]", "{W}, {W}, [{Base}]"]),
  ...each("stxp|stlxp", ["{W}, {X}, {X}, [{Base}]", "{W}, {W}, {W}, [{Base}]"]),
  // system
  "mrs {X}, {readable}",
  "msr {writable}, {X}",
  "msr {field}, #{nzcv}",
  "msr spsel, #{bit}",
  ...each("nop|yield|wfe|wfi|sev|sevl|clrex|isb", [""]),
  "hint #{hint}",
  "clrex #{nzcv}",
  ...each("dsb|dmb", ["{barrier}", "#{nzcv}"]),
  "isb sy",
  "isb #{nzcv}",
  "sys #{imm3}, {cn}, {cn}, #{imm3}, {X}",
  "sys #{imm3}, {cn}, {cn}, #{imm3}",
  "sysl {X}, #{imm3}, {cn}, {cn}, #{imm3}",
  "ic ivau, {X}",
  ...each("ic iallu|ic ialluis", [""]),
  "dc {dc}, {X}",
  "at {at}, {X}",
  "tlbi {tlbi}, {X}",
  "tlbi {tlbiAll}",
];

function each(mnemonics: string, operands: readonly string[]): readonly string[] {
  return mnemonics.split("|").flatMap((mnemonic) => operands.map((text) => `${mnemonic} ${text}`.trim()));
}

/** Once with X and once with W registers: `{R}` and `{Rsp}`, and what depends on the size. */
function both(mnemonics: string, operands: readonly string[]): readonly string[] {
  const sized = (text: string, register: string, bits: string): string =>
    text
      .replaceAll("{R}", `{${register}}`)
      .replaceAll("{Rsp}", `{${register}sp}`)
      .replaceAll("{amount}", `{amount${bits}}`)
      .replaceAll("{lsb}", `{lsb${bits}}`)
      .replaceAll("{width}", `{width${bits}}`);
  return each(
    mnemonics,
    operands.flatMap((text) => [sized(text, "X", "64"), sized(text, "W", "32")]),
  );
}

const words = (text: string): readonly string[] => text.split(" ");
const range = (from: number, to: number, step = 1): readonly string[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => String(from + n * step));

const MASKS_64 = words(
  "1 3 0xff 0xffff0000 0x5555555555555555 0xfffffffffffffffe 0x8000000000000001 0xf0f0f0f0f0f0f0f0 0x7fffffffffffffff -2 0x1fffe000 ~0xfff",
);
const MASKS_32 = words("1 3 0xff 0xffff0000 0x55555555 0xfffffffe 0x80000001 0xf0f0f0f0 0x7fffffff -2 0x1fffe000 0x0ff00ff0");

/** Edges first. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  ...{
    X: words("x0 x1 x30 xzr x15 x7"),
    W: words("w0 w1 w30 wzr w15 w7"),
    Xsp: words("x0 sp x29 x30 x9"),
    Wsp: words("w0 wsp w29 w30 w9"),
  },
  ...{ Xplain: words("x0 x3 x30"), Wplain: words("w0 w3 w30"), Base: words("x0 sp x30 x14") },
  ...{ add4: words("add adds sub subs"), add2: words("add sub"), cmp2: words("cmp cmn") },
  ...{
    shift3: words("lsl lsr asr"),
    shift4: words("lsl lsr asr ror"),
    extendW: words("uxtb uxth uxtw sxtb sxth sxtw"),
    extendX: words("uxtx sxtx"),
    wordExtend: words("uxtw sxtw"),
  },
  ...{
    amount64: words("0 1 63 32 31 17"),
    amount32: words("0 1 31 16 7"),
    amount4: words("0 1 2 3 4"),
    lsb64: words("0 1 40 63"),
    width64: ["1"],
    lsb32: words("0 1 20 31"),
    width32: ["1"],
  },
  ...{
    imm12: words("0 1 4095 2048 0x123"),
    imm24: words("0x1000 0xfff000 4096 0x800000"),
    imm16: words("0 1 0xffff 0x8000 0x1234"),
    imm5: words("0 1 31 16"),
    imm3: words("0 7 3"),
  },
  ...{ nzcv: words("0 15 1 8"), bit: words("0 1"), hint: words("0 5 20 127 63"), cn: words("c0 c7 c15 C8") },
  ...{ mask64: MASKS_64, mask32: MASKS_32, halfword64: words("0 16 32 48"), halfword32: words("0 16") },
  move64: [...MASKS_64, ...words("0 0xffff 0x10000 0xffff000000000000 -1 -0x10000 0xffffffff0000ffff 0x1234 'A' 1<<40 ~0")],
  move32: [...MASKS_32, ...words("0 0xffff 0x10000 0xffff0000 -1 0xffffffff 0xffff1234 0x1234ffff 'z'")],
  ...{ cond: words("eq ne cs hs cc lo mi pl vs vc hi ls ge lt gt le al nv"), cond14: words("eq ne cs cc mi pl vs vc hi ls ge lt gt le") },
  ...{
    near26: words("0 4 -4 0x7fffffc -0x8000000"),
    near19: words("0 4 -4 0xffffc -0x100000"),
    near14: words("0 4 -4 0x7ffc -0x8000"),
    near21: words("0 1 2 3 -1 0xfffff -0x100000"),
    page: words("0 0x1000 0x5123 -0x1000 0x7ffff000"),
  },
  ...{
    offset9: words("0 1 -1 255 -256 8"),
    offset8: words("0 8 32760 16"),
    offset4: words("0 4 16380 -4"),
    offset2: words("0 2 8190 3"),
    offset1: words("0 1 4095 -256"),
  },
  ...{ pair8: words("0 8 504 -512"), pair4: words("0 4 252 -256") },
  ...{
    prefetch: words("pldl1keep pldl1strm pldl2keep pldl3strm plil1keep plil2strm pstl1keep pstl3keep pstl2strm"),
    barrier: words("sy ish ishst ishld nsh nshst nshld osh oshst oshld ld st"),
  },
  ...{
    field: words("daifset daifclr"),
    dc: words("zva ivac isw cvac csw cvau civac cisw"),
    at: words("s1e1r s1e1w s1e0r s1e0w s1e2r s1e2w"),
  },
  ...{
    tlbi: words("vae1is aside1is vaae1is vale1is vaale1is vae1 aside1 vaae1 vale1 vaale1 vae2is vale2is vae2 vale2"),
    tlbiAll: words("vmalle1 vmalle1is alle1 alle1is alle2 alle2is vmalls12e1 vmalls12e1is"),
  },
};

export interface RegisterLists {
  readonly readable: readonly string[];
  readonly writable: readonly string[];
}

/** A line for every value of every place of every template. */
export function* systematicLines(registers: RegisterLists): Generator<string> {
  for (const template of TEMPLATES) {
    const places = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => valuesOf(name!, registers));
    const rows = Math.max(1, ...places.map(({ length }) => length));
    for (let row = 0; row < rows; row++) {
      let place = 0;
      yield template.replaceAll(/\{\w+\}/g, () => {
        const values = places[place]!;
        return values[(row + (place++ === 0 ? 0 : place * Math.floor(row / values.length) + place)) % values.length]!;
      });
    }
  }
}

/** Numbers of these places come from their whole range. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  ...{
    imm12: range(0, 4095),
    imm16: range(0, 65_535),
    imm5: range(0, 31),
    amount64: range(0, 63),
    amount32: range(0, 31),
    lsb64: range(0, 63),
    lsb32: range(0, 31),
    nzcv: range(0, 15),
  },
  ...{
    offset9: range(-256, 255),
    offset8: range(0, 32_760, 8),
    offset4: range(0, 16_380, 4),
    offset2: range(0, 8190, 2),
    offset1: range(0, 4095),
    pair8: range(-512, 504, 8),
    pair4: range(-256, 252, 4),
  },
  ...{
    near26: range(-0x10_0000, 0x10_0000, 4),
    near19: range(-0x10_0000, 0xf_fffc, 4),
    near14: range(-0x8000, 0x7ffc, 4),
    near21: range(-0x10_0000, 0xf_ffff, 997),
  },
  ...{
    X: [...range(0, 30).map((n) => `x${n}`), "xzr"],
    W: [...range(0, 30).map((n) => `w${n}`), "wzr"],
    Xsp: [...range(0, 30).map((n) => `x${n}`), "sp"],
    Base: [...range(0, 30).map((n) => `x${n}`), "sp"],
  },
};

/** One line out of all that the templates allow. `random` gives numbers from 0 up to 1. */
export function randomLine(random: () => number, registers: RegisterLists): string {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  return pick(TEMPLATES).replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    random() < 0.5 ? pick(valuesOf(name, registers)) : pick(RANGES[name] ?? valuesOf(name, registers)),
  );
}

function valuesOf(name: string, registers: RegisterLists): readonly string[] {
  const values = name === "readable" || name === "writable" ? registers[name] : PLACES[name];
  if (values === undefined) throw new Error(`no values for {${name}}`);
  return values;
}
