/**
 * The interrupt ioctls of a KVM VM file descriptor on one object (docs/kvm-irq-api.md): KVM_IRQ_LINE, KVM_SET_GSI_ROUTING,
 * KVM_IRQFD, KVM_IOEVENTFD, KVM_SIGNAL_MSI and KVM_CHECK_EXTENSION, with the kernel's structures, checks, order and errnos.
 *
 * Here are the checks that only a C structure makes necessary; the work is done by the plugins, which check the rest.
 */
import {
  EventFdFactoryToken,
  type GsiRoute,
  hex,
  IGNORED,
  type IoeventfdBinding,
  type Ioeventfds,
  IoeventfdsToken,
  type Irqfds,
  IrqfdsToken,
  NO_DEVICE_ID,
  type RouteTarget,
  toBigint,
  u64,
  type Vmm,
} from "@trapline/core";
import { checkIoeventfdDatamatch, checkIoeventfdRange, type SpacedBinding } from "../ioeventfd/doorbell-ioeventfds.ts";
import { refuseUninitialised } from "../irqfd/irqfds.ts";
import { refusal } from "../refusal.ts";
import { checkGsis } from "../routing/check-routes.ts";
import { TableRouterToken } from "../routing/gsi-routing-plugin.ts";
import type { TableRouter } from "../routing/table-router.ts";
import { EventFdCalls } from "./eventfd-calls.ts";
import { FdTable } from "./fd-table.ts";
import * as abi from "./kvm-abi.ts";
import type { KvmIoeventfd, KvmIrqfd, KvmIrqLevel, KvmIrqRouting, KvmIrqRoutingEntry, KvmMsi } from "./kvm-abi.ts";
import { KvmAnswers } from "./kvm-answer.ts";
import { extension } from "./kvm-extensions.ts";
import { KvmIrqLine } from "./kvm-irq-line.ts";
import { ioeventfdCodec, irqfdCodec, irqLevelCodec, irqRoutingCodec, msiCodec } from "./kvm-codecs.ts";

/** What the façade needs of a machine. A Machine and a plugin's Vmm both have it. */
export type KvmHost = Pick<Vmm, "get" | "vcpus">;

export class KvmIrqApi extends KvmAnswers {
  /** The descriptors that structures name. */
  readonly fds: FdTable;
  /** eventfd(2) and its file operations, on the same descriptors. */
  readonly eventfds: EventFdCalls;
  private readonly router: TableRouter;
  private readonly lines: KvmIrqLine;
  private readonly irqfds: Irqfds;
  private readonly ioeventfds: Ioeventfds;
  private readonly host: KvmHost;

  /**
   * @param fds pass the same table to the façades of several machines to share eventfds between them
   * @throws ConfigError naming the plugin that is missing: all four are needed
   */
  constructor(host: KvmHost, fds: FdTable = new FdTable()) {
    super();
    this.host = host;
    this.fds = fds;
    this.eventfds = new EventFdCalls(host.get(EventFdFactoryToken), fds);
    this.router = host.get(TableRouterToken);
    this.irqfds = host.get(IrqfdsToken);
    this.ioeventfds = host.get(IoeventfdsToken);
    this.lines = new KvmIrqLine(this.router, host.vcpus);
  }

  /** KVM_IRQ_LINE. */
  irqLine(arg: KvmIrqLevel): number {
    irqLevelCodec.check(arg);
    return this.answer(() => this.lines.set(arg));
  }

  /** KVM_SET_GSI_ROUTING: replaces the whole table, or changes nothing. */
  setGsiRouting(arg: KvmIrqRouting): number {
    irqRoutingCodec.check(arg);
    return this.answer(() => {
      const { nr, flags, entries } = arg;
      const { profile } = this.router;
      if (nr > profile.maxRoutes) throw refusal("EINVAL", "kvm_irq_routing.nr", nr, `0 … ${profile.maxRoutes}`);
      if (flags !== 0) throw refusal("EINVAL", "kvm_irq_routing.flags", hex(flags), 0);
      if (entries.length < nr) throw refusal("EFAULT", "kvm_irq_routing.entries", `${entries.length} entries`, `${nr}, as nr says,`);
      const given = entries.slice(0, nr);
      checkGsis(given, profile);
      this.router.replace(given.map(routeOf));
      return 0;
    });
  }

