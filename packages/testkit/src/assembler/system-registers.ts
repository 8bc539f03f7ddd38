/**
 * Names of system registers (Arm ARM DDI 0487, D12.2 and D12.3; GIC: Arm IHI 0069, 12.2): EL0 and EL1 of Armv8.0, the GIC's, the
 * performance monitors', and those of EL2 that a guest may touch to see itself refused. Others are written S<op0>_<op1>_C<n>_C<m>_<op2>.
 * Pure data, held against GNU as by encodings.spec.ts.
 */
import { sysregEncoding } from "@trapline/core";

/** Registers of one op0 and op1: `CRn CRm op2 name`. */
type Group = readonly [op0: number, op1: number, rows: string];

const GROUPS: readonly Group[] = [
  [
    2,
    0,
    `
    0 0 2 osdtrrx_el1; 0 2 0 mdccint_el1; 0 2 2 mdscr_el1; 0 3 2 osdtrtx_el1; 0 6 2 oseccr_el1; 1 0 0 mdrar_el1; 1 0 4 oslar_el1;
    1 1 4 oslsr_el1; 1 3 4 osdlr_el1; 1 4 4 dbgprcr_el1; 7 8 6 dbgclaimset_el1; 7 9 6 dbgclaimclr_el1; 7 14 6 dbgauthstatus_el1
  `,
  ],
  [
    2,
    3,
    `
    0 1 0 mdccsr_el0; 0 4 0 dbgdtr_el0; 0 5 0 dbgdtrrx_el0; 0 5 0 dbgdtrtx_el0
  `,
  ],
  [
    3,
    0,
    `
    0 0 0 midr_el1; 0 0 5 mpidr_el1; 0 0 6 revidr_el1; 0 1 0 id_pfr0_el1; 0 1 1 id_pfr1_el1; 0 1 2 id_dfr0_el1; 0 1 3 id_afr0_el1;
    0 1 4 id_mmfr0_el1; 0 1 5 id_mmfr1_el1; 0 1 6 id_mmfr2_el1; 0 1 7 id_mmfr3_el1; 0 2 0 id_isar0_el1; 0 2 1 id_isar1_el1;
    0 2 2 id_isar2_el1; 0 2 3 id_isar3_el1; 0 2 4 id_isar4_el1; 0 2 5 id_isar5_el1; 0 2 6 id_mmfr4_el1; 0 2 7 id_isar6_el1;
    0 3 0 mvfr0_el1; 0 3 1 mvfr1_el1; 0 3 2 mvfr2_el1; 0 3 4 id_pfr2_el1; 0 3 5 id_dfr1_el1; 0 3 6 id_mmfr5_el1; 0 4 0 id_aa64pfr0_el1;
    0 4 1 id_aa64pfr1_el1; 0 5 0 id_aa64dfr0_el1; 0 5 1 id_aa64dfr1_el1; 0 5 4 id_aa64afr0_el1; 0 5 5 id_aa64afr1_el1;
    0 6 0 id_aa64isar0_el1; 0 6 1 id_aa64isar1_el1; 0 6 2 id_aa64isar2_el1; 0 7 0 id_aa64mmfr0_el1; 0 7 1 id_aa64mmfr1_el1;
    0 7 2 id_aa64mmfr2_el1; 1 0 0 sctlr_el1; 1 0 1 actlr_el1; 1 0 2 cpacr_el1; 2 0 0 ttbr0_el1; 2 0 1 ttbr1_el1; 2 0 2 tcr_el1;
    4 0 0 spsr_el1; 4 0 1 elr_el1; 4 1 0 sp_el0; 4 2 0 spsel; 4 2 2 currentel; 4 6 0 icc_pmr_el1; 5 1 0 afsr0_el1; 5 1 1 afsr1_el1;
    5 2 0 esr_el1; 6 0 0 far_el1; 7 4 0 par_el1; 9 14 1 pmintenset_el1; 9 14 2 pmintenclr_el1; 10 2 0 mair_el1; 10 3 0 amair_el1;
    12 0 0 vbar_el1; 12 0 1 rvbar_el1; 12 0 2 rmr_el1; 12 1 0 isr_el1; 12 8 0 icc_iar0_el1; 12 8 1 icc_eoir0_el1;
    12 8 2 icc_hppir0_el1; 12 8 3 icc_bpr0_el1; 12 8 4 icc_ap0r0_el1; 12 8 5 icc_ap0r1_el1; 12 8 6 icc_ap0r2_el1; 12 8 7 icc_ap0r3_el1;
    12 9 0 icc_ap1r0_el1; 12 9 1 icc_ap1r1_el1; 12 9 2 icc_ap1r2_el1; 12 9 3 icc_ap1r3_el1; 12 11 1 icc_dir_el1; 12 11 3 icc_rpr_el1;
    12 11 5 icc_sgi1r_el1; 12 11 6 icc_asgi1r_el1; 12 11 7 icc_sgi0r_el1; 12 12 0 icc_iar1_el1; 12 12 1 icc_eoir1_el1;
    12 12 2 icc_hppir1_el1; 12 12 3 icc_bpr1_el1; 12 12 4 icc_ctlr_el1; 12 12 5 icc_sre_el1; 12 12 6 icc_igrpen0_el1;
    12 12 7 icc_igrpen1_el1; 13 0 1 contextidr_el1; 13 0 4 tpidr_el1; 14 1 0 cntkctl_el1
  `,
  ],
  [
    3,
    1,
    `
    0 0 0 ccsidr_el1; 0 0 1 clidr_el1; 0 0 7 aidr_el1
  `,
  ],
  [
    3,
    2,
    `
    0 0 0 csselr_el1
  `,
  ],
  [
    3,
    3,
    `
    0 0 1 ctr_el0; 0 0 7 dczid_el0; 4 2 0 nzcv; 4 2 1 daif; 4 4 0 fpcr; 4 4 1 fpsr; 9 12 0 pmcr_el0; 9 12 1 pmcntenset_el0;
    9 12 2 pmcntenclr_el0; 9 12 3 pmovsclr_el0; 9 12 4 pmswinc_el0; 9 12 5 pmselr_el0; 9 12 6 pmceid0_el0; 9 12 7 pmceid1_el0;
    9 13 0 pmccntr_el0; 9 13 1 pmxevtyper_el0; 9 13 2 pmxevcntr_el0; 9 14 0 pmuserenr_el0; 9 14 3 pmovsset_el0; 13 0 2 tpidr_el0;
    13 0 3 tpidrro_el0; 14 0 0 cntfrq_el0; 14 0 1 cntpct_el0; 14 0 2 cntvct_el0; 14 2 0 cntp_tval_el0; 14 2 1 cntp_ctl_el0;
    14 2 2 cntp_cval_el0; 14 3 0 cntv_tval_el0; 14 3 1 cntv_ctl_el0; 14 3 2 cntv_cval_el0; 14 15 7 pmccfiltr_el0
  `,
  ],
  [
    3,
    4,
    `
    0 0 0 vpidr_el2; 0 0 5 vmpidr_el2; 1 0 0 sctlr_el2; 1 1 0 hcr_el2; 1 1 1 mdcr_el2; 1 1 2 cptr_el2; 1 1 3 hstr_el2; 2 0 0 ttbr0_el2;
    2 0 2 tcr_el2; 2 1 0 vttbr_el2; 2 1 2 vtcr_el2; 4 0 0 spsr_el2; 4 0 1 elr_el2; 4 1 0 sp_el1; 5 2 0 esr_el2; 6 0 0 far_el2;
    6 0 4 hpfar_el2; 10 2 0 mair_el2; 12 0 0 vbar_el2; 12 9 5 icc_sre_el2; 13 0 2 tpidr_el2; 14 0 3 cntvoff_el2; 14 1 0 cnthctl_el2
  `,
  ],
];

