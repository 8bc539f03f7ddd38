export { Wiring, wiringOf, type WiredChip, type WiredInputs, type WiredSource, type WiredTarget, type WiringEvent } from "./wiring.ts";
export { MAX_LINE_CHARS, readTrace, type ReadTraceOptions, type ReadTraceResult } from "./read/read-trace.ts";
export {
  beginningOf,
  endOf,
  handledNs,
  type Journey,
  JOURNEY_STEPS,
  type JourneyOrigin,
  type JourneyOutcome,
  type JourneyStep,
  type Moment,
  waitedNs,
} from "./journey/journey.ts";
export { type JourneyListener, listeners } from "./journey/journey-book.ts";
export { JourneyTracker } from "./journey/journey-tracker.ts";
export { PerfettoWriter } from "./perfetto/perfetto-writer.ts";
export { VcdWriter } from "./vcd/vcd-writer.ts";
export { TextOutput, type TraceOutput } from "./trace-output.ts";
export { Histogram, type HistogramBar } from "./report/histogram.ts";
export { type IrqCounts, type IrqRow, IrqStatistics, MAX_ROWS } from "./report/irq-statistics.ts";
export { journeyName, journeyText, sourceText } from "./report/journey-text.ts";
export { latencyText } from "./report/latency-text.ts";
export { type DurationData, type IrqData, statisticsData } from "./report/statistics-data.ts";
export { duration, table, timeText } from "./report/text.ts";
export { topText } from "./report/top-text.ts";
export { neverText, whyText } from "./report/why-text.ts";
