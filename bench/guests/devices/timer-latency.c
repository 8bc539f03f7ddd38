/*
 * guest/timer-latency: from the time in CNTV_CVAL_EL0 to the first instruction of the handler, in C behind a vector that saves
 * registers. guest/timer-latency: the vCPU was busy in a loop. guest/timer-latency-wfi: it sat in WFI. The guest's time must be
 * the host's for the figures to mean anything; hence no stretches.
 */
#include "../runtime/gic.h"
#include "../runtime/stretch.h"

#define TIMERS 200
#define ROUNDS 5
#define AHEAD_US 200
#define CNTV_ENABLE 1

static volatile u64 deadline, late, fired;
static u64 wanted;

void irq(void)
{
  u64 now = counter();
  u64 intid = acknowledge();
  if (intid != TIMER_PPI) fail("acknowledged", intid);
  write_sysreg(cntv_ctl_el0, 0);
  isb();
  end_of_interrupt(intid);
  late += now - deadline;
  fired++;
}

static void arm(void)
{
  wanted = fired + 1;
  deadline = counter() + read_sysreg(cntfrq_el0) / 1000000 * AHEAD_US;
  write_sysreg(cntv_cval_el0, deadline);
  write_sysreg(cntv_ctl_el0, CNTV_ENABLE);
  isb();
}

static void busy(void)
{
  while (fired != wanted) {
  }
}

static void asleep(void)
{
  for (mask_irq(); fired != wanted; mask_irq()) {
    wfi();
    unmask_irq();
  }
  unmask_irq();
}

static void (*wait)(void);

static void timers(u64 count)
{
  while (count--) {
    arm();
    wait();
  }
}

static void measure(const char *name, void (*how)(void))
{
  wait = how;
  warm_up(timers, TIMERS / 10, 100);
  for (unsigned round = 0; round < ROUNDS; round++) {
    late = 0;
    timers(TIMERS);
    report_ticks(name, late, TIMERS);
  }
}

int main(void)
{
  gic_enable();
  gic_enable_cpu(0);
  gic_enable_private(0, TIMER_PPI, 0xa0);
  unmask_irq();
  measure("guest/timer-latency", busy);
  measure("guest/timer-latency-wfi", asleep);
  power_off();
}
