/**
 * The declarations of a value change dump (IEEE Std 1364-2005, 18.2). They stand before all values, and which signals there are is known
 * only when the trace ends. So each scope keeps room for latecomers, blanks that are overwritten; where the output cannot go back, or the
 * room is used up, a signal is left out and counted.
 */
import type { ClosedText } from "../trace-output.ts";
import { identifier, identifierCode, unusedName } from "./vcd-names.ts";

/** Blanks that each scope keeps: some 80 latecomers. */
const ROOM = 4096;

/** A declared signal. */
export interface VcdSignal {
  readonly code: string;
  /** 1 for a wire, more for a vector. */
  readonly bits: number;
}

/** Signals that belong together. */
export class VcdScope {
  readonly name: string;
  private readonly names = new Set<string>();
  private declarations = "";
  /** Where the room begins, and how much is left. */
  private offset = 0;
  private room = 0;

  constructor(name: string) {
    this.name = identifier(name);
  }

  /** The declaration of one more signal. @returns false when there is no room for it */
  declare(name: string, { code, bits }: VcdSignal, text: ClosedText | undefined): boolean {
    const unused = unusedName(name, this.names);
    const line = `$var ${bits === 1 ? "wire" : "reg"} ${bits} ${code} ${unused}${bits === 1 ? "" : ` [${bits - 1}:0]`} $end\n`;
    if (text !== undefined && line.length > this.room) return false;
    this.names.add(unused);
    if (text === undefined) this.declarations += line;
    else text.replace(line, this.offset);
    this.offset += line.length;
    this.room -= line.length;
    return true;
  }

  /** Writes the scope. @param withRoom for latecomers */
  write(text: ClosedText, withRoom: boolean): void {
    text.add(`$scope module ${this.name} $end\n${this.declarations}`);
    this.offset = text.length;
    this.room = withRoom ? ROOM : 0;
    if (withRoom) text.add(`${" ".repeat(ROOM - 1)}\n`);
    text.add("$upscope $end\n");
  }
}

export class VcdHeader {
  /** Signals that were left out. */
  left = 0;
  private readonly text: ClosedText;
  private readonly seekable: boolean;
  private readonly scopes: VcdScope[] = [];
  private written = false;
  private count = 0;

  constructor(text: ClosedText, seekable: boolean) {
    this.text = text;
    this.seekable = seekable;
  }

  /** Only before the header is written. */
  scope(name: string): VcdScope {
    const scope = new VcdScope(name);
    this.scopes.push(scope);
    return scope;
  }

  /** A signal; undefined where it comes too late. */
  signal(scope: VcdScope, name: string, bits = 1): VcdSignal | undefined {
    const signal = { code: identifierCode(this.count), bits };
    if (this.written && !this.seekable) return void this.left++;
    if (!scope.declare(name, signal, this.written ? this.text : undefined)) return void this.left++;
    this.count++;
    return signal;
  }

  write(machine: string): void {
    this.text.add(`$version Trapline $end\n$timescale 1 ns $end\n$scope module ${identifier(machine)} $end\n`);
    for (const scope of this.scopes) scope.write(this.text, this.seekable);
    this.text.add("$upscope $end\n$enddefinitions $end\n");
    this.written = true;
  }
}
