/** The suites on what core itself brings. core cannot have this file: it imports no other package. */
import { createMachine, FixedRouter, scripted, WireOrder } from "@trapline/core";
import { describeRouter } from "./conformance/router-suite.ts";
import { describeVcpuBackend } from "./conformance/vcpu-suite.ts";
import { scriptedGuest, scriptedInstructions } from "./vcpu/scripted-guest.ts";

describeRouter("the fixed router", () => {
  const order = new WireOrder();
  return { router: new FixedRouter(order), order, gsiOf: (pin) => pin, unroutedGsi: 8 };
});

describeVcpuBackend("the scripted backend", {
  boot: (listings, config) => createMachine({ ...config, plugins: [scripted(...listings.map(scriptedGuest)), ...config.plugins] }),
  instructionsOf: (listings, vcpu, step) => scriptedInstructions(listings[vcpu]!.main, step),
  instructionsOfIrq: (listings, vcpu, step) => scriptedInstructions(listings[vcpu]!.irq!, step),
});
