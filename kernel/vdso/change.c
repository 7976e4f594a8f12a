// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: answers of a task that others change.
 *
 * Each task counts the changes of its answers that others have begun and ended.
 * The header line of its area shows readers a count of its own, the generation,
 * under which answers are kept. A change and a refresh that meet:
 *
 *   CPU 0: change of T's answers            CPU 1: T refreshes
 *   ----------------------------            ------------------
 *   T.begin++                               T.area = area of its mm
 *   smp_mb()                           (C)  gen = area.header.begin
 *   area = T.area                           e = T.end
 *   if (area) area.header.begin++           smp_mb()            (pairs with A)
 *   smp_mb()                           (B)  compute the answers
 *   the change                              smp_mb()      (pairs with B and C)
 *   smp_mb()                           (A)  T.begin == e ? keep them under gen
 *   T.end++                                              : throw them away
 *
 *   The change finds an area. If T computed from before the change, either it
 *   sees T.begin != e and keeps nothing, or its last look at T.begin came before
 *   T.begin++; then gen is older than header.begin++ and no reader takes the
 *   answers once the change can be seen. If T computed while the change was half
 *   done, T.begin != e.
 *
 *   The change finds none. Then T's last look at T.begin, which comes after its
 *   store to T.area, sees T.begin++: of two CPUs that each store and then look at
 *   what the other stored, with a full barrier between, one sees the other. So
 *   either T.begin != e, or e counts this change as ended and T computed after it.
 *
 *   Who wins: the change, always.
 *
 * Most tasks have no area, and their changes cost one load: T.area is only set
 * under tasklist_lock and T's siglock, and whoever changes T under one of these
 * (tasklist_lock for writing) looks at T.area first.
 *
 *   CPU 0: change, under a lock             CPU 1: T's first refresh in its mm
 *   ---------------------------             ----------------------------------
 *   lock
 *   T.area? no: nothing to count            lock
 *   the change                              T.area = area of its mm
 *   unlock                                  unlock
 *                                           compute the answers
 *
 *   If CPU 0 has the lock first, T computes after the change. Else CPU 0 finds the
 *   area, and all is as above. The changes of all tasks at once (a tracepoint,
 *   SysRq-n) hold tasklist_lock for reading, as T does: those always count.
 *
 * While the static key is off nothing is counted at all. It may be enabled while a
 * change is at work whose begin found it off:
 *
 *   CPU 0: change, in an RCU reader         CPU 1: arm(), then T
 *   -------------------------------         --------------------
 *   key? off: nothing to count
 *                                           enable the key
 *                                           synchronize_rcu_expedited()
 *   the change
 *   end of the RCU reader
 *                                           vdso_task_armed = true
 *                                           become_hot(): armed?  smp_mb()
 *                                           compute the answers
 *
 *   No process becomes hot before vdso_task_armed, so T computes after every change
 *   whose begin came before the key. Where T is current or stopped it computes
 *   nothing meanwhile, and no reader is needed. The end is told what the begin did
 *   and does not look at the key: T.begin and T.end count the same changes.
 *
 *   T.begin++ and header.begin++ come before the change and not after it, because
 *   somebody may learn of the change by a system call and tell T, whose next vDSO
 *   call must not contradict. Whoever passes that message uses release and acquire
 *   or stronger, which orders T's load of header.begin after it.
 *
 *   Two changes at once just count twice: begin == end only if none is under way,
 *   as every change counts in begin first.
 *
 * Lifetime. T may leave its mm, or the mm may go away, while the change is at
 * work. T clears T.area before it drops its mm, the area is freed a grace period
 * after the last user of the mm, and the change looks at it within one.
 *
 * The slot of T's CPU keeps the dead answers up to T's next switch or system
 * call, whichever comes first. Nobody believes them: their generation is over.
 */

#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

/* See vdso_task_change_begin(); counts also where @p has no area. */
void __vdso_task_change_begin(struct task_struct *p)
{
	struct vdso_task_area *area;

	atomic64_inc(&p->vdso_task_changes.begin);
	smp_mb();	/* (C), pairs with the second smp_mb() of the refresh */
	vdso_task_delay(VDSO_TASK_DELAY_BEGIN, p);
	rcu_read_lock();
	area = rcu_dereference(p->vdso_task_changes.area);
	if (area) {
		atomic64_inc(vdso_task_begin(area));
		vdso_task_count(VDSO_TASK_STAT_GEN, 1);
	}
	rcu_read_unlock();
	smp_mb();	/* (B), pairs with the second smp_mb() of the refresh */
	vdso_task_delay(VDSO_TASK_DELAY_CHANGE, p);
}

void __vdso_task_change_end(struct task_struct *p)
{
	vdso_task_delay(VDSO_TASK_DELAY_END, p);
	smp_mb();	/* (A), pairs with the first smp_mb() of the refresh */
	atomic64_inc(&p->vdso_task_changes.end);

	/* The old generation is dead already; leave nothing to read either. */
	if (p == current)
		vdso_task_drop();
}

/**
 * vdso_task_end_answers() - put all answers in an mm's slots out of use
 * @mm: an mm that has a user
 *
 * Once vdso_task_allowed is false: a refresh under the next generation sees that,
 * and keeps nothing.
 */
void vdso_task_end_answers(struct mm_struct *mm)
{
	struct vdso_task_area *area = READ_ONCE(mm->vdso_task.area);

	if (!area)
		return;
	atomic64_inc(vdso_task_begin(area));
	vdso_task_count(VDSO_TASK_STAT_GEN, 1);
}

/**
 * vdso_task_end_all() - the same for all processes
 *
 * It reaches each mm, as a slot may hold what a thread left that is gone. An mm
 * that is too new to be met here, or has no area yet, has all its refreshes after
 * the barrier.
 *
 * Context: any without a task_lock(); does not sleep.
 */
void vdso_task_end_all(void)
{
	struct task_struct *p, *t;

	smp_mb();	/* between vdso_task_allowed and the looks at tasks and mms */
	rcu_read_lock();
	for_each_process(p) {
		t = find_lock_task_mm(p);
		if (!t)
			continue;
		vdso_task_end_answers(t->mm);
		task_unlock(t);
	}
	rcu_read_unlock();
}
