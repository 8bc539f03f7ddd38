/**
 * A stock Linux kernel on our devices, beside QEMU's, and the memory that it takes. Measured where `trapline images fetch debian` has
 * fetched a kernel; nothing is fetched here.
 */
import { ImageCache } from "@trapline/cli";
import { bootHere, bootOnQemu, type LinuxShape, residentBare, residentHere } from "../fixtures/linux-boot.ts";
import { atLeastOfQemu, atMost, type Row } from "../harness/row.ts";
import { findQemu } from "../qemu/find-qemu.ts";

const SAMPLES = 5;
const BOOT: LinuxShape = { memoryMiB: 512 };
/** Small, so that all of it is in use. */
const RESIDENT: LinuxShape = { memoryMiB: 128 };
/** What may come on top of the guest's memory and of Node with the same libraries. */
const OVERHEAD_MIB = 96;
/** Times QEMU's may it take, on Node 20, and on 22 and later. */
const [TIMES_QEMU, TIMES_QEMU_ON_NODE_22] = [2, 1.5] as const;

const image = await new ImageCache(process.env).find("debian");
const here = image === undefined ? { impossible: "`trapline images fetch debian` fetches their kernel" } : {};

export const rows: readonly Row[] = [
  {
    name: "linux/boot-poweroff",
    unit: "s",
    samples: SAMPLES,
    targets: [atLeastOfQemu(1 / TIMES_QEMU, 1 / TIMES_QEMU_ON_NODE_22)],
    ...here,
    prepare: () => {
      const qemu = findQemu();
      return { sample: () => bootHere(image!, BOOT), ...(qemu === undefined ? {} : { sampleQemu: () => bootOnQemu(qemu, image!, BOOT) }) };
    },
  },
  {
    name: "memory/linux-rss",
    unit: "MiB",
    samples: 3,
    targets: [atMost(RESIDENT.memoryMiB + OVERHEAD_MIB)],
    ...here,
    prepare: () => ({ sample: async () => (await residentHere(image!, RESIDENT)) - (await residentBare()) }),
  },
];
