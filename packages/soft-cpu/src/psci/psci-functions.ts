/**
 * Function ids and return codes of PSCI 1.1 (Arm DEN 0022, "PSCI function prototypes" and "Return error codes") and of the
 * SMC Calling Convention 1.1 (Arm DEN 0028), as far as this firmware has or refuses them.
 */

/** Bit 30 of a function id: arguments are 64 bits wide. */
export const SMC64 = 0x4000_0000;

export const SMCCC_VERSION = 0x8000_0000;
export const SMCCC_ARCH_FEATURES = 0x8000_0001;

export const PSCI_VERSION = 0x8400_0000;
export const CPU_SUSPEND = 0x8400_0001;
export const CPU_OFF = 0x8400_0002;
export const CPU_ON = 0x8400_0003;
export const AFFINITY_INFO = 0x8400_0004;
export const MIGRATE = 0x8400_0005;
export const MIGRATE_INFO_TYPE = 0x8400_0006;
export const MIGRATE_INFO_UP_CPU = 0x8400_0007;
export const SYSTEM_OFF = 0x8400_0008;
export const SYSTEM_RESET = 0x8400_0009;
export const PSCI_FEATURES = 0x8400_000a;
export const CPU_FREEZE = 0x8400_000b;
export const CPU_DEFAULT_SUSPEND = 0x8400_000c;
export const NODE_HW_STATE = 0x8400_000d;
export const SYSTEM_SUSPEND = 0x8400_000e;
export const SET_SUSPEND_MODE = 0x8400_000f;
export const STAT_RESIDENCY = 0x8400_0010;
export const STAT_COUNT = 0x8400_0011;
export const SYSTEM_RESET2 = 0x8400_0012;

export const SUCCESS = 0;
export const NOT_SUPPORTED = -1;
export const INVALID_PARAMETERS = -2;
export const ALREADY_ON = -4;
export const ON_PENDING = -5;
export const INVALID_ADDRESS = -9;

/** What AFFINITY_INFO returns. */
export const AFFINITY_ON = 0;
export const AFFINITY_OFF = 1;
export const AFFINITY_ON_PENDING = 2;

/** Ranges of ids to claim, first and count: the architecture's calls and PSCI's, in both widths. */
export const PSCI_RANGES: readonly (readonly [first: number, count: number])[] = [
  [SMCCC_VERSION, 2],
  [PSCI_VERSION, 0x20],
  [PSCI_VERSION + SMC64, 0x20],
];
