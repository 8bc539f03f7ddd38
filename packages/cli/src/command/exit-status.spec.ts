/** From how a run ended to what a shell sees. */
import { ConfigError, HostError, InvariantError, PluginError, type RunResult } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { statusOf, statusOfError } from "./exit-status.ts";

const off = (status: number, reported?: true): RunResult => ({ reason: "power-off", vcpu: -1, status, ...(reported === undefined ? {} : { reported }) });

describe("the status of a run", () => {
  it.each<readonly [string, RunResult, number]>([
    ["the guest switched the machine off", off(0), 0],
    ["a vCPU's shutdown brought a status", off(3), 3],
    ["a vCPU's shutdown brought more than a process can say: its low bits", off(300), 44],
    ["a vCPU's shutdown brought what would look like success", off(256), 255],
    ["a test device was told 0: success, and not the same as switching off", off(0, true), 1],
    ["a test device was told 1", off(1, true), 3],
    ["a test device was told 127", off(127, true), 255],
    ["a test device was told more than a process can say: its low bits", off(0x180 + 5, true), 11],
    ["a test device was told −1, as C has it", off(-1, true), 255],
    ["the user left", { reason: "stopped" }, 0],
    ["the time was over", { reason: "timeout" }, 124],
    ["nothing can wake the guest", { reason: "idle" }, 125],
    ["every vCPU is off", { reason: "halted" }, 125],
    ["a vCPU cannot go on", { reason: "fault", vcpu: 0, pc: 0x200, message: "a loop of exceptions" }, 125],
    ["it ended early", { reason: "debug", vcpu: 0, pc: 0 }, 125],
  ])("%s", (_what, result, status) => {
    expect(statusOf(result, 5).status).toBe(status);
  });

  it("comes with a sentence unless the guest or the user wanted the end", () => {
    const silent: RunResult[] = [off(0), off(1, true), { reason: "stopped" }];
    expect(silent.map((result) => statusOf(result, undefined).sentence)).toEqual([undefined, undefined, undefined]);
    expect(statusOf({ reason: "timeout" }, 5).sentence).toBe("timeout: the guest was still running after 5 s");
    expect(statusOf({ reason: "fault", vcpu: 1, pc: 0x200, message: "why" }, 5).sentence).toBe("vCPU 1 cannot go on at 0x200: why");
  });
});

describe("the status of a failure", () => {
  it.each<readonly [string, unknown, number]>([
    ["a configuration that cannot be", new ConfigError("no"), 2],
    ["a file that cannot be read", new HostError("no"), 2],
    ["either of them inside a plugin", new PluginError("flash", "attach", new HostError("no")), 2],
    ["a bug", new InvariantError("no"), 125],
    ["a bug inside a plugin", new PluginError("flash", "attach", new TypeError("no")), 125],
    ["anything else", new TypeError("no"), 125],
  ])("%s", (_what, error, status) => {
    expect(statusOfError(error)).toBe(status);
  });
});
