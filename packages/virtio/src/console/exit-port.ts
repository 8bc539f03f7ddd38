/**
 * A test device at the far end of a port: what a guest writes to it ends the run. It understands what QEMU's `testdev` does, for which
 * kvm-unit-tests are written: white space, decimal digits, white space, a letter; `q` reports the number (0 without digits), other letters
 * do nothing. The number wraps as a C int; the command's exit status is (code << 1) | 1.
 */
import type { PlainData } from "@trapline/core";
import { misfit, savedRecord, savedWord } from "../saved-state.ts";
import type { StatefulPort } from "./console-port.ts";

/** A port of this name is one, unless it is plugged into something else. */
export const EXIT_PORT_NAME = "org.trapline.exit";

const [LEADING, DIGITS, TRAILING] = [0, 1, 2];
const [ZERO, NINE, QUIT] = [0x30, 0x39, 0x71];

export class ExitPort implements StatefulPort {
  readonly waiting = false;
  private readonly name: string;
  private readonly report: (code: number) => void;
  /** Where in a command it stands. */
  private place = LEADING;
  private code = 0;

  /** @param report is told each code; the first ends the run */
  constructor(name: string, report: (code: number) => void) {
    this.name = name;
    this.report = report;
  }

  send(byte: number): void {
    const isDigit = byte >= ZERO && byte <= NINE;
    if (isDigit && this.place !== TRAILING) {
      this.place = DIGITS;
      this.code = (this.code * 10 + byte - ZERO) | 0;
    } else if (isSpace(byte)) {
      if (this.place === DIGITS) this.place = TRAILING;
    } else {
      const { code } = this;
      this.reset();
      if (byte === QUIT) this.report(code);
    }
  }

  take(): number {
    return 0;
  }

  listen(): () => void {
    return () => {};
  }

  reset(): void {
    this.place = LEADING;
    this.code = 0;
  }

  save(): PlainData {
    return { place: this.place, code: this.code };
  }

  restore(state: PlainData): void {
    const record = savedRecord(this.name, state);
    const place = savedWord(this.name, record, "place", TRAILING!);
    const { code } = record;
    if (typeof code !== "number" || (code | 0) !== code) throw misfit(this.name, "code", "a number of 32 bits");
    Object.assign(this, { place, code });
  }
}

/** As C's isspace. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
