/** The one shape of a refused call: which field, its value, what would have been allowed, and the errno Linux answers. */
import { type ErrnoName, hex, KvmError } from "@trapline/core";

type Shown = number | bigint | string;

/**
 * `EINVAL: kvm_irq_routing.nr is 4097 where 0 … 4096 is allowed`
 *
 * @param field the field as the kernel's header spells it: "kvm_irqfd.gsi"
 * @param limit what would have been accepted, as a phrase
 */
export function refusal(errno: ErrnoName, field: string, value: Shown, limit: Shown, remedy?: string): KvmError {
  return new KvmError(errno, `${field} is ${show(value)} where ${show(limit)} is allowed`, {
    subject: field,
    value,
    limit,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function show(value: Shown): string {
  if (typeof value === "string") return value;
  return value < 65_536 ? String(value) : hex(value);
}
