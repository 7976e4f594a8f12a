// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of records, slots and invalidations, on an area of their own. The KUnit
 * thread is the task that owns the record: it has no mm, so no context switch and no
 * system call touches its record.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/task.h>
#include <linux/thread_info.h>
#include <linux/timex.h>

#include "internal.h"

struct fixture {
	struct mm_struct	*mm;
	struct vdso_task_area	*area;
	struct vdso_task_record	*record;
	struct task_struct	*other;
	struct task_struct	*self;
	bool			allowed;
};

/* Create the slots of all CPUs: the thread may migrate. */
static void make_slots(struct kunit *test, struct vdso_task_area *area)
{
#ifdef CONFIG_VDSO_TASK_SLOTS
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		size_t byte = vdso_task_byte(vdso_task_slot_distance(cpu));

		KUNIT_ASSERT_NOT_NULL(test, vdso_task_area_page(area, byte / PAGE_SIZE));
	}
#endif
}

static int vdso_task_init_case(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->mm = kunit_kzalloc(test, sizeof(*f->mm), GFP_KERNEL);
	f->other = kunit_kzalloc(test, sizeof(*f->other), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->mm);
	KUNIT_ASSERT_NOT_NULL(test, f->other);
	f->area = vdso_task_area_get(f->mm);
	KUNIT_ASSERT_NOT_NULL(test, f->area);
	make_slots(test, f->area);
	f->record = vdso_task_record_get(f->area, &current->vdso_task.locator);
	KUNIT_ASSERT_NOT_NULL(test, f->record);
	rcu_assign_pointer(current->vdso_task.record, f->record);
	f->self = get_task_struct(current);
	f->allowed = vdso_task_allowed;
	WRITE_ONCE(vdso_task_allowed, true);
	test->priv = f;
	return 0;
}

/* Runs in another thread, so wait for the exit of the thread that ran the case. */
static void vdso_task_exit_case(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	WRITE_ONCE(vdso_task_allowed, f->allowed);
	while (!wait_task_inactive(f->self, TASK_DEAD))
		schedule_timeout_uninterruptible(1);
	if (f->self->vdso_task.locator)
		vdso_task_record_put(f->area, f->self->vdso_task.locator);
	vdso_task_init(f->self);
	put_task_struct(f->self);
	vdso_task_mm_free(f->mm);
}

/* Store a different value in each word. */
static void mark_record(struct vdso_task_record *record)
{
	u32 *words = (u32 *)record;
	unsigned int i;

	for (i = 0; i < sizeof(*record) / sizeof(*words); i++)
		words[i] = 0x1000 + i;
}

static bool is_empty(const struct vdso_task_record *record)
{
	return !memchr_inv(record, 0, sizeof(*record));
}

/* Give the other task a record, which invalidations of that task find. */
static struct vdso_task_record *other_record(struct fixture *f)
{
	struct vdso_task_record *record;

	record = vdso_task_record_get(f->area, &f->other->vdso_task.locator);
	rcu_assign_pointer(f->other->vdso_task.record, record);
	return record;
}

static void first_record_is_below_record_zero(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, current->vdso_task.locator, -VDSO_TASK_LINE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, (void *)f->record,
			    vdso_task_line(f->area, -VDSO_TASK_LINE_SIZE));
	KUNIT_EXPECT_TRUE(test, is_empty(f->record));
	KUNIT_EXPECT_TRUE(test, is_empty(vdso_task_line(f->area, 0)));
}

