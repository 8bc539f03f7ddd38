export { CounterEventFd, EVENTFD_MAX, EVENTFD_OVERFLOW, type EventFdPoll, pollEventFd } from "./eventfd/counter-event-fd.ts";
export { eventfd } from "./eventfd/eventfd-plugin.ts";
export * from "./kvm/kvm-abi.ts";
export { ioeventfdCodec, irqfdCodec, irqLevelCodec, irqRoutingCodec, msiCodec, routingEntryCodec } from "./kvm/kvm-codecs.ts";
export type { StructCodec } from "./kvm/struct-codec.ts";
