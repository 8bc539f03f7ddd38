/**
 * Typed errors, sorted by who is to blame (docs/adr/0006-blame-decides-errors.md).
 *
 * A guest is never to blame: its mistakes get the architecture's answer. Everything here is the host's doing, so every
 * message says what happened, to whom, with which value against which limit, and what to do. Errors are recognised by
 * {@link isTraplineError}, never by `instanceof`: a plugin may carry its own copy of this package.
 */
import type { ErrnoName } from "./errno.ts";

/** Who has to act: see the classes below. */
export type ErrorKind = "config" | "kvm" | "host" | "plugin" | "tap" | "snapshot" | "invariant";

/** The parts of a message, kept apart so that tools need not parse the sentence. */
export interface ErrorFacts {
  /** The party the message is about: "pl011 at 0x0900_0000+0x1000", "KVM_IRQFD.gsi". */
  readonly subject?: string;
  /** The party it collides with, where there are two. */
  readonly other?: string;
  readonly value?: number | bigint | string;
  readonly limit?: number | bigint | string;
  /** What to do, as the end of a sentence: "move one of them". */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Base of all errors thrown on purpose. */
export abstract class TraplineError extends Error {
  abstract readonly kind: ErrorKind;
  readonly facts: ErrorFacts;
  /** What {@link isTraplineError} looks for: true in every copy of this package. */
  readonly traplineError = true as const;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(facts.remedy === undefined ? message : `${message}; ${facts.remedy}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.facts = facts;
  }
}

/** The machine as described cannot exist: overlapping claims, unknown keys, numbers out of range. Thrown at build or attach. */
export class ConfigError extends TraplineError {
  override readonly kind = "config" as const;
}

/** A call shaped like a Linux KVM ioctl was refused; `errno` is the kernel's answer to the same call. */
export class KvmError extends TraplineError {
  override readonly kind = "kvm" as const;
  readonly errno: ErrnoName;

  constructor(errno: ErrnoName, message: string, facts: ErrorFacts = {}) {
    super(`${errno}: ${message}`, facts);
    this.errno = errno;
  }
}

/** The host could not give what was needed: a file, memory, a device node. `facts.cause` holds the original error. */
export class HostError extends TraplineError {
  override readonly kind = "host" as const;
}

/** The phases of a plugin's life in which it may fail. */
export type PluginPhase = "define" | "load" | "attach" | "start" | "stop" | "reset" | "quiesce" | "save" | "restore" | "device-tree";

/** A plugin threw; names the plugin and the phase, and keeps what it threw as `cause`. */
export class PluginError extends TraplineError {
  override readonly kind = "plugin" as const;
  readonly plugin: string;
  readonly phase: PluginPhase;

  constructor(plugin: string, phase: PluginPhase, cause: unknown) {
    super(`plugin ${plugin} failed in ${phase}: ${messageOf(cause)}`, { subject: plugin, cause });
    this.plugin = plugin;
    this.phase = phase;
  }
}

/** A tap of a wire threw and was unsubscribed; nobody else was harmed. Travels on `machine.errors$`, is never thrown. */
export class TapError extends TraplineError {
  override readonly kind = "tap" as const;
}

/** A saved machine does not fit the one it is restored into. Nothing was changed. */
export class SnapshotError extends TraplineError {
  override readonly kind = "snapshot" as const;
}

/** Our own bug, or a plugin breaking a contract: stops the machine. */
export class InvariantError extends TraplineError {
  override readonly kind = "invariant" as const;
}

/** True for errors of this package, whichever copy of it made them; `kind` narrows further. */
export function isTraplineError(error: unknown, kind?: ErrorKind): error is TraplineError {
  if ((error as Partial<TraplineError> | null | undefined)?.traplineError !== true) return false;
  return kind === undefined || (error as TraplineError).kind === kind;
}

/** The sentence of any thrown value. Never throws itself: it runs where a plugin has just failed. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "a value that cannot be printed";
  }
}
