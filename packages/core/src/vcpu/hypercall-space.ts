/**
 * Hypercalls that plugins answer, claimed by ranges of SMCCC function ids (Arm DEN 0028). What nobody claims answers
 * NOT_SUPPORTED, as the calling convention asks. The ranges are searched in order, after the one that answered last.
 */
import { checkRange, formatRange, overlaps } from "../bus/address-range.ts";
import { ConfigError } from "../errors.ts";
import { hex } from "../ids.ts";
import type { U64 } from "../u64.ts";
import { SMCCC_NOT_SUPPORTED } from "./vcpu-exit.ts";

/** Function ids are 32-bit numbers (SMCCC, "Function identifiers"). */
const FUNCTION_IDS = 0x1_0000_0000;

/** Answers one call: arguments are read from the vCPU's registers. Returns x0. */
export type HypercallOwner = (functionId: number, vcpu: number, conduit: number) => U64;

interface Claim {
  readonly name: string;
  readonly base: number;
  /** `base` as a signed number. */
  readonly first: number;
  readonly size: number;
  readonly owner: HypercallOwner;
}

/** In small integers: function ids reach beyond V8's, and a comparison of those costs a number object. */
const claims = (claim: Claim, functionId: number): boolean => ((functionId | 0) - claim.first) >>> 0 < claim.size;

export class HypercallSpace {
  private readonly claims: Claim[] = [];
  /** Whose call was the last: it mostly has the next as well. */
  private recent: Claim | undefined = undefined;

  /**
   * Claims `count` function ids from `first`. Returns the undo.
   * @throws ConfigError naming both claimants when they overlap, and for ids beyond 32 bits.
   */
  claim(name: string, first: number, count: number, owner: HypercallOwner): () => void {
    const claim = { name, base: first, first: first | 0, size: count, owner };
    checkRange(claim, name);
    if (first + count > FUNCTION_IDS) {
      throw new ConfigError(`${name} claims hypercalls up to ${hex(first + count - 1)}`, {
        subject: name,
        value: first + count - 1,
        limit: FUNCTION_IDS - 1,
        remedy: "function ids have 32 bits",
      });
    }
    const other = this.claims.find((c) => overlaps(c, claim));
    if (other !== undefined) {
      throw new ConfigError(`hypercalls ${formatRange(claim)} of ${name} overlap ${formatRange(other)} of ${other.name}`, {
        subject: name,
        other: other.name,
        value: first,
        remedy: "leave one of the two out of the machine",
      });
    }
    this.claims.push(claim);
    return () => {
      this.recent = undefined;
      const at = this.claims.indexOf(claim);
      if (at >= 0) this.claims.splice(at, 1);
    };
  }

  call(functionId: number, vcpu: number, conduit: number): U64 {
    const { recent } = this;
    if (recent !== undefined && claims(recent, functionId)) return recent.owner(functionId, vcpu, conduit);
    const claim = this.claims.find((each) => claims(each, functionId));
    if (claim === undefined) return SMCCC_NOT_SUPPORTED;
    this.recent = claim;
    return claim.owner(functionId, vcpu, conduit);
  }

  close(): void {
    this.claims.length = 0;
    this.recent = undefined;
  }
}
