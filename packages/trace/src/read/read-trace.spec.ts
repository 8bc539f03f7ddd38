/** Trace files, whole, cut and damaged: nothing that is good is lost, and what is not is told with its place. */
import type { WireEvent } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { levelInterrupt, WIRING } from "../story.fixture.ts";
import { MAX_LINE_CHARS, readTrace, type ReadTraceResult } from "./read-trace.ts";

const GSI = '{"seq":1,"atNs":0,"kind":"gsi","gsi":1,"signal":"high","result":1}';

/** The text in pieces of a few bytes, as a slow disk gives it. */
async function* pieces(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Read extends ReadTraceResult {
  readonly seen: WireEvent[];
  readonly errors: string[];
}

async function read(text: string, size?: number): Promise<Read> {
  const seen: WireEvent[] = [];
  const errors: string[] = [];
  const result = await readTrace(pieces(text, size), "t.jsonl", (event) => void seen.push(event), { damaged: ({ message }) => void errors.push(message) });
  return { ...result, seen, errors };
}

describe("a trace file", () => {
  it("gives back the events that were written, in pieces of any size", async () => {
    const { events, jsonLines } = levelInterrupt();
    for (const size of [1, 7, 100_000]) {
      const result = await read(jsonLines, size);
      expect(result.seen).toEqual([WIRING, ...events]);
      expect(result).toMatchObject({ events: events.length + 1, lines: events.length + 1, damagedLines: 0, cut: false, errors: [] });
    }
  });

  it("has 64-bit values whole, and leaves text alone that looks like one", async () => {
    const line = '{"seq":1,"atNs":0,"kind":"access","device":"0xffffffffffffffff","address":0,"offset":0,"width":8,"direction":"read","value":"0xffffffffffffffff","vcpu":0}\n';
    expect((await read(line)).seen).toMatchObject([{ value: 2n ** 64n - 1n, device: "0xffffffffffffffff" }]);
  });

  it("may end without a newline, and may have empty lines and CR LF", async () => {
    expect(await read(`${GSI}\r\n\r\n${GSI}`)).toMatchObject({ events: 2, lines: 3, cut: false, errors: [] });
  });

  it("that was cut ends with the last whole line", async () => {
    const whole = levelInterrupt().jsonLines;
    const { events, cut, errors } = await read(whole.slice(0, -20));
    expect([events, cut, errors]).toEqual([levelInterrupt().events.length, true, []]);
  });

  it("of kinds nobody knows has them as they are", async () => {
    expect((await read('{"seq":1,"atNs":0,"kind":"my-chip.thing","pin":[3]}\n')).seen).toEqual([{ seq: 1, atNs: 0, kind: "my-chip.thing", pin: [3] }]);
  });
});

describe("a damaged line", () => {
  it.each<[string, string]>([
    ["{", "it is no JSON: "],
    ["[1]", "it is no object"],
    ["null", "it is no object"],
    ["{}", "it has no kind"],
    ['{"kind":"gsi","atNs":0}', "seq is no whole number"],
    ['{"kind":"gsi","seq":1,"atNs":-1}', "atNs is no time"],
    [GSI.replace('"gsi":1', '"gsi":-1'), "gsi of an event of kind gsi is -1"],
    [GSI.replace('"gsi":1,', ""), "gsi of an event of kind gsi is missing"],
    [GSI.replace("high", "up"), 'signal of an event of kind gsi is "up"'],
    ['{"kind":"constructor","seq":1}', "atNs is no time"],
    ['{"kind":"wiring","seq":0,"atNs":0,"machine":"m","vcpus":1,"irqchips":[{}],"sources":[]}', "irqchips of an event of kind wiring are no irqchips"],
    ['{"kind":"wiring","seq":0,"atNs":0,"machine":"m","vcpus":1,"irqchips":[],"sources":3}', "sources of an event of kind wiring are no sources"],
  ])("is told with its place and does not hide the others: %s", async (line, fault) => {
    const { events, damagedLines, errors } = await read(`${GSI}\n${line}\n${GSI}\n`);
    expect([events, damagedLines]).toEqual([2, 1]);
    expect(errors).toEqual([expect.stringContaining(`t.jsonl:2: this line is no event: ${fault}`)]);
  });

  it("is the error of the reading when nobody takes it, after the events before it", async () => {
    const seen: number[] = [];
    await expect(readTrace(pieces(`${GSI}\nnot this\n${GSI}\n`), "t.jsonl", ({ seq }) => void seen.push(seq))).rejects.toMatchObject({ kind: "config", facts: { subject: "t.jsonl:2" } });
    expect(seen).toEqual([1]);
  });

  it("may be longer than memory", async () => {
    const { events, errors } = await read(`${GSI}\n${"x".repeat(2 * MAX_LINE_CHARS)}\n${GSI}\n`, 0x1_0000);
    expect([events, errors]).toEqual([2, [expect.stringContaining(`t.jsonl:2: this line is no event: it has more than ${MAX_LINE_CHARS} characters`)]]);
  });
});
