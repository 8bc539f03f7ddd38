/** Under which token the ITSes of a machine are found: by the control interface and by tools. */
import { token } from "@trapline/core";
import type { ServiceIdentifier } from "inversify";
import type { Lpis } from "../lpi/lpis.ts";
import type { Its } from "./its.ts";
import type { ItsControl } from "./its-control.ts";

/** One ITS of a machine, with its control interface. */
export interface GicIts {
  readonly its: Its;
  readonly lpis: Lpis;
  readonly control: ItsControl;
}

/** A multi-binding: every ITS of the machine, in machine order. */
export const GicItsToken: ServiceIdentifier<GicIts> = token<GicIts>("GicIts");
