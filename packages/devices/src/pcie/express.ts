/**
 * The PCI Express capability (PCI Express Base, 7.5.3), version 2, of an endpoint whose link, if it has one, is up at 2.5 GT/s
 * and one lane wide. Software's settings are kept, without effect, but for Initiate Function Level Reset. Cold.
 */
import { bit, lo32, type PciCapability, type PciExpress, type RegisterSpec } from "@trapline/core";

export const CAPABILITY_EXPRESS = 0x10;
const PORT_TYPES = { endpoint: 0x0, "legacy-endpoint": 0x1, "root-complex-endpoint": 0x9 } as const;
const VERSION = 2;
const ROLE_BASED_ERROR_REPORTING = 1 << 15;
const FUNCTION_LEVEL_RESET = 1 << 28;
const INITIATE_RESET = 15;
/** Enable Relaxed Ordering, Enable No Snoop, requests of 512 bytes. */
const DEVICE_CONTROL_RESET = 0x2810;
/** Everything but Initiate Function Level Reset, which reads 0. */
const DEVICE_CONTROL_WRITABLE = 0x7fff;
const SPEED_AND_WIDTH = 0x11;
const LINK_CONTROL_WRITABLE = 0x00db;
const SPEED_2_5 = 1 << 1;

export class Express {
  deviceControl: number = DEVICE_CONTROL_RESET;
  linkControl = 0;

  reset(): void {
    this.deviceControl = DEVICE_CONTROL_RESET;
    this.linkControl = 0;
  }
}

/** @param resetFunction called when software initiates a function-level reset, where the function has one */
export function expressCapability(state: Express, { type = "root-complex-endpoint", functionLevelReset = false }: PciExpress, resetFunction: () => void): PciCapability {
  const control: RegisterSpec<unknown> = {
    name: "Device Control",
    offset: 0x08,
    access: "RW",
    size: 2,
    reset: DEVICE_CONTROL_RESET,
    read: () => state.deviceControl,
    write(_device, value) {
      state.deviceControl = lo32(value) & DEVICE_CONTROL_WRITABLE;
      if (functionLevelReset && bit(lo32(value), INITIATE_RESET)) resetFunction();
    },
  };
  // Section 7.5.3: link registers are for functions with a link; a root-complex endpoint's are 0.
  const link: readonly RegisterSpec<unknown>[] = [
    { name: "Link Capabilities", offset: 0x0c, access: "RO", reset: SPEED_AND_WIDTH },
    {
      name: "Link Control",
      offset: 0x10,
      access: "RW",
      size: 2,
      read: () => state.linkControl,
      write: (_device, value) => void (state.linkControl = lo32(value) & LINK_CONTROL_WRITABLE),
    },
    { name: "Link Status", offset: 0x12, access: "RO", size: 2, reset: SPEED_AND_WIDTH },
    { name: "Link Capabilities 2", offset: 0x2c, access: "RO", reset: SPEED_2_5 },
  ];
  return {
    id: CAPABILITY_EXPRESS,
    length: 0x3c,
    registers: [
      { name: "PCI Express Capabilities", offset: 0x02, access: "RO", size: 2, reset: (PORT_TYPES[type] << 4) | VERSION },
      { name: "Device Capabilities", offset: 0x04, access: "RO", reset: ROLE_BASED_ERROR_REPORTING | (functionLevelReset ? FUNCTION_LEVEL_RESET : 0) },
      control,
      { name: "Device Status", offset: 0x0a, access: "RO", size: 2 },
      ...(type === "root-complex-endpoint" ? [] : link),
      { name: "Device Capabilities 2", offset: 0x24, access: "RO" },
      { name: "Device Control 2", offset: 0x28, access: "RO", size: 2 },
    ],
  };
}
