// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: what the system calls do that the vDSO could have answered.
 *
 * A call whose answer is in the caller's record already was made by a program that
 * does not use the vDSO, or after a race that the reader lost: nothing is to be done.
 * Else the process is on its way to its first records (map.c), or all answers of the
 * caller are computed and stored. How that loses against a change of them stands in
 * invalidate.c, and what is left out for a tracer or a filter in policy.c.
 */

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uidgid.h>

#include "internal.h"

/**
 * compute() - all answers of current
 * @answers: where they go; all zeros before
 * @clocks: may its CPU time be computed as well?
 */
static void compute(struct vdso_task_record *answers, bool clocks)
{
#define VDSO_TASK_COMPUTE(field, value)	answers->field = (u32)(value) + 1;
	VDSO_TASK_ANSWERS(VDSO_TASK_COMPUTE)
#undef VDSO_TASK_COMPUTE
	answers->getcpu = !IS_ENABLED(CONFIG_VDSO_TASK_SLOTS);
	if (clocks)
		vdso_task_compute_clocks(answers);
	current->vdso_task.masked = 0;
	if (unlikely(vdso_task_is_filtered(current)))
		current->vdso_task.masked = vdso_task_mask_filtered(answers);
}

/**
 * vdso_task_try_store() - compute current's answers and store them in its record
 * @answers: gets them; all zeros before
 * @clocks: may its CPU time be computed as well?
 *
 * Return: VDSO_TASK_STAT_REFRESH, or why the record is all zeros.
 */
enum vdso_task_stat vdso_task_try_store(struct vdso_task_record *answers, bool clocks)
{
	struct vdso_task *task = &current->vdso_task;
	const struct vdso_task_record none = {};
	s64 end = atomic64_read(&task->end);

	smp_mb();	/* pairs with (C) in invalidate.c */
	vdso_task_delay(VDSO_TASK_DELAY_REFRESH, current);
	if (vdso_task_has_syscall_work(current)) {
		vdso_task_store(&none);
		return VDSO_TASK_STAT_POLICY;
	}
	compute(answers, clocks);
	vdso_task_delay(VDSO_TASK_DELAY_COMPUTED, current);
	vdso_task_store(answers);
	vdso_task_delay(VDSO_TASK_DELAY_STORED, current);
	smp_mb();	/* pairs with (A) and (B) in invalidate.c */
	if (atomic64_read(&task->begin) == end && READ_ONCE(vdso_task_allowed)) {
		task->computed = end;
		return VDSO_TASK_STAT_REFRESH;
	}
	vdso_task_store(&none);
	return VDSO_TASK_STAT_STALE;
}

/*
 * From here on others find the record of current. Under these locks they may look
 * whether there is one before they change an answer: see invalidate.c.
 */
static void attach(struct vdso_task_record *record, s32 locator)
{
	read_lock(&tasklist_lock);
	spin_lock_irq(&current->sighand->siglock);
	rcu_assign_pointer(current->vdso_task.record, record);
	current->vdso_task.locator = locator;
	spin_unlock_irq(&current->sighand->siglock);
	read_unlock(&tasklist_lock);
}

/* A zero page may be mapped where a page was made without a fault. */
static bool make_reachable(struct vdso_task_area *area)
{
	int made;

	smp_rmb();	/* the page first: pairs with cmpxchg() in vdso_task_area_page() */
	made = atomic_read(&area->made);
	if (likely(made == READ_ONCE(area->unmapped)))
		return true;
	if (!vdso_task_unmap(current->mm))
		return false;
	WRITE_ONCE(area->unmapped, made);
	return true;
}

