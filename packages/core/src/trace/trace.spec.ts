/** `machine.trace$` and what to do with it: select, and write as lines. */
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { createMachine, definePlugin, powerOff, scripted, write32 } from "../index.ts";
import { ofKind, since, toJsonLine } from "./trace.ts";
import type { TraceEvent } from "./trace-event.ts";

const DEVICE = 0x0900_0000;

const machine = () =>
  createMachine({
    plugins: [
      definePlugin({
        name: "led",
        create: (vmm) => ({ attach: (scope) => scope.add(vmm.bus.claim({ name: "led", base: DEVICE, size: 8 }, { read: () => 0, write: () => {} })) }),
      }),
      scripted(function* () {
        yield write32(DEVICE, 1);
        yield write32(DEVICE, 2);
        yield powerOff();
      }),
    ],
  });

describe("the trace", () => {
  it("is every event of every wire, in the order of the numbers, ending with the machine", async () => {
    const traced = await machine();
    const seen: string[] = [];
    traced.trace$.subscribe({ next: ({ seq, kind }) => seen.push(`${seq} ${kind}`), complete: () => seen.push("complete") });
    await traced.run();
    await traced.close();
    expect(seen).toEqual(["3 exit", "4 access", "5 exit", "6 access", "7 exit", "8 machine", "complete"]);
  });

  it("is selected by kind, with the kind's own type, and by time", async () => {
    const traced = await machine();
    const values: unknown[] = [];
    traced.trace$.pipe(ofKind("access"), since(2)).subscribe(({ device, value }) => values.push([device, value]));
    await traced.run();
    await traced.close();
    expect(values).toEqual([["led", 2]]);
  });

  it("may be several kinds at once", () => {
    const source = new Subject<TraceEvent>();
    const kinds: string[] = [];
    source.pipe(ofKind("gsi", "pin")).subscribe(({ kind }) => kinds.push(kind));
    for (const kind of ["gsi", "msi", "pin", "access"]) source.next({ seq: 1, atNs: 0, kind } as TraceEvent);
    expect(kinds).toEqual(["gsi", "pin"]);
  });

  it("is JSON Lines, with 64-bit values that JSON has no number for in hexadecimal", () => {
    const line = toJsonLine({ seq: 1, atNs: 5, kind: "access", small: 2 ** 53 - 1, big: 2n ** 64n - 1n } as never);
    expect(line).toBe('{"seq":1,"atNs":5,"kind":"access","small":9007199254740991,"big":"0xffffffffffffffff"}');
    expect(JSON.parse(line)).toMatchObject({ seq: 1 });
  });

  it("stops costing anything when its watcher leaves", async () => {
    const traced = await machine();
    const tap = traced.trace$.subscribe();
    expect(traced.vcpus[0]!.exits$.tapped).toBe(true);
    tap.unsubscribe();
    expect(traced.vcpus[0]!.exits$.tapped).toBe(false);
    await traced.close();
  });
});
