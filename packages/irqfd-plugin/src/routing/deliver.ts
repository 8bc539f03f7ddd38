/**
 * From a GSI to its targets. Results add up as in kvm_set_irq: failures are skipped, successes summed, −1 when all failed
 * (kvm-irq-abi.md, C.4). Hot.
 */
import { COALESCED, HIGH, IGNORED, type IrqResult, type IrqSignal, LOW } from "@trapline/core";
import type { Target } from "./route-target.ts";
import type { TablePort } from "./table-port.ts";

export type Deliver = (port: TablePort, signal: IrqSignal) => IrqResult;

/** Every signal straight to every target. The list is the one in force when it began. */
export function deliverStraight(port: TablePort, signal: IrqSignal): IrqResult {
  const { targets } = port;
  if (targets.length === 1) {
    const result = targets[0]!.signal(signal);
    return result < 0 ? IGNORED : result;
  }
  let sum = IGNORED;
  for (let i = 0; i < targets.length; i++) sum = added(sum, targets[i]!.signal(signal));
  return sum;
}

/** Levels are kept per GSI and ORed per pin. */
export function deliverWiredOr(port: TablePort, signal: IrqSignal): IrqResult {
  const { targets, high } = port;
  if (high ? signal !== LOW : signal === LOW) return targets.length === 0 ? IGNORED : COALESCED;
  if (signal === LOW) port.high = false;
  else if (signal === HIGH) port.high = true;
  let sum = IGNORED;
  for (let i = 0; i < targets.length; i++) {
    // A target may have had the table replaced, which has driven the new pins by the level noted above.
    if (port.targets !== targets) break;
    sum = added(sum, drive(targets[i]!, signal));
  }
  return sum;
}

function drive(target: Target, signal: IrqSignal): IrqResult {
  return signal === HIGH ? target.raise() : signal === LOW ? target.lower() : target.pulse();
}

function added(sum: IrqResult, result: IrqResult): IrqResult {
  if (result < 0) return sum;
  return sum < 0 ? result : sum + result;
}
