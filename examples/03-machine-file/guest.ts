/** The guest of this machine: bumps both counters and reports their sum as the machine's status. */
import { type PluginDefinition, powerOff, read32, scripted, write32 } from "@trapline/core";

const guest: PluginDefinition = scripted(function* () {
  for (const base of [0x0900_0000, 0x0900_1000]) yield write32(base, 2);
  const left = yield* read32(0x0900_0000);
  const right = yield* read32(0x0900_1000);
  yield powerOff(left + right);
});

export default guest;
