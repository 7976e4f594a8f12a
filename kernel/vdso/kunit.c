// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the slot writer and of the generations, on an area of their own.
 * The thread that runs them takes the part of the task: it has no mm, so no
 * switch and no system call touches its record.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/thread_info.h>

#include "internal.h"

struct fixture {
	struct mm_struct	*mm;
	struct vdso_task_area	*area;
	struct task_struct	*other;
	struct task_struct	*self;
	bool			allowed;
};

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
	rcu_assign_pointer(current->vdso_task_changes.area, f->area);
	f->self = get_task_struct(current);
	f->allowed = vdso_task_allowed;
	WRITE_ONCE(vdso_task_allowed, true);
	test->priv = f;
	return 0;
}

/* Another thread's part: the one that ran the case may be on its way out yet. */
static void vdso_task_exit_case(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	WRITE_ONCE(vdso_task_allowed, f->allowed);
	while (!wait_task_inactive(f->self, TASK_DEAD))
		schedule_timeout_uninterruptible(1);
	vdso_task_forget(f->self);
	put_task_struct(f->self);
	vdso_task_mm_free(f->mm);
}

/* Where the layout has the slot of a CPU; NULL if its page does not exist. */
static struct vdso_task_slot *slot_of(const struct fixture *f, unsigned int cpu)
{
	unsigned int line = cpu + 1;
	void *page = f->area->pages[line / VDSO_TASK_LINES_PER_PAGE];

	return page ? vdso_task_line(page, line) : NULL;
}

#define BASE	0x123456789abcdefull

/* What a switch computes for a record that allows it. */
static u64 base(void)
{
	return current->vdso_task.base ? BASE : 0;
}

/* A record with another value in each word. */
static void mark_record(void)
{
	struct vdso_task_slot *record = &current->vdso_task;
	u32 *words = (u32 *)record;
	unsigned int i;

	for (i = 0; i < sizeof(*record) / sizeof(*words); i++)
		words[i] = 0x1000 + i;
}

/* Fill the slot of this CPU; what it held before and what it holds then. */
static void fill(struct fixture *f, struct vdso_task_slot *before,
		 struct vdso_task_slot *after)
{
	struct vdso_task_slot *slot;
	unsigned long flags;

	local_irq_save(flags);
	slot = slot_of(f, smp_processor_id());
	*before = *slot;
	__vdso_task_fill(current, f->area, base());
	*after = *slot;
	local_irq_restore(flags);
}

static bool is_empty(const struct vdso_task_slot *slot)
{
	return !memchr_inv((const u64 *)slot + 1, 0,
			   sizeof(*slot) - sizeof(u64));
}

static void place_of_slots(struct kunit *test)
{
	struct fixture *f = test->priv;
	void *top = f->area->pages[0] + PAGE_SIZE;
	unsigned int cpu;

	KUNIT_EXPECT_PTR_EQ(test, (void *)f->area->header, top - 64);
	for_each_possible_cpu(cpu) {
		if (cpu + 1 >= VDSO_TASK_LINES_PER_PAGE)
			break;
		KUNIT_EXPECT_PTR_EQ(test, (void *)slot_of(f, cpu),
				    top - 64 * (cpu + 2));
	}
	cpu = get_cpu();
	KUNIT_EXPECT_PTR_EQ(test, vdso_task_this_slot(f->area), slot_of(f, cpu));
	put_cpu();
}

static void new_area_answers_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int cpu;

	KUNIT_EXPECT_NE(test, f->area->header->begin, 0);
	for_each_possible_cpu(cpu) {
		struct vdso_task_slot *slot = slot_of(f, cpu);

		if (!slot)
			continue;
		KUNIT_EXPECT_TRUE(test, is_empty(slot));
		KUNIT_EXPECT_EQ(test, slot->seq, f->area->start);
	}
}

static void fill_copies_all_but_seq(struct kunit *test)
{
	struct vdso_task_slot before, after, want;

	mark_record();
	want = current->vdso_task;
	want.base = BASE;
	fill(test->priv, &before, &after);
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
	KUNIT_EXPECT_MEMEQ(test, (u64 *)&after + 1, (u64 *)&want + 1,
			   sizeof(after) - sizeof(u64));
}

