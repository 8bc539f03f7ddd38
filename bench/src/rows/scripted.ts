/**
 * A guest's MMIO read from end to end on the scripted backend: the generator yields it, the vCPU exits, the bus finds the
 * device, the answer goes back into the generator. Half of it is the generator; a real CPU backend has none.
 */
import { breakpoint, createMachine, definePlugin, read32, scripted } from "@trapline/core";
import { Latch } from "../fixtures/devices.ts";
import type { PreparedRow, Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

const BASE = 0x0900_0000;

async function mmio(): Promise<PreparedRow> {
  let wanted = 0;
  let sum = 0;
  const machine = await createMachine({
    plugins: [
      scripted(function* () {
        const load = read32(BASE);
        for (;;) {
          for (let i = 0; i < wanted; i++) sum = (sum + ((yield load) as number)) | 0;
          yield breakpoint(); // ends the run; the next one goes on here
        }
      }),
      definePlugin({ name: "latch", create: ({ bus }) => ({ attach: (scope) => scope.add(bus.claim({ name: "latch", base: BASE, size: 0x1000 }, new Latch())) }) }),
    ],
  });
  return timedLoop(
    async (n) => {
      wanted = n;
      await machine.run();
      return sum;
    },
    { close: () => machine.close() },
  );
}

export const rows: readonly Row[] = [{ name: "scripted/mmio", unit: "ns", prepare: mmio }];
