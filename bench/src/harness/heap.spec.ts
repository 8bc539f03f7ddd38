/** The measurement of allocations, on loops whose allocations are known. */
import { describe, expect, it } from "vitest";
import { allocatedPerOp, liveBytes } from "./heap.ts";

describe("allocatedPerOp", () => {
  it("sees nothing where nothing is allocated", async () => {
    const bytes = await allocatedPerOp((n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum = (sum + i) | 0;
      return sum;
    });
    expect(bytes).toBeLessThan(1);
  });

  it("sees an object with one field: three words of header and one of field", async () => {
    const kept: { value: number }[] = new Array<{ value: number }>(16_384);
    const bytes = await allocatedPerOp((n) => {
      for (let i = 0; i < n; i++) kept[i] = { value: i };
      return n;
    });
    expect(bytes).toBeGreaterThan(15); // with compressed pointers, and in other layouts of V8
    expect(bytes).toBeLessThan(60);
  });

  it("sees a hundred times as much in a hundred times as large an array", async () => {
    const kept: number[][] = new Array<number[]>(16_384);
    const bytes = await allocatedPerOp((n) => {
      for (let i = 0; i < n; i++) kept[i] = new Array<number>(100).fill(i);
      return n;
    });
    expect(bytes).toBeGreaterThan(400);
    expect(bytes).toBeLessThan(1000);
  });

  it("measures loops that are asynchronous, too", async () => {
    expect(await allocatedPerOp(async (n) => n)).toBeLessThan(10);
  });
});

describe("liveBytes", () => {
  it("counts what hangs on the heap outside it, and forgets what is dropped", async () => {
    const before = await liveBytes();
    let buffer: ArrayBuffer | undefined = new ArrayBuffer(32 * 1024 * 1024);
    const held = await liveBytes();
    expect(buffer.byteLength).toBe(32 * 1024 * 1024);
    buffer = undefined;
    const after = await liveBytes();
    expect(held - before).toBeGreaterThan(30 * 1024 * 1024);
    expect(after - before).toBeLessThan(4 * 1024 * 1024);
  });
});
