/**
 * An interrupt's whole way through a GICv3: inject, acknowledge (ICC_IAR1_EL1), end (ICC_EOIR1_EL1), through the system
 * registers, the line going up and down on the way. SPIs come by their pins as edges; LPIs are offered as an ITS does. The
 * reference is a list that is searched from end to end; it has neither lines nor groups nor running priorities.
 */
import { PULSE, SysregSpace, topology, WireOrder } from "@trapline/core";
import { ICC_REGISTERS, iccEncoding, VgicV3, type VgicV3Options } from "@trapline/vgic-plugin";
import { OfferedLpis } from "../fixtures/offered-lpis.ts";
import { ScannedInterrupts } from "../fixtures/scanned-interrupts.ts";
import { atMost, atMostBytes, type PreparedRow, type Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

const icc = (name: string): number => iccEncoding(name)!;
const FIRST_SPI = 32;
const FIRST_LPI = 8192;
/** As many as a GIC has INTIDs below the special ones. */
const ALL_SPIS = 988;
/** Coprime to the counts, so that all come in turn, far apart. */
const STRIDE = 7;

/** A chip whose SPIs are enabled edges of group 1, spread over the vCPUs. */
function chip(vcpus: number, options: VgicV3Options): { gic: VgicV3; sysregs: SysregSpace } {
  const order = new WireOrder();
  const gic = new VgicV3(topology(vcpus), order, { ...options, redistributors: [{ base: 0x10_0000_0000, size: vcpus * 0x2_0000 }] });
  gic.vcpuLines$.own("vcpus", () => {});
  gic.completions$.own("resampler", () => {});
  const sysregs = new SysregSpace(order);
  sysregs.claim("icc", ICC_REGISTERS, gic.icc);
  const gicd = gic.distributor.frame;
  gicd.write(0, 4, 2, 0); // GICD_CTLR.EnableGrp1
  for (let n = 0; n < gic.space.spis; n++) {
    gicd.write(0x400 + FIRST_SPI + n, 1, 0xa0, 0); // GICD_IPRIORITYR
    gicd.write(0x6000 + 8 * (FIRST_SPI + n), 8, gic.topology.affinity(n % vcpus), 0); // GICD_IROUTER
  }
  for (let word = 1; word < 32; word++) {
    for (const half of [0, 4]) gicd.write(0xc00 + 8 * word + half, 4, 0xaaaa_aaaa, 0); // GICD_ICFGR: edge
    gicd.write(0x080 + 4 * word, 4, 0xffff_ffff, 0); // GICD_IGROUPR
    gicd.write(0x100 + 4 * word, 4, 0xffff_ffff, 0); // GICD_ISENABLER
  }
  for (let vcpu = 0; vcpu < vcpus; vcpu++) {
    sysregs.write(icc("ICC_PMR_EL1"), 0xf8, vcpu);
    sysregs.write(icc("ICC_IGRPEN1_EL1"), 1, vcpu);
  }
  return { gic, sysregs };
}

function spis(vcpus: number, count: number): PreparedRow {
  const { gic, sysregs } = chip(vcpus, { spis: count });
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  const first = gic.pinLayout.pin(FIRST_SPI, 0);
  let n = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      n = n + STRIDE < count ? n + STRIDE : n + STRIDE - count;
      gic.pins$.emit(first + n, PULSE);
      const intid = sysregs.read(iar, n % vcpus) as number;
      sysregs.write(eoir, intid, n % vcpus);
      taken = (taken + intid) | 0;
    }
    return taken;
  });
}

function lpis(count: number): PreparedRow {
  const { gic, sysregs } = chip(1, { spis: 32, intidBits: 17 });
  const { port } = gic.attachLpis((offers) => new OfferedLpis(offers)) as OfferedLpis;
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  let n = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      n = (n + STRIDE) % count;
      port.file(FIRST_LPI + n, 0, 0xa0);
      const intid = sysregs.read(iar, 0) as number;
      sysregs.write(eoir, intid, 0);
      taken = (taken + intid) | 0;
    }
    return taken;
  });
}

function scan(count: number): PreparedRow {
  const interrupts = new ScannedInterrupts(count);
  let n = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      n = (n + STRIDE) % count;
      interrupts.inject(n);
      const best = interrupts.acknowledge();
      interrupts.end(best);
      taken = (taken + best) | 0;
    }
    return taken;
  });
}

const targets = [atMost(80), atMostBytes(0)];

export const rows: readonly Row[] = [
  { name: "vgic/spi-64", unit: "ns", reference: "vgic/scan-64", targets, prepare: () => spis(1, 64) },
  { name: "vgic/scan-64", unit: "ns", prepare: () => scan(64) },
  { name: "vgic/spi-1020", unit: "ns", reference: "vgic/scan-1020", targets, prepare: () => spis(1, ALL_SPIS) },
  { name: "vgic/scan-1020", unit: "ns", prepare: () => scan(FIRST_SPI + ALL_SPIS) },
  { name: "vgic/lpi-65536", unit: "ns", reference: "vgic/scan-65536", targets, prepare: () => lpis(65_536) },
  { name: "vgic/scan-65536", unit: "ns", prepare: () => scan(65_536) },
  { name: "vgic/vcpus-2", unit: "ns", reference: "vgic/scan-1020", targets, prepare: () => spis(2, ALL_SPIS) },
  { name: "vgic/vcpus-512", unit: "ns", reference: "vgic/scan-1020", targets, prepare: () => spis(512, ALL_SPIS) },
];
