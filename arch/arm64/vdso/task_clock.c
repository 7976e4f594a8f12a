// SPDX-License-Identifier: GPL-2.0
/* Task records: what user space needs to compute sched_clock() from CNTVCT_EL0. */

#include <linux/sched.h>
#include <linux/sched_clock.h>
#include <linux/vdso_task.h>
#include <clocksource/arm_arch_timer.h>

/**
 * arch_vdso_task_clock() - the current parameters of sched_clock()
 * @now: where to store them
 *
 * Context: no change of them is under way.
 * Return: true if user space can compute sched_clock() with them: the kernel reads
 * the architected counter, and does so without a workaround.
 */
bool arch_vdso_task_clock(struct vdso_task_global *now)
{
	const struct clock_read_data *data;
	bool good;
	unsigned int seq;

	do {
		data = sched_clock_read_begin(&seq);
		good = arch_timer_vdso_reads(data->read_sched_clock);
		now->mult = data->mult;
		now->shift = data->shift;
		now->epoch = data->epoch_cyc;
		now->offset = data->epoch_ns;
	} while (sched_clock_read_retry(seq));
	return good && now->mult;
}

bool arch_vdso_task_reads_clocks(const struct mm_struct *mm)
{
	return true;
}

/* May @p read the counter in user mode? */
bool arch_vdso_task_counter_allowed(struct task_struct *p)
{
	return !test_tsk_thread_flag(p, TIF_TSC_SIGSEGV);
}
