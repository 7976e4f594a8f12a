/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_VDSO_TASK_H
#define _KERNEL_SCHED_VDSO_TASK_H

/* Task records: hooks in the scheduler. kernel/vdso/clock.c has the algorithm. */

#include <linux/vdso_task.h>

#ifdef CONFIG_VDSO_TASK

#include <linux/vdso_task_compat.h>

#include "../vdso/publish.h"

/*
 * Account the running task of @rq, which is locked and has an updated clock, up to now. With
 * proxy execution the task may run on behalf of another, the donor, whose class does that.
 */
static __always_inline void vdso_task_account_current(struct rq *rq)
{
	vdso_task_donor(rq)->sched_class->update_curr(rq);
}

/*
 * Has all interrupt time of this CPU been taken off the clock_task of its runqueue @rq?
 * Interrupt time that is still to be taken off may be accounted to the task already, and
 * then its CPU time stands still for a while.
 */
static __always_inline bool vdso_task_irqtime_applied(struct rq *rq)
{
#ifdef CONFIG_IRQ_TIME_ACCOUNTING
	return __this_cpu_read(cpu_irqtime.total) == rq->prev_irq_time;
#else
	return true;
#endif
}

/**
 * vdso_task_base() - sched_clock_cpu() at which a task's CPU time was 0
 * @rq: this CPU's runqueue, locked
 * @p: the task that runs there
 *
 * It is constant while @p runs, except for interrupts: update_curr() adds the same to
 * sum_exec_runtime and exec_start. A task that runs on behalf of another has an exec_start
 * of an earlier stint.
 *
 * Return: that value in nanoseconds, 0 if it cannot be computed.
 */
static __always_inline u64 vdso_task_base(struct rq *rq, struct task_struct *p)
{
	if (IS_ENABLED(CONFIG_SCHED_PROXY_EXEC) && unlikely(vdso_task_donor(rq) != p))
		return 0;
	if (unlikely(!vdso_task_irqtime_applied(rq)))
		return 0;
	return p->se.exec_start + (rq->clock - rq->clock_task) -
	       p->se.sum_exec_runtime;
}

/**
 * vdso_task_cancel_skip_update() - call before user mode can read a task's CPU time
 * @rq: this CPU's runqueue, locked
 *
 * A wakeup while no such task ran, or the balancing within the last switch, may have
 * requested to skip the next update of the clock.
 */
static __always_inline void vdso_task_cancel_skip_update(struct rq *rq)
{
	rq_clock_cancel_skipupdate(rq);
}

/**
 * vdso_task_switch() - publish the incoming thread
 * @rq: this CPU's runqueue, locked
 * @next: the thread, which is @rq's current task already
 *
 * Context: the context switch, interrupts off.
 */
static __always_inline void vdso_task_switch(struct rq *rq,
					     struct task_struct *next)
{
#ifdef CONFIG_VDSO_TASK_SLOTS
	struct vdso_task_slot *slot;
#endif

	if (!static_branch_unlikely(&vdso_task_key))
		return;
#ifdef CONFIG_VDSO_TASK_SLOTS
	/* The last mmput() may come while @next uses the mm by kthread_use_mm(). */
	slot = vdso_task_slot(next->mm);
	if (likely(!slot))
		return;
	if (likely(!vdso_task_exposes_cputime(next))) {
		vdso_task_publish(slot, next);
		return;
	}
	vdso_task_cancel_skip_update(rq);
	vdso_task_publish_base(slot, next, vdso_task_base(rq, next), rq->clock);
#else
	if (likely(!vdso_task_exposes_cputime(next)))
		return;
	vdso_task_cancel_skip_update(rq);
	__vdso_task_publish_base(next, vdso_task_base(rq, next));
#endif
}

/**
 * vdso_task_needs_clock() - must a task be accounted up to the moment it stops running?
 * @curr: the task that runs on a runqueue, locked
 *
 * A wakeup from another CPU requests to skip the next update of the runqueue's clock,
 * which would account @curr up to the wakeup only. User mode may read more until @curr is
 * switched out. If @curr does not expose its CPU time yet, the update may be skipped:
 * vdso_task_cancel_skip_update() cancels that before user mode can read the time.
 *
 * Return: true if so.
 */
static __always_inline bool vdso_task_needs_clock(const struct task_struct *curr)
{
	return static_branch_unlikely(&vdso_task_key) &&
	       vdso_task_exposes_cputime(curr);
}

/**
 * vdso_task_wakeup() - delay point in the wakeup of a task
 * @rq: the runqueue, locked, its clock updated
 *
 * The running task of the runqueue continues during the delay.
 */
static __always_inline void vdso_task_wakeup(struct rq *rq)
{
	vdso_task_delay(VDSO_TASK_DELAY_WAKEUP, rq->curr);
}

