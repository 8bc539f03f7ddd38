/**
 * Measures the rows of one file together: a sample of each in turn, over and over. Whatever else the host does then falls
 * on all of them alike, and a ratio within the run holds even where the values do not.
 */
import { checkResult, type Result } from "./result.ts";
import { DEFAULT_SAMPLES, type PreparedRow, type Row } from "./row.ts";
import { rounded, summarize } from "./statistics.ts";

interface Measuring {
  readonly row: Row;
  readonly prepared: PreparedRow;
  readonly samples: number[];
  readonly qemuSamples: number[];
}

/**
 * @param rows of one file; what `reference` names is among them
 * @param start makes a row ready: here, or in a process of its own
 */
export async function runGroup(rows: readonly Row[], start: (row: Row) => PreparedRow | Promise<PreparedRow>): Promise<Result[]> {
  const measuring: Measuring[] = [];
  try {
    for (const row of rows) measuring.push({ row, prepared: await start(row), samples: [], qemuSamples: [] });
    for (const { prepared } of measuring) await prepared.warmUp?.();
    for (const { prepared } of measuring) await prepared.sample(); // all code is known now; the first turn may compile again
    await takeTurns(measuring);
    const bytes = new Map<Row, number>();
    for (const { row, prepared } of measuring) {
      if (prepared.bytesPerOp !== undefined) bytes.set(row, await prepared.bytesPerOp());
    }
    return measuring.map((each) => toResult(each, bytes.get(each.row), measuring));
  } finally {
    await Promise.all(measuring.map(async ({ prepared }) => prepared.close?.()));
  }
}

async function takeTurns(measuring: readonly Measuring[]): Promise<void> {
  const wanted = ({ row }: Measuring): number => row.samples ?? DEFAULT_SAMPLES;
  const rounds = Math.max(0, ...measuring.map(wanted));
  for (let round = 0; round < rounds; round++) {
    for (const each of measuring) {
      if (round >= wanted(each)) continue;
      each.samples.push(await each.prepared.sample());
      if (each.prepared.sampleQemu !== undefined) each.qemuSamples.push(await each.prepared.sampleQemu());
    }
  }
}

function toResult({ row, samples, qemuSamples }: Measuring, bytesPerOp: number | undefined, all: readonly Measuring[]): Result {
  const { p25, median, p75 } = summarize(samples);
  const reference = all.find((other) => other.row.name === row.reference);
  const qemu = qemuSamples.length === 0 ? undefined : summarize(qemuSamples);
  return checkResult({
    name: row.name,
    value: rounded(median),
    unit: row.unit,
    ...(bytesPerOp === undefined ? {} : { bytesPerOp }),
    spread: [rounded(p25), rounded(p75)],
    ...(reference === undefined ? {} : { reference: { name: reference.row.name, value: rounded(summarize(reference.samples).median) } }),
    ...(qemu === undefined ? {} : { qemu: { value: rounded(qemu.median), spread: [rounded(qemu.p25), rounded(qemu.p75)] } }),
  });
}
