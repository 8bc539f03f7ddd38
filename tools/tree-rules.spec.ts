import { describe, expect, it } from "vitest";
import { findInText } from "./tree-rules.ts";

// The offending texts are put together here, so that this file passes its own rules.
const join = (...parts: string[]): string => parts.join("");

//  rule                        file            line
const REFUSED = [
  ["path of one machine", "README.md", join("cd /wo", "rk/main")],
  ["path of one machine", "a.json", join('"/ho', 'me/ada/x"')],
  ["path of one machine", "a.ts", join("C:\\Us", "ers\\ada")],
  ["host of a package mirror", "a.yaml", join("https:/", "/registry.example.com/x.tgz")],
  ["focused or skipped test", "a.spec.ts", join("it.on", 'ly("runs", () => {});')],
  ["focused or skipped test", "a.spec.ts", join("describe.sk", 'ip("all", () => {});')],
  ["focused or skipped test", "a.int.spec.ts", join("test.each(x).to", "do; it.concurrent.sk", 'ip("", () => {});')],
  ["unfinished", "a.ts", join("// TO", "DO: later")],
  ["unfinished", "a.mjs", join("// FIX", "ME")],
] as const;

const ALLOWED = [
  ["a.ts", "see docs/work/plan and ./root/x"],
  ["a.md", "https://example.com/home"],
  ["a.spec.ts", 'it.skipIf(noDtc)("compiles", () => {}); if (noDtc) context.skip("dtc is not installed");'],
  ["a.ts", join("// TO", "DO(#12): the other half")],
] as const;

describe("findInText", () => {
  it.each(REFUSED)("finds: %s (%s)", (rule, file, line) => {
    expect(findInText(file, `first\n${line}\n`)).toEqual([expect.objectContaining({ file, line: 2, rule })]);
  });

  it.each(ALLOWED)("lets pass in %s: %s", (file, line) => {
    expect(findInText(file, line)).toEqual([]);
  });
});
