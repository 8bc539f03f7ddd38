/** Services that plugins bring: once, one of several, or in the place of core's own; and what happens when two bring the same. */
import { Container, ContainerModule, type ServiceIdentifier } from "inversify";
import { describe, expect, it } from "vitest";
import {
  ClockToken,
  createMachine,
  definePlugin,
  FixedRouter,
  GsiRouterToken,
  GuestMemoryToken,
  isTraplineError,
  type Machine,
  type PluginDefinition,
  provide,
  provideAlso,
  provideInstead,
  scripted,
  token,
  VcpusToken,
} from "../index.ts";

interface Greeter {
  readonly greeting: string;
}
const GreeterToken: ServiceIdentifier<Greeter> = token<Greeter>("spec/Greeter");

const bringing = (name: string, ...provides: NonNullable<PluginDefinition["provides"]>): PluginDefinition => definePlugin({ name, provides });
const greeter = (greeting: string): (() => Greeter) => () => ({ greeting });

async function withMachine(plugins: readonly PluginDefinition[], use: (machine: Machine) => void | Promise<void>, parent?: Container): Promise<void> {
  const machine = await createMachine({ plugins, ...(parent === undefined ? {} : { parent }) });
  try {
    await use(machine);
  } finally {
    await machine.close();
  }
}

async function refusal(plugins: readonly PluginDefinition[]): Promise<{ readonly message: string; readonly facts: unknown }> {
  const error: unknown = await createMachine({ plugins }).catch((e: unknown) => e);
  expect(isTraplineError(error, "config")).toBe(true);
  return error as { message: string; facts: unknown };
}

describe("a service", () => {
  it("is made when first asked for, once per machine, and seen by everybody", async () => {
    let made = 0;
    const plugin = bringing("p", provide(GreeterToken, () => ({ greeting: `hello ${++made}` })));
    await withMachine([plugin], (machine) => {
      expect(made).toBe(0);
      expect([machine.get(GreeterToken).greeting, machine.find(GreeterToken)?.greeting]).toEqual(["hello 1", "hello 1"]);
    });
    await withMachine([plugin], (machine) => expect(machine.get(GreeterToken).greeting).toBe("hello 2"));
  });

  it("may be made from others, of plugins that come later in the list too", async () => {
    const Loud = token<Greeter>("spec/Loud");
    const loud = bringing("loud", provide(Loud, (vmm) => ({ greeting: vmm.get(GreeterToken).greeting.toUpperCase() })));
    await withMachine([loud, bringing("quiet", provide(GreeterToken, greeter("hello")))], (machine) => {
      expect(machine.get(Loud).greeting).toBe("HELLO");
    });
  });

  it("that nobody provides is a ConfigError with the token's name; `find` gives undefined, `getAll` nothing", async () => {
    let all: readonly Greeter[] | undefined;
    const looker = definePlugin({ name: "looker", create: (vmm) => void (all = vmm.getAll(GreeterToken)) });
    await withMachine([looker], (machine) => {
      expect(() => machine.get(GreeterToken)).toThrow("nothing provides spec/Greeter; add the plugin that does to the machine's list");
      expect([machine.find(GreeterToken), all]).toEqual([undefined, []]);
    });
  });

  it("of which there may be several comes in the order of the plugins", async () => {
    let all: readonly string[] = [];
    const looker = definePlugin({ name: "looker", create: (vmm) => void (all = vmm.getAll(GreeterToken).map(({ greeting }) => greeting)) });
    const also = (text: string): PluginDefinition => bringing(text, provideAlso(GreeterToken, greeter(text)));
    await withMachine([also("one"), looker, also("two"), also("three")], () => expect(all).toEqual(["one", "two", "three"]));
  });

  it("of core can be asked for by its token", async () => {
    const machine = await createMachine({ memory: [{ base: 0, size: 0x1000 }], vcpus: 2, plugins: [scripted()] });
    expect([machine.get(ClockToken), machine.get(GuestMemoryToken), machine.get(VcpusToken).length]).toEqual([machine.clock, machine.memory, 2]);
    await machine.close();
  });
});

describe("two plugins that provide the same", () => {
  it("once are refused with both names", async () => {
    const error = await refusal([bringing("first", provide(GreeterToken, greeter("a"))), bringing("second", provide(GreeterToken, greeter("b")))]);
    expect(error.message).toBe("plugins first and second both provide spec/Greeter; leave one of the two out");
    expect(error.facts).toMatchObject({ subject: "second", other: "first" });
  });

  it("instead of core are refused with both names", async () => {
    const router = (name: string): PluginDefinition => bringing(name, provideInstead(GsiRouterToken, (vmm) => new FixedRouter(vmm.order)));
    expect((await refusal([router("table"), router("another")])).message).toBe("plugins table and another both provide GsiRouter; leave one of the two out");
  });

  it("as backends are refused with both names", async () => {
    const other = { ...scripted(), name: "other" };
    expect((await refusal([scripted(), other])).message).toBe("plugins scripted and other both provide VcpuBackend; leave one of the two out");
  });

  it("once and core itself are refused, and the remedy says how to replace", async () => {
    const error = await refusal([bringing("router", provide(GsiRouterToken, (vmm) => new FixedRouter(vmm.order)))]);
    expect(error.message).toBe("plugins core and router both provide GsiRouter; use provideInstead to take the place of core's own");
  });

  it("by modules of inversify are refused with the token's name when somebody asks", async () => {
    const bind = (name: string): PluginDefinition => ({
      name,
      apiVersion: 1,
      module: new ContainerModule(({ bind: to }) => void to(GreeterToken).toConstantValue({ greeting: name })),
    });
    await withMachine([bind("first"), bind("second")], (machine) => {
      let error: unknown;
      try {
        machine.get(GreeterToken);
      } catch (e) {
        error = e;
      }
      expect(isTraplineError(error, "config")).toBe(true);
      expect((error as Error).message).toMatch(/^spec\/Greeter cannot be given: /);
    });
  });
});

describe("core's own router", () => {
  it("is the fixed one, and can be replaced before anybody saw it", async () => {
    let madeFixed = 0;
    await withMachine([], (machine) => expect(machine.router).toBeInstanceOf(FixedRouter));
    class TableRouter extends FixedRouter {}
    const table = bringing("table", provideInstead(GsiRouterToken, (vmm) => (madeFixed++, new TableRouter(vmm.order))));
    await withMachine([table], (machine) => {
      expect(machine.router).toBeInstanceOf(TableRouter);
      expect(machine.get(GsiRouterToken)).toBe(machine.router);
      expect(madeFixed).toBe(1);
    });
  });
});

describe("a parent container", () => {
  it("lends its constants to every machine", async () => {
    const parent = new Container();
    parent.bind(GreeterToken).toConstantValue({ greeting: "from the parent" });
    for (let n = 0; n < 2; n++) await withMachine([], (machine) => expect(machine.get(GreeterToken).greeting).toBe("from the parent"), parent);
  });

  it("keeps its own when a machine closes, and a machine may provide another", async () => {
    const parent = new Container();
    parent.bind(GreeterToken).toConstantValue({ greeting: "from the parent" });
    await withMachine([bringing("own", provide(GreeterToken, greeter("own")))], (machine) => expect(machine.get(GreeterToken).greeting).toBe("own"), parent);
    expect(parent.get(GreeterToken).greeting).toBe("from the parent");
  });
});
