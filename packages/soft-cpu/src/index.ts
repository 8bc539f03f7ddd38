export { disassemble, type Disassembler, loadDisassembler } from "./disassembler/disassembler.ts";
export { plugin, softCpu, type SoftCpuOptions } from "./soft-cpu.ts";
export { options } from "./soft-cpu-options.ts";
export type { CpuStatistics, ExitName, JitStatistics, VcpuStatistics } from "./statistics/cpu-statistics.ts";
export type { ExceptionClass } from "./statistics/exception-classes.ts";
export { softCpuStatistics } from "./statistics/soft-cpu-statistics.ts";
export { SoftCpuStatisticsToken } from "./tokens.ts";
