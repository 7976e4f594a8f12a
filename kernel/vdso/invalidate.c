// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: answers of a task that others change.
 *
 * Each task counts the invalidations of its answers that others have begun and ended.
 * An invalidation and a refresh that meet:
 *
 *   CPU 0: changes an answer of T           CPU 1: T refreshes
 *   -----------------------------           ------------------
 *   T.begin++                               T.record = a record
 *   smp_mb()                           (A)  e = T.end
 *   record = T.record                       smp_mb()            (pairs with C)
 *   if (record) record.answer = 0           compute the answers
 *   smp_mb()                           (B)  record.* = the answers
 *   the change                              smp_mb()      (pairs with A and B)
 *   smp_mb()                           (C)  T.begin == e ? done
 *   T.end++                                              : record.* = 0
 *
 *   T is in the kernel while it refreshes, and nobody else reads its record: so nothing
 *   is read between the store and the last look.
 *
 *   CPU 0 finds the record. If T computed from before the change, either it sees
 *   T.begin != e and zeroes its record, or its last look at T.begin came before
 *   T.begin++; then its stores come before the 0 of CPU 0 in the order of that
 *   location, and the 0 stays. If T computed while the change was half done,
 *   T.begin != e.
 *
 *   CPU 0 finds none. Then T's last look at T.begin, which comes after its store to
 *   T.record, sees T.begin++: of two CPUs that each store and then look at what the
 *   other stored, with a full barrier between, one sees the other. So either
 *   T.begin != e, or e counts this change as ended and T computed after it.
 *
 *   Winner: the change, always.
 *
 *   The 0 comes before the change and not after it, because a task may learn of the
 *   change by a system call and tell T, whose next vDSO call must not contradict. That
 *   message passes by release and acquire or stronger, which orders T's load of the
 *   answer after (B).
 *
 *   Only what changes becomes 0: a new parent does not take the pid away.
 *
 * Most tasks have no record, and their changes cost one load: T.record is only set
 * under tasklist_lock and T's siglock, and a change of T under one of these
 * (tasklist_lock for writing) looks at T.record first.
 *
 *   CPU 0: a change, under a lock           CPU 1: T's first refresh in its mm
 *   -----------------------------           ----------------------------------
 *   lock
 *   T.record? no: nothing to count          lock
 *   the change                              T.record = a record
 *   unlock                                  unlock
 *                                           compute the answers
 *
 *   If CPU 0 has the lock first, T computes after the change. Else CPU 0 finds the
 *   record, and all is as above. The changes of all tasks at once (a tracepoint,
 *   SysRq-n) hold tasklist_lock for reading, as T does: those always count.
 *
 * While the static key is off nothing is counted at all. It may be enabled while a
 * change is at work whose begin found it off:
 *
 *   CPU 0: a change, in an RCU reader       CPU 1: enable(), then T
 *   ---------------------------------       -----------------------
 *   key? off: nothing to count
 *                                           enable the key
 *                                           synchronize_rcu_expedited()
 *   the change
 *   end of the RCU reader
 *                                           vdso_task_enabled = true
 *                                           promote(): enabled?  smp_mb()
 *                                           compute the answers
 *
 *   No process is promoted before vdso_task_enabled, so T computes after every change
 *   whose begin came before the key. Where T is current or stopped it computes
 *   nothing meanwhile, and no reader is needed. The end is told what the begin did
 *   and does not look at the key: T.begin and T.end count the same changes.
 *
 *   Two changes at once just count twice: begin == end only if none is under way,
 *   as every change counts in begin first.
 *
 * Lifetime. T may leave its mm, or the mm may go away, while the change is at
 * work. T clears T.record before it drops its mm, the area is freed a grace period
 * after the last user of the mm, and the change looks at it within one. area.c says
 * what becomes of a record that has another owner by then.
 */

#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

/* By words: half a zeroed answer would be a wrong one. */
static void zero(struct vdso_task_record *record)
{
	u64 *to = (u64 *)record;
	unsigned int i;

	for (i = 0; i < sizeof(*record) / sizeof(u64); i++)
		WRITE_ONCE(to[i], 0);
}

static void invalidate(struct vdso_task_record *record, enum vdso_task_part part)
{
	switch (part) {
	case VDSO_TASK_PPID:
		WRITE_ONCE(record->ppid, 0);
		break;
	case VDSO_TASK_EXITED_RUNTIME:
		WRITE_ONCE(record->exited_runtime, 0);
		break;
	case VDSO_TASK_ALL:
		zero(record);
		break;
	}
}

/* See vdso_task_invalidate_begin(); counts also where @p has no record. */
void __vdso_task_invalidate_begin(struct task_struct *p, enum vdso_task_part part)
{
	struct vdso_task_record *record;

	atomic64_inc(&p->vdso_task.begin);
	smp_mb();	/* (A), pairs with the second smp_mb() of the refresh */
	vdso_task_delay(VDSO_TASK_DELAY_BEGIN, p);
	rcu_read_lock();
	record = rcu_dereference(p->vdso_task.record);
	if (record) {
		invalidate(record, part);
		vdso_task_count(VDSO_TASK_STAT_REMOTE, 1);
	}
	rcu_read_unlock();
	smp_mb();	/* (B), pairs with the second smp_mb() of the refresh */
	vdso_task_delay(VDSO_TASK_DELAY_CHANGE, p);
}

void __vdso_task_invalidate_end(struct task_struct *p)
{
	vdso_task_delay(VDSO_TASK_DELAY_END, p);
	smp_mb();	/* (C), pairs with the first smp_mb() of the refresh */
	atomic64_inc(&p->vdso_task.end);
}

/* See vdso_task_invalidate(). */
void __vdso_task_invalidate(enum vdso_task_part part)
{
	struct vdso_task_record *record = vdso_task_own_record(current);

	vdso_task_delay(VDSO_TASK_DELAY_DROP, current);
	if (!record)
		return;
	invalidate(record, part);
	current->vdso_task.computed = -1;
	vdso_task_count(VDSO_TASK_STAT_DROP, 1);
}

/* Of one mm, of all if it is NULL. */
static void invalidate_threads(const struct mm_struct *mm)
{
	struct task_struct *p, *t;

	smp_mb();	/* between the change and the looks at records */
	rcu_read_lock();
	for_each_process_thread(p, t) {
		if (mm && READ_ONCE(t->mm) != mm)
			continue;
		__vdso_task_invalidate_begin(t, VDSO_TASK_ALL);
		__vdso_task_invalidate_end(t);
	}
	rcu_read_unlock();
}

/* See vdso_task_image_changed(). A refresh under way finds the new image or this. */
void __vdso_task_invalidate_mm(struct mm_struct *mm)
{
	invalidate_threads(mm);
}

/**
 * vdso_task_invalidate_all() - no task has answers any more
 *
 * Once vdso_task_allowed is false. A task whose refresh is under way, or that is too
 * new to be met here, sees that after it has stored its answers.
 *
 * Context: any; does not sleep.
 */
void vdso_task_invalidate_all(void)
{
	invalidate_threads(NULL);
}
