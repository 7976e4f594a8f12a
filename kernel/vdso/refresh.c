// SPDX-License-Identifier: GPL-2.0
/*
 * Task records: hooks in the system calls that the vDSO could have answered.
 *
 * If the caller's record has the answer already, the program does not use the vDSO, or
 * the reader lost a race: nothing is to be done. Else the fallback counts towards the
 * promotion of the process (map.c), or all answers of the caller are computed and stored.
 * invalidate.c has the race with an invalidation; policy.c has the answers that are left
 * out for a tracer or a filter.
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
 * compute() - compute all answers of current
 * @answers: gets them; all zeros before
 * @clocks: compute those of the CPU-time clocks as well
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
 * @clocks: compute those of the CPU-time clocks as well
 *
 * Return: VDSO_TASK_STAT_REFRESH, or the reason that the record has no answers.
 */
enum vdso_task_stat vdso_task_try_store(struct vdso_task_record *answers, bool clocks)
{
	struct vdso_task *task = &current->vdso_task;
	const struct vdso_task_record none = {};
	s64 end = atomic64_read(&task->end);	/* model: store.end */

	smp_mb();	/* model: store.D, pairs with end.C */
	vdso_task_delay(VDSO_TASK_DELAY_REFRESH, current);
	if (vdso_task_has_syscall_work(current)) {	/* model: store.work */
		vdso_task_store(&none);
		return VDSO_TASK_STAT_POLICY;
	}
	compute(answers, clocks);	/* model: store.compute */
	vdso_task_delay(VDSO_TASK_DELAY_COMPUTED, current);
	vdso_task_store(answers);	/* model: store.answers */
	vdso_task_delay(VDSO_TASK_DELAY_STORED, current);
	smp_mb();	/* model: store.E, pairs with begin.A and begin.B */
	/* model: store.begin store.allowed */
	if (atomic64_read(&task->begin) == end && READ_ONCE(vdso_task_allowed)) {
		task->computed = end;
		return VDSO_TASK_STAT_REFRESH;
	}
	vdso_task_store(&none);	/* model: store.zero */
	return VDSO_TASK_STAT_STALE;
}

/*
 * Make current's record visible to other tasks. A task that changes an answer under one
 * of these locks may first test whether there is a record: see invalidate.c.
 */
static void attach(struct vdso_task_record *record, s32 locator)
{
	read_lock(&tasklist_lock);	/* model: attach.lock */
	spin_lock_irq(&current->sighand->siglock);	/* model: attach.siglock */
	rcu_assign_pointer(current->vdso_task.record, record);	/* model: attach.record */
	current->vdso_task.locator = locator;
	spin_unlock_irq(&current->sighand->siglock);	/* model: attach.sigunlock */
	read_unlock(&tasklist_lock);	/* model: attach.unlock */
}

/* Remove zero pages that may be mapped in place of pages created without a fault. */
static bool make_reachable(struct vdso_task_area *area)
{
	int unfaulted;

	smp_rmb();	/* the page first: pairs with cmpxchg() in vdso_task_area_page() */
	unfaulted = atomic_read(&area->unfaulted);
	if (likely(unfaulted == READ_ONCE(area->zapped)))
		return true;
	if (!vdso_task_zap_zero_pages(current->mm))
		return false;
	WRITE_ONCE(area->zapped, unfaulted);
	return true;
}