/* A record that does not allow it gets no base. */
static void fill_without_base(struct kunit *test)
{
	struct vdso_task_slot before, after;

	mark_record();
	fill(test->priv, &before, &after);
	current->vdso_task.base = 0;
	fill(test->priv, &before, &after);
	KUNIT_EXPECT_EQ(test, after.base, 0);
	KUNIT_EXPECT_EQ(test, after.dead, current->vdso_task.dead);
}

/* The end of an interrupt takes base away from the slot, and nothing else. */
static void interrupt_empties_base(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, filled, after;
	unsigned long flags;

	mark_record();
	local_irq_save(flags);
	fill(f, &before, &filled);
	__vdso_task_interrupted();
	after = *slot_of(f, smp_processor_id());
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, after.seq, filled.seq + 1);
	KUNIT_EXPECT_EQ(test, after.base, 0);
	filled.seq = after.seq;
	filled.base = 0;
	KUNIT_EXPECT_MEMEQ(test, &after, &filled, sizeof(after));
}

/* What is not as it should be around a change, NULL if all is. */
static const char *change_clock(void)
{
	bool usable = vdso_task_clock_usable();
	const char *fault = vdso_task_clock_published() ? NULL : "not told before";

	vdso_task_clock_begin();
	if (vdso_task_clock_published())
		fault = "told while it changes";
	vdso_task_clock_stop();
	vdso_task_clock_end();
	vdso_task_clock_usable();
	if (vdso_task_clock_published())
		fault = "told after the inner change";
	vdso_task_clock_end();
	if (vdso_task_clock_published())
		fault = "told before anybody asks";
	if (vdso_task_clock_usable() != usable)
		fault = "usable before or after, not both";
	return vdso_task_clock_published() ? fault : "not told after";
}

/*
 * While the clock changes nobody may read it, and nested changes count. The kernel
 * may change it meanwhile, as it does at boot when it knows the TSC better: then
 * once more.
 */
static void clock_change_stops_answers(struct kunit *test)
{
	unsigned int tries = 10;
	const char *fault;

	while ((fault = change_clock()) && --tries)
		schedule_timeout_uninterruptible(HZ / 5);
	KUNIT_EXPECT_STREQ(test, fault ?: "", "");
}

/*
 * The base of current, with interrupts off. Time in interrupts is taken off no
 * faster than time passes, so what they left is gone after that long: at most the
 * time since boot, and in an emulator that is held up it may be much of it.
 */
static u64 settled_base(void)
{
	u64 end = 2 * local_clock();
	u64 base;

	do {
		base = vdso_task_current_base();
	} while (!base && local_clock() < end);
	return base;
}

/* What user space computes is sched_clock(), and base stays during a stint. */
static void base_stays_the_same(struct kunit *test)
{
	unsigned long flags;
	u64 first, again;

	local_irq_save(flags);
	first = settled_base();
	ndelay(1000);
	again = vdso_task_current_base();
	local_irq_restore(flags);
	KUNIT_EXPECT_NE(test, first, 0);
	KUNIT_EXPECT_EQ(test, again, first);
}

/* The same thread comes back: a reader in between must notice. */
static void fill_again_changes_seq(struct kunit *test)
{
	struct vdso_task_slot before, after;

	mark_record();
	fill(test->priv, &before, &after);
	fill(test->priv, &before, &after);
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
}

/* A thread without answers takes those of the one before it away. */
static void fill_of_new_task_empties(struct kunit *test)
{
	struct vdso_task_slot before, after;

	mark_record();
	fill(test->priv, &before, &after);
	memset(&current->vdso_task, 0, sizeof(current->vdso_task));
	fill(test->priv, &before, &after);
	KUNIT_EXPECT_TRUE(test, is_empty(&after));
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
}

static void fill_of_watched_task_empties(struct kunit *test)
{
	struct vdso_task_slot before, after;

	mark_record();
	fill(test->priv, &before, &after);
	set_task_syscall_work(current, SYSCALL_TRACE);
	fill(test->priv, &before, &after);
	clear_task_syscall_work(current, SYSCALL_TRACE);
	KUNIT_EXPECT_TRUE(test, is_empty(&after));
	KUNIT_EXPECT_EQ(test, after.seq, before.seq + 1);
}

/* No thread of the process has called on a CPU whose slot lies there. */
static void fill_without_page(struct kunit *test)
{
	struct fixture *f = test->priv;
	void *page = f->area->pages[0];
	unsigned long flags;

	local_irq_save(flags);
	f->area->pages[0] = NULL;
	__vdso_task_fill(current, f->area, base());
	f->area->pages[0] = page;
	local_irq_restore(flags);
	KUNIT_EXPECT_PTR_EQ(test, f->area->pages[0], page);
}

