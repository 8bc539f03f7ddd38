/**
 * The life of an interrupt through irqfd, drawn. Inputs above, outputs below; one column is one moment.
 *
 *     f  the eventfd is signalled     e  the guest acknowledges and ends the interrupt
 *     H  the pin is told high         L  low        P  an edge
 *     r  the listener is told
 */
import type { PinEvent } from "@trapline/core";
import { map } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { afterEach, describe, expect, it } from "vitest";
import { abi, closeVms, irqchipEntry, setRouting, spiGsi, spiPin, vm, type Vm } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const drawn = (draw: Parameters<TestScheduler["run"]>[0]): unknown => new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(draw);
const LETTERS = { high: "H", low: "L", pulse: "P" } as const;
const levels = ({ chip }: Vm, index = 0, chips = [chip]): ReturnType<typeof letters> => letters(chips[index]!.pins$);
const letters = (pins$: Vm["chip"]["pins$"]) => pins$.pipe(map((event: PinEvent) => LETTERS[event.signal]));
const SPI_7 = 7;

const bind = (box: Vm, gsi: number, resample: boolean): { fire: ReturnType<Vm["eventFd"]>; listener: ReturnType<Vm["eventFd"]> } => {
  const [fire, listener] = [box.eventFd(), box.eventFd()];
  box.api.irqfd({ fd: fire.fd, gsi, flags: resample ? abi.KVM_IRQFD_FLAG_RESAMPLE : 0, resamplefd: listener.fd });
  return { fire, listener };
};

describe("the life of a resampled interrupt (kvm-irq-abi.md D.4)", () => {
  it("holds the pin from the signal until EOI, then tells the listener", async () => {
    const box = await vm({ profile: "rfc2014" });
    const { fire, listener } = bind(box, spiGsi("rfc2014", SPI_7), true);
    drawn(({ hot, expectObservable }) => {
      const signals = hot(" -f-f------f---");
      const eoi = hot("     ------e-----e-");
      const level = "       -H----L---H-L-";
      const told = "        ------r-----r-";
      signals.subscribe(() => fire.signal());
      eoi.subscribe(() => box.chip.serve());
      expectObservable(levels(box)).toBe(level);
      expectObservable(listener.signals$.pipe(map(() => "r"))).toBe(told);
    });
  });

  it("mainline sends the second signal to the pin as well: it keeps no level", async () => {
    const box = await vm();
    const { fire } = bind(box, SPI_7, true);
    drawn(({ hot, expectObservable }) => {
      const signals = hot(" -f-f------f---");
      const eoi = hot("     ------e-----e-");
      const level = "       -H-H--L---H-L-";
      signals.subscribe(() => fire.signal());
      eoi.subscribe(() => box.chip.serve());
      expectObservable(levels(box)).toBe(level);
    });
  });

  it("a device that still asserts signals when it is told, and the pin ends high", async () => {
    const box = await vm({ profile: "rfc2014" });
    const { fire, listener } = bind(box, spiGsi("rfc2014", SPI_7), true);
    drawn(({ hot, expectObservable }) => {
      const signals = hot(" -f----------");
      const eoi = hot("     ---e---e----");
      const level = "       -H-(LH)L----";
      const told = "        ---r---r----";
      let busy = true;
      listener.signals$.own("device", () => {
        if (busy) fire.signal();
        busy = false;
      });
      signals.subscribe(() => fire.signal());
      eoi.subscribe(() => box.chip.serve());
      expectObservable(levels(box)).toBe(level);
      expectObservable(listener.signals$.pipe(map(() => "r"))).toBe(told);
    });
  });

  it("shared: whoever fires, the pin drops once and both are told", async () => {
    const box = await vm({ profile: "rfc2014" });
    const [a, b] = [bind(box, spiGsi("rfc2014", SPI_7), true), bind(box, spiGsi("rfc2014", SPI_7), true)];
    drawn(({ hot, expectObservable }) => {
      const fireA = hot("   -f------f--");
      const fireB = hot("   ---f-------");
      const eoi = hot("     -----e---e-");
      const level = "       -H---L--HL-";
      const told = "        -----r---r-";
      fireA.subscribe(() => a.fire.signal());
      fireB.subscribe(() => b.fire.signal());
      eoi.subscribe(() => box.chip.serve());
      expectObservable(levels(box)).toBe(level);
      for (const { listener } of [a, b]) expectObservable(listener.signals$.pipe(map(() => "r"))).toBe(told);
    });
  });

  it("rerouted while asserted: the old chip's pin falls, the new one's rises, and its EOI is the one that counts", async () => {
    const box = await vm({ profile: "rfc2014", chips: [{}, { gic: "none", spis: 4 }] });
    const gsi = spiGsi("rfc2014", SPI_7);
    const { fire, listener } = bind(box, gsi, true);
    drawn(({ hot, expectObservable }) => {
      const signals = hot(" -f-----------");
      const reroute = hot(" ---x---------");
      const eoiOld = hot("  -----e-------");
      const eoiNew = hot("  -------e-----");
      const oldPin = "      -H-L---------";
      const newPin = "      ---H---L-----";
      const told = "        -------r-----";
      signals.subscribe(() => fire.signal());
      reroute.subscribe(() => setRouting(box.api, irqchipEntry(gsi, 2, 1)));
      eoiOld.subscribe(() => box.chips[0]!.serve());
      eoiNew.subscribe(() => box.chips[1]!.serve());
      expectObservable(levels(box, 0, [...box.chips])).toBe(oldPin);
      expectObservable(levels(box, 1, [...box.chips])).toBe(newPin);
      expectObservable(listener.signals$.pipe(map(() => "r"))).toBe(told);
    });
  });

  it("deassigned while asserted: the pin falls, and later signals are nobody's", async () => {
    const box = await vm({ profile: "rfc2014" });
    const gsi = spiGsi("rfc2014", SPI_7);
    const { fire } = bind(box, gsi, true);
    drawn(({ hot, expectObservable }) => {
      const signals = hot(" -f---f---");
      const deassign = hot("---d-----");
      const level = "       -H-L-----";
      signals.subscribe(() => fire.signal());
      deassign.subscribe(() => box.api.irqfd({ fd: fire.fd, gsi, flags: abi.KVM_IRQFD_FLAG_DEASSIGN, resamplefd: 0 }));
      expectObservable(levels(box)).toBe(level);
    });
  });
});

describe("the life of a plain irqfd (kvm-irq-abi.md D.2)", () => {
  it.each([
    ["rfc2014", "-P-P--P----"],
    ["mainline", "-H-H--H----"],
  ] as const)("%s: every write is one attempt, and an unrouted one is lost", async (profile, level) => {
    const box = await vm({ profile, chips: [{ edge: [SPI_7] }] });
    const gsi = spiGsi(profile, SPI_7);
    const { fire } = bind(box, gsi, false);
    drawn(({ hot, expectObservable }) => {
      const signals = hot(" -f-f--f-f--");
      const unroute = hot(" -------u---");
      signals.subscribe(() => fire.signal());
      unroute.subscribe(() => setRouting(box.api, irqchipEntry(spiGsi(profile, 1), spiPin(profile, 1))));
      expectObservable(levels(box)).toBe(level);
    });
  });
});