/**
 * vdso_task_acquire_runtime() - call before loading the runtime of a task off its CPU
 *
 * The task was accounted before it left its CPU. Another task may have a reading that the
 * task made before that, and must not read less.
 */
static __always_inline void vdso_task_acquire_runtime(void)
{
	if (static_branch_unlikely(&vdso_task_key))
		smp_acquire__after_ctrl_dep();
}

/**
 * vdso_task_account_dequeued() - account a running SCHED_DEADLINE task that is dequeued
 * @rq: its runqueue, locked, its clock updated
 *
 * A task that another CPU accounted to the end of its budget runs on until it is
 * interrupted, and its class does not account that. Do so if it exposes its CPU time.
 */
static __always_inline void vdso_task_account_dequeued(struct rq *rq)
{
	if (vdso_task_needs_clock(rq->curr))
		update_curr_common(rq);
}

/**
 * vdso_task_account_running() - account the running task where the scheduler does not
 * @rq: its runqueue, locked, its clock updated
 * @p: the task that runs there
 *
 * A task of any class that has used up its budget or its group's may run until it is
 * interrupted. If it exposes its CPU time, account it by its class, which charges a
 * throttled group as well. A kernel has one of two places that leave out such time:
 *
 * - The wakeup of a fair task mistakes a runqueue with nr_running == 0 for an idle one.
 *
 * - A fair task of a throttled group takes itself off the runqueue before it returns to
 *   user mode, and is preempted:
 *
 *	CPU 0: T, throttle_cfs_rq_work()        CPU 1: sched_setscheduler(T)
 *	--------------------------------        ----------------------------
 *	T accounted up to t0, off the queue
 *	__schedule(): looks for another task
 *	  elsewhere, unlocks the runqueue
 *	                                        lock, clock = t1
 *	                                        dequeue: T is off the queue already
 *	                                        enqueue, exec_start = t1
 *	  lock, picks T: no switch
 *	vDSO: sched_clock() - base
 *
 *   Winner: CPU 1. Unless its dequeue accounts T up to t1, nothing accounts the time from
 *   t0, and the vDSO reports that much more than the system call.
 */
static __always_inline void vdso_task_account_running(struct rq *rq, struct task_struct *p)
{
	if (vdso_task_needs_clock(p))
		p->sched_class->update_curr(rq);
}

/**
 * vdso_task_proxy() - a task may go on on behalf of another donor
 * @rq: this CPU's runqueue, locked
 * @donor: its donor before
 * @next: the task that runs next
 *
 * From here on the time of the running task is accounted by its donor's class, which may
 * leave out some, so that its base is not constant. Without a switch nothing publishes it
 * again. So clear it if @next is not its own donor, or has just become so.
 *
 * Context: __schedule(), in the task that runs before, interrupts off.
 */
static __always_inline void vdso_task_proxy(struct rq *rq, const struct task_struct *donor,
					    const struct task_struct *next)
{
	if (IS_ENABLED(CONFIG_SCHED_PROXY_EXEC) && vdso_task_needs_clock(current) &&
	    (vdso_task_donor(rq) != next || donor != next))
		__vdso_task_irqtime_accounted();
}

/**
 * vdso_task_tick() - delay point in a tick
 * @rq: this CPU's runqueue, locked, its clock not yet updated
 *
 * The delay makes the tick account much interrupt time to the interrupted task, before
 * irq exit accounts it as interrupt time.
 */
static __always_inline void vdso_task_tick(struct rq *rq)
{
	vdso_task_delay(VDSO_TASK_DELAY_TICK, rq->curr);
}

/**
 * vdso_task_move() - delay point in a move, with the task on no runqueue
 * @p: the task
 *
 * Other tasks can read the task's CPU time during the delay.
 */
static __always_inline void vdso_task_move(struct task_struct *p)
{
	vdso_task_delay(VDSO_TASK_DELAY_MOVE, p);
}

#else /* !CONFIG_VDSO_TASK */

static __always_inline void vdso_task_acquire_runtime(void) { }
static __always_inline void vdso_task_account_dequeued(struct rq *rq) { }
static __always_inline void vdso_task_account_running(struct rq *rq, struct task_struct *p) { }
static __always_inline void vdso_task_proxy(struct rq *rq, const struct task_struct *donor,
					    const struct task_struct *next) { }
static __always_inline void vdso_task_wakeup(struct rq *rq) { }
static __always_inline void vdso_task_tick(struct rq *rq) { }
static __always_inline void vdso_task_move(struct task_struct *p) { }
static __always_inline void vdso_task_switch(struct rq *rq,
					     struct task_struct *next) { }
static __always_inline bool vdso_task_needs_clock(const struct task_struct *curr)
{
	return false;
}

#endif /* CONFIG_VDSO_TASK */

#endif /* _KERNEL_SCHED_VDSO_TASK_H */
