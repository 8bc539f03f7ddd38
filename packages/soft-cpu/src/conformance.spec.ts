/** The conformance suite of vCPU backends on the soft CPU. */
import { createMachine } from "@trapline/core";
import { a64Guests, describeVcpuBackend, GUEST_ROM } from "@trapline/testkit";
import { softCpu } from "./soft-cpu.ts";

describeVcpuBackend("the soft CPU", {
  async boot(listings, config) {
    const machine = await createMachine({
      ...config,
      plugins: [softCpu({ start: { pc: GUEST_ROM.base }, startAll: true }), ...config.plugins],
    });
    a64Guests(listings, GUEST_ROM.base).program.loadInto(machine.memory);
    return machine;
  },
  instructionsOf: (listings, vcpu, step) => a64Guests(listings, GUEST_ROM.base).instructionsOf(vcpu, step),
  instructionsOfIrq: (listings, vcpu, step) => a64Guests(listings, GUEST_ROM.base).instructionsOfIrq(vcpu, step),
});
