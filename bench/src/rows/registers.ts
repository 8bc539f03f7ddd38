/**
 * A read of a register frame, by offset, uniformly over a bank shaped like a GIC distributor: a few single registers, arrays of
 * 32 and of 256. Beside it a `switch` written by hand for the same bank, which checks neither width nor access.
 */
import { compileRegisters, type RegisterBank, RegisterFrame } from "@trapline/core";
import { random } from "../harness/random.ts";
import { atMostBytes, type PreparedRow, type Row } from "../harness/row.ts";
import { timedLoop } from "../harness/timed-loop.ts";

class Distributor {
  control = 1;
  readonly enabled: Uint32Array = new Uint32Array(32).fill(0xff);
  readonly pending: Uint32Array = new Uint32Array(32).fill(0x0f);
  readonly priority: Uint32Array = new Uint32Array(256).fill(0xa0);
}

const TYPE = 0x25;
const IDENTITY = 0x43b;

const bank: RegisterBank<Distributor> = compileRegisters<Distributor>("GICD", 0x1_0000, [
  { name: "GICD_CTLR", offset: 0x0, access: "RW", read: (d) => d.control, write: (d, value) => void (d.control = value as number) },
  { name: "GICD_TYPER", offset: 0x4, access: "RO", reset: TYPE },
  { name: "GICD_IIDR", offset: 0x8, access: "RO", reset: IDENTITY },
  { name: "GICD_ISENABLER", offset: 0x100, access: "W1S", count: 32, read: (d, n) => d.enabled[n]! },
  { name: "GICD_ISPENDR", offset: 0x200, access: "W1S", count: 32, read: (d, n) => d.pending[n]! },
  { name: "GICD_IPRIORITYR", offset: 0x400, access: "RW", count: 256, widths: [1, 4], read: (d, n) => d.priority[n]! },
]);

const READS = 4096;

function offsets(): Uint32Array {
  const below = random(bank.registers.length);
  return Uint32Array.from({ length: READS }, () => bank.registers[below(bank.registers.length)]!.offset);
}

function frameRead(): PreparedRow {
  const at = offsets();
  const frame = new RegisterFrame(new Distributor(), bank);
  return timedLoop((n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + (frame.read(at[i & (READS - 1)]!, 4, 0) as number)) | 0;
    return sum;
  });
}

/** The same bank as most monitors write it. */
function readBySwitch(d: Distributor, offset: number): number {
  if (offset >= 0x400 && offset < 0x800) return d.priority[(offset - 0x400) >> 2]!;
  if (offset >= 0x200 && offset < 0x280) return d.pending[(offset - 0x200) >> 2]!;
  if (offset >= 0x100 && offset < 0x180) return d.enabled[(offset - 0x100) >> 2]!;
  switch (offset) {
    case 0x0:
      return d.control;
    case 0x4:
      return TYPE;
    case 0x8:
      return IDENTITY;
    default:
      return 0;
  }
}

function switchRead(): PreparedRow {
  const at = offsets();
  const distributor = new Distributor();
  return timedLoop((n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + readBySwitch(distributor, at[i & (READS - 1)]!)) | 0;
    return sum;
  });
}

export const rows: readonly Row[] = [
  { name: "registers/frame-read", unit: "ns", reference: "registers/switch-read", targets: [atMostBytes(0)], prepare: frameRead },
  { name: "registers/switch-read", unit: "ns", prepare: switchRead },
];
