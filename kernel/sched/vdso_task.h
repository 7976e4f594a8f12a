/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_SCHED_VDSO_TASK_H
#define _KERNEL_SCHED_VDSO_TASK_H

/* Task records: the scheduler's part. kernel/vdso/clock.c says what it is for. */

#include <linux/vdso_task.h>

#ifdef CONFIG_VDSO_TASK

#include "../vdso/publish.h"

/*
 * Has all time in interrupts on this CPU, whose runqueue @rq is, been taken off
 * clock_task? Time that is still to be taken off may have been charged to the task
 * already, and then its CPU time stands still for a while.
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
 * vdso_task_base() - what sched_clock_cpu() said when a task had run for no time
 * @rq: this CPU's runqueue, locked
 * @p: the task that runs there
 *
 * It stays the same for as long as @p runs, but for interrupts: update_curr() adds
 * to sum_exec_runtime what it adds to exec_start.
 *
 * Return: that value in nanoseconds, 0 if it cannot be told.
 */
static __always_inline u64 vdso_task_base(struct rq *rq, struct task_struct *p)
{
	if (unlikely(!vdso_task_irqtime_applied(rq)))
		return 0;
	return p->se.exec_start + (rq->clock - rq->clock_task) -
	       p->se.sum_exec_runtime;
}

/**
 * vdso_task_cancel_skip_update() - a task's CPU time is about to be readable
 * @rq: this CPU's runqueue, locked
 *
 * A wakeup that met no such task, or the balancing within the last switch, may
 * have asked for the next update of the clock to be left out.
 */
static __always_inline void vdso_task_cancel_skip_update(struct rq *rq)
{
	rq_clock_cancel_skipupdate(rq);
}

/**
 * vdso_task_switch() - a thread of an mm is about to run on this CPU
 * @rq: this CPU's runqueue, locked
 * @next: the thread, which runs on @rq already
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
	/* Who borrows an mm (kthread_use_mm()) may see its last user go. */
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
 * vdso_task_needs_clock() - must a task be charged up to when it stops running?
 * @curr: the task that runs on a runqueue, locked
 *
 * A wakeup from another CPU wants the next update of the runqueue's clock to be
 * left out, which charges @curr up to the wakeup only. User space may read more
 * until it is switched out. For one that does not expose its time yet the update may
 * be left out: it is asked for again before that time can be read, see
 * vdso_task_cancel_skip_update().
 */
static __always_inline bool vdso_task_needs_clock(const struct task_struct *curr)
{
	return static_branch_unlikely(&vdso_task_key) &&
	       vdso_task_exposes_cputime(curr);
}

/**
 * vdso_task_wakeup() - a task is woken on a runqueue
 * @rq: the runqueue, locked, its clock updated
 *
 * Where tests hold up a wakeup: the task that runs there goes on meanwhile.
 */
static __always_inline void vdso_task_wakeup(struct rq *rq)
{
	vdso_task_delay(VDSO_TASK_DELAY_WAKEUP, rq->curr);
}

/**
 * vdso_task_acquire_runtime() - a task was seen to have left its CPU
 *
 * It was charged before that, which the caller is about to look at: a task may
 * have told its time before it was charged, and whoever heard of it must not be
 * told less.
 */
static __always_inline void vdso_task_acquire_runtime(void)
{
	if (static_branch_unlikely(&vdso_task_key))
		smp_acquire__after_ctrl_dep();
}

/**
 * vdso_task_account_dequeued() - the running task of SCHED_DEADLINE is not charged any more
 * @rq: its runqueue, locked, its clock updated; the task has left its class's queue
 *
 * A task that another CPU charged for the last of its budget runs on until it is
 * interrupted, and its class does not charge it for that. If its time can be read,
 * it is charged.
 */
static __always_inline void vdso_task_account_dequeued(struct rq *rq)
{
	if (vdso_task_needs_clock(rq->curr))
		update_curr_common(rq);
}

/**
 * vdso_task_account_running() - what the running task used is about to be taken for idle
 * @rq: its runqueue, locked, its clock updated
 * @p: the task that runs there
 *
 * A fair task that is woken takes a runqueue where nobody is counted for one that
 * idles. There may be a task of any class that has used up its budget or its group's,
 * and runs on until it is interrupted. If its time can be read it is charged, in the
 * way of its class: a group that is throttled pays for it, too.
 */
static __always_inline void vdso_task_account_running(struct rq *rq, struct task_struct *p)
{
	if (vdso_task_needs_clock(p))
		p->sched_class->update_curr(rq);
}

/**
 * vdso_task_tick() - a tick is about to charge the task that it met
 * @rq: this CPU's runqueue, locked, its clock not yet updated
 *
 * Where tests hold up a tick, so that much of an interrupt is charged to the task
 * before it is known to be an interrupt's.
 */
static __always_inline void vdso_task_tick(struct rq *rq)
{
	vdso_task_delay(VDSO_TASK_DELAY_TICK, rq->curr);
}

/**
 * vdso_task_move() - a task has left a runqueue and is in no other yet
 * @p: the task
 *
 * Where tests hold up a move: others may ask for the task's CPU time meanwhile.
 */
static __always_inline void vdso_task_move(struct task_struct *p)
{
	vdso_task_delay(VDSO_TASK_DELAY_MOVE, p);
}

#else /* !CONFIG_VDSO_TASK */

static __always_inline void vdso_task_acquire_runtime(void) { }
static __always_inline void vdso_task_account_dequeued(struct rq *rq) { }
static __always_inline void vdso_task_account_running(struct rq *rq, struct task_struct *p) { }
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
