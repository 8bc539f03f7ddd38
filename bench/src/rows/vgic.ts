/**
 * An interrupt's whole way through a GICv3: inject, acknowledge (ICC_IAR1_EL1), end (ICC_EOIR1_EL1), through the system
 * registers, the line going up and down on the way. SPIs come by their pins as edges, alone or in bursts; LPIs are offered as
 * an ITS does, by a wire, or come as messages through one. The reference is a list that is searched from end to end; it has neither
 * lines nor groups nor running priorities. `change` rows are guest writes that re-sort one of many pending interrupts.
 */
import { performance } from "node:perf_hooks";
import { PULSE, SysregSpace, topology, Wire, type WireEvent, WireOrder } from "@trapline/core";
import { ICC_REGISTERS, iccEncoding, VgicV3, type VgicV3Options } from "@trapline/vgic-plugin";
import { OfferedLpis } from "../fixtures/offered-lpis.ts";
import { ScannedInterrupts } from "../fixtures/scanned-interrupts.ts";
import { DEVICE, DOORBELL, translatedLpis } from "../fixtures/translated-lpis.ts";
import { atMost, atMostBytes, atMostTimes, type PreparedRow, type Row } from "../harness/row.ts";
import { blackhole, settle, timedLoop } from "../harness/timed-loop.ts";

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

/** Each of `count` SPIs in turn, its whole way; the vCPUs take turns, too. */
function spiLoop(vcpus: number, count: number): (rounds: number) => number {
  const { gic, sysregs } = chip(vcpus, { spis: count });
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  const first = gic.pinLayout.pin(FIRST_SPI, 0);
  const targetOf = Uint16Array.from({ length: count }, (_, n) => n % vcpus); // a division takes as long as a quarter of all the rest
  let n = 0;
  return (rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      n = n + STRIDE < count ? n + STRIDE : n + STRIDE - count;
      gic.pins$.emit(first + n, PULSE);
      const vcpu = targetOf[n]!;
      const intid = sysregs.read(iar, vcpu) as number;
      sysregs.write(eoir, intid, vcpu);
      taken = (taken + intid) | 0;
    }
    return taken;
  };
}

function spis(vcpus: number, count: number): PreparedRow {
  return timedLoop(spiLoop(vcpus, count));
}

/**
 * How many times as long as with 2 vCPUs an interrupt takes with 512: both in one process and by turns, for V8 compiles for what it has
 * seen, and two processes that set up 2 and 512 vCPUs run different code.
 */
function manyVcpusOverFew(): PreparedRow {
  const [few, many] = [spiLoop(2, ALL_SPIS), spiLoop(512, ALL_SPIS)];
  const rounds = 8192;
  const ms = (loop: (rounds: number) => number): number => {
    const start = performance.now();
    blackhole.kept += loop(rounds);
    return performance.now() - start;
  };
  const sample = (): number => {
    let [ofMany, ofFew] = [0, 0];
    for (let turn = 0; turn < 4; turn++) {
      ofMany += ms(many);
      ofFew += ms(few);
    }
    return ofMany / ofFew;
  };
  return {
    warmUp() {
      for (const until = performance.now() + 300; performance.now() < until; ) sample();
    },
    async sample() {
      await settle(sample);
      return sample();
    },
  };
}

/** As `spis` on one vCPU, but `burst` are injected before the first is taken. One operation is still one interrupt. */
function spiBursts(count: number, burst: number): PreparedRow {
  const { gic, sysregs } = chip(1, { spis: count });
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  const first = gic.pinLayout.pin(FIRST_SPI, 0);
  let n = 0;
  let waiting = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      if (waiting === 0) {
        for (; waiting < burst; waiting++) {
          n = n + STRIDE < count ? n + STRIDE : n + STRIDE - count;
          gic.pins$.emit(first + n, PULSE);
        }
      }
      const intid = sysregs.read(iar, 0) as number;
      sysregs.write(eoir, intid, 0);
      waiting--;
      taken = (taken + intid) | 0;
    }
    return taken;
  });
}

