// SPDX-License-Identifier: GPL-2.0
/* Task slots: how sched_clock() reads the TSC, for user space to do the same. */

#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/vdso_task.h>
#include <asm/cpufeature.h>
#include <asm/timer.h>

/**
 * arch_vdso_task_clock() - the present parameters of sched_clock()
 * @now: where to store them
 *
 * With a constant TSC they are the same on all CPUs: what is different for each
 * is only set by cpufreq's notifier, which is for others.
 *
 * Context: no change of them is under way.
 * Return: true if user space can compute sched_clock() with them.
 */
bool arch_vdso_task_clock(struct vdso_task_global *now)
{
	struct cyc2ns_data data;

	if (!using_native_sched_clock() || !sched_clock_stable() ||
	    !boot_cpu_has(X86_FEATURE_CONSTANT_TSC))
		return false;
	cyc2ns_read_begin(&data);
	cyc2ns_read_end();
	now->mult = data.cyc2ns_mul;
	now->shift = data.cyc2ns_shift;
	now->offset = data.cyc2ns_offset + __sched_clock_offset;
	return now->mult;
}

/* Does RDTSC work for current in user mode? */
bool arch_vdso_task_counter_allowed(void)
{
	return !test_thread_flag(TIF_NOTSC);
}
