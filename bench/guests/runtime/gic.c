/* Switches the GICv3 on. */
#include "gic.h"

#define GICD_CTLR (GICD + 0x0)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_ENABLE_GRP1 (1u << 1)
#define GICR_WAKER 0x14
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)
#define GICR_SGI 0x10000ul
#define GICR_IGROUPR0 (GICR_SGI + 0x080)
#define GICR_ISENABLER0 (GICR_SGI + 0x100)
#define GICR_IPRIORITYR (GICR_SGI + 0x400)

void gic_enable(void) { write32(GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_GRP1); }

void gic_enable_cpu(unsigned vcpu)
{
  u64 frame = GICR + vcpu * GICR_STRIDE;
  write32(frame + GICR_WAKER, read32(frame + GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
  while (read32(frame + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) {
  }
  write32(frame + GICR_IGROUPR0, 0xffffffff);
  write_icc(ICC_SRE_EL1, 1);
  isb();
  write_icc(ICC_PMR_EL1, 0xff);
  write_icc(ICC_BPR1_EL1, 0);
  write_icc(ICC_CTLR_EL1, 0);
  write_icc(ICC_IGRPEN1_EL1, 1);
  isb();
}

void gic_enable_private(unsigned vcpu, unsigned intid, u8 priority)
{
  u64 frame = GICR + vcpu * GICR_STRIDE;
  write8(frame + GICR_IPRIORITYR + intid, priority);
  write32(frame + GICR_ISENABLER0, 1u << intid);
}
