// SPDX-License-Identifier: GPL-2.0
/* Task records: what user space needs to compute sched_clock() from the TSC. */

#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/vdso_task.h>
#include <linux/vdso_task_compat.h>
#include <asm/cpufeature.h>
#include <asm/timer.h>
#include <asm/vdso.h>

/**
 * arch_vdso_task_clock() - the current parameters of sched_clock()
 * @now: where to store them
 *
 * With a constant TSC they are the same on all CPUs: only cpufreq's notifier sets
 * them for one CPU, and it is not registered then.
 *
 * Context: no change of them is under way.
 * Return: true if user space can compute sched_clock() with them.
 */
bool arch_vdso_task_clock(struct vdso_task_global *now)
{
	struct cyc2ns_data data;

	if (!using_native_sched_clock() || !sched_clock_stable() ||
	    !boot_cpu_has(X86_FEATURE_CONSTANT_TSC) ||
	    !boot_cpu_has(X86_FEATURE_RDTSCP))
		return false;
	cyc2ns_read_begin(&data);
	cyc2ns_read_end();
	now->mult = data.cyc2ns_mul;
	now->shift = data.cyc2ns_shift;
	now->offset = data.cyc2ns_offset + __sched_clock_offset;
	return now->mult;
}

/* The ia32 image falls back to the system call for these clocks. */
bool arch_vdso_task_reads_clocks(const struct mm_struct *mm)
{
#ifdef CONFIG_IA32_EMULATION
	return mm->context.vdso_image != vdso_task_image(32);
#else
	return true;
#endif
}

/* Does RDTSCP work in user mode for @p? */
bool arch_vdso_task_counter_allowed(struct task_struct *p)
{
	return !test_tsk_thread_flag(p, TIF_NOTSC);
}