/* vdso_task_record_get() returns the lowest free record, so that few pages are used. */
static void freed_record_is_reused(struct kunit *test)
{
	struct fixture *f = test->priv;
	s32 second, third, again;

	KUNIT_ASSERT_NOT_NULL(test, vdso_task_record_get(f->area, &second));
	KUNIT_ASSERT_NOT_NULL(test, vdso_task_record_get(f->area, &third));
	KUNIT_EXPECT_EQ(test, second, -2 * VDSO_TASK_LINE_SIZE);
	KUNIT_EXPECT_EQ(test, third, -3 * VDSO_TASK_LINE_SIZE);
	vdso_task_record_put(f->area, second);
	KUNIT_ASSERT_NOT_NULL(test, vdso_task_record_get(f->area, &again));
	KUNIT_EXPECT_EQ(test, again, second);
	vdso_task_record_put(f->area, again);
	vdso_task_record_put(f->area, third);
}

/* A thread that gets none falls back. */
static void records_run_out(struct kunit *test)
{
	struct fixture *f = test->priv;
	s32 locator, last = 0;
	int n;

	for (n = 0; vdso_task_record_get(f->area, &locator); n++)
		last = locator;
	KUNIT_EXPECT_EQ(test, n, VDSO_TASK_NR_RECORDS - 2);
	KUNIT_EXPECT_EQ(test, vdso_task_byte(last), 0);
	for (locator = -2 * VDSO_TASK_LINE_SIZE; locator >= last;
	     locator -= VDSO_TASK_LINE_SIZE)
		vdso_task_record_put(f->area, locator);
}

static void store_keeps_base(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers;
	u64 base = f->record->base = 0x123456789abcdefull;

	mark_record(&answers);
	vdso_task_store(&answers);
	answers.base = base;
	KUNIT_EXPECT_MEMEQ(test, f->record, &answers, sizeof(answers));
}

static void refresh_computes_syscall_results(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};

	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true),
			VDSO_TASK_STAT_REFRESH);
	KUNIT_EXPECT_EQ(test, f->record->tid, task_pid_vnr(current) + 1);
	KUNIT_EXPECT_EQ(test, f->record->pid, task_tgid_vnr(current) + 1);
	KUNIT_EXPECT_EQ(test, f->record->cputime, vdso_task_clock_usable());
	KUNIT_EXPECT_EQ(test, f->record->getcpu, !IS_ENABLED(CONFIG_VDSO_TASK_SLOTS));
}

/* A thread that reads only IDs must not pay for CPU-time clocks in each switch. */
static void ids_expose_no_cputime(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};

	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, false),
			VDSO_TASK_STAT_REFRESH);
	KUNIT_EXPECT_EQ(test, f->record->tid, task_pid_vnr(current) + 1);
	KUNIT_EXPECT_EQ(test, f->record->cputime, 0);
	KUNIT_EXPECT_EQ(test, f->record->exited_runtime, 0);
	KUNIT_EXPECT_FALSE(test, vdso_task_exposes_cputime(current));
}

static void syscall_work_masks_answers(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};

	mark_record(f->record);
	f->record->base = 0;
	set_task_syscall_work(current, SYSCALL_TRACE);
	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true),
			VDSO_TASK_STAT_POLICY);
	clear_task_syscall_work(current, SYSCALL_TRACE);
	KUNIT_EXPECT_TRUE(test, is_empty(f->record));
}

static void invalidation_by_self(struct kunit *test)
{
	struct fixture *f = test->priv;

	mark_record(f->record);
	__vdso_task_invalidate(VDSO_TASK_ALL);
	KUNIT_EXPECT_TRUE(test, is_empty(f->record));
}

/* The other answers stay. */
static void invalidation_of_one_part(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record want;

	mark_record(f->record);
	want = *f->record;
	__vdso_task_invalidate(VDSO_TASK_EXITED_RUNTIME);
	want.exited_runtime = 0;
	KUNIT_EXPECT_MEMEQ(test, f->record, &want, sizeof(want));
}

