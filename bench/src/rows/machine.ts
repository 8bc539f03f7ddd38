/**
 * A machine's life: composing one of 50 plugins with three services each, and creating and closing a thousand in one process.
 * `1000-cycles` is what every closed machine leaves behind, on the JavaScript heap and in buffers, after a garbage collection.
 */
import { performance } from "node:perf_hooks";
import { createMachine, type Machine, powerOff, scripted, write32 } from "@trapline/core";
import { Container } from "inversify";
import { plugins } from "../fixtures/plugins.ts";
import { liveBytes } from "../harness/heap.ts";
import { atMost, type PreparedRow, type Row } from "../harness/row.ts";

const COMPOSED = 50;
const CYCLES = 1000;

function composition(): PreparedRow {
  const sample = async (): Promise<number> => {
    const start = performance.now();
    const machine = await createMachine({ plugins: plugins(COMPOSED) });
    const ms = performance.now() - start;
    await machine.close();
    return ms;
  };
  return { sample, warmUp: () => times(20, sample) };
}

/** A small machine: RAM, a vCPU, ten plugins, a parent container that outlives it. */
function smallMachine(parent: Container): Promise<Machine> {
  return createMachine({
    memory: [{ name: "ram", base: 0x4000_0000, size: 0x1_0000 }],
    parent,
    plugins: [
      scripted(function* () {
        yield write32(0x0900_0000, 1);
        yield powerOff();
      }),
      ...plugins(10),
    ],
  });
}

/** Created, run to its end, closed. */
async function cycle(parent: Container): Promise<void> {
  const machine = await smallMachine(parent);
  const { reason } = await machine.run();
  await machine.close();
  if (reason !== "power-off") throw new Error(`the machine ended with ${reason}`);
}

function cycleTime(): PreparedRow {
  const parent = new Container();
  const sample = async (): Promise<number> => {
    const start = performance.now();
    await times(5, () => cycle(parent));
    return (performance.now() - start) / 5;
  };
  return { sample, warmUp: () => times(10, sample) };
}

function growth(): PreparedRow {
  const parent = new Container();
  return {
    warmUp: () => times(100, () => cycle(parent)), // what is made once and kept (compiled code, caches) is made now
    async sample() {
      const before = await liveBytes();
      await times(CYCLES, () => cycle(parent));
      return ((await liveBytes()) - before) / CYCLES / 1024;
    },
  };
}

async function times(count: number, task: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n++) await task();
}

export const rows: readonly Row[] = [
  { name: "machine/compose-50", unit: "ms", targets: [atMost(30)], prepare: composition },
  { name: "machine/cycle", unit: "ms", prepare: cycleTime },
  { name: "machine/1000-cycles", unit: "KiB", samples: 3, targets: [atMost(0.1)], prepare: growth },
];