function lpis(count: number): PreparedRow {
  const { gic, sysregs } = chip(1, { spis: 32, intidBits: 17 });
  const { port } = gic.attachLpis((offers) => new OfferedLpis(offers)) as OfferedLpis;
  const messages$ = new Wire<readonly [intid: number], void, WireEvent>(gic.order, { name: "messages", unowned: undefined, describe: (seq, atNs) => ({ seq, atNs, kind: "message" }) });
  messages$.own("row", (intid) => port.file(intid, 0, 0xa0, true));
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  let n = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      n = (n + STRIDE) % count;
      messages$.emit(FIRST_LPI + n);
      const intid = sysregs.read(iar, 0) as number;
      sysregs.write(eoir, intid, 0);
      taken = (taken + intid) | 0;
    }
    return taken;
  });
}

/** Messages of a device to the doorbell of an ITS, which finds the LPI. */
function messages(count: number): PreparedRow {
  const { gic, sysregs } = chip(1, { spis: 32, intidBits: 17 });
  translatedLpis(gic, count);
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  let n = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      n = (n + STRIDE) % count;
      gic.msi$.emit(DOORBELL, n, DEVICE);
      const intid = sysregs.read(iar, 0) as number;
      sysregs.write(eoir, intid, 0);
      taken = (taken + intid) | 0;
    }
    return taken;
  });
}

/** One access alone, to an interrupt that waits or runs at each of 256 vCPUs: the clock is read around all 256. */
function access(timed: "iar1" | "eoir1"): PreparedRow {
  const vcpus = 256;
  const rounds = 40;
  const { gic, sysregs } = chip(vcpus, { spis: vcpus });
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  const first = gic.pinLayout.pin(FIRST_SPI, 0);
  const inject = (): void => {
    for (let n = 0; n < vcpus; n++) gic.pins$.emit(first + n, PULSE);
  };
  const acknowledge = (): void => {
    let taken = 0;
    for (let vcpu = 0; vcpu < vcpus; vcpu++) taken = (taken + (sysregs.read(iar, vcpu) as number)) | 0;
    blackhole.kept += taken;
  };
  const end = (): void => {
    for (let vcpu = 0; vcpu < vcpus; vcpu++) sysregs.write(eoir, FIRST_SPI + vcpu, vcpu);
  };
  const measured = (): number => {
    let ms = 0;
    for (let round = 0; round < rounds; round++) {
      inject();
      const start = performance.now();
      acknowledge();
      const between = performance.now();
      end();
      ms += timed === "iar1" ? between - start : performance.now() - between;
    }
    return (ms * 1e6) / (rounds * vcpus);
  };
  return {
    warmUp() {
      for (const until = performance.now() + 150; performance.now() < until; ) measured();
    },
    async sample() {
      await settle(measured);
      return measured();
    },
  };
}

