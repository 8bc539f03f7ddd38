/** Two vCPUs pass a ball with software-generated interrupts, sleeping in WFI between throws. See README.md. */
import { createMachine, type GuestProgram, ofKind, powerOff, scripted, wfi } from "@trapline/core";
import { vgicV3 } from "@trapline/vgic-plugin";
import { acknowledge, enableCpuInterface, enableDistributor, enableSgis, endOfInterrupt, sendSgi } from "@trapline/example-guest-gic";

const BALL = 3; // SGI 3
const THROWS = 6;
let throws = 0;

function player(me: number): GuestProgram {
  return {
    *main() {
      if (me === 0) yield* enableDistributor();
      yield* enableSgis(me);
      yield* enableCpuInterface();
      if (me === 1) yield sendSgi(BALL, 0); // the second to be ready throws first
      while (throws < THROWS) yield wfi();
      yield powerOff(throws);
    },
    *irq() {
      const intid = yield* acknowledge();
      yield endOfInterrupt(intid);
      if (++throws < THROWS) yield sendSgi(BALL, 1 - me);
    },
  };
}

const machine = await createMachine({
  name: "sgis",
  vcpus: 2,
  plugins: [scripted(player(0), player(1)), vgicV3()],
});

machine.trace$.pipe(ofKind("gic.sgi", "gic.acknowledge")).subscribe((event) => {
  const time = `${String(event.atNs).padStart(4)} ns`;
  const what = event.kind === "gic.sgi" ? `throws to vcpu${event.target}` : "catches";
  process.stdout.write(`${time}  vcpu${event.vcpu} ${what}\n`);
});

process.stdout.write(`${JSON.stringify(await machine.run({ timeoutMs: 10_000 }))}\n`);
await machine.close();
