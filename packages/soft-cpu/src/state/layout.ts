/**
 * Where everything of the running vCPU lies in the WebAssembly memory that also holds guest RAM: all at addresses that are
 * constants of the generated code. The state of the vCPUs that do not run is kept behind it and changes places with that in
 * `STATE` … `STATE_END` when their turn comes; translations stay in place, in a context of each vCPU's own.
 *
 * Bounds: records 2048 pages × 18.5 KiB, contexts 16 × 100 KiB, 1.6 KiB for each vCPU; 40 MiB in all with up to 512 of them, which the
 * host commits as they are touched.
 */

/** First byte of the state that belongs to one vCPU. */
export const STATE = 0x400;

/**
 * The register file, 8 bytes a slot: X0 … X30, SP, then a slot that reads as zero and one that swallows writes, so that
 * register 31 needs no test. V0 … V31 follow. Operands of records are byte offsets from here.
 */
export const REGISTERS = 0x400;
export const SLOT_SP = 31;
export const SLOT_ZERO = 32;
export const SLOT_SINK = 33;
/** Offset of V0 from REGISTERS. */
export const VECTORS = 0x110;

// Flags as ir/expr.ts keeps them.
export const FLAG_N_ADDRESS = 0x710; // i64
export const FLAG_Z_ADDRESS = 0x718; // i64
export const FLAG_V_ADDRESS = 0x720; // i64
export const FLAG_C_ADDRESS = 0x728; // i32

/**
 * i32: what compiled code left of the flags: 0 when the four are as above, else the comparison (settle-flags.ts) of the two i64
 * operands. Always 0 where the interpreter or the host looks.
 */
export const PENDING_FLAGS = 0x72c;
export const PENDING_A = 0x7a0;
export const PENDING_B = 0x7a8;

/** i64: virtual address of the page that is executed. */
export const PAGE_VA = 0x730;
/** i32: address of that page's records. */
export const PAGE_RECORDS = 0x738;
/** i32: address of the record to execute next; valid outside generated code and in its slow paths. */
export const IP = 0x73c;
/** i32: instructions left of the slice; valid where IP is. */
export const BUDGET = 0x740;
/** i32: base of the translations in use (vCPU and exception level). */
export const CONTEXT = 0x744;
/** i64: the exclusive monitor's physical address, −1 when open; then what was read. */
export const EXCLUSIVE_ADDRESS = 0x748;
export const EXCLUSIVE_LO = 0x750; // i64
export const EXCLUSIVE_HI = 0x758; // i64
/** i32: bytes the monitor covers. */
export const EXCLUSIVE_SIZE = 0x760;

// PSTATE without NZCV.
/** i32: D, A, I, F in bits 9:6, as in SPSR. */
export const DAIF = 0x764;
/** i32: 0 or 1. */
export const CURRENT_EL = 0x768;
/** i32: PSTATE.SP. */
export const SP_SELECT = 0x76c;
/** i32: which of IRQ (bit 7) and FIQ (bit 6) lines are high: `pending & ~DAIF` is an interrupt to take. */
export const PENDING_LINES = 0x770;
/** i32: PSTATE.SS in bit 21, PSTATE.IL in bit 20. */
export const STEP_STATE = 0x774;
export const FPCR = 0x778; // i32
export const FPSR = 0x77c; // i32
/** i32: 1 while software step or breakpoints are on: an instruction that changes PSTATE.D goes to the host. */
export const DEBUG_ARMED = 0x7b0;
/** i32: not 0 when compiled code was left last because a chunk was about to end. */
export const LEFT_FOR_BUDGET = 0x7b4;
/** i32: how often the interpreter entered compiled code since the compiler looked last. */
export const ENTRIES = 0x7c8;
// i32, of the last such entry that was not cut short by the end of a chunk:
/** The record where it entered. */
export const LAST_ENTRY = 0x7cc;
/** What compiled code returned: the record where it left, and why. */
export const LAST_LEFT = 0x7d4;
/** How many instructions it ran. */
export const LAST_RAN = 0x7d8;
/** i32: bit 0, software step has just let an instruction run; bit 1, which was a Load-Exclusive. */
export const STEP_SYNDROME = 0x7b8;
/** i32: synchronous exceptions in a row that were raised where they led. */
export const REPEATED_EXCEPTIONS = 0x7bc;
/** i64: the virtual address of an access that goes the slow way. */
export const ACCESS_VA = 0x780;
/** i64: an operand or result of a host function. */
export const HOST_VALUE = 0x788;
/** i64: where execution goes on while DIVERTED is set. */
export const NEXT_PC = 0x7c0;
/** i32: 1 when an exception or a reset moved the program counter under an instruction. */
export const DIVERTED = 0x790;
/** i32: base of EL0's translations of this vCPU, which unprivileged loads and stores use from EL1. */
export const EL0_CONTEXT_BASE = 0x798;
/** i32: 1 when the machine has more than one vCPU, so that YIELD gives way. */
export const OTHERS_WAIT = 0x79c;
/** i32: 1 while FP and Advanced SIMD are trapped (CPACR_EL1.FPEN for the current level). */
export const FP_TRAPPED = 0x794;
/** i32: the bits of SP that have to be 0 where memory is accessed by it: 15 while its alignment is checked at the current level, else 0. */
export const SP_CHECKED = 0x7d0;

