/**
 * What a guest tells its test: lines of a trace, in rounds. Reports and exceptions come through system registers (board.inc), so that
 * they need no mapping; a device on the bus stands for all devices.
 *
 *   2a                                             a report, hexadecimal
 *   sync EL0 esr 56000042 at svc_el0+4             an exception: where from, and ELR_EL1
 *   sync EL1h esr 96000045 far 1000 at store       with FAR_EL1, where the class says that it holds
 *   irq EL1h 27 at loop                            an interrupt and its INTID
 *   write32 +4 = 7, read8 +0                       the device; byte n of it reads as n
 *
 * With several vCPUs each line begins with the number of one. SVC #0xe1 is the way from EL0 back to EL1, and not mentioned.
 */
import { definePlugin, lo32, type PluginDefinition, type SysregDevice, sysregEncoding, toBigint, type U64, type Vmm } from "@trapline/core";
import { type GuestImage, nameOf } from "./guest-image.fixture.ts";

const REPORT = sysregEncoding(3, 3, 15, 0, 0);
const TAKEN = sysregEncoding(3, 0, 15, 0, 1);
const ROUND = sysregEncoding(3, 0, 15, 0, 2);

export const DEVICE_BASE = 0x0900_0000;
const DEVICE_BYTES = 0x2000;

const KINDS = ["sync", "irq", "fiq", "serror"];
const SOURCES = ["EL1t", "EL1h", "EL0", "EL0/32"];
const SVC_TO_EL1 = 0x560000e1;
/** Classes that leave an address in FAR_EL1: Instruction and Data Aborts, PC alignment, watchpoints. */
const WITH_ADDRESS = [0x20, 0x21, 0x22, 0x24, 0x25, 0x34, 0x35];

/** A line, when it was said, and how many instructions its vCPU had retired then. */
export interface Mark {
  readonly line: string;
  readonly ns: number;
  readonly retired: number;
}

export class GuestPort implements SysregDevice {
  /** All lines of all rounds. */
  readonly marks: Mark[] = [];
  /** What came before the first round, then each round. */
  readonly rounds: string[][] = [[]];
  private readonly image: GuestImage;
  private vmm: Vmm | undefined;

  private readonly isSilent: boolean;
  private readonly reported: (value: bigint) => void;

  /** @param options reported: is told of reports, inside their exits */
  constructor(image: GuestImage, options: { readonly isSilent: boolean; readonly reported: (value: bigint) => void }) {
    this.image = image;
    this.isSilent = options.isSilent;
    this.reported = options.reported;
  }

  /** Rounds that have begun. */
  get begun(): number {
    return this.rounds.length - 1;
  }

  readSysreg(): U64 {
    return 0;
  }

  writeSysreg(encoding: number, value: U64, vcpu: number): void {
    if (encoding === ROUND) this.rounds.push([]);
    else if (encoding === REPORT) this.report(vcpu, toBigint(value));
    else this.exception(vcpu, lo32(value));
  }

  private report(vcpu: number, value: bigint): void {
    this.say(vcpu, value.toString(16));
    this.reported(value);
  }

  private say(vcpu: number, said: string): void {
    if (this.isSilent) return;
    const { vcpus, clock } = this.vmm!;
    const line = vcpus.length === 1 ? said : `${vcpu} ${said}`;
    this.rounds.at(-1)!.push(line);
    this.marks.push({ line, ns: clock.nowNs(), retired: vcpus[vcpu]!.retired });
  }

  private exception(vcpu: number, intid: number): void {
    const register = (name: string): bigint => toBigint(this.vmm!.vcpus[vcpu]!.peekRegister(name)!);
    const offset = Number(register("pc") & 0x780n);
    const kind = KINDS[(offset >> 7) & 3]!;
    const from = `${kind} ${SOURCES[offset >> 9]!}`;
    const at = `at ${nameOf(this.image, register("ELR_EL1"))}`;
    if (kind === "irq" || kind === "fiq") return this.say(vcpu, `${from} ${intid} ${at}`);
    const esr = Number(register("ESR_EL1"));
    if (esr === SVC_TO_EL1) return;
    const far = WITH_ADDRESS.includes(esr >>> 26) ? ` far ${nameOf(this.image, register("FAR_EL1"))}` : "";
    this.say(vcpu, `${from} esr ${esr.toString(16).padStart(8, "0")}${far} ${at}`);
  }

  plugin(): PluginDefinition {
    const registers = [
      { name: "REPORT", encoding: REPORT },
      { name: "TAKEN", encoding: TAKEN },
      { name: "ROUND", encoding: ROUND },
    ];
    return definePlugin({
      name: "guest-port",
      create: (vmm) => {
        this.vmm = vmm;
        return {
          attach: (scope) => {
            scope.add(vmm.sysregs.claim("guest-port", registers, this));
            scope.add(
              vmm.bus.claim({ name: "device", base: DEVICE_BASE, size: DEVICE_BYTES }, {
                read: (offset, width, vcpu) => {
                  this.say(vcpu, `read${8 * width} +${offset.toString(16)}`);
                  return bytesFrom(offset, width);
                },
                write: (offset, width, value, vcpu) =>
                  this.say(vcpu, `write${8 * width} +${offset.toString(16)} = ${toBigint(value).toString(16)}`),
              }),
            );
          },
        };
      },
    });
  }
}

/** Byte n is n, modulo 256. */
function bytesFrom(offset: number, width: number): bigint {
  let value = 0n;
  for (let byte = width - 1; byte >= 0; byte--) value = (value << 8n) | BigInt((offset + byte) & 0xff);
  return value;
}
