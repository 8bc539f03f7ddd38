/**
 * Machines for the guests of code-cache.s, and what those have to report. `endurance` has its RAM mapped where it lies, a device, and a
 * page that it moves to and fro.
 */
import type { Machine } from "@trapline/core";
import { AF, ATTR, BLOCK, PAGE, SH } from "../mmu/guest-tables.fixture.ts";
import { codeCacheGuest } from "./code-cache.guest.fixture.ts";
import { type Engine, guestMachine, type GuestMachine, RAM, tablesIn } from "./guest-machine.fixture.ts";
import { DEVICE_BASE } from "./guest-port.fixture.ts";

const MIB = 0x10_0000;
/** Where its descriptor's address is, where it is seen, and the two places where it is. */
const DESCRIPTOR = RAM + 0xf_0000;
const MOVING = 0x1000_0000n;
const MOVING_PAGES = RAM + 14 * MIB;
const COPIED = RAM + 16 * MIB;
/** Where the guests put their code. */
export const SPACE: number = RAM + MIB;
/** Of `call_functions`, beside their caller. */
export const FUNCTIONS_A_PAGE = 128;

/** What `endurance` does in a round. */
export interface Work {
  readonly integers: number;
  readonly floats: number;
  readonly fibonacci: number;
  /** Times that as much is copied; a multiple of 32 bytes, twice of which has to fit behind the first 16 MiB of RAM. */
  readonly copies: number;
  readonly copiedBytes: number;
  readonly events: number;
  /** At most 3328: 13 MiB behind tables, image and stack. */
  readonly pages: number;
  readonly functionPages: number;
  readonly functionTurns: number;
}

export interface CodeCacheOptions {
  readonly engine: Engine;
  readonly rounds: number;
  readonly reported?: (value: bigint, machine: Machine) => void;
}

/** @param pages of one function each, other code in each round; at most 3840, which fill the RAM */
export function manyPages(pages: number, options: CodeCacheOptions): Promise<GuestMachine> {
  return guestMachine(codeCacheGuest, "many_pages", { ...options, ramBytes: 16 * MIB, isSilent: true, x: [[24, pages]] });
}

/** @param turns of the loop in each page, beside whose compilation the functions are compiled */
export function manyFunctions(pages: number, turns: number, options: CodeCacheOptions): Promise<GuestMachine> {
  return guestMachine(codeCacheGuest, "many_functions", { ...options, ramBytes: 16 * MIB, isSilent: true, x: [[24, pages], [25, turns]] });
}

export function enduranceMachine(work: Work, ramBytes: number, options: CodeCacheOptions): Promise<GuestMachine> {
  return guestMachine(codeCacheGuest, "endurance", {
    ...options,
    ramBytes,
    isSilent: true,
    prepare: (machine) => prepare(machine, ramBytes),
    x: [
      [15, work.events],
      [16, work.pages],
      [17, work.floats],
      [18, work.fibonacci],
      [19, work.integers],
      [20, work.copies],
      [21, work.copiedBytes],
      [22, COPIED],
      [24, work.functionPages],
      [25, work.functionTurns],
    ],
  });
}

function prepare(machine: Machine, ramBytes: number): void {
  const tables = tablesIn(machine);
  const root = tables.table();
  const normal = AF | SH(3);
  for (let at = RAM; at < RAM + ramBytes; at += 2 * MIB) tables.map(root, BigInt(at), 2, BigInt(at) | BLOCK | normal);
  tables.map(root, BigInt(DEVICE_BASE), 3, BigInt(DEVICE_BASE) | PAGE | AF | ATTR(1));
  tables.map(root, MOVING, 3, BigInt(MOVING_PAGES) | PAGE | normal);
  machine.memory.write(DESCRIPTOR, 8, tables.entry(root, MOVING, 3));
}

/** What call_pages reports in a round, numbered as X26 counts: down to 1. */
export function sumOfPages(pages: number, round: number): bigint {
  let sum = 0;
  for (let page = 1; page <= pages; page++) sum += (round + page) & 0xffff;
  return BigInt(sum);
}

/** What call_functions reports. */
export const sumOfFunctions = (pages: number, round: number): bigint => BigInt(pages * FUNCTIONS_A_PAGE * (round & 0xfff));

export const ENDURANCE_REPORTS = 4;

/** What a round of `endurance` reports, given its checksum, which does not depend on the round. */
export function enduranceReports({ events, pages, functionPages }: Work, round: number, checksum: bigint): readonly bigint[] {
  return [checksum, BigInt(events), sumOfPages(pages, round), sumOfFunctions(functionPages, round)];
}