/** System registers, 8 bytes each, in the order of their rows. */
export const SYSREGS = 0x800;
export const SYSREG_SLOTS = 72;
export const STATE_END: number = SYSREGS + 8 * SYSREG_SLOTS;
export const STATE_BYTES: number = STATE_END - STATE;

/** 64 bytes where an access to a device, or over a page boundary, leaves and finds what it moves. */
export const SCRATCH = 0x1000;

/** Tables for CRC32 and CRC32C: for each, eight of 256 words, so that eight bytes take eight look-ups. */
export const CRC_TABLES = 0x2000;
export const CRC_TABLE_BYTES = 0x400;
export const CRC_POLYNOMIAL_BYTES: number = 8 * CRC_TABLE_BYTES;

/**
 * Translations: one context per vCPU and exception level. Data entries are 32 bytes: tag for reads, tag for writes (the
 * page's virtual address, or −1), what to add to a virtual address to find its byte, flags, and the page of the slow entry.
 */
export const CONTEXTS = 0x10000;
export const DATA_ENTRIES = 1024;
export const DATA_ENTRY_BYTES = 32;
export const TAG_READ = 0;
export const TAG_WRITE = 8;
export const ADDEND = 16;
export const ENTRY_FLAGS = 20;
export const TAG_SLOW = 24;
/** Instruction entries, 16 bytes: page, records. */
export const CODE_TRANSLATIONS: number = DATA_ENTRIES * DATA_ENTRY_BYTES;
export const CODE_ENTRIES = 1024;
export const CODE_ENTRY_BYTES = 16;
export const CODE_ENTRY_RECORDS = 8;
/**
 * Windows: where compiled code saw a page last (jit/windows.ts), 16 bytes each: the page's virtual address, or −1, and the addend. What
 * stands in one is a fast tag of the context's data entries as well. The first says whether any is in use (−1: none).
 */
export const WINDOWS = 0xc000;
export const WINDOW_COUNT = 128;
export const WINDOW_BYTES = 16;
export const WINDOW_ADDEND = 8;
/** One level's translations. */
export const CONTEXT_BYTES = 0xc800;
/** A vCPU's: EL1's first, then EL0's. */
export const EL0_CONTEXT = 0xc800; // one level further
export const CONTEXT_PAIR: number = 2 * CONTEXT_BYTES;
export const CONTEXT_COUNT = 16;

/**
 * Decoded instructions, per physical page: 1024 records of 16 bytes, one that leaves the page, and the handlers that were there
 * before compiled code took their place.
 */
export const RECORD_POOL = 0x1a0000;
export const RECORD_BYTES = 16;
export const RECORDS_PER_PAGE = 1024;
/** The record behind the last: goes on in the next page. */
export const PAGE_END: number = RECORDS_PER_PAGE * RECORD_BYTES;
/** u16 × 1024: the interpreter's handler of records that enter compiled code. */
export const PLAIN_HANDLERS: number = PAGE_END + 64;
export const RECORD_PAGE_BYTES: number = PLAIN_HANDLERS + 2 * RECORDS_PER_PAGE;
export const RECORD_PAGES = 2048;

/** The state of each vCPU that is not in place, one after the other. */
const SAVED_STATES: number = RECORD_POOL + RECORD_PAGES * RECORD_PAGE_BYTES;
export const savedStateAt = (vcpu: number): number => SAVED_STATES + vcpu * STATE_BYTES;

/** What a machine of so many vCPUs needs in front of guest memory. */
export const reserveBytes = (vcpus: number): number => savedStateAt(vcpus);

// Fields of a record.
export const HANDLER = 0; // u16
export const FIELD_D = 2; // u16, byte offset into the register file
export const FIELD_N = 4; // u16
export const FIELD_M = 6; // u16
export const FIELD_IMM = 8; // i32, or i64 in forms that say so
export const FIELD_A = 12; // u16
export const FIELD_SHIFT = 14; // u16