  /** KVM_IRQFD, both ways. */
  irqfd(arg: KvmIrqfd): number {
    irqfdCodec.check({ ...arg, fd: arg.fd >>> 0, resamplefd: arg.resamplefd >>> 0 }); // −1 is what C passes for "none"
    return this.answer(() => {
      const { fd, gsi, flags, resamplefd } = arg;
      if ((flags & ~(abi.KVM_IRQFD_FLAG_DEASSIGN | abi.KVM_IRQFD_FLAG_RESAMPLE)) !== 0) {
        throw refusal("EINVAL", "kvm_irqfd.flags", hex(flags), "DEASSIGN (1) and RESAMPLE (2)");
      }
      if ((flags & abi.KVM_IRQFD_FLAG_DEASSIGN) !== 0) {
        this.irqfds.deassign({ eventFd: this.fds.eventFd("kvm_irqfd.fd", fd), gsi });
        return 0;
      }
      refuseUninitialised(this.router.irqchips);
      const eventFd = this.fds.eventFd("kvm_irqfd.fd", fd);
      if ((flags & abi.KVM_IRQFD_FLAG_RESAMPLE) === 0) this.irqfds.assign({ eventFd, gsi });
      else this.irqfds.assign({ eventFd, gsi, resample: this.fds.eventFd("kvm_irqfd.resamplefd", resamplefd) });
      return 0;
    });
  }

  /** KVM_IOEVENTFD, both ways. */
  ioeventfd(arg: KvmIoeventfd): number {
    ioeventfdCodec.check(arg);
    return this.answer(() => {
      const { addr, len, fd, flags, datamatch } = arg;
      const matches = (flags & abi.KVM_IOEVENTFD_FLAG_DATAMATCH) !== 0;
      const deassign = (flags & abi.KVM_IOEVENTFD_FLAG_DEASSIGN) !== 0;
      if (!deassign) {
        checkIoeventfdRange(addr, len);
        if ((flags & ~abi.KVM_IOEVENTFD_VALID_FLAG_MASK) !== 0) throw refusal("EINVAL", "kvm_ioeventfd.flags", hex(flags), hex(abi.KVM_IOEVENTFD_VALID_FLAG_MASK));
        checkIoeventfdDatamatch(len, matches);
      }
      const binding: SpacedBinding = {
        eventFd: this.fds.eventFd("kvm_ioeventfd.fd", fd),
        space: spaceOf(flags),
        address: addr,
        length: len as SpacedBinding["length"],
        ...(matches ? { datamatch } : {}),
      };
      // The plugin knows one space more than core's contract; see IoeventfdSpace.
      if (deassign) this.ioeventfds.deassign(binding as IoeventfdBinding);
      else this.ioeventfds.assign(binding as IoeventfdBinding);
      return 0;
    });
  }

  /** KVM_SIGNAL_MSI. @returns 1 delivered, 0 blocked by the guest, or −EINVAL, −ENODEV, −EBUSY */
  signalMsi(arg: KvmMsi): number {
    msiCodec.check(arg);
    return this.answer(() => {
      const { irqchips, msi$ } = this.router;
      const { addressLo, addressHi, data, flags, devid } = arg;
      if (irqchips.length === 0) throw refusal("EINVAL", "irqchip", "none", "a machine with an irqchip");
      if ((flags & ~abi.KVM_MSI_VALID_DEVID) !== 0) throw refusal("EINVAL", "kvm_msi.flags", hex(flags), "VALID_DEVID (1)");
      if (!irqchips.some(({ capabilities }) => capabilities.msi)) throw refusal("ENODEV", "irqchip", irqchips[0]!.name, "one that takes messages (an ITS)");
      const address = u64(addressHi, addressLo);
      const result = msi$.emit(address, data, (flags & abi.KVM_MSI_VALID_DEVID) === 0 ? NO_DEVICE_ID : devid);
      if (result === IGNORED) throw refusal("EINVAL", "kvm_msi.address", hex(toBigint(address)), "the doorbell of an irqchip");
      return Math.min(result, 1);
    });
  }

