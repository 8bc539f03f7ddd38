/** 600 vCPUs, each with a GSI of its own for the same private interrupt: profile `wide`. See README.md. */
import { createMachine, EventFdFactoryToken, type GuestProgram, IrqfdsToken, mrs, msr, scripted, wfi, write32 } from "@trapline/core";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { iccEncoding, vgicV3 } from "@trapline/vgic-plugin";

const VCPUS = 600;
const PPI = 23; // INTID
const DISTRIBUTOR = 0x0800_0000;
const REDISTRIBUTORS = { base: 0x1000_0000, size: VCPUS * 0x2_0000 };
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const icc = (name: string): number => iccEncoding(name)!;

const taken: number[][] = Array.from({ length: VCPUS }, () => []);

/** What each vCPU runs: switch its interrupt on, sleep, take what comes. */
const program = (vcpu: number): GuestProgram => ({
  *main() {
    const sgiFrame = REDISTRIBUTORS.base + vcpu * 0x2_0000 + 0x1_0000;
    yield write32(DISTRIBUTOR, 0x12); //             GICD_CTLR: ARE, EnableGrp1
    yield write32(sgiFrame + 0x080, 0xffff_ffff); // GICR_IGROUPR0: group 1
    yield write32(sgiFrame + 0xc04, 0x8000); //      GICR_ICFGR1: PPI 23 is edge-triggered
    yield write32(sgiFrame + 0x100, 1 << PPI); //    GICR_ISENABLER0
    yield msr(icc("ICC_PMR_EL1"), 0xff);
    yield msr(icc("ICC_IGRPEN1_EL1"), 1);
    for (;;) yield wfi();
  },
  *irq() {
    const intid = yield* mrs(icc("ICC_IAR1_EL1"));
    taken[vcpu]!.push(Number(intid));
    yield msr(icc("ICC_EOIR1_EL1"), intid);
  },
});

const machine = await createMachine({
  vcpus: VCPUS,
  plugins: [scripted(...taken.map((_, vcpu) => program(vcpu))), vgicV3({ redistributors: [REDISTRIBUTORS], pins: "wide" }), ...kvmInterrupts({ profile: "wide" })],
});
await machine.run({ timeoutMs: 60_000 }); // until everybody sleeps

// The word of KVM_IRQ_LINE is the GSI: vcpu2[31:28] type[27:24] vcpu[23:16] id[15:0].
const word = (vcpu: number): number => (((vcpu >>> 8) << 28) | (2 << 24) | ((vcpu & 0xff) << 16) | PPI) >>> 0;
const eventFds = taken.map((_, vcpu) => machine.get(EventFdFactoryToken).create({ name: `for vcpu${vcpu}` }));
for (const [vcpu, eventFd] of eventFds.entries()) machine.get(IrqfdsToken).assign({ eventFd, gsi: word(vcpu) });
const wiring = dumpRouting({ router: machine.router, find: (token) => machine.find(token) }).split("\n");
print(wiring.find((line) => line.includes("vcpu300"))!);

for (const eventFd of eventFds) eventFd.signal();
eventFds[300]!.signal(); // merges: the first is still pending
await machine.run({ timeoutMs: 60_000 });
eventFds[300]!.signal();
await machine.run({ timeoutMs: 60_000 });
print(`${taken.filter((intids) => intids.join() === "23").length} vCPUs took INTID ${PPI} once, vCPU 300 ${taken[300]!.length} times`);
await machine.close();
