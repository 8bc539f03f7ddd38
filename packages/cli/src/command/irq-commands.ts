/** `trapline irq`: what became of interrupts, and why, in a trace file or on a machine that is run for it. */
import { describeIntid, type IrqExplanation, type Machine, toJsonLine } from "@trapline/core";
import {
  IrqStatistics,
  type Journey,
  journeyText,
  latencyText,
  neverText,
  statisticsData,
  topText,
  type Wiring,
  whyText,
} from "@trapline/trace";
import { observe, type ObserveOptions } from "../trace/irq-observation.ts";
import type { CommandHost } from "./host.ts";

export interface IrqCommandOptions extends ObserveOptions {
  readonly intid?: number;
  readonly vcpu?: number;
  readonly json?: boolean;
}

/** How often a terminal shows the table anew. */
const REFRESH_MS = 500;
/** Lines of a terminal that are left to others, and what one has that does not say. */
const SPARE_ROWS = 3;
const ROWS = 24;

/** `irq top`: a table; on a terminal it is shown while the machine runs. */
export async function topCommand(source: string, options: IrqCommandOptions, host: CommandHost): Promise<number> {
  const statistics = new IrqStatistics();
  let wiring: Wiring | undefined;
  let shown = 0;
  const show = (text: string): void => {
    host.stdout.write(`${shown === 0 ? "" : `\u001b[${shown}A\r\u001b[J`}${text}\n`);
    shown = text.split("\n").length;
  };
  const running = (): (() => void) => {
    const { rows = ROWS, columns = Infinity } = host.stdout;
    const timer = setInterval(
      () => show(topText(statistics, wiring!, rows - SPARE_ROWS).replace(/^.*$/gm, (line) => line.slice(0, columns))),
      REFRESH_MS,
    );
    return () => clearInterval(timer);
  };
  const live = host.stdout.isTTY === true && options.json !== true;
  const begins = (tracker: { readonly wiring: Wiring }): void => void (wiring = tracker.wiring);
  const { tracker, status } = await observe(source, options, Object.assign(statistics, { begins }, live ? { running } : {}), host);
  if (options.json === true) writeData(host, statisticsData(statistics, tracker.wiring));
  else show(topText(statistics, tracker.wiring));
  return status;
}

/** `irq latency`: how long interrupts waited and were handled. */
export async function latencyCommand(source: string, options: IrqCommandOptions, host: CommandHost): Promise<number> {
  const statistics = new IrqStatistics();
  const { tracker, status } = await observe(source, options, statistics, host);
  const rows = statisticsData(statistics, tracker.wiring).filter(({ intid }) => options.intid === undefined || intid === options.intid);
  if (options.json === true) writeData(host, rows);
  else host.stdout.write(`${latencyText(statistics, tracker.wiring, options.intid)}\n`);
  return status;
}

/** `irq journeys`: each interrupt step by step, as it ends. */
export async function journeysCommand(source: string, options: IrqCommandOptions, host: CommandHost): Promise<number> {
  let tracker: { readonly wiring: Wiring } | undefined;
  const ended = (journey: Journey): void => {
    if (options.intid !== undefined && journey.intid !== options.intid) return;
    host.stdout.write(`${options.json === true ? toJsonLine(journey as never) : journeyText(journey, tracker!.wiring)}\n`);
  };
  const begins = (given: { readonly wiring: Wiring }): void => void (tracker = given);
  return (await observe(source, options, { ended, begins }, host)).status;
}

/** `irq why`: how far the last one came; where there is a machine, what its chip says as well. */
export async function whyCommand(intid: number, source: string, options: IrqCommandOptions, host: CommandHost): Promise<number> {
  let last: Journey | undefined;
  let explained: IrqExplanation | undefined;
  const ended = (journey: Journey): void => {
    if (journey.intid === intid && (options.vcpu === undefined || journey.vcpu === undefined || journey.vcpu === options.vcpu))
      last = journey;
  };
  const stands = ({ irqchips }: Machine): void => {
    const chip = irqchips.find((each) => each.explain !== undefined);
    explained = chip?.explain?.(intid, options.vcpu ?? last?.vcpu ?? 0);
  };
  const { tracker, status } = await observe(source, options, { ended, stands }, host);
  const why =
    last === undefined ? neverText(`${describeIntid(intid)} (INTID ${intid})`, tracker.wiring, intid) : whyText(last, tracker.wiring);
  if (options.json === true) writeData(host, { intid, why, journey: last, explanation: explained });
  else {
    const blocks = [
      last === undefined ? "" : journeyText(last, tracker.wiring),
      why,
      explained === undefined ? "" : `now: ${explained.text}`,
    ];
    host.stdout.write(`${blocks.filter((block) => block !== "").join("\n")}\n`);
  }
  return status;
}

/** 64-bit values as traces have them. */
function writeData({ stdout }: CommandHost, data: unknown): void {
  stdout.write(`${JSON.stringify(data, (_key, value: unknown) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value), 2)}\n`);
}
