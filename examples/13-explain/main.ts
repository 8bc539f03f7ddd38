/** "Why does my interrupt not arrive?" A guest forgets one thing after the other; `explain` names what is still missing. See README.md. */
import { breakpoint, createMachine, msr, powerOff, scripted, write32, write8 } from "@trapline/core";
import { iccEncoding, vgicV3, VgicToken } from "@trapline/vgic-plugin";

const GICD = 0x0800_0000;
const INTID = 33; // SPI 1

const guest = scripted(function* () {
  yield breakpoint();
  yield write32(GICD + 0x0104, 1 << 1); //               GICD_ISENABLER1
  yield breakpoint();
  yield write32(GICD + 0x0084, 1 << 1); //               GICD_IGROUPR1: group 1
  yield write32(GICD + 0x0000, 1 << 1); //               GICD_CTLR.EnableGrp1
  yield breakpoint();
  yield msr(iccEncoding("ICC_IGRPEN1_EL1")!, 1);
  yield write8(GICD + 0x0400 + INTID, 0xa0); //          GICD_IPRIORITYR
  yield breakpoint();
  yield msr(iccEncoding("ICC_PMR_EL1")!, 0xa0); //       not enough: a mask lets through what is *below* it
  yield breakpoint();
  yield msr(iccEncoding("ICC_PMR_EL1")!, 0xf0);
  yield breakpoint();
  yield powerOff();
});

const machine = await createMachine({ name: "explain", plugins: [guest, vgicV3()] });
const gic = machine.get(VgicToken);
const line = machine.router.line(1, "a device"); // GSI 1 → SPI 1
line.set(true);

while ((await machine.run({ timeoutMs: 10_000 })).reason === "debug") {
  const { signalled, steps, text } = gic.explain(INTID, 0);
  process.stdout.write(`${signalled ? text : `not signalled:\n${steps.filter(({ passed }) => !passed).map((step) => `  - ${step.text}`).join("\n")}`}\n`);
}
await machine.close();
