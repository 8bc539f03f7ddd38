/** Feature bits of rings and transport, and those of the device status (virtio 1.2, 2.1, 2.2, 6). */

/** 6.3: a legacy driver's buffers may be split as it likes; devices here never depend on it. */
export const VIRTIO_F_ANY_LAYOUT: bigint = 1n << 27n;
export const VIRTIO_F_RING_INDIRECT_DESC: bigint = 1n << 28n;
export const VIRTIO_F_RING_EVENT_IDX: bigint = 1n << 29n;
export const VIRTIO_F_VERSION_1: bigint = 1n << 32n;

/** Bits 24 … 40, and those reserved up to 49: not a device's own (2.2). */
export const TRANSPORT_FEATURES: bigint = (1n << 50n) - (1n << 24n);
/**
 * What every transport here adds to a device's features. Not ACCESS_PLATFORM, for there is no IOMMU; not RING_PACKED, IN_ORDER,
 * ORDER_PLATFORM, SR_IOV, NOTIFICATION_DATA or RING_RESET.
 */
export const OFFERED_MODERN: bigint = VIRTIO_F_RING_INDIRECT_DESC | VIRTIO_F_RING_EVENT_IDX | VIRTIO_F_VERSION_1;
export const OFFERED_LEGACY: bigint = VIRTIO_F_ANY_LAYOUT | VIRTIO_F_RING_INDIRECT_DESC | VIRTIO_F_RING_EVENT_IDX;

/** 2.1 */
export const STATUS = { ACKNOWLEDGE: 1, DRIVER: 2, DRIVER_OK: 4, FEATURES_OK: 8, DEVICE_NEEDS_RESET: 64, FAILED: 128 } as const;