  /** KVM_CHECK_EXTENSION on the VM. 0 for what there is not. */
  checkExtension(capability: number): number {
    return extension(capability, this.router, this.host.vcpus.length);
  }

  /** ioctl(2): the structure as bytes, or KVM_CHECK_EXTENSION's number. @returns as the methods; −EFAULT for too few bytes, −ENOTTY for other requests */
  ioctl(request: number, argument: Uint8Array | number): number {
    if (typeof argument === "number") return request === abi.KVM_CHECK_EXTENSION ? this.checkExtension(argument) : this.notTty(request);
    switch (request) {
      case abi.KVM_IRQ_LINE:
      case abi.KVM_IRQ_LINE_STATUS: // copied back on arm64 with a meaningless status: the word that was passed in
        return this.decoded(irqLevelCodec, argument, (arg) => this.irqLine(arg));
      case abi.KVM_SET_GSI_ROUTING:
        return this.decoded({ decode: (bytes) => routingFrom(bytes, this.router.profile.maxRoutes) }, argument, (arg) => this.setGsiRouting(arg));
      case abi.KVM_IRQFD:
        return this.decoded(irqfdCodec, argument, (arg) => this.irqfd(arg));
      case abi.KVM_IOEVENTFD:
        return this.decoded(ioeventfdCodec, argument, (arg) => this.ioeventfd(arg));
      case abi.KVM_SIGNAL_MSI:
        return this.decoded(msiCodec, argument, (arg) => this.signalMsi(arg));
      default:
        return this.notTty(request);
    }
  }

  private decoded<T>(codec: { decode(bytes: Uint8Array): T }, bytes: Uint8Array, call: (arg: T) => number): number {
    let arg: T | undefined;
    const fault = this.answer(() => {
      arg = codec.decode(bytes);
      return 0;
    });
    return fault < 0 ? fault : call(arg!);
  }

  private notTty(request: number): number {
    return this.answer(() => {
      throw refusal("ENOTTY", "ioctl request", hex(request), "one of the six this object answers");
    });
  }
}

function spaceOf(flags: number): SpacedBinding["space"] {
  if ((flags & abi.KVM_IOEVENTFD_FLAG_PIO) !== 0) return "pio";
  return (flags & abi.KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY) !== 0 ? "virtio-ccw" : "mmio";
}

/** C.2, rows 7 and 10. */
function routeOf(entry: KvmIrqRoutingEntry, index: number): GsiRoute {
  const { gsi, type, flags, u } = entry;
  const isMsi = type === abi.KVM_IRQ_ROUTING_MSI;
  if ((flags & ~(isMsi ? abi.KVM_MSI_VALID_DEVID : 0)) !== 0) {
    throw refusal("EINVAL", `entries[${index}].flags`, hex(flags), isMsi ? "VALID_DEVID (1) of an MSI entry" : 0);
  }
  if (isMsi && "msi" in u) return { gsi, target: msiTarget(u.msi, flags) };
  if (type === abi.KVM_IRQ_ROUTING_IRQCHIP && "irqchip" in u) return { gsi, target: { irqchip: u.irqchip.irqchip, pin: u.irqchip.pin } };
  throw refusal("EINVAL", `entries[${index}].type`, type, "1 (IRQCHIP) with u.irqchip or 2 (MSI) with u.msi");
}

function msiTarget({ addressLo, addressHi, data, devid }: KvmRoutingMsi, flags: number): RouteTarget {
  const address = toBigint(u64(addressHi, addressLo));
  return { msi: { address, data, ...((flags & abi.KVM_MSI_VALID_DEVID) === 0 ? {} : { deviceId: devid }) } };
}

type KvmRoutingMsi = Extract<KvmIrqRoutingEntry["u"], { msi: unknown }>["msi"];

/** Too many entries are refused before any is copied, whatever there is to copy. */
function routingFrom(bytes: Uint8Array, maxRoutes: number): KvmIrqRouting {
  const header = irqRoutingCodec.size;
  const nr = bytes.length < header ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (nr <= maxRoutes) return irqRoutingCodec.decode(bytes);
  return { nr, flags: 0, entries: [] };
}