static void drop_empties_record_and_slot(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, slot;
	unsigned long flags;

	mark_record();
	local_irq_save(flags);
	__vdso_task_fill(current, f->area, base());
	before = *slot_of(f, smp_processor_id());
	__vdso_task_drop();
	slot = *slot_of(f, smp_processor_id());
	local_irq_restore(flags);
	KUNIT_EXPECT_FALSE(test, is_empty(&before));
	KUNIT_EXPECT_TRUE(test, is_empty(&slot));
	KUNIT_EXPECT_TRUE(test, is_empty(&current->vdso_task));
	KUNIT_EXPECT_EQ(test, slot.seq, before.seq + 1);
}

static void compute_says_what_calls_say(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	KUNIT_ASSERT_TRUE(test, vdso_task_compute(f->area, &record, true));
	KUNIT_EXPECT_EQ(test, record.gen, f->area->header->begin);
	KUNIT_EXPECT_EQ(test, record.tid, task_pid_vnr(current) + 1);
	KUNIT_EXPECT_EQ(test, record.pid, task_tgid_vnr(current) + 1);
}

/* Whoever asks for IDs only is not charged, or its switches computed, for clocks. */
static void ids_expose_no_clock(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	KUNIT_ASSERT_TRUE(test, vdso_task_compute(f->area, &record, false));
	KUNIT_EXPECT_EQ(test, record.tid, task_pid_vnr(current) + 1);
	KUNIT_EXPECT_EQ(test, record.base, 0);
	KUNIT_EXPECT_EQ(test, record.dead, 0);
	KUNIT_EXPECT_FALSE(test, vdso_task_exposes_cputime(current));
}

static void change_opens_generation(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 begin = f->area->header->begin;

	rcu_assign_pointer(f->other->vdso_task_changes.area, f->area);
	__vdso_task_change_begin(f->other);
	KUNIT_EXPECT_EQ(test, f->area->header->begin, begin + 1);
	__vdso_task_change_end(f->other);
	KUNIT_EXPECT_EQ(test, f->area->header->begin, begin + 1);
}

/* A change of one task is no reason for another of the mm to wait. */
static void change_of_other_task(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	rcu_assign_pointer(f->other->vdso_task_changes.area, f->area);
	__vdso_task_change_begin(f->other);
	KUNIT_EXPECT_TRUE(test, vdso_task_compute(f->area, &record, true));
	KUNIT_EXPECT_EQ(test, record.gen, f->area->header->begin);
	__vdso_task_change_end(f->other);
}

static void compute_loses_against_change(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	__vdso_task_change_begin(current);
	KUNIT_EXPECT_FALSE(test, vdso_task_compute(f->area, &record, true));
	__vdso_task_change_end(current);
	memset(&record, 0, sizeof(record));
	KUNIT_EXPECT_TRUE(test, vdso_task_compute(f->area, &record, true));
	KUNIT_EXPECT_EQ(test, record.gen, f->area->header->begin);
}

static void nothing_is_computed_while_off(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	WRITE_ONCE(vdso_task_allowed, false);
	KUNIT_EXPECT_FALSE(test, vdso_task_compute(f->area, &record, true));
}

/* Also those of a thread that runs on and is never switched out. */
static void off_ends_answers(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	KUNIT_ASSERT_TRUE(test, vdso_task_compute(f->area, &record, true));
	WRITE_ONCE(vdso_task_allowed, false);
	vdso_task_end_answers(f->mm);
	KUNIT_EXPECT_NE(test, record.gen, f->area->header->begin);
}

static void answers_of_before_are_dead(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	KUNIT_ASSERT_TRUE(test, vdso_task_compute(f->area, &record, true));
	__vdso_task_change_begin(current);
	KUNIT_EXPECT_NE(test, record.gen, f->area->header->begin);
	__vdso_task_change_end(current);
	KUNIT_EXPECT_NE(test, record.gen, f->area->header->begin);
}

static void changes_at_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot record = {};

	__vdso_task_change_begin(current);
	__vdso_task_change_begin(current);
	__vdso_task_change_end(current);
	KUNIT_EXPECT_FALSE(test, vdso_task_compute(f->area, &record, true));
	__vdso_task_change_end(current);
	KUNIT_EXPECT_TRUE(test, vdso_task_compute(f->area, &record, true));
}

