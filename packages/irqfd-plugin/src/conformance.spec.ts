/** The conformance suites of the eventfd and the router contract, on this package's own. */
import { WireOrder } from "@trapline/core";
import { describeEventFd, describeRouter } from "@trapline/testkit";
import { EventFds } from "./eventfd/event-fds.ts";
import { routingProfile } from "./routing/gsi-routing-plugin.ts";
import { TableRouter } from "./routing/table-router.ts";
import { PROFILES, spiGsi } from "./testing/vm.fixture.ts";

describeEventFd("the counter", (options) => new EventFds(new WireOrder()).create(options));

for (const profile of PROFILES) {
  describeRouter(`the table router, profile ${profile}`, () => {
    const order = new WireOrder();
    const router = new TableRouter(order, routingProfile({ profile }));
    const gsiOf = (pin: number): number => spiGsi(profile, pin); // a chip that is no GIC has its pins named as SPIs
    return { router, order, routing: router, gsiOf, unroutedGsi: gsiOf(40), wiredOr: profile !== "mainline" };
  });
}