static bool get_record(struct vdso_task_area *area)
{
	struct vdso_task_record *record;
	unsigned int backoff;
	s32 locator;

	if (likely(rcu_access_pointer(current->vdso_task.record)))
		return true;
	backoff = READ_ONCE(area->backoff);
	if (backoff) {
		WRITE_ONCE(area->backoff, backoff - 1);
		return false;
	}
	record = vdso_task_record_get(area, &locator);
	if (!record) {
		WRITE_ONCE(area->backoff, VDSO_TASK_PROMOTE);
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
 * Slots of this mm may keep its distance up to their next publication, which comes before
 * any thread of the mm runs on their CPUs. A switch after exposes_cputime is false
 * publishes the record or record 0, and no base.
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
	/* A task that loads false with acquire sees the runtime accounted above. */
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
 * Did a filter mask this answer, and was there no invalidation since? An unmasked answer
 * may be 0 even so: see area.c.
 */
static bool is_masked(size_t field)
{
	const struct vdso_task *task = &current->vdso_task;

	return task->locator && task->masked & vdso_task_mask_bit(field) &&
	       task->computed == atomic64_read(&task->begin);
}

/* Out of line, so that calls whose record has the answer save no registers for this. */
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
		/* An x86 reader loads no slot before record 0 allows the counter. */
		vdso_task_allow_counter(area);
	}
	/* There was no memory for a page that this thread touched: count again. */
	if (!vdso_task_reachable(area)) {
		vdso_task_count_fallback(mm);
		return VDSO_TASK_STAT_UNPROMOTED;
	}
	if (!get_record(area))	/* model: refresh.record */
		return VDSO_TASK_STAT_NOMEM;
	/* Expose before the first base is published: see clock.c. */
	clocks = kind != VDSO_TASK_IDS || vdso_task_exposes_cputime(current);
	if (kind != VDSO_TASK_IDS)
		vdso_task_expose_cputime();	/* model: refresh.expose */
	why = vdso_task_try_store(&answers, clocks);	/* model: refresh.store */
	vdso_task_publish_current();	/* model: refresh.publish */
	if (why == VDSO_TASK_STAT_REFRESH && !has_answers(&answers, kind))
		return is_masked(field) ? VDSO_TASK_STAT_POLICY : VDSO_TASK_STAT_NONE;
	return why;
}

/* Could a record answer this clock call? If not, count why. Out of line as above. */
static noinline bool check_answerable(enum vdso_task_kind kind)
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
	if (kind != VDSO_TASK_IDS && !check_answerable(kind))
		return;
	vdso_task_count(VDSO_TASK_STAT_UNPROMOTED, 1);
	vdso_task_count_fallback(mm);
}

/* The record has the answer, but this CPU's slot does not lead to the record. */
static noinline void republish(void)
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

/* Has the process touched its area, or the page that all processes share? */
static __always_inline bool is_touched(void)
{
	return READ_ONCE(current->mm->vdso_task.fallbacks);
}

/**
 * __vdso_task_refresh() - out-of-line part of vdso_task_refresh()
 * @field: offset of the answer in the record, in bytes
 */
void __vdso_task_refresh(size_t field)
{
	const void *record = vdso_task_own_record(current);

	if (record && READ_ONCE(*(const u32 *)(record + field))) {
		if (unlikely(!vdso_task_is_published()))
			republish();
		else
			vdso_task_count(VDSO_TASK_STAT_DIRECT, 1);
	} else if (is_touched()) {
		fall_back(VDSO_TASK_IDS, field);
	}
}

/* Can a record answer this clock: is it current's own? */
static bool is_own_clock(clockid_t clock)
{
	pid_t pid = CPUCLOCK_PID(clock);

	return CPUCLOCK_WHICH(clock) == CPUCLOCK_SCHED &&
	       (!pid || pid == task_pid_vnr(current));
}

/* Out of line as above. Publishes the clock parameters if a reader found none. */
static noinline void refresh_clock(clockid_t clock, enum vdso_task_kind kind)
{
	const struct vdso_task_record *record = vdso_task_own_record(current);

	if (!is_own_clock(clock))
		return;
	if (record && has_answers(record, kind) && vdso_task_clock_usable() &&
	    vdso_task_has_base(current->mm))
		vdso_task_count(VDSO_TASK_STAT_DIRECT, 1);
	else
		fall_back(kind, offsetof(struct vdso_task_record, cputime));
}

/* See vdso_task_refresh_clock(). */
void __vdso_task_refresh_clock(clockid_t clock)
{
	if (is_touched())
		refresh_clock(clock, CPUCLOCK_PERTHREAD(clock) ? VDSO_TASK_THREAD_TIME :
								 VDSO_TASK_PROCESS_TIME);
}

/* The vDSO reports the resolution where it reports the thread's time. */
void __vdso_task_refresh_res(clockid_t clock)
{
	if (is_touched())
		refresh_clock(clock, VDSO_TASK_THREAD_TIME);
}