static void invalidation_by_others(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record *record = other_record(f);
	struct vdso_task_record want;

	KUNIT_ASSERT_NOT_NULL(test, record);
	mark_record(record);
	want = *record;
	__vdso_task_invalidate_begin(f->other, VDSO_TASK_PPID);
	want.ppid = 0;
	KUNIT_EXPECT_MEMEQ(test, record, &want, sizeof(want));
	__vdso_task_invalidate_end(f->other);
	__vdso_task_invalidate_begin(f->other, VDSO_TASK_ALL);
	KUNIT_EXPECT_TRUE(test, is_empty(record));
	__vdso_task_invalidate_end(f->other);
	vdso_task_record_put(f->area, f->other->vdso_task.locator);
}

/* An invalidation of one task must not affect another task of the mm. */
static void invalidation_of_other_task(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};

	KUNIT_ASSERT_NOT_NULL(test, other_record(f));
	__vdso_task_invalidate_begin(f->other, VDSO_TASK_ALL);
	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true),
			VDSO_TASK_STAT_REFRESH);
	__vdso_task_invalidate_end(f->other);
	vdso_task_record_put(f->area, f->other->vdso_task.locator);
}

static void refresh_loses_to_invalidation(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};

	__vdso_task_invalidate_begin(current, VDSO_TASK_ALL);
	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true), VDSO_TASK_STAT_STALE);
	KUNIT_EXPECT_TRUE(test, is_empty(f->record));
	__vdso_task_invalidate_end(current);
	memset(&answers, 0, sizeof(answers));
	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true),
			VDSO_TASK_STAT_REFRESH);
}

static void no_answers_while_disallowed(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};

	WRITE_ONCE(vdso_task_allowed, false);
	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true), VDSO_TASK_STAT_STALE);
	KUNIT_EXPECT_TRUE(test, is_empty(f->record));
}

/* No refresh succeeds before the last invalidation ends, and the next one does. */
static void end_last_invalidation(struct kunit *test)
{
	struct vdso_task_record answers = {};

	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true), VDSO_TASK_STAT_STALE);
	__vdso_task_invalidate_end(current);
	memset(&answers, 0, sizeof(answers));
	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true),
			VDSO_TASK_STAT_REFRESH);
}

static void overlapping_invalidations(struct kunit *test)
{
	__vdso_task_invalidate_begin(current, VDSO_TASK_ALL);
	__vdso_task_invalidate_begin(current, VDSO_TASK_PPID);
	__vdso_task_invalidate_end(current);
	end_last_invalidation(test);
}

/* The invalidation begins before the task's first refresh, so it finds no record. */
static void invalidation_before_record(struct kunit *test)
{
	struct fixture *f = test->priv;

	RCU_INIT_POINTER(current->vdso_task.record, NULL);
	__vdso_task_invalidate_begin(current, VDSO_TASK_ALL);
	rcu_assign_pointer(current->vdso_task.record, f->record);
	end_last_invalidation(test);
}

/*
 * Enable the static key, without which no invalidation counts. It is off at boot, when no
 * process can enable it meanwhile. Return whether to disable it after the case.
 */
static bool enable_key(struct kunit *test)
{
	if (static_key_enabled(&vdso_task_key))
		return false;
	if (system_state >= SYSTEM_RUNNING)
		kunit_skip(test, "a process may enable the static key");
	static_branch_enable(&vdso_task_key);
	return true;
}

/* Without a record there are no answers, so nothing is counted. */
static void invalidation_without_record_counts_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task *other = &f->other->vdso_task;
	bool disable = enable_key(test), begun;

	begun = vdso_task_invalidate_begin(f->other, VDSO_TASK_ALL);
	KUNIT_EXPECT_FALSE(test, begun);
	KUNIT_EXPECT_EQ(test, atomic64_read(&other->begin), 0);
	/* The end counts only if the begin did, even with a record meanwhile. */
	rcu_assign_pointer(other->record, f->record);
	vdso_task_invalidate_end(f->other, begun);
	KUNIT_EXPECT_EQ(test, atomic64_read(&other->end), 0);
	/* Both count with a record. */
	begun = vdso_task_invalidate_begin(f->other, VDSO_TASK_ALL);
	KUNIT_EXPECT_TRUE(test, begun);
	KUNIT_EXPECT_EQ(test, atomic64_read(&other->begin), 1);
	vdso_task_invalidate_end(f->other, begun);
	KUNIT_EXPECT_EQ(test, atomic64_read(&other->end), 1);
	if (disable)
		static_branch_disable(&vdso_task_key);
}

