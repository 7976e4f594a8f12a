// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: invalidation of a task's answers by another task.
 *
 * Each task counts the invalidations of its answers that other tasks have begun and
 * ended. A race of an invalidation and a refresh:
 *
 *   CPU 0: changes an answer of T           CPU 1: T refreshes
 *   -----------------------------           ------------------
 *   T.begin++                               T.record = record
 *   smp_mb()                           (A)  e = T.end
 *   record = T.record                       smp_mb()            (pairs with C)
 *   if (record) record.answer = 0           compute the answers
 *   smp_mb()                           (B)  record.* = the answers
 *   the change                              smp_mb()      (pairs with A and B)
 *   smp_mb()                           (C)  if (T.begin != e)
 *   T.end++                                         record.* = 0
 *
 *   T is in the kernel while it refreshes, and only T reads its record: so nothing is
 *   read between T's store and its comparison of T.begin.
 *
 *   CPU 0 finds the record. If T computed from before the change, either T sees
 *   T.begin != e and zeroes its record, or T loaded T.begin before T.begin++; then T's
 *   stores come before CPU 0's 0 in the coherence order of record.answer, and the 0
 *   stays. If T computed in the middle of the change, T.begin != e.
 *
 *   CPU 0 finds no record. Then T's last load of T.begin, which comes after its store to
 *   T.record, sees T.begin++: of two CPUs that each store and then load what the other
 *   stored, with a full barrier between, one sees the other's store. So either
 *   T.begin != e, or e counts this invalidation as ended and T computed after it.
 *
 *   Winner: the invalidation, always.
 *
 *   The 0 comes before the change, because another task may learn of the change by a
 *   system call and inform T, whose next vDSO call must not contradict. That message
 *   passes by release and acquire or stronger, which orders T's load of the answer
 *   after (B).
 *
 *   Only answers that change become 0: a new parent leaves the pid.
 *
 * Most tasks have no record, and an invalidation of them costs one load: T.record is only
 * set under tasklist_lock and T's siglock. A task that changes T's answers under one of
 * these (tasklist_lock for writing) loads T.record first.
 *
 *   CPU 0: changes an answer of T           CPU 1: T's first refresh in its mm
 *   -----------------------------           ----------------------------------
 *   lock
 *   if (!T.record) count nothing            lock
 *   the change                              T.record = record
 *   unlock                                  unlock
 *                                           compute the answers
 *
 *   If CPU 0 has the lock first, T computes after the change. Else CPU 0 finds the record,
 *   as above. An invalidation of all tasks (a tracepoint, SysRq-n) holds tasklist_lock for
 *   reading, as T does: it always counts.
 *
 * While the static key is off, invalidations count nothing. Another CPU may enable it
 * during an invalidation that began with the key off:
 *
 *   CPU 0: in an RCU reader                 CPU 1: enable_key(), then T
 *   -----------------------                 ---------------------------
 *   if (!vdso_task_key) count nothing
 *                                           static_branch_enable(vdso_task_key)
 *                                           synchronize_rcu_expedited()
 *   the change
 *   end of the RCU reader
 *                                           vdso_task_enabled = true
 *                                           promote(): vdso_task_enabled ?  smp_mb()
 *                                           compute the answers
 *
 *   No process is promoted before vdso_task_enabled is set, so T computes after every
 *   change that began with the key off. If T is current or stopped, it computes nothing
 *   meanwhile, and no RCU reader is needed. vdso_task_invalidate_end() takes the result of
 *   the begin and does not test the key, so T.begin and T.end count the same invalidations.
 *
 *   Two invalidations at once count twice: T.begin == T.end only if none is under way, as
 *   each counts in T.begin first.
 *
 * Lifetime. T may leave its mm, or the mm may be freed, during the invalidation. T clears
 * T.record before it leaves its mm, the area is freed a grace period after the last user
 * of the mm, and the invalidation uses the record within an RCU reader. area.c has the
 * race with another owner of the record.
 */

#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

/* By words: a half-zeroed answer would be wrong. */
static void zero_record(struct vdso_task_record *record)
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
		zero_record(record);
		break;
	}
}

/* See vdso_task_invalidate_begin(); also counts if @p has no record. */
void __vdso_task_invalidate_begin(struct task_struct *p, enum vdso_task_part part)
{
	struct vdso_task_record *record;

	atomic64_inc(&p->vdso_task.begin);	/* model: begin.count */
	smp_mb();	/* model: begin.A, pairs with store.E */
	vdso_task_delay(VDSO_TASK_DELAY_BEGIN, p);
	rcu_read_lock();
	record = rcu_dereference(p->vdso_task.record);	/* model: begin.find */
	if (record) {
		invalidate(record, part);	/* model: begin.zero */
		vdso_task_count(VDSO_TASK_STAT_REMOTE, 1);
	}
	rcu_read_unlock();
	smp_mb();	/* model: begin.B, pairs with store.E */
	vdso_task_delay(VDSO_TASK_DELAY_CHANGE, p);
}

void __vdso_task_invalidate_end(struct task_struct *p)
{
	vdso_task_delay(VDSO_TASK_DELAY_END, p);
	smp_mb();	/* model: end.C, pairs with store.D */
	atomic64_inc(&p->vdso_task.end);	/* model: end.count */
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
	vdso_task_count(VDSO_TASK_STAT_SELF_INVALIDATE, 1);
}

/* Invalidate the answers of all threads of @mm, of all tasks if it is NULL. */
static void invalidate_threads(const struct mm_struct *mm)
{
	struct task_struct *p, *t;

	smp_mb();	/* the change before the loads of T.record */
	rcu_read_lock();
	for_each_process_thread(p, t) {
		if (mm && READ_ONCE(t->mm) != mm)
			continue;
		__vdso_task_invalidate_begin(t, VDSO_TASK_ALL);
		__vdso_task_invalidate_end(t);
	}
	rcu_read_unlock();
}

/* See vdso_task_image_changed(). A racing refresh sees the new image or T.begin++. */
void __vdso_task_invalidate_mm(struct mm_struct *mm)
{
	invalidate_threads(mm);
}

/**
 * vdso_task_invalidate_all() - invalidate the answers of all tasks
 *
 * The caller has set vdso_task_allowed to false. A task that refreshes now, or that is too
 * new for this walk, sees that after it has stored its answers.
 *
 * Context: any; does not sleep.
 */
void vdso_task_invalidate_all(void)
{
	invalidate_threads(NULL);
}