/** DBGBVR<n>_EL1 and its like: op0 2, op1 0, CRn 0, CRm n. */
const NUMBERED: Readonly<Record<string, number>> = { dbgbvr: 4, dbgbcr: 5, dbgwvr: 6, dbgwcr: 7 };

function* named(): Generator<readonly [name: string, encoding: number]> {
  for (const [op0, op1, rows] of GROUPS) {
    for (const row of rows.split(";")) {
      const [crn, crm, op2, name] = row.trim().split(" ");
      yield [name!, sysregEncoding(op0, op1, Number(crn), Number(crm), Number(op2))];
    }
  }
  for (const [name, op2] of Object.entries(NUMBERED))
    for (let n = 0; n < 16; n++) yield [`${name}${n}_el1`, sysregEncoding(2, 0, 0, n, op2)];
}

/** By name, in lower case. */
export const SYSTEM_REGISTERS: ReadonlyMap<string, number> = new Map(named());

/** op0 … op2 of a register's name, as in `sysregEncoding`; undefined for a name there is none of. Case does not matter. */
export function systemRegister(name: string): number | undefined {
  const known = SYSTEM_REGISTERS.get(name.toLowerCase());
  if (known !== undefined) return known;
  const generic = /^s([0-3])_([0-7])_c(\d{1,2})_c(\d{1,2})_([0-7])$/i.exec(name);
  if (generic === null) return undefined;
  const [op0, op1, crn, crm, op2] = generic.slice(1).map(Number) as [number, number, number, number, number];
  return crn < 16 && crm < 16 ? sysregEncoding(op0, op1, crn, crm, op2) : undefined;
}
