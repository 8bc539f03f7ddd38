import { describe, expect, it } from "vitest";
import { withFiles } from "./gate.ts";
import { checkLinks, headingFragments, relativeLinks } from "./doc-links.ts";

describe("relativeLinks", () => {
  it("finds every link of a line, and pages of the tree only", () => {
    const markdown = "one\n[a](b.md) and [c](../d.md#e), [web](https://example.com), [mail](mailto:a@b.c), [here](#f)";
    expect(relativeLinks(markdown)).toEqual([
      { line: 2, target: "b.md" },
      { line: 2, target: "../d.md#e" },
      { line: 2, target: "#f" },
    ]);
  });

  it.each([
    ["a code span", "`[a](b.md)`"],
    ["a fenced block", "```md\n[a](b.md)\n```"],
    ["a block within a longer fence", "````\n```\n[a](b.md)\n```\n````"],
  ])("leaves out %s", (_, markdown) => expect(relativeLinks(markdown)).toEqual([]));
});

describe("headingFragments", () => {
  it.each([
    ["# A Title", ["a-title"]],
    ["## chr-testdev, as kvm-unit-tests use it", ["chr-testdev-as-kvm-unit-tests-use-it"]],
    ["## 5. Tests", ["5-tests"]],
    ["## `code` and [a link](b.md)", ["code-and-a-link"]],
    ["## Same\n## Same", ["same", "same-1"]],
    ["```\n# no heading\n```", []],
  ])("of %j are %j", (markdown, fragments) => expect(headingFragments(markdown)).toEqual(fragments));
});

describe("checkLinks", () => {
  it("tells which link leads nowhere, and why", () => {
    const files = {
      "README.md": "[good](docs/a.md#one) [folder](docs) [no file](docs/b.md)\n[no heading](docs/a.md#two) [out](../x.md)",
      "docs/a.md": "# One\n[back](../README.md) [code](../code.ts#L3)",
      "code.ts": "",
    };
    expect(withFiles(files, (folder) => checkLinks(["README.md", "docs/a.md"], folder))).toEqual([
      "README.md:1: docs/b.md leads nowhere: there is no docs/b.md",
      "README.md:2: docs/a.md#two leads nowhere: docs/a.md has no heading for #two",
      "README.md:2: ../x.md leads nowhere: it leaves the repository",
    ]);
  });
});
