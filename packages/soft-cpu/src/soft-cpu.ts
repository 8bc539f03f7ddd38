/** The `soft` backend as a plugin: AArch64 vCPUs that run guest code on any computer that has WebAssembly. */
import { BootEntryToken, definePlugin, type PluginDefinition, provide, SHUTDOWN, sysregEncoding, type Vmm, VcpuBackendToken } from "@trapline/core";
import type { PluginFactory } from "@trapline/core/machine-file";
import { Cluster } from "./cluster/cluster.ts";
import { loadDisassembler } from "./disassembler/disassembler.ts";
import { warmUp } from "./engine/warm-up.ts";
import { fpHelpers } from "./fp/helpers.ts";
import { Psci, type PsciHost } from "./psci/psci.ts";
import { PSCI_RANGES } from "./psci/psci-functions.ts";
import { describeSoftCpu } from "./soft-cpu-device-tree.ts";
import { checkSoftCpuOptions, type SoftCpuOptions } from "./soft-cpu-options.ts";
import { SoftVcpu, type StartState } from "./soft-vcpu.ts";
import { reserveBytes } from "./state/layout.ts";
import { cpuStatistics } from "./statistics/cpu-statistics.ts";
import { DEFAULT_FREQUENCY_HZ } from "./timer/generic-timer.ts";
import { ClusterToken, SoftCpuStatisticsToken } from "./tokens.ts";

export type { SoftCpuOptions } from "./soft-cpu-options.ts";

/** Where raw binaries go, from the start of RAM. */
const RAW_BINARY_OFFSET = 0x8_0000;

/** Whoever has this register has the GIC's CPU interface. */
const ICC_SRE_EL1 = sysregEncoding(3, 0, 12, 12, 5);

/**
 * AArch64 vCPUs: Armv8.0-A, EL1 and EL0, with the generic timer (PPIs 27 and 30) and PSCI 1.1.
 *
 * @example
 * const machine = await createMachine({
 *   memory: [{ base: 0x4000_0000, size: 0x1000_0000 }],
 *   plugins: [softCpu(), vgicV3()],
 * });
 * @throws ConfigError for an option out of its limits
 */
export function softCpu(options: SoftCpuOptions = {}): PluginDefinition {
  const { frequencyHz = DEFAULT_FREQUENCY_HZ, conduit = "hvc", jit = true, disassemble = false } = options;
  checkSoftCpuOptions(options);
  warmUp();
  return definePlugin({
    name: "soft-cpu",
    fingerprint: { frequencyHz, conduit },
    provides: [
      provide(ClusterToken, ({ order, memory, clock }) => new Cluster({ order, memory, clock, helpers: fpHelpers, jit })),
      provide(SoftCpuStatisticsToken, (vmm) => () => cpuStatistics(vmm.get(ClusterToken))),
      provide(VcpuBackendToken, (vmm) => ({
        name: "soft",
        get reserveBytes() {
          return reserveBytes(vmm.topology.count); // which is known when memory is made
        },
        createVcpus(scope) {
          const cluster = vmm.get(ClusterToken);
          cluster.vcpus = makeVcpus(vmm, cluster, options);
          scope.add(vmm.memory.overwrites$.own("soft-cpu", (address, length) => cluster.overwritten(address, length)));
          scope.add(vmm.memory.cpuView.changes$.own("soft-cpu", ({ base, size }) => cluster.remapped(base, size)));
          return cluster.vcpus as readonly SoftVcpu[];
        },
      })),
    ],
    create: (vmm) => ({
      async attach(scope) {
        if (disassemble) vmm.get(ClusterToken).disassembler = await loadDisassembler();
        const psci = new Psci(psciHost(vmm), { conduit });
        for (const [first, count] of PSCI_RANGES) scope.add(vmm.hypercalls.claim("psci", first, count, psci.call));
      },
      deviceTree: (tree) => describeSoftCpu(tree, { contributor: "soft-cpu", topology: vmm.topology, conduit, gic: gicOf(vmm) }),
    }),
  });
}

/** For machine files: `"@trapline/soft-cpu": { jit: false }`. */
export const plugin: PluginFactory<SoftCpuOptions> = (given) => softCpu(given);

/** Which GIC the guest will find: a chip without its CPU interface in system registers has it in memory. */
function gicOf(vmm: Vmm): "v2" | "v3" | undefined {
  if (vmm.sysregs.claimant(ICC_SRE_EL1) !== undefined) return "v3";
  return vmm.irqchips[0]?.kvm === undefined ? undefined : "v2";
}

function makeVcpus(vmm: Vmm, cluster: Cluster, options: SoftCpuOptions): readonly SoftVcpu[] {
  const { topology, clock, order } = vmm;
  const { start, startAll = false, frequencyHz = DEFAULT_FREQUENCY_HZ, conduit = "hvc" } = options;
  const begin = (): StartState => {
    const ram = vmm.memory.regions.find(({ readOnly }) => !readOnly);
    const { pc = (ram?.base ?? 0) + RAW_BINARY_OFFSET, x = [] } = start ?? vmm.find(BootEntryToken) ?? {};
    return { pc: BigInt(pc), x: x.map(BigInt) };
  };
  return Array.from(
    { length: topology.count },
    (_, id) =>
      new SoftVcpu({
        ...{ id, order, clock, cluster, frequencyHz, conduit },
        identity: () => ({
          affinity: topology.affinity(id),
          uniprocessor: topology.count === 1,
          gicSystemRegisters: vmm.sysregs.claimant(ICC_SRE_EL1) !== undefined,
          coherentInstructions: true, // what was decoded is dropped when its bytes change
        }),
        start: id === 0 || startAll ? begin : undefined,
        setTimerLine: (intid, high) => {
          for (const irqchip of vmm.irqchips) irqchip.privateLines$.emit(id, intid, high);
        },
      }),
  );
}

/** What PSCI does to the vCPUs. They are all of this backend, since a machine has one. */
function psciHost(vmm: Vmm): PsciHost {
  const { topology } = vmm;
  const vcpu = (id: number): SoftVcpu => vmm.vcpus[id] as SoftVcpu;
  return {
    vcpuAt: (affinity) => topology.vcpuAt(affinity),
    affinities: Array.from({ length: topology.count }, (_, id) => topology.affinity(id)),
    powerState: (id) => (vcpu(id).off ? "off" : "on"),
    argument: (id, n) => vcpu(id).generalRegister(n),
    cpuOn(target, pc, context) {
      for (const irqchip of vmm.irqchips) irqchip.resetVcpu?.(target);
      vcpu(target).powerOn({ pc, x: [context] });
    },
    cpuOff: (id) => vcpu(id).powerOff(),
    suspend: (id) => vcpu(id).suspend(),
    systemOff: (id) => vcpu(id).exit(SHUTDOWN),
    systemReset: () => vmm.requestReset(),
  };
}
