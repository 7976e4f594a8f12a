// SPDX-License-Identifier: GPL-2.0
/* Task records: CPU time, under a runqueue's lock. See kernel/vdso/clock.c. */

#include <linux/mmu_context.h>
#include <linux/sched/clock.h>

#include "../vdso/internal.h"
#include "sched.h"
#include "vdso_task.h"

/*
 * A throttled task that is off the runqueue must not return to user mode: what it runs
 * there would not be accounted. It is preempted before an extension of its time slice
 * can be granted (rseq).
 */
static_assert(!IS_ENABLED(CONFIG_RSEQ_SLICE_EXTENSION) || IS_ENABLED(CONFIG_PREEMPTION));

/**
 * vdso_task_current_base() - compute vdso_task_base() of current
 * @clock: set to the runqueue's clock that it was computed with
 *
 * Context: interrupts off, no lock of the scheduler held.
 *
 * Return: as vdso_task_base().
 */
u64 vdso_task_current_base(u64 *clock)
{
	struct rq_flags rf;
	struct rq *rq;
	u64 base;

	rq = task_rq_lock(current, &rf);
	vdso_task_cancel_skip_update(rq);
	update_rq_clock(rq);
	base = vdso_task_base(rq, current);
	*clock = rq->clock;
	task_rq_unlock(rq, current, &rf);
	return base;
}

#ifdef CONFIG_POSIX_TIMERS
/**
 * vdso_task_cputimer_start() - start the group cputimer of a single-threaded process
 * @p: a thread of the process
 *
 * A thread that exposes its CPU time may have read the process's time. Under the lock of
 * its runqueue, runtime accounted before the start is in the initial value, and runtime
 * accounted after it is added.
 *
 * Context: the process's siglock held, so that the number of its threads is stable.
 *
 * Return: false if the process has more threads or exposes no CPU time; not started.
 */
bool vdso_task_cputimer_start(struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	atomic64_t *sum = &sig->cputimer.cputime_atomic.sum_exec_runtime;
	struct rq_flags rf;
	struct rq *rq;
	u64 used;

	if (!static_branch_unlikely(&vdso_task_key) ||
	    !READ_ONCE(sig->vdso_task_exposes_cputime) ||
	    READ_ONCE(sig->nr_threads) != 1)
		return false;
	rq = task_rq_lock(p, &rf);
	if (task_current(rq, p) && task_on_rq_queued(p)) {
		update_rq_clock(rq);
		vdso_task_account_current(rq);
	}
	used = sig->sum_sched_runtime + p->se.sum_exec_runtime;
	/* It may be more since the process had other threads, and was read as that. */
	if (atomic64_read(sum) < used)
		atomic64_set(sum, used);
	/* Pairs with smp_rmb() in vdso_task_cputimer_started(). */
	smp_store_release(&sig->posix_cputimers.timers_active, true);
	task_rq_unlock(rq, p, &rf);
	return true;
}
#endif

/* Account the running task of a CPU up to now if it exposes its CPU time. */
static void sync_cpu_runtime(unsigned int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	struct rq_flags rf;

	rq_lock_irqsave(rq, &rf);
	/* A task that is being switched out was accounted when it was dequeued. */
	if (vdso_task_exposes_cputime(rq->curr) && task_on_rq_queued(rq->curr)) {
		update_rq_clock(rq);
		vdso_task_account_current(rq);
	}
	rq_unlock_irqrestore(rq, &rf);
}

/**
 * vdso_task_sync_all_runtimes() - account all tasks that expose their CPU time up to now
 *
 * Context: any without a lock of the scheduler.
 */
void vdso_task_sync_all_runtimes(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		sync_cpu_runtime(cpu);
}

/**
 * vdso_task_clock_past_rqs() - is sched_clock() past the clock of every runqueue?
 *
 * A runqueue's clock never goes back. While sched_clock() is behind it, as it may be
 * after a change of its parameters, tasks there accumulate no runtime.
 *
 * Context: any without a lock of the scheduler; interrupts off.
 *
 * Return: true if so.
 */
bool vdso_task_clock_past_rqs(void)
{
	struct rq_flags rf;
	unsigned int cpu;
	u64 last = 0;

	for_each_possible_cpu(cpu) {
		struct rq *rq = cpu_rq(cpu);

		/* With the lock, an update that began before the change has ended. */
		rq_lock_irqsave(rq, &rf);
		last = max(last, rq->clock);
		rq_unlock_irqrestore(rq, &rf);
	}
	return sched_clock_cpu(smp_processor_id()) >= last;
}

/* Does clock_task leave out time that the hypervisor stole? */
bool vdso_task_time_stolen(void)
{
#ifdef CONFIG_PARAVIRT_TIME_ACCOUNTING
	return static_key_false(&paravirt_steal_rq_enabled);
#else
	return false;
#endif
}
