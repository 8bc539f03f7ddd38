/** Which numbers a virtio device has on PCI (virtio 1.2, 4.1.2): modern ones by rule, transitional ones and classes by list. Cold. */
import { ConfigError, type PciIds } from "@trapline/core";

const VENDOR = 0x1af4;
const FIRST_MODERN = 0x1040;
/** 4.1.2: device types that existed before 1.0. */
const TRANSITIONAL: Readonly<Record<number, number>> = { 1: 0x1000, 2: 0x1001, 3: 0x1003, 4: 0x1005, 5: 0x1002, 8: 0x1004, 9: 0x1009 };
/** As QEMU has them: network, SCSI storage, communication, display, … */
const CLASSES: Readonly<Record<number, number>> = {
  1: 0x02_00_00,
  2: 0x01_00_00,
  3: 0x07_80_00,
  8: 0x01_00_00,
  9: 0x00_02_00,
  16: 0x03_80_00,
  18: 0x09_80_00,
  19: 0x07_80_00,
  26: 0x01_80_00,
};
const CLASS_OTHER = 0x00_ff_00;

/** @throws ConfigError for a transitional device of a type that has no such number */
export function pciIds(name: string, type: number, transitional: boolean): PciIds {
  const classCode = CLASSES[type] ?? CLASS_OTHER;
  // 4.1.2.1: modern drivers want revision 1 and up, legacy ones 0 and the type as the subsystem.
  if (!transitional) return { vendor: VENDOR, device: FIRST_MODERN + type, classCode, revision: 1 };
  const device = TRANSITIONAL[type];
  if (device !== undefined) return { vendor: VENDOR, device, classCode, revision: 0, subsystemVendor: VENDOR, subsystem: type };
  throw new ConfigError(`${name} is of virtio type ${type}, which has no interface from before 1.0`, {
    subject: name,
    value: type,
    limit: Object.keys(TRANSITIONAL).join(", "),
    remedy: "leave legacy out",
  });
}
