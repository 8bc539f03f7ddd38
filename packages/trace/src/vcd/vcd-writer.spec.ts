/** Value change dumps, judged by a strict reader of the standard and, where it is there, by GTKWave's own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { levelInterrupt, type Story, story, WIRING } from "../story.fixture.ts";
import { TextOutput } from "../trace-output.ts";
import { identifier, identifierCode, unusedName } from "./vcd-names.ts";
import { parseVcd, type Vcd } from "./vcd-parser.fixture.ts";
import { VcdWriter } from "./vcd-writer.ts";

function dump({ events }: Story, output = new TextOutput(), wiring = WIRING): Vcd & { readonly left: number } {
  const writer = new VcdWriter(output, wiring);
  for (const event of events) writer.next(event);
  writer.finish();
  return { ...parseVcd(output.text), left: writer.left };
}

/** Changes of one signal: "0@0 1@1000 0@1020". */
function wave({ variables }: Vcd, name: string): string {
  return variables.find((variable) => variable.name === name)!.changes.map(([time, value]) => `${value}@${time}`).join(" ");
}

describe("a dump", () => {
  it("has GSIs, pins, vCPU lines and the INTID that each vCPU handles", () => {
    const vcd = dump(levelInterrupt());
    expect([vcd.timescale, vcd.variables.map(({ name }) => name)]).toEqual([
      "1 ns",
      [
        "board.gsi.gsi_1_sensor",
        "board.gsi.gsi_2_button",
        "board.gic.pin_1_intid_33",
        "board.gic.pin_2_intid_34",
        ...[0, 1].flatMap((vcpu) => ["irq", "fiq", "intid"].map((line) => `board.vcpu.vcpu${vcpu}_${line}`)),
      ],
    ]);
    expect(["gsi.gsi_1_sensor", "gic.pin_1_intid_33", "vcpu.vcpu0_irq", "vcpu.vcpu0_intid", "vcpu.vcpu1_irq"].map((name) => wave(vcd, `board.${name}`))).toEqual([
      "0@0 1@1000 0@1020",
      "0@0 1@1000 0@1020",
      "0@0 1@1000 0@1010",
      "z@0 100001@1010 z@1030",
      "0@0",
    ]);
  });

  it("shows a pulse for a nanosecond, also when others follow at once", () => {
    const vcd = dump(story().at(10).wire(2, "pulse").wire(2, "pulse", 0).at(11).wire(1, "high").at(12).wire(2, "pulse").at(90).exit(0));
    expect([wave(vcd, "board.gsi.gsi_2_button"), wave(vcd, "board.gsi.gsi_1_sensor")]).toEqual(["0@10 1@10 0@11 1@12 0@13", "0@10 1@11"]);
  });

  it("shows the innermost of nested handlers", () => {
    const events = story().at(1).take(0, 33).at(2).take(0, 34).at(3).end(0, 34).at(4).end(0, 33).at(5).take(0, 40).at(6).machine("reset");
    expect(wave(dump(events), "board.vcpu.vcpu0_intid")).toBe("z@1 100001@1 100010@2 100001@3 z@4 101000@5 z@6");
  });

  it("declares latecomers in the room it kept, unknown until they change", () => {
    const vcd = dump(levelInterrupt().at(2000).wire(7, "high").pin(3, "low", 1, "gpio"));
    expect([wave(vcd, "board.gsi.gsi_7"), wave(vcd, "board.gic.pin_7_intid_39"), wave(vcd, "board.gsi.gpio_pin_3"), vcd.left]).toEqual(["1@2000", "1@2000", "0@2000", 0]);
  });

  it("leaves latecomers out, and counts them, where there is no room or no way back", () => {
    const many = story().exit(0);
    for (let gsi = 10; gsi < 300; gsi++) many.gsi(gsi, "high");
    const vcd = dump(many);
    expect(vcd.left).toBeGreaterThan(50);
    expect(vcd.variables.length + vcd.left).toBe(10 + 290);
    expect(dump(levelInterrupt().gsi(7, "high"), new TextOutput(false)).left).toBe(1);
  });

  it("never goes back in time, though a restored machine does", () => {
    expect(wave(dump(story().at(500).wire(1, "high").machine("restoring").at(100).wire(1, "low").at(150).wire(1, "high")), "board.gsi.gsi_1_sensor")).toBe("0@500 1@500 0@500 1@550");
  });

  it("is good after every piece, and without any event", () => {
    const output = new TextOutput();
    const writer = new VcdWriter(output, WIRING);
    for (const event of levelInterrupt().events) {
      writer.next(event);
      writer.flush();
      parseVcd(output.text);
    }
    expect(dump(story()).variables).toHaveLength(10);
  });

  it("makes identifiers of any name, each once", () => {
    expect(["uart0", "gic-v3 (2)", "9p", "Gerät", "", "__x"].map(identifier)).toEqual(["uart0", "gic_v3_2", "_9p", "Ger_t", "_", "x"]);
    expect(unusedName("a", new Set(["a", "a_2"]))).toBe("a_3");
    expect([0, 93, 94, 94 + 94 * 94].map(identifierCode)).toEqual(["!", "~", "!!", "!!!"]);
    const odd = { ...WIRING, machine: "5 GHz!", sources: WIRING.sources.map((source) => ({ ...source, owner: "§ $end #5" })) };
    expect(dump(story(), new TextOutput(), odd).variables[0]!.name).toBe("_5_GHz.gsi.gsi_1__$end_5");
  });
});

it("GTKWave's converter reads it", (context) => {
  const found = spawnSync("vcd2fst", ["--help"], { encoding: "utf8" });
  if (found.error !== undefined) return context.skip("vcd2fst is not here: Debian's package gtkwave has it");
  const folder = mkdtempSync(path.join(tmpdir(), "trapline-vcd-"));
  try {
    const output = new TextOutput();
    dump(levelInterrupt().at(2000).wire(7, "high"), output);
    writeFileSync(path.join(folder, "a.vcd"), output.text);
    const { status, stderr } = spawnSync("vcd2fst", ["a.vcd", "a.fst"], { cwd: folder, encoding: "utf8", timeout: 10_000 });
    const back = spawnSync("fst2vcd", ["a.fst"], { cwd: folder, encoding: "utf8", timeout: 10_000 });
    expect([status, stderr, back.status]).toEqual([0, "", 0]);
    expect(back.stdout).toMatch(/\$var wire 1 \S+ gsi_1_sensor \$end/);
    expect(back.stdout).toMatch(/#1000\n(.*\n)*?#1010\n/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
