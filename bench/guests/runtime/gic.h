/*
 * As much of a GICv3 as a guest needs that takes its own SGIs and timer: Arm IHI 0069, with one Security state (GICD_CTLR.DS
 * = 1) and affinity routing. All interrupts are of group 1.
 */
#ifndef GIC_H
#define GIC_H

#include "board.h"

#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_BPR1_EL1 S3_0_C12_C12_3
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
/* The names above are macros; these take them apart first. */
#define read_icc(name) read_sysreg_(name)
#define read_sysreg_(name) read_sysreg(name)
#define write_icc(name, value) write_sysreg_(name, value)
#define write_sysreg_(name, value) write_sysreg(name, value)

#define SPURIOUS 1023
#define TIMER_PPI 27

/* GICD; once. */
void gic_enable(void);
/* GICR and CPU interface of the vCPU that calls it, whose number it is told. */
void gic_enable_cpu(unsigned vcpu);
/* Enables an SGI or PPI of that vCPU. */
void gic_enable_private(unsigned vcpu, unsigned intid, u8 priority);

/* SGI to the vCPU with Aff0 = vcpu, Aff3 to Aff1 = 0. */
static inline void send_sgi(unsigned vcpu, unsigned intid)
{
  write_icc(ICC_SGI1R_EL1, (u64)intid << 24 | 1u << vcpu);
  isb();
}

static inline u64 acknowledge(void)
{
  u64 intid = read_icc(ICC_IAR1_EL1);
  __asm__ volatile("dsb sy" : : : "memory");
  return intid;
}

static inline void end_of_interrupt(u64 intid)
{
  write_icc(ICC_EOIR1_EL1, intid);
  isb();
}

#endif
