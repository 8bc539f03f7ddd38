/** What the monitor tells of vCPUs, registers and addresses. Changes nothing. */
import { hex, type Machine, type U64, type Vcpu } from "@trapline/core";
import { table } from "@trapline/trace";
import { digits } from "./digits.ts";

/** Registers in a row; three fit into 80 columns. */
const ACROSS = 3;
const GENERAL = [...Array.from({ length: 31 }, (_, n) => `x${n}`), "sp", "pc"];
const FLAGS = [[31, "N"], [30, "Z"], [29, "C"], [28, "V"], [9, "D"], [8, "A"], [7, "I"], [6, "F"]] as const;

/** `info status` */
export function infoStatus(machine: Machine, running: boolean): string {
  const seconds = (machine.clock.nowNs() / 1e9).toFixed(3);
  const retired = machine.vcpus.reduce((sum, vcpu) => sum + vcpu.retired, 0);
  return `${machine.name} ${running ? "runs" : "is stopped"} at ${seconds} s of ${machine.clock.kind} time, after ${digits(retired)} instructions`;
}

/** `info vcpus` */
export function infoVcpus({ vcpus }: Machine): string {
  const rows = vcpus.map((vcpu) => [String(vcpu.id), stateOf(vcpu), wide(vcpu.peekRegister("pc")), digits(vcpu.retired)]);
  return table([["vCPU", "state", "pc", "instructions"], ...rows]);
}

function stateOf(vcpu: Vcpu): string {
  if (vcpu.faultMessage !== "") return "faulted";
  if (vcpu.off) return "off";
  return vcpu.runnable ? "running" : "waiting";
}

/** `info registers`: the general ones; `all`: everything the vCPU knows by name. */
export function infoRegisters(vcpu: Vcpu, all: boolean): string {
  const known = GENERAL.filter((name) => vcpu.registerNames.includes(name));
  const pstate = vcpu.peekRegister("pstate");
  const names = all || known.length === 0 ? vcpu.registerNames.filter((name) => name !== "pstate") : known;
  const widest = Math.max(...names.map((name) => name.length));
  const cells = names.map((name) => `${name.padEnd(widest)} ${bare(vcpu.peekRegister(name))}`);
  const across = Math.max(1, Math.min(ACROSS, Math.floor(80 / (widest + 19))));
  const lines = Array.from({ length: Math.ceil(cells.length / across) }, (_, n) => cells.slice(n * across, (n + 1) * across).join("  "));
  return [`vCPU ${vcpu.id}, ${stateOf(vcpu)}`, ...lines, ...(pstate === undefined ? [] : [`pstate ${flagsOf(Number(pstate))}`])].join("\n");
}

/** A letter in capitals is a bit that is set: "0x6000_03c5 nZCv DAIF EL1h". */
function flagsOf(pstate: number): string {
  const letters = FLAGS.map(([bit, letter]) => (((pstate >>> bit) & 1) === 1 ? letter : letter.toLowerCase())).join("");
  return `${hex(pstate)} ${letters.slice(0, 4)} ${letters.slice(4)} EL${(pstate >>> 2) & 3}${(pstate & 1) === 1 ? "h" : "t"}`;
}

/** `info mtree`: who has which addresses. */
export function infoMtree({ bus, ports, memory }: Machine): string {
  const kind = (name: string, base: number): string => {
    const region = memory.regions.find((candidate) => candidate.base === base && candidate.name === name);
    return region === undefined ? "device" : region.readOnly ? "ROM" : "RAM";
  };
  const rows = bus.claims.map(({ name, base, size }) => [wide(base), wide(base + size - 1), kind(name, base), name]);
  const blocks = [table([["first", "last", "kind", "name"], ...rows])];
  if (bus.doorbellCount > 0) blocks.push(`${bus.doorbellCount} doorbells in front of them`);
  if (ports.claims.length > 0) blocks.push(table([["port", "last", "", "name"], ...ports.claims.map(({ name, base, size }) => [hex(base), hex(base + size - 1), "device", name])]));
  return blocks.join("\n\n");
}

const wide = (value: U64 | undefined): string => (value === undefined ? "?" : hex(value, 16));
const bare = (value: U64 | undefined): string => (value === undefined ? "?" : value.toString(16).padStart(16, "0"));