/** Guest writes to one of `count` pending SPIs in turn: its priority, its target, its enable bit, its group, and back. */
function changes(count: number): PreparedRow {
  const { gic, sysregs } = chip(2, { spis: count });
  for (let vcpu = 0; vcpu < 2; vcpu++) sysregs.write(icc("ICC_PMR_EL1"), 0, vcpu); // none is taken: they stay pending
  const first = gic.pinLayout.pin(FIRST_SPI, 0);
  const gicd = gic.distributor.frame;
  for (let n = 0; n < count; n++) {
    gicd.write(0x400 + FIRST_SPI + n, 1, 0x40, 0);
    gic.pins$.emit(first + n, PULSE);
  }
  const affinities = [gic.topology.affinity(0), gic.topology.affinity(1)];
  const groups = new Int32Array(32).fill(0x7fff_ffff); // bit 31 stays out of it: it would make numbers that V8 boxes
  let n = 0;
  let step = 0;
  return timedLoop((rounds) => {
    for (let i = 0; i < rounds; i++) {
      const intid = FIRST_SPI + n;
      const word = intid >>> 5;
      switch (step) {
        case 0:
          gicd.write(0x400 + intid, 1, 0x20, 0); // GICD_IPRIORITYR
          break;
        case 1:
          gicd.write(0x6000 + 8 * intid, 8, affinities[(n + 1) & 1]!, 0); // GICD_IROUTER
          break;
        case 2:
          gicd.write(0x180 + 4 * word, 4, 1 << (intid & 31), 0); // GICD_ICENABLER
          break;
        case 3:
          gicd.write(0x100 + 4 * word, 4, 1 << (intid & 31), 0); // GICD_ISENABLER
          break;
        case 4:
          gicd.write(0x080 + 4 * word, 4, (groups[word]! ^= 1 << (intid & 31)), 0); // GICD_IGROUPR
          break;
        case 5:
          gicd.write(0x400 + intid, 1, 0x40, 0);
          break;
        case 6:
          gicd.write(0x6000 + 8 * intid, 8, affinities[n & 1]!, 0);
          break;
        case 7:
          gicd.write(0x080 + 4 * word, 4, (groups[word]! ^= 1 << (intid & 31)), 0);
          n = n + 2 * STRIDE < count ? n + 2 * STRIDE : n + 2 * STRIDE - count; // even ones, none with bit 31
          break;
      }
      step = (step + 1) & 7;
    }
    return step + gic.cpus.signalled(0);
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

function scanBursts(count: number, burst: number): PreparedRow {
  const interrupts = new ScannedInterrupts(count);
  let n = 0;
  let waiting = 0;
  return timedLoop((rounds) => {
    let taken = 0;
    for (let i = 0; i < rounds; i++) {
      if (waiting === 0) {
        for (; waiting < burst; waiting++) {
          n = (n + STRIDE) % count;
          interrupts.inject(n);
        }
      }
      const best = interrupts.acknowledge();
      interrupts.end(best);
      waiting--;
      taken = (taken + best) | 0;
    }
    return taken;
  });
}

const INTIDS = FIRST_SPI + ALL_SPIS;
const targets = [atMost(80), atMostBytes(0)];
/** As few interrupts, alone: what "flat" is compared with. */
const flat = [...targets, atMostTimes(2, "vgic/spi-64")];

export const rows: readonly Row[] = [
  { name: "vgic/spi-64", unit: "ns", reference: "vgic/scan-64", targets, prepare: () => spis(1, 64) },
  { name: "vgic/scan-64", unit: "ns", prepare: () => scan(64) },
  { name: "vgic/spi-1020", unit: "ns", reference: "vgic/scan-1020", targets: flat, prepare: () => spis(1, ALL_SPIS) },
  { name: "vgic/scan-1020", unit: "ns", prepare: () => scan(INTIDS) },
  { name: "vgic/spi-burst-16", unit: "ns", reference: "vgic/scan-burst-16", targets: flat, prepare: () => spiBursts(ALL_SPIS, 16) },
  { name: "vgic/scan-burst-16", unit: "ns", prepare: () => scanBursts(INTIDS, 16) },
  { name: "vgic/spi-burst-256", unit: "ns", reference: "vgic/scan-burst-256", targets: flat, prepare: () => spiBursts(ALL_SPIS, 256) },
  { name: "vgic/scan-burst-256", unit: "ns", prepare: () => scanBursts(INTIDS, 256) },
  { name: "vgic/lpi-65536", unit: "ns", reference: "vgic/scan-65536", targets: flat, prepare: () => lpis(65_536) },
  { name: "vgic/scan-65536", unit: "ns", prepare: () => scan(65_536) },
  { name: "vgic/msi-to-eoi", unit: "ns", reference: "vgic/scan-65536", targets: [atMostBytes(0)], prepare: () => messages(65_536) },
  { name: "vgic/vcpus-2", unit: "ns", reference: "vgic/scan-1020", targets, prepare: () => spis(2, ALL_SPIS) },
  { name: "vgic/vcpus-512", unit: "ns", reference: "vgic/scan-1020", targets, prepare: () => spis(512, ALL_SPIS) },
  { name: "vgic/vcpus-512-over-2", unit: "×", targets: [atMost(1.05)], prepare: manyVcpusOverFew },
  { name: "vgic/iar1", unit: "ns", targets: [atMost(25)], prepare: () => access("iar1") },
  { name: "vgic/eoir1", unit: "ns", targets: [atMost(25)], prepare: () => access("eoir1") },
  { name: "vgic/change-64", unit: "ns", prepare: () => changes(64) },
  { name: "vgic/change-1020", unit: "ns", targets: [atMostTimes(2, "vgic/change-64")], prepare: () => changes(ALL_SPIS) },
];