static bool get_record(struct vdso_task_area *area)
{
	struct vdso_task_record *record;
	unsigned int wait;
	s32 locator;

	if (likely(rcu_access_pointer(current->vdso_task.record)))
		return true;
	wait = READ_ONCE(area->wait);
	if (wait) {
		WRITE_ONCE(area->wait, wait - 1);
		return false;
	}
	record = vdso_task_record_get(area, &locator);
	if (!record) {
		WRITE_ONCE(area->wait, VDSO_TASK_PROMOTE);
		return false;
	}
	if (unlikely(!make_reachable(area))) {
		vdso_task_record_put(area, locator);
		return false;
	}
	current->vdso_task.computed = -1;
	attach(record, locator);
	return true;
}

/**
 * __vdso_task_detach() - give back current's record
 * @mm: the mm that it is in, which has not lost this user yet
 *
 * Slots of this mm may show its distance up to the next publication, which comes before
 * any thread of the mm runs on their CPUs. A switch in between finds the record or none,
 * and no base: it does not expose its time any more.
 *
 * Context: process context; current does not return to user mode in that mm.
 */
void __vdso_task_detach(struct mm_struct *mm)
{
	struct vdso_task *task = &current->vdso_task;
	struct vdso_task_record *record = vdso_task_own_record(current);
	const struct vdso_task_record none = {};
	s32 locator = task->locator;

	if (task->exposes_cputime)
		task_sched_runtime(current);
	/* Whoever sees that it exposes nothing any more sees what it was charged. */
	smp_store_release(&task->exposes_cputime, false);
	barrier();
	vdso_task_store(&none);
	WRITE_ONCE(record->base, 0);
	task->locator = 0;
	rcu_assign_pointer(task->record, NULL);
	vdso_task_record_put(mm->vdso_task.area, locator);
}

static bool has_answers(const struct vdso_task_record *answers,
			enum vdso_task_kind kind)
{
#define VDSO_TASK_HAS(field, value)	&& answers->field
	switch (kind) {
	case VDSO_TASK_IDS:
		return true VDSO_TASK_ANSWERS(VDSO_TASK_HAS);
	case VDSO_TASK_THREAD_TIME:
		return answers->cputime;
	case VDSO_TASK_PROCESS_TIME:
		return answers->cputime && answers->exited_runtime;
	}
#undef VDSO_TASK_HAS
	return false;
}

/*
 * Did a filter leave this answer out, and has nothing changed since? Another one may be
 * 0 although nothing has: see area.c.
 */
static bool is_masked(size_t field)
{
	const struct vdso_task *task = &current->vdso_task;

	return task->locator && task->masked & vdso_task_mask_bit(field) &&
	       task->computed == atomic64_read(&task->begin);
}

/* Out of line, for a call on a record as it should be not to pay for this. */
static noinline enum vdso_task_stat refresh(struct mm_struct *mm,
					    struct vdso_task_area *area,
					    enum vdso_task_kind kind, size_t field)
{
	struct vdso_task_record answers = {};
	enum vdso_task_stat why;
	bool clocks;

	if (is_masked(field))
		return VDSO_TASK_STAT_POLICY;
	if (kind != VDSO_TASK_IDS) {
		if (!vdso_task_can_answer(kind, &why))
			return why;
		/* A reader touches no slot before it may read the counter. */
		vdso_task_allow_counter(area);
	}
	/* There was no memory for what this thread touched: once more, from the start. */
	if (!vdso_task_reachable(area)) {
		vdso_task_count_fallback(mm);
		return VDSO_TASK_STAT_UNPROMOTED;
	}
	if (!get_record(area))
		return VDSO_TASK_STAT_NOMEM;
	/* Before the first base that user mode can read: see clock.c. */
	clocks = kind != VDSO_TASK_IDS || vdso_task_exposes_cputime(current);
	if (kind != VDSO_TASK_IDS)
		vdso_task_expose_cputime();
	why = vdso_task_try_store(&answers, clocks);
	vdso_task_publish_current();
	if (why == VDSO_TASK_STAT_REFRESH && !has_answers(&answers, kind))
		return is_masked(field) ? VDSO_TASK_STAT_POLICY : VDSO_TASK_STAT_NONE;
	return why;
}

