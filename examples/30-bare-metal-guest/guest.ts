// Generated from guest.s by assemble.mjs; do not edit. Address and word of each instruction; between them memory is zero.
export const GUEST: readonly (readonly [address: number, word: number])[] = [
  [0x4008_0000, 0x1400_00c0], // b 40080300
  [0x4008_0280, 0xd538_cc00], // mrs x0, icc_iar1_el1
  [0x4008_0284, 0xd51b_e33f], // msr cntv_ctl_el0, xzr
  [0x4008_0288, 0xd518_cc20], // msr icc_eoir1_el1, x0
  [0x4008_028c, 0xd69f_03e0], // eret
  [0x4008_0300, 0x10ff_e800], // adr x0, 40080000
  [0x4008_0304, 0xd518_c000], // msr vbar_el1, x0
  [0x4008_0308, 0xd2a1_0001], // mov x1, #0x8000000
  [0x4008_030c, 0x5280_0040], // mov w0, #0x2
  [0x4008_0310, 0xb900_0020], // str w0, [x1]
  [0x4008_0314, 0xd2a1_0161], // mov x1, #0x80b0000
  [0x4008_0318, 0x52a1_0000], // mov w0, #0x8000000
  [0x4008_031c, 0xb900_8020], // str w0, [x1, #128]
  [0x4008_0320, 0xb901_0020], // str w0, [x1, #256]
  [0x4008_0324, 0xd280_1e00], // mov x0, #0xf0
  [0x4008_0328, 0xd518_4600], // msr icc_pmr_el1, x0
  [0x4008_032c, 0xd280_0020], // mov x0, #0x1
  [0x4008_0330, 0xd518_cce0], // msr icc_igrpen1_el1, x0
  [0x4008_0334, 0xd280_7d01], // mov x1, #0x3e8
  [0x4008_0338, 0xd51b_e301], // msr cntv_tval_el0, x1
  [0x4008_033c, 0xd51b_e320], // msr cntv_ctl_el0, x0
  [0x4008_0340, 0xd503_42ff], // msr daifclr, #0x2
  [0x4008_0344, 0xd503_207f], // wfi
  [0x4008_0348, 0xd2b0_8000], // mov x0, #0x84000000
  [0x4008_034c, 0xf280_0100], // movk x0, #0x8
  [0x4008_0350, 0xd400_0002], // hvc #0x0
];
