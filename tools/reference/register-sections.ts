// Which rows stand on which page of docs/reference, and where a machine has them. Rows are named by file and export, because they are a
// device's inside: not all of them are exported by their package.
import type { ResetMachines } from "./reset-values.ts";

/** A row as the pages need it: `RegisterSpec` of core without its hooks' types. */
export interface Row {
  readonly name: string;
  readonly offset: number;
  readonly access: string;
  readonly size?: number;
  readonly count?: number;
  readonly stride?: number;
  readonly widths?: readonly number[];
  readonly reset?: number | bigint;
  readonly read?: unknown;
  readonly fields?: Readonly<Record<string, number | readonly [hi: number, lo: number]>>;
  readonly note?: string;
}

/** What a module may offer: rows, a bank, or a capability, which has its rows as registers. */
export type Rows =
  | readonly Row[]
  | { readonly rows: readonly Row[]; readonly frameSize: number }
  | { readonly registers: readonly Row[]; readonly length: number };

/** Makes the rows, where the export is a function. */
type Make = (make: (...args: never[]) => Rows) => Rows;

export interface Section {
  readonly title: string;
  /** Below packages/. */
  readonly file: string;
  /** Name of the export. */
  readonly name: string;
  readonly make?: Make;
  /** Where a machine has it, so that reset values can be looked up there. */
  readonly at?: readonly [machine: keyof ResetMachines, base: number];
  readonly intro?: string;
}

export interface RegisterPage {
  readonly file: string;
  readonly title: string;
  readonly about: string;
  readonly sections: readonly Section[];
}

const vgic = (file: string): string => `vgic-plugin/src/${file}`;
const devices = (file: string): string => `devices/src/${file}`;
const virtio = (file: string): string => `virtio/src/${file}`;
const [MSI_ROWS, MSIX_ROWS] = [devices("pcie/msi.registers.ts"), devices("pcie/msix.registers.ts")];
const [MMIO_ROWS, LEGACY_ROWS] = [virtio("mmio/virtio-mmio.registers.ts"), virtio("pci/legacy-header.registers.ts")];
const [V2, V3] = ["virt with a GICv2", "virt with a GICv3"] as const;

/** A function with these has every register of its kind. */
const MSIX = { vectors: 1, enabled: false, functionMask: false };
const MSI = { vectors: 1, maskable: true };
const ENDPOINT = { type: "endpoint", functionLevelReset: true };
const given =
  (...args: readonly unknown[]): Make =>
  (make) =>
    make(...(args as never[]));

const GIC_ABOUT =
  "One security state. Bases are [options of the plugins](machine-file-options.md). The CPU interface of the GICv3 is among the " +
  "[system registers](registers-system.md).";
const DEVICES_ABOUT =
  "fw_cfg and the flash have no rows, because what they answer depends on what was written before: see " +
  "[fw-cfg.ts](../../packages/devices/src/fw-cfg/fw-cfg.ts) and [cfi-flash.ts](../../packages/devices/src/flash/cfi-flash.ts).";
const PCI_ABOUT =
  "Configuration space as [pcieHost](../../packages/devices/README.md#pci-express) makes it of a function. Capabilities stand from 0x40 " +
  "on; their offsets here are from where each begins.";

export const REGISTER_PAGES: readonly RegisterPage[] = [
  {
    file: "registers-gic.md",
    title: "Registers of the GIC",
    about: GIC_ABOUT,
    sections: [
      { title: "GICD of the GICv3", file: vgic("gicd-v3.registers.ts"), name: "gicdV3Registers", at: [V3, 0x0800_0000] },
      { title: "GICR, the two frames of one vCPU", file: vgic("gicr.registers.ts"), name: "gicrRegisters", at: [V3, 0x080a_0000] },
      { title: "GITS, control and translation frame", file: vgic("its/its.registers.ts"), name: "gitsRegisters", at: [V3, 0x0808_0000] },
      { title: "GICD of the GICv2", file: vgic("gicd-v2.registers.ts"), name: "gicdV2Registers", at: [V2, 0x0800_0000] },
      { title: "GICC of the GICv2", file: vgic("gicc.registers.ts"), name: "giccRegisters", at: [V2, 0x0801_0000] },
      { title: "GICv2m frame", file: vgic("gic-v2m.ts"), name: "gicV2mRegisters", at: [V2, 0x0802_0000] },
    ],
  },
  {
    file: "registers-devices.md",
    title: "Registers of the platform devices",
    about: DEVICES_ABOUT,
    sections: [
      { title: "PL011, UART", file: devices("pl011/pl011.registers.ts"), name: "pl011Registers", at: [V3, 0x0900_0000] },
      { title: "PL031, real-time clock", file: devices("pl031/pl031.registers.ts"), name: "pl031Registers", at: [V3, 0x0901_0000] },
      { title: "PL061, GPIO", file: devices("pl061/pl061.registers.ts"), name: "pl061Registers", at: [V3, 0x0903_0000] },
    ],
  },
  {
    file: "registers-pci.md",
    title: "Registers of PCI functions",
    about: PCI_ABOUT,
    sections: [
      { title: "Configuration header, type 0", file: devices("pcie/config-header.registers.ts"), name: "headerRows" },
      { title: "MSI capability", file: MSI_ROWS, name: "msiCapability", make: given(MSI) },
      {
        title: "MSI-X capability",
        file: MSIX_ROWS,
        name: "msixCapability",
        make: given(MSIX, 0, 0, 0),
        intro: "Where table and pending bits are is the function's choice; here both are at 0 of BAR 0.",
      },
      {
        title: "MSI-X table",
        file: MSIX_ROWS,
        name: "msixTable",
        make: given(1),
        intro: "Of one vector; the next one's follow 16 bytes on.",
      },
      { title: "MSI-X pending bits", file: MSIX_ROWS, name: "msixPending", make: given(64), intro: "Of 64 vectors." },
      {
        title: "PCI Express capability",
        file: devices("pcie/express.ts"),
        name: "expressCapability",
        make: given({}, ENDPOINT, () => {}),
        intro: "Of an endpoint with function-level reset; a root-complex endpoint has no link registers.",
      },
    ],
  },
  {
    file: "registers-virtio.md",
    title: "Registers of the virtio transports",
    about: "The device's own configuration is not here: it follows at 0x100 on MMIO, and is a structure of its own on PCI.",
    sections: [
      { title: "virtio-mmio, version 2", file: MMIO_ROWS, name: "modernRegisters" },
      { title: "virtio-mmio, version 1 (legacy)", file: MMIO_ROWS, name: "legacyRegisters" },
      { title: "virtio-mmio without a device", file: MMIO_ROWS, name: "emptyRegisters" },
      { title: "virtio-pci, common configuration", file: virtio("pci/common-config.registers.ts"), name: "commonConfigRegisters" },
      {
        title: "virtio-pci, legacy header with MSI-X enabled",
        file: LEGACY_ROWS,
        name: "legacyMsixHeaderRegisters",
        intro: "Without MSI-X the last two are not there, and the device's configuration follows at 0x14.",
      },
    ],
  },
];

/** Files *.registers.ts that are shown elsewhere: on registers-system.md. */
export const SHOWN_ELSEWHERE: readonly string[] = [vgic("icc.registers.ts")];
