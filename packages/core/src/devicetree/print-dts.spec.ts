import { describe, expect, it } from "vitest";
import { emptyDeviceTree, ensureNode, printDts, setProperty } from "./index.ts";
import { printValue } from "./print-dts.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("printDts", () => {
  //  name               bytes                                      text
  const GUESSES = [
    ["x",                bytes(""),                                 ""],
    ["x",                bytes("okay\0"),                           '"okay"'],
    ["x",                bytes("a\0bc\0"),                          '"a", "bc"'],
    ["x",                bytes("abc\0"),                            '"abc"'], // one cell as well: text is likelier
    ["reg",              bytes("abc\0"),                            "<0x61626300>"], // but not in reg
    ["#clock-cells",     bytes("abc\0"),                            "<0x61626300>"],
    ["x",                bytes("abcd"),                             "<0x61626364>"], // no NUL at the end
    ["x",                bytes("a\0\0\0"),                          "<0x61000000>"], // empty strings are unlikely
    ["compatible",       bytes("a\0\0\0"),                          '"a", "", ""'], // unless the name says strings
    ["bootargs",         bytes("\0"),                               '""'],
    ["x",                bytes("\0"),                               "[00]"],
    ["x",                bytes("\0\0\0\0"),                         "<0x0>"],
    ["x",                new Uint8Array([1, 2, 3, 4, 5, 6, 7, 255]), "<0x1020304 0x50607ff>"],
    ["x",                new Uint8Array([1, 2, 3, 255, 0]),         "[01 02 03 ff 00]"],
    ["reg",              new Uint8Array([1, 2, 3]),                 "[01 02 03]"],
    ["x",                bytes('say "hi"\\\n\r\t\0'),               '"say \\"hi\\"\\\\\\n\\r\\t"'],
    ["x",                bytes("\x1b[0m\0\0\0\0"),                  "<0x1b5b306d 0x0>"], // nothing a terminal would obey
  ] as const;

  it.each(GUESSES)("%s of %j", (name, value, text) => {
    expect(printValue(name, value)).toBe(text);
  });

  it("breaks long rows", () => {
    expect(printValue("x", new Uint8Array(4 * 11).fill(1), "\t\t")).toBe(`<${"0x1010101 ".repeat(10).trim()}\n\t\t0x1010101>`);
    expect(printValue("x", new Uint8Array(33).fill(1), "\t")).toBe(`[${"01 ".repeat(32).trim()}\n\t01]`);
  });

  it("prints reservations, the boot CPU, and nesting", () => {
    const tree = emptyDeviceTree();
    tree.reservations.push({ address: 0x8000_0000, size: 0xffff_ffff_ffff_0000n });
    tree.bootCpuidPhys = 0x100;
    setProperty(tree.root, "model", "m");
    setProperty(ensureNode(tree, "/a/b@1"), "ok", true);
    ensureNode(tree, "/c");
    expect(printDts(tree)).toBe(
      "/dts-v1/;\n\n/memreserve/ 0x80000000 0xffffffffffff0000;\n/* boot_cpuid_phys 0x100 */\n\n/ {\n\tmodel = \"m\";\n\n" +
        "\ta {\n\t\tb@1 {\n\t\t\tok;\n\t\t};\n\t};\n\n\tc {\n\t};\n};\n",
    );
  });
});
