/** What instructions that the host carries out need of the cluster. */
import type { ExitKind, SliceEnd, U64 } from "@trapline/core";
import type { Engine } from "../engine/engine.ts";
import type { Mmu } from "../mmu/mmu.ts";
import type { CpuState } from "../state/cpu-state.ts";
import type { ClusterVcpu } from "./cluster-vcpu.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";

export interface ClusterServices {
  readonly engine: Engine;
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly exceptions: Exceptions;
  readonly vcpus: readonly ClusterVcpu[];
  readonly current: ClusterVcpu | undefined;
  readonly monitorArmed: boolean;
  account(): void;
  limitChunk(): void;
  endChunk(): void;
  endSlice(end: SliceEnd): void;
  interruptMaskChanged(): void;
  debugChanged(): void;
  stackChanged(): void;
  exit(kind: ExitKind, address: number, width: number, value: U64): U64;
  writeBus(address: number, width: number, value: U64): U64;
  abort(faultStatus: number, vaHi: number, vaLo: number, access: number): void;
  watched(vaHi: number, vaLo: number, access: number): boolean;
  translationsChanged(): void;
  undefinedInstruction(word: number): void;
}
