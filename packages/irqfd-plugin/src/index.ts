export { CounterEventFd, EVENTFD_MAX, EVENTFD_OVERFLOW, type EventFdPoll, pollEventFd } from "./eventfd/counter-event-fd.ts";
export { eventfd } from "./eventfd/eventfd-plugin.ts";
