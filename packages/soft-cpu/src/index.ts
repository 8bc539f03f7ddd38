export { softCpu, type SoftCpuOptions } from "./soft-cpu.ts";
