export { describeIrqchip } from "./conformance/irqchip-suite.ts";
export { irqchipBench, type IrqchipBench } from "./conformance/irqchip-bench.ts";
export type { IrqchipFactory, IrqchipUnderTest, Trigger } from "./conformance/irqchip-under-test.ts";