/* Begun before the task's first refresh, so by a change that saw no area. */
static void change_without_area(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 begin = f->area->header->begin;
	struct vdso_task_slot record = {};

	RCU_INIT_POINTER(current->vdso_task_changes.area, NULL);
	__vdso_task_change_begin(current);
	KUNIT_EXPECT_EQ(test, f->area->header->begin, begin);
	rcu_assign_pointer(current->vdso_task_changes.area, f->area);
	KUNIT_EXPECT_FALSE(test, vdso_task_compute(f->area, &record, true));
	__vdso_task_change_end(current);
	KUNIT_EXPECT_TRUE(test, vdso_task_compute(f->area, &record, true));
}

/* Nobody asks for its answers, so there is nothing to wait for. */
static void change_of_bystander_counts_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	bool begun;

	begun = vdso_task_change_begin(f->other);
	KUNIT_EXPECT_FALSE(test, begun);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->other->vdso_task_changes.begin), 0);
	/* The end counts what the begin did, whatever came between. */
	rcu_assign_pointer(f->other->vdso_task_changes.area, f->area);
	vdso_task_change_end(f->other, begun);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->other->vdso_task_changes.end), 0);
}

static void new_task_starts_even(struct kunit *test)
{
	struct fixture *f = test->priv;

	rcu_assign_pointer(f->other->vdso_task_changes.area, f->area);
	f->other->vdso_task.pid = 1;
	f->other->vdso_task_changes.exposes_cputime = true;
	__vdso_task_change_begin(f->other);
	vdso_task_init(f->other);
	KUNIT_EXPECT_TRUE(test, is_empty(&f->other->vdso_task));
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(f->other->vdso_task_changes.area));
	KUNIT_EXPECT_FALSE(test, vdso_task_exposes_cputime(f->other));
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->other->vdso_task_changes.begin),
			atomic64_read(&f->other->vdso_task_changes.end));
}

/* What a parent's slots ever showed lies below what its child's begin with. */
static void seq_of_later_area(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vdso_task_slot before, after;
	struct vdso_task_area *later;
	unsigned int i;

	for (i = 0; i < 1000; i++)
		fill(f, &before, &after);
	f->mm->vdso_task.area = NULL;
	later = vdso_task_area_get(f->mm);
	KUNIT_ASSERT_NOT_NULL(test, later);
	KUNIT_EXPECT_GT(test, (s64)(later->start - after.seq), 0);
	vdso_task_mm_free(f->mm);
	f->mm->vdso_task.area = f->area;
}

static struct kunit_case vdso_task_cases[] = {
	KUNIT_CASE(place_of_slots),
	KUNIT_CASE(new_area_answers_nothing),
	KUNIT_CASE(fill_copies_all_but_seq),
	KUNIT_CASE(fill_without_base),
	KUNIT_CASE(fill_again_changes_seq),
	KUNIT_CASE(fill_of_new_task_empties),
	KUNIT_CASE(fill_of_watched_task_empties),
	KUNIT_CASE(fill_without_page),
	KUNIT_CASE(drop_empties_record_and_slot),
	KUNIT_CASE(interrupt_empties_base),
	KUNIT_CASE(clock_change_stops_answers),
	KUNIT_CASE(base_stays_the_same),
	KUNIT_CASE(compute_says_what_calls_say),
	KUNIT_CASE(ids_expose_no_clock),
	KUNIT_CASE(change_opens_generation),
	KUNIT_CASE(change_of_other_task),
	KUNIT_CASE(compute_loses_against_change),
	KUNIT_CASE(nothing_is_computed_while_off),
	KUNIT_CASE(off_ends_answers),
	KUNIT_CASE(answers_of_before_are_dead),
	KUNIT_CASE(changes_at_once),
	KUNIT_CASE(change_without_area),
	KUNIT_CASE(change_of_bystander_counts_nothing),
	KUNIT_CASE(new_task_starts_even),
	KUNIT_CASE(seq_of_later_area),
	{}
};

static struct kunit_suite vdso_task_suite = {
	.name = "vdso_task",
	.init = vdso_task_init_case,
	.exit = vdso_task_exit_case,
	.test_cases = vdso_task_cases,
};
kunit_test_suite(vdso_task_suite);
