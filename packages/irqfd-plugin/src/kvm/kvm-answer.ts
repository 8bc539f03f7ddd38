/**
 * How ioctl-shaped calls answer: 0 or a positive result, or a negative errno as the kernel's handler returns it, so that code
 * written against KVM ports line by line (`if (ret < 0)`). The sentence behind the last refusal is kept in `lastError`.
 * Exceptions are left for what C cannot express (a GSI of 1.5) and for our own bugs.
 */
import { ERRNO, errnoName, isTraplineError, KvmError } from "@trapline/core";

export class KvmAnswers {
  /** Why the last call answered with an errno; undefined when it succeeded. */
  lastError: KvmError | undefined = undefined;

  protected answer(call: () => number): number {
    this.lastError = undefined;
    try {
      const result = call();
      if (result < 0) throw chipRefused(result);
      return result;
    } catch (error) {
      if (isTraplineError(error, "kvm")) {
        this.lastError = error as KvmError;
        return -ERRNO[this.lastError.errno];
      }
      if (isTraplineError(error, "host")) {
        this.lastError = new KvmError("EFAULT", error.message, { ...error.facts, cause: error });
        return -ERRNO.EFAULT;
      }
      throw error;
    }
  }
}

/** A chip answered with an errno of its own. */
function chipRefused(result: number): KvmError {
  return new KvmError(errnoName(result) ?? "EINVAL", `the irqchip refused with ${result}`, { subject: "irqchip", value: result });
}