/* Could records answer this call for a clock? Out of line as the above. */
static noinline bool is_reason_for_records(enum vdso_task_kind kind)
{
	enum vdso_task_stat why;

	if (vdso_task_can_answer(kind, &why))
		return true;
	vdso_task_count(why, 1);
	return false;
}

static void fall_back(enum vdso_task_kind kind, size_t field)
{
	struct mm_struct *mm = current->mm;
	struct vdso_task_area *area = READ_ONCE(mm->vdso_task.area);

	if (!READ_ONCE(vdso_task_allowed)) {
		vdso_task_count(VDSO_TASK_STAT_OFF, 1);
		return;
	}
	if (vdso_task_has_syscall_work(current)) {
		vdso_task_count(VDSO_TASK_STAT_POLICY, 1);
		return;
	}
	if (area) {
		vdso_task_count(refresh(mm, area, kind, field), 1);
		return;
	}
	if (kind != VDSO_TASK_IDS && !is_reason_for_records(kind))
		return;
	vdso_task_count(VDSO_TASK_STAT_UNPROMOTED, 1);
	vdso_task_count_fallback(mm);
}

/* The answer is there, and the way to it is not. */
static noinline void show(void)
{
	struct vdso_task_area *area = READ_ONCE(current->mm->vdso_task.area);

	if (vdso_task_reachable(area)) {
		vdso_task_publish_current();
		vdso_task_count(VDSO_TASK_STAT_REFRESH, 1);
	} else {
		vdso_task_count_fallback(current->mm);
		vdso_task_count(VDSO_TASK_STAT_UNPROMOTED, 1);
	}
}

/* Did the process ever touch its area, or the page that all processes share? */
static __always_inline bool is_touched(void)
{
	return READ_ONCE(current->mm->vdso_task.fallbacks);
}

/**
 * __vdso_task_refresh() - see vdso_task_refresh()
 * @field: offset of the answer in the record, in bytes
 */
void __vdso_task_refresh(size_t field)
{
	const void *record = vdso_task_own_record(current);

	if (record && READ_ONCE(*(const u32 *)(record + field))) {
		if (unlikely(!vdso_task_is_shown()))
			show();
		else
			vdso_task_count(VDSO_TASK_STAT_DIRECT, 1);
	} else if (is_touched()) {
		fall_back(VDSO_TASK_IDS, field);
	}
}

/* Is it one of the clocks that a record may answer: current's own? */
static bool is_own(clockid_t clock)
{
	pid_t pid = CPUCLOCK_PID(clock);

	return CPUCLOCK_WHICH(clock) == CPUCLOCK_SCHED &&
	       (!pid || pid == task_pid_vnr(current));
}

/* Out of line as the above. Readers that find no parameters come here for them. */
static noinline void refresh_clock(clockid_t clock, enum vdso_task_kind kind)
{
	const struct vdso_task_record *record = vdso_task_own_record(current);

	if (!is_own(clock))
		return;
	if (record && has_answers(record, kind) && vdso_task_clock_usable() &&
	    vdso_task_has_base(current->mm))
		vdso_task_count(VDSO_TASK_STAT_DIRECT, 1);
	else
		fall_back(kind, offsetof(struct vdso_task_record, cputime));
}

/* A CPU-time clock was read by system call. */
void __vdso_task_refresh_clock(clockid_t clock)
{
	if (is_touched())
		refresh_clock(clock, CPUCLOCK_PERTHREAD(clock) ? VDSO_TASK_THREAD_TIME :
								 VDSO_TASK_PROCESS_TIME);
}

/* Its resolution was, which is reported where the thread's time is. */
void __vdso_task_refresh_res(clockid_t clock)
{
	if (is_touched())
		refresh_clock(clock, VDSO_TASK_THREAD_TIME);
}
