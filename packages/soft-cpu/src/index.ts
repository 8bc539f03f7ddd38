export { disassemble, type Disassembler, loadDisassembler } from "./disassembler/disassembler.ts";
export { softCpu, type SoftCpuOptions } from "./soft-cpu.ts";