struct new_task {
	struct vdso_task	copy;
	struct completion	done;
};

/* Body of the new task: report what fork has left in it. */
static int report_and_exit(void *arg)
{
	struct new_task *new = arg;

	memcpy(&new->copy, &current->vdso_task, sizeof(new->copy));
	kthread_complete_and_exit(&new->done, 0);
}

/* Fork while current has a record, exposes its time, and is being invalidated. */
static void new_task_has_no_record(struct kunit *test)
{
	struct new_task new;
	pid_t pid;

	init_completion(&new.done);
	__vdso_task_invalidate_begin(current, VDSO_TASK_PPID);
	WRITE_ONCE(current->vdso_task.exposes_cputime, true);
	pid = kernel_thread(report_and_exit, &new, "vdso_task_new", SIGCHLD);
	WRITE_ONCE(current->vdso_task.exposes_cputime, false);
	__vdso_task_invalidate_end(current);
	KUNIT_ASSERT_GT(test, pid, 0);
	wait_for_completion(&new.done);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(new.copy.record));
	KUNIT_EXPECT_EQ(test, new.copy.locator, 0);
	KUNIT_EXPECT_FALSE(test, new.copy.exposes_cputime);
	KUNIT_EXPECT_EQ(test, atomic64_read(&new.copy.begin),
			atomic64_read(&new.copy.end));
}

/* Irq exit clears base, and nothing else. */
static void interrupt_clears_base(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_record answers = {};
	unsigned long flags;
	bool before, after;

	KUNIT_EXPECT_EQ(test, vdso_task_try_store(&answers, true),
			VDSO_TASK_STAT_REFRESH);
	local_irq_save(flags);
#ifdef CONFIG_VDSO_TASK_SLOTS
	vdso_task_publish_base(vdso_task_slot(f->mm), current, 1, 1);
#else
	__vdso_task_publish_base(current, 1);
#endif
	before = vdso_task_has_base(f->mm);
	vdso_task_clear_base(f->mm);
	after = vdso_task_has_base(f->mm);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, before);
	KUNIT_EXPECT_FALSE(test, after);
	KUNIT_EXPECT_EQ(test, f->record->tid, task_pid_vnr(current) + 1);
}

/* Change the clock. Return a message about the first deviation, NULL if there is none. */
static const char *clock_change_fault(void)
{
	bool usable = vdso_task_clock_usable();
	const char *fault = vdso_task_clock_published() ? NULL : "not published before";

	vdso_task_clock_begin();
	if (vdso_task_clock_published())
		fault = "published during the change";
	vdso_task_clock_stop();
	vdso_task_clock_end();
	vdso_task_clock_usable();
	if (vdso_task_clock_published())
		fault = "published after the inner change";
	vdso_task_clock_end();
	if (vdso_task_clock_published())
		fault = "published before a refresh";
	if (vdso_task_clock_usable() != usable)
		fault = "usable only before or only after";
	return vdso_task_clock_published() ? fault : "not published after";
}

/*
 * The parameters are not published during a change, and changes nest. Retry, because the
 * kernel may change the clock meanwhile, such as at boot after it has refined the TSC's
 * frequency.
 */
static void clock_change_unpublishes_parameters(struct kunit *test)
{
	unsigned int tries = 10;
	const char *fault;

	while ((fault = clock_change_fault()) && --tries)
		schedule_timeout_uninterruptible(HZ / 5);
	KUNIT_EXPECT_STREQ(test, fault ?: "", "");
}

