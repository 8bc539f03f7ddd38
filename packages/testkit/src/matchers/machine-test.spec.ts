/** The fixture: machines in whatever form, closed behind the test, and their troubles told. */
import { defineMachine, definePlugin, type Machine, type PluginDefinition, powerOff, scripted } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { test } from "../vitest.ts";
import { OpenMachines } from "./open-machines.ts";

const guest = scripted(function* () {
  yield powerOff(7);
});
const booted: Machine[] = [];
const isClosed = (machine: Machine): Promise<boolean> =>
  machine.run().then(
    () => false,
    (error: Error) => error.message.includes("is closed"),
  );

describe("bootMachine", () => {
  test("makes machines of a configuration, of plugins, and of a file", async ({ bootMachine }) => {
    const file = new URL("../testing/machine.yaml", import.meta.url);
    const machines = [
      await bootMachine(defineMachine({ name: "mine", plugins: [guest] })),
      await bootMachine([guest]),
      await bootMachine(file),
    ];
    booted.push(...machines);
    expect(machines.map(({ name }) => name)).toEqual(["mine", "machine", "from-a-file"]);
    for (const machine of machines.slice(0, 2)) expect(await machine.run()).toMatchObject({ reason: "power-off", status: 7 });
  });

  it("has closed those of the test before", async () => {
    expect(booted).toHaveLength(3);
    for (const machine of booted) expect(await isClosed(machine)).toBe(true);
  });
});

describe("the machines of a test", () => {
  const noisy = async (machines: OpenMachines, errors?: "ignore"): Promise<Machine> => {
    const machine = await machines.boot([guest], errors === undefined ? {} : { errors });
    machine.trace$.subscribe(() => {
      throw new Error("a tap of this test");
    });
    await machine.run();
    return machine;
  };

  it("may be closed by the test itself, and report what the test ignores", async () => {
    const machines = new OpenMachines();
    const machine = await noisy(machines, "ignore");
    await machine.close();
    await machines.close();
    expect(await isClosed(machine)).toBe(true);
  });

  it("are told of when they reported an error", async () => {
    const machines = new OpenMachines();
    await noisy(machines);
    await expect(machines.close()).rejects.toThrow(/^machine machine reported: .*a tap of this test/);
    await machines.close(); // once
  });

  it("are all closed, the last first, where some do not close", async () => {
    const stopped: string[] = [];
    const reluctant = (name: string): PluginDefinition =>
      definePlugin({
        name,
        create: () => ({
          stop() {
            stopped.push(name);
            throw new Error(`${name} does not stop`);
          },
        }),
      });
    const machines = new OpenMachines();
    for (const name of ["first", "second"]) await machines.boot([reluctant(name)]);
    await expect(machines.close()).rejects.toThrow(
      "plugin second failed in stop: second does not stop; plugin first failed in stop: first does not stop",
    );
    expect(stopped).toEqual(["second", "first"]);
  });
});
