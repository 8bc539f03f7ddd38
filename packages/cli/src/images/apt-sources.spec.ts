/** From the host's lists of package sources to those of a private apt (sources.list(5)). */
import { describe, expect, it } from "vitest";
import { debianSources } from "./apt-sources.ts";

const deb822 = (text: string): { file: string; text: string } => ({ file: "debian.sources", text });
const list = (text: string): { file: string; text: string } => ({ file: "sources.list", text });
const HOST = "http://mirror.example/debian";

describe("the style of .sources", () => {
  it("keeps mirror, suites and key; drops architectures, other types and other components", () => {
    const text = `# a comment\nTypes: deb deb-src\nURIs: ${HOST}\nSuites: bookworm bookworm-updates\nComponents: main contrib\nArchitectures: amd64\nSigned-By: /usr/share/keyrings/k.gpg\n`;
    expect(debianSources([deb822(text)], "bookworm", undefined)).toBe(
      `Types: deb\nURIs: ${HOST}\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/k.gpg\n`,
    );
  });

  it("keeps a key that is written out, over its lines", () => {
    const text = `Types: deb\nURIs: ${HOST}\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN-----\n .\n abc\n`;
    expect(debianSources([deb822(text)], "bookworm", undefined)).toContain("Signed-By:\n -----BEGIN-----\n .\n abc\n");
  });

  it.each([
    ["another archive's suite", `Types: deb\nURIs: ${HOST}\nSuites: tool-bookworm\nComponents: main\n`],
    ["a source that is switched off", `Types: deb\nURIs: ${HOST}\nSuites: bookworm\nComponents: main\nEnabled: no\n`],
    ["sources alone", `Types: deb-src\nURIs: ${HOST}\nSuites: bookworm\nComponents: main\n`],
    ["no part main", `Types: deb\nURIs: ${HOST}\nSuites: bookworm\nComponents: non-free\n`],
    ["nothing", ""],
  ])("leaves out %s", (_what, text) => {
    expect(debianSources([deb822(text)], "bookworm", undefined)).toBe("");
  });
});

describe("the style of .list", () => {
  it.each([
    [`deb ${HOST} bookworm main contrib # all`, "Suites: bookworm\n"],
    [`deb [arch=amd64 signed-by=/k.gpg] ${HOST} bookworm-security main`, "Suites: bookworm-security\nComponents: main\nSigned-By: /k.gpg\n"],
    [`deb ${HOST} stable main`, "Suites: stable\n"],
  ])("%s", (line, expected) => {
    expect(debianSources([list(`#deb x y main\n${line}\n`)], "bookworm", undefined)).toContain(expected);
  });

  it.each([`deb-src ${HOST} bookworm main`, `deb ${HOST} nodistro main`, `deb ${HOST}`, "nonsense"])("not %s", (line) => {
    expect(debianSources([list(line)], "bookworm", undefined)).toBe("");
  });
});

describe("another suite", () => {
  const lists = [list(`deb ${HOST} bookworm main\ndeb ${HOST} bookworm-updates main\ndeb ${HOST} bookworm-security main\n`)];
  it.each([
    ["trixie", ["trixie", "trixie-updates", "trixie-security"]],
    ["sid", ["sid"]], // has neither
  ])("%s is looked for at the same mirrors", (suite, expected) => {
    const suites = [...debianSources(lists, "bookworm", suite).matchAll(/^Suites: (.*)$/gm)].map(([, name]) => name);
    expect(suites).toEqual(expected);
  });
});