/*
 * The base of current, with interrupts off. Interrupt time is taken off clock_task no
 * faster than time passes, so it takes as long as the interrupt time that is left: at most
 * the time since boot, of which it may be much in an emulator that was not scheduled.
 */
static u64 wait_for_base(void)
{
	u64 end = 2 * local_clock();
	u64 base, clock;

	do {
		base = vdso_task_current_base(&clock);
	} while (!base && local_clock() < end);
	return base;
}

/* base does not change as long as a thread runs and no interrupt comes. */
static void base_is_constant_in_a_stint(struct kunit *test)
{
	unsigned long flags;
	u64 first, again, clock;

	local_irq_save(flags);
	first = wait_for_base();
	ndelay(1000);
	again = vdso_task_current_base(&clock);
	local_irq_restore(flags);
	KUNIT_EXPECT_NE(test, first, 0);
	KUNIT_EXPECT_EQ(test, again, first);
}

#ifdef CONFIG_VDSO_TASK_SLOTS

static struct vdso_task_slot *slot_of(const struct fixture *f, unsigned int cpu)
{
	return vdso_task_line(f->area, vdso_task_slot_distance(cpu));
}

/* Publish current on this CPU; set @before and @after to copies of the CPU's slot. */
static void publish(struct fixture *f, struct vdso_task_slot *before,
		    struct vdso_task_slot *after)
{
	struct vdso_task_slot *slot;
	unsigned long flags;

	local_irq_save(flags);
	slot = slot_of(f, smp_processor_id());
	*before = *slot;
	vdso_task_publish(slot, current);
	*after = *slot;
	local_irq_restore(flags);
}

static void place_of_slots(struct kunit *test)
{
	struct fixture *f = test->priv;
	void *first = vdso_task_line(f->area, 0);
	unsigned int cpu;

	KUNIT_EXPECT_EQ(test, offset_in_page(first), VDSO_TASK_FIRST_OFFSET);
	for_each_possible_cpu(cpu) {
		KUNIT_ASSERT_NOT_NULL(test, slot_of(f, cpu));
		KUNIT_EXPECT_PTR_EQ(test, (void *)slot_of(f, cpu),
				    first + VDSO_TASK_LINE_SIZE * (cpu + 1));
		KUNIT_EXPECT_EQ(test, slot_of(f, cpu)->seq, f->area->seq_start);
		KUNIT_EXPECT_EQ(test, slot_of(f, cpu)->record, 0);
		KUNIT_EXPECT_EQ(test, slot_of(f, cpu)->base, 0);
		KUNIT_EXPECT_EQ(test, slot_of(f, cpu)->stamp, U64_MAX);
	}
	cpu = get_cpu();
	KUNIT_EXPECT_PTR_EQ(test, vdso_task_slot(f->mm), slot_of(f, cpu));
	put_cpu();
}

static void publication_of_record(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, after;

	publish(f, &before, &after);
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
	KUNIT_EXPECT_EQ(test, (s64)after.record, current->vdso_task.locator);
	KUNIT_EXPECT_EQ(test, after.base, 0);
}

static void publication_of_base(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot slot;
	cycles_t before, after;
	unsigned long flags;

	local_irq_save(flags);
	before = get_cycles();
	vdso_task_publish_base(vdso_task_slot(f->mm), current, 3, 5);
	after = get_cycles();
	slot = *slot_of(f, smp_processor_id());
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, (s64)slot.record, current->vdso_task.locator);
	KUNIT_EXPECT_EQ(test, slot.base, 3);
	KUNIT_EXPECT_GE(test, slot.stamp, before);
	KUNIT_EXPECT_LE(test, slot.stamp, after);
	KUNIT_EXPECT_EQ(test, slot.clock, 5);
}

/* Publishing the same thread again changes seq: its record may have had another owner. */
static void publication_of_same_thread(struct kunit *test)
{
	struct vdso_task_slot before, after;

	preempt_disable();	/* stay on the CPU of the slot */
	publish(test->priv, &before, &after);
	publish(test->priv, &before, &after);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
	KUNIT_EXPECT_EQ(test, (s64)before.record, current->vdso_task.locator);
	KUNIT_EXPECT_EQ(test, after.record, before.record);
}

