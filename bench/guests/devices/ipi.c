/*
 * guest/ipi: from the write of ICC_SGI1R_EL1 on vCPU 0 until it sees the answer of vCPU 1, which sat in WFI, took the
 * interrupt through its vector, acknowledged and ended it. Before each SGI vCPU 0 waits SETTLE_US, not measured, so that vCPU 1
 * is in WFI again also where the two run at the same time.
 */
#include "../runtime/gic.h"
#include "../runtime/stretch.h"

#define SGI 1
#define IPIS 2000
#define ROUNDS 5
#define SETTLE_US 20

static volatile u64 ready, answered;

void irq(void)
{
  u64 intid = acknowledge();
  if (intid != SGI) fail("acknowledged on vCPU 1", intid);
  end_of_interrupt(intid);
  answered++;
}

void second_main(void)
{
  gic_enable_cpu(1);
  gic_enable_private(1, SGI, 0xa0);
  ready = 1;
  for (;;) {
    mask_irq();
    wfi();
    unmask_irq();
  }
}

static void settle(void)
{
  u64 until = counter() + read_sysreg(cntfrq_el0) / 1000000 * SETTLE_US;
  while (counter() < until) {
  }
}

static void ipis(u64 count)
{
  while (count--) {
    settle();
    begin(EMPTY);
    end(EMPTY);
    u64 before = answered;
    begin(MEASURED);
    send_sgi(1, SGI);
    while (answered == before) {
    }
    end(MEASURED);
  }
}

int main(void)
{
  gic_enable();
  gic_enable_cpu(0);
  u64 status = hypercall(PSCI_CPU_ON, 1, (u64)second_start, 0);
  if (status) fail("PSCI_CPU_ON", status);
  while (!ready) {
  }
  warm_up(ipis, IPIS / 100, 1000);
  for (unsigned round = 0; round < ROUNDS; round++) {
    ipis(IPIS);
    report("guest/ipi", IPIS);
  }
  power_off();
}
