/** The kernel's structures as bytes (kvm-irq-abi.md, A.2), so that traces, C programs and a real /dev/kvm exchange them with us. */
import {
  KVM_IRQ_ROUTING_IRQCHIP,
  KVM_IRQ_ROUTING_MSI,
  type KvmIoeventfd,
  type KvmIrqfd,
  type KvmIrqLevel,
  type KvmIrqRouting,
  type KvmIrqRoutingEntry,
  type KvmMsi,
  type KvmRoutingTarget,
} from "./kvm-abi.ts";
import { type StructCodec, structCodec, viewOf } from "./struct-codec.ts";

/** struct kvm_irq_level, 8 bytes. */
export const irqLevelCodec: StructCodec<KvmIrqLevel> = structCodec<KvmIrqLevel>("kvm_irq_level", 8, { irq: [0, "u32"], level: [4, "u32"] });

/** struct kvm_irqfd, 32 bytes. */
export const irqfdCodec: StructCodec<KvmIrqfd> = structCodec<KvmIrqfd>("kvm_irqfd", 32, {
  fd: [0, "u32"],
  gsi: [4, "u32"],
  flags: [8, "u32"],
  resamplefd: [12, "u32"],
});

/** struct kvm_ioeventfd, 64 bytes. */
export const ioeventfdCodec: StructCodec<KvmIoeventfd> = structCodec<KvmIoeventfd>("kvm_ioeventfd", 64, {
  datamatch: [0, "u64"],
  addr: [8, "u64"],
  len: [16, "u32"],
  fd: [20, "s32"],
  flags: [24, "u32"],
});

/** struct kvm_msi, 32 bytes. */
export const msiCodec: StructCodec<KvmMsi> = structCodec<KvmMsi>("kvm_msi", 32, {
  addressLo: [0, "u32"],
  addressHi: [4, "u32"],
  data: [8, "u32"],
  flags: [12, "u32"],
  devid: [16, "u32"],
});

const HEADER_SIZE = 8;
const ENTRY_SIZE = 48;
const UNION = 16;

const headerCodec = structCodec<{ nr: number; flags: number }>("kvm_irq_routing", HEADER_SIZE, { nr: [0, "u32"], flags: [4, "u32"] });
const entryHead = structCodec<Omit<KvmIrqRoutingEntry, "u">>("kvm_irq_routing_entry", UNION, { gsi: [0, "u32"], type: [4, "u32"], flags: [8, "u32"] });
const irqchipArm = structCodec<{ irqchip: number; pin: number }>("kvm_irq_routing_irqchip", 8, { irqchip: [0, "u32"], pin: [4, "u32"] });
const msiArm = structCodec<{ addressLo: number; addressHi: number; data: number; devid: number }>("kvm_irq_routing_msi", 16, {
  addressLo: [0, "u32"],
  addressHi: [4, "u32"],
  data: [8, "u32"],
  devid: [12, "u32"],
});

/** One entry: 16 bytes, then a union of 32. */
export const routingEntryCodec: StructCodec<KvmIrqRoutingEntry> = {
  name: "kvm_irq_routing_entry",
  size: ENTRY_SIZE,
  check(entry) {
    entryHead.check(entry);
    if ("irqchip" in entry.u) irqchipArm.check(entry.u.irqchip);
    else if ("msi" in entry.u) msiArm.check(entry.u.msi);
  },
  encode(entry) {
    const bytes = new Uint8Array(ENTRY_SIZE);
    bytes.set(entryHead.encode(entry));
    const { u } = entry;
    bytes.set("irqchip" in u ? irqchipArm.encode(u.irqchip) : "msi" in u ? msiArm.encode(u.msi) : u.raw.subarray(0, ENTRY_SIZE - UNION), UNION);
    return bytes;
  },
  decode(bytes) {
    viewOf(bytes, ENTRY_SIZE, "kvm_irq_routing_entry");
    const head = entryHead.decode(bytes);
    return { ...head, u: decodeTarget(head.type, bytes.subarray(UNION, ENTRY_SIZE)) };
  },
};

/** The table: a header with `nr`, then `nr` entries. `size` is the header's. */
export const irqRoutingCodec: StructCodec<KvmIrqRouting> = {
  name: "kvm_irq_routing",
  size: HEADER_SIZE,
  check(routing) {
    headerCodec.check(routing);
    for (const entry of routing.entries) routingEntryCodec.check(entry);
  },
  encode(routing) {
    const bytes = new Uint8Array(HEADER_SIZE + ENTRY_SIZE * routing.entries.length);
    bytes.set(headerCodec.encode(routing));
    for (const [index, entry] of routing.entries.entries()) bytes.set(routingEntryCodec.encode(entry), HEADER_SIZE + ENTRY_SIZE * index);
    return bytes;
  },
  decode(bytes) {
    const { nr, flags } = headerCodec.decode(bytes);
    viewOf(bytes, HEADER_SIZE + ENTRY_SIZE * nr, "kvm_irq_routing");
    const entryAt = (index: number): KvmIrqRoutingEntry => routingEntryCodec.decode(bytes.subarray(HEADER_SIZE + ENTRY_SIZE * index));
    return { nr, flags, entries: Array.from({ length: nr }, (_, index) => entryAt(index)) };
  },
};

function decodeTarget(type: number, union: Uint8Array): KvmRoutingTarget {
  if (type === KVM_IRQ_ROUTING_IRQCHIP) return { irqchip: irqchipArm.decode(union) };
  if (type === KVM_IRQ_ROUTING_MSI) return { msi: msiArm.decode(union) };
  return { raw: union.slice() };
}
