/** Errors sorted by blame: a sentence, its parts, and recognised whichever copy of core made them. */
import { describe, expect, it } from "vitest";
import { ERRNO, errnoName } from "./errno.ts";
import { ConfigError, HostError, InvariantError, isTraplineError, KvmError, messageOf, PluginError, SnapshotError, TapError, type TraplineError } from "./errors.ts";

describe("an error of Trapline", () => {
  const cause = new Error("the disk is on fire");
  //   error                                                          kind         message
  const ALL: readonly (readonly [TraplineError, string, string])[] = [
    [new ConfigError("a overlaps b"), "config", "a overlaps b"],
    [new KvmError("EEXIST", "this doorbell is taken"), "kvm", "EEXIST: this doorbell is taken"],
    [new HostError("no memory"), "host", "no memory"],
    [new PluginError("uart0", "attach", cause), "plugin", "plugin uart0 failed in attach: the disk is on fire"],
    [new TapError("a tap threw"), "tap", "a tap threw"],
    [new SnapshotError("does not fit"), "snapshot", "does not fit"],
    [new InvariantError("cannot be"), "invariant", "cannot be"],
  ];

  it.each(ALL)("%s has kind %s and a sentence", (error, kind, message) => {
    expect([error.kind, error.message, error.name]).toEqual([kind, message, error.constructor.name]);
    expect(error).toBeInstanceOf(Error);
    expect([isTraplineError(error), isTraplineError(error, error.kind), isTraplineError(error, kind === "tap" ? "host" : "tap")]).toEqual([true, true, false]);
  });

  it("ends its sentence with the remedy and keeps the facts apart", () => {
    const error = new ConfigError("a overlaps b", { subject: "a", other: "b", value: 1, limit: 2n, remedy: "move one of them", cause });
    expect(error.message).toBe("a overlaps b; move one of them");
    expect(error.facts).toMatchObject({ subject: "a", other: "b", value: 1, limit: 2n });
    expect(error.cause).toBe(cause);
    expect("cause" in new ConfigError("x")).toBe(false);
  });

  it("is told from everything else, and from nothing", () => {
    for (const other of [new Error("x"), { kind: "config" }, "config", 0, null, undefined]) expect(isTraplineError(other)).toBe(false);
    expect(isTraplineError({ traplineError: true, kind: "config" }, "config")).toBe(true); // another copy's
  });
});

describe("messageOf", () => {
  it.each<readonly [unknown, string]>([
    [new Error("boom"), "boom"],
    ["boom", "boom"],
    [undefined, "undefined"],
    [42n, "42"],
    [Symbol("s"), "Symbol(s)"],
    [Object.create(null), "a value that cannot be printed"],
    [{ toString: () => { throw new Error("again"); } }, "a value that cannot be printed"],
  ])("%#: never throws", (thrown, text) => {
    expect(messageOf(thrown)).toBe(text);
  });
});

describe("errno", () => {
  // include/uapi/asm-generic/errno-base.h, errno.h
  it.each([
    ["EPERM", 1],
    ["ENOENT", 2],
    ["ENXIO", 6],
    ["EAGAIN", 11],
    ["EBUSY", 16],
    ["EEXIST", 17],
    ["EINVAL", 22],
    ["ENOSPC", 28],
    ["EOPNOTSUPP", 95],
  ] as const)("%s is %d, also as the kernel returns it", (name, number) => {
    expect([ERRNO[name], errnoName(number), errnoName(-number)]).toEqual([number, name, name]);
  });

  it("has a name for each of its numbers, and none for others", () => {
    for (const [name, number] of Object.entries(ERRNO)) expect(errnoName(number)).toBe(name);
    expect([errnoName(0), errnoName(4095)]).toEqual([undefined, undefined]);
  });
});
