/** How rows take turns, and what becomes of them when one fails. Samples are given, not timed. */
import { describe, expect, it } from "vitest";
import type { PreparedRow, Row } from "./row.ts";
import { runGroup } from "./run-group.ts";

/** A row that gives `values` one after another, and logs what happens to it. */
function given(name: string, values: readonly number[], log: string[], more: Partial<Row & PreparedRow> = {}): Row {
  const { reference, samples = values.length - 1, ...methods } = more; // the first sample is thrown away
  let next = 0;
  return {
    name,
    unit: "ns",
    samples,
    ...(reference === undefined ? {} : { reference }),
    prepare: () => ({
      warmUp: () => void log.push(`${name} warm`),
      sample() {
        log.push(`${name} ${values[next]}`);
        return values[next++]!;
      },
      close: () => void log.push(`${name} closed`),
      ...methods,
    }),
  };
}

const here = (row: Row): PreparedRow | Promise<PreparedRow> => row.prepare();

describe("runGroup", () => {
  it("warms everybody up, throws the first turn away, then takes samples in turn", async () => {
    const log: string[] = [];
    await runGroup([given("g/a", [9, 1, 2], log), given("g/b", [9, 3, 4], log)], here);
    expect(log).toEqual(["g/a warm", "g/b warm", "g/a 9", "g/b 9", "g/a 1", "g/b 3", "g/a 2", "g/b 4", "g/a closed", "g/b closed"]);
  });

  it("gives median, quartiles and the reference's median from the same run", async () => {
    const rows = [given("g/a", [0, 4, 1, 2, 3], [], { reference: "g/b" }), given("g/b", [0, 10, 30, 20, 20], [])];
    expect(await runGroup(rows, here)).toEqual([
      { name: "g/a", value: 2.5, unit: "ns", spread: [1.75, 3.25], reference: { name: "g/b", value: 20 } },
      { name: "g/b", value: 20, unit: "ns", spread: [17.5, 22.5] },
    ]);
  });

  it("lets a row have fewer samples than the others", async () => {
    const log: string[] = [];
    await runGroup([given("g/slow", [9, 1], log), given("g/fast", [9, 2, 3, 4], log)], here);
    expect(log.filter((line) => !/warm|closed/.test(line))).toEqual(["g/slow 9", "g/fast 9", "g/slow 1", "g/fast 2", "g/fast 3", "g/fast 4"]);
  });

  it("asks for the bytes once, after the samples", async () => {
    const log: string[] = [];
    const bytesPerOp = (): number => {
      log.push("bytes");
      return 56;
    };
    const [result] = await runGroup([given("g/a", [9, 1, 1], log, { bytesPerOp })], here);
    expect([result?.bytesPerOp, log]).toEqual([56, ["g/a warm", "g/a 9", "g/a 1", "g/a 1", "bytes", "g/a closed"]]);
  });

  it("alternates with QEMU where the row can run there", async () => {
    const log: string[] = [];
    let on = 100;
    const sampleQemu = (): number => {
      log.push(`qemu ${on}`);
      return on++;
    };
    const [result] = await runGroup([given("g/a", [9, 1, 2, 3], log, { sampleQemu })], here);
    expect(result?.qemu).toEqual({ value: 101, spread: [100.5, 101.5] });
    expect(log.slice(2, -1)).toEqual(["g/a 1", "qemu 100", "g/a 2", "qemu 101", "g/a 3", "qemu 102"]);
  });

  it.each(["warmUp", "sample", "bytesPerOp"] as const)("closes every row when one throws in %s", async (method) => {
    const log: string[] = [];
    const broken = (): never => {
      throw new Error("out of luck");
    };
    const rows = [given("g/a", [9, 1, 1], log), given("g/b", [9, 1, 1], log, { [method]: broken })];
    await expect(runGroup(rows, here)).rejects.toThrow("out of luck");
    expect(log.slice(-2)).toEqual(["g/a closed", "g/b closed"]);
  });

  it("closes those made ready when a later one cannot be", async () => {
    const log: string[] = [];
    const rows = [given("g/a", [9, 1], log), { ...given("g/b", [9, 1], log), prepare: () => Promise.reject(new Error("no such file")) }];
    await expect(runGroup(rows, here)).rejects.toThrow("no such file");
    expect(log).toEqual(["g/a closed"]);
  });

  it("refuses a sample that is no number instead of writing it down", async () => {
    await expect(runGroup([given("g/a", [1, Number.NaN], [])], here)).rejects.toThrow(/g\/a: value/);
  });
});