/* The thread before exposed its CPU time, the incoming one does not. */
static void publication_clears_base(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, after;
	unsigned long flags;

	local_irq_save(flags);
	vdso_task_publish_base(vdso_task_slot(f->mm), current, 3, 5);
	publish(f, &before, &after);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, before.base, 3);
	KUNIT_EXPECT_EQ(test, after.base, 0);
}

/* Publishing a thread without a record removes the previous thread's from the slot. */
static void publication_without_record(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, after;
	s32 locator = current->vdso_task.locator;

	preempt_disable();
	publish(f, &before, &after);
	current->vdso_task.locator = 0;
	publish(f, &before, &after);
	current->vdso_task.locator = locator;
	preempt_enable();
	KUNIT_EXPECT_EQ(test, (s64)before.record, locator);
	KUNIT_EXPECT_EQ(test, after.record, 0);
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
}

/* The first seq of a later area is above every seq of an earlier one. */
static void seq_of_later_area(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, after;
	s32 locator = current->vdso_task.locator;
	struct vdso_task_area *later;
	unsigned int i;

	preempt_disable();
	for (i = 0; i < 1000; i++) {
		current->vdso_task.locator -= VDSO_TASK_LINE_SIZE;
		publish(f, &before, &after);
	}
	preempt_enable();
	current->vdso_task.locator = locator;
	f->mm->vdso_task.area = NULL;
	later = vdso_task_area_get(f->mm);
	KUNIT_ASSERT_NOT_NULL(test, later);
	KUNIT_EXPECT_GT(test, (s64)(later->seq_start - after.seq), 0);
	vdso_task_mm_free(f->mm);
	f->mm->vdso_task.area = f->area;
}

#endif /* CONFIG_VDSO_TASK_SLOTS */

static struct kunit_case vdso_task_cases[] = {
	KUNIT_CASE(first_record_is_below_record_zero),
	KUNIT_CASE(freed_record_is_reused),
	KUNIT_CASE(records_run_out),
	KUNIT_CASE(store_keeps_base),
	KUNIT_CASE(refresh_computes_syscall_results),
	KUNIT_CASE(ids_expose_no_cputime),
	KUNIT_CASE(syscall_work_masks_answers),
	KUNIT_CASE(invalidation_by_self),
	KUNIT_CASE(invalidation_of_one_part),
	KUNIT_CASE(invalidation_by_others),
	KUNIT_CASE(invalidation_of_other_task),
	KUNIT_CASE(refresh_loses_to_invalidation),
	KUNIT_CASE(no_answers_while_disallowed),
	KUNIT_CASE(overlapping_invalidations),
	KUNIT_CASE(invalidation_before_record),
	KUNIT_CASE(invalidation_without_record_counts_nothing),
	KUNIT_CASE(new_task_has_no_record),
	KUNIT_CASE(interrupt_clears_base),
	KUNIT_CASE(clock_change_unpublishes_parameters),
	KUNIT_CASE(base_is_constant_in_a_stint),
#ifdef CONFIG_VDSO_TASK_SLOTS
	KUNIT_CASE(place_of_slots),
	KUNIT_CASE(publication_of_record),
	KUNIT_CASE(publication_of_base),
	KUNIT_CASE(publication_of_same_thread),
	KUNIT_CASE(publication_clears_base),
	KUNIT_CASE(publication_without_record),
	KUNIT_CASE(seq_of_later_area),
#endif
	{}
};

static struct kunit_suite vdso_task_suite = {
	.name = "vdso_task",
	.init = vdso_task_init_case,
	.exit = vdso_task_exit_case,
	.test_cases = vdso_task_cases,
};
kunit_test_suite(vdso_task_suite);
