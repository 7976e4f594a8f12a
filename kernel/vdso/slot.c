// SPDX-License-Identifier: GPL-2.0
/*
 * Task slots: how a thread's answers get to where its vDSO reads them.
 *
 * Each mm that calls often owns one 64-byte slot for each CPU. The kernel
 * writes the slot of the CPU that it runs on, and no other:
 *
 *   1. refresh: the system call that the vDSO made for want of an answer
 *      computes all answers of the current task into task->vdso_task, together
 *      with the generation at which they hold, and fills the slot.
 *   2. fill: every switch to a thread of the mm copies that record into the
 *      slot of this CPU and increments the slot's seq.
 *   3. read (include/vdso/task.h): the vDSO asks the CPU for its number, reads
 *      seq, the answer and the generation from that CPU's slot, and accepts
 *      them if the CPU and seq are still the same and the generation is the
 *      one in the header line. Else it makes the system call.
 *   4. change: whoever changes answers of another running thread opens a new
 *      generation first (begin), makes the change and closes it (end).
 *
 * Fill against read. Both happen on one CPU or the read does not count:
 *
 *   reader R on CPU c                       what else runs on CPU c
 *   -----------------                       -----------------------
 *   c = cpu
 *   s1 = slot[c].seq
 *   v = slot[c].answer
 *                  (interrupt, R is switched out)
 *                                           fill(T): seq++, answer = T's
 *                  (R is switched in, here or elsewhere)
 *                                           fill(R): seq++, answer = R's
 *   cpu == c? slot[c].seq == s1?
 *
 *   Let F be the last fill of slot[c] before the second look at the CPU. R runs
 *   on c at that moment, every switch to a thread of this mm fills, and so F is
 *   R's own fill. Every fill changes seq, so if seq is still s1, all three
 *   loads came after F and saw what F wrote. A load that R made on another CPU
 *   in between came before F, so its seq differs. Who wins: the fill, always;
 *   the reader tries again or makes the system call.
 *
 *   What a record says of the CPU-time clocks is only whether they may be told;
 *   the fill computes the rest, see clock.c.
 *
 *   This needs precise exceptions and the coherence of one CPU with itself. No
 *   memory barrier takes part, on any architecture. It follows that a fill is
 *   never left out, not even when the thread that was there before comes back.
 *
 * How a refresh loses against a change stands in change.c, and what is left out
 * for a tracer or a filter in policy.c.
 */

#include <linux/cred.h>
#include <linux/irqflags.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uidgid.h>

#include "internal.h"

/* seq is the kernel's own, all the rest is copied: the record is a slot. */
#define VDSO_TASK_WORDS	(sizeof(struct vdso_task_slot) / sizeof(u64))
static_assert(offsetof(struct vdso_task_slot, seq) == 0);

#define VDSO_TASK_BASE_WORD	(offsetof(struct vdso_task_slot, base) / sizeof(u64))

/* A reader that is told no CPU looks for answers in the header: see arm64. */
static_assert(offsetofend(struct vdso_task_header, begin) <=
	      offsetofend(struct vdso_task_slot, gen));

/**
 * __vdso_task_fill() - give this CPU's slot to a thread
 * @next: the incoming thread, or current
 * @area: the area of its mm
 * @base: the scheduler's clock at which its CPU time was 0, 0 if that is not told
 *
 * Plain stores will do: a reader that meets half a fill is on another CPU, and what
 * it read does not count.
 *
 * Context: interrupts off, on the CPU that @next runs on or is switched to.
 */
void __vdso_task_fill(struct task_struct *next, struct vdso_task_area *area,
		      u64 base)
{
	const u64 *from = (const u64 *)&next->vdso_task;
	void *page = vdso_task_this_page(area);
	unsigned int i;
	u64 *to;

	if (unlikely(!page))
		return;
	to = (u64 *)vdso_task_slot_in(page);
	++*to;
	barrier();	/* seq first, for who looks from there */
	vdso_task_delay(VDSO_TASK_DELAY_FILL, next);
	if (unlikely(vdso_task_is_watched(next))) {
		memset(to + 1, 0, (VDSO_TASK_WORDS - 1) * sizeof(u64));
		return;
	}
#pragma GCC unroll 8
	for (i = 1; i < VDSO_TASK_WORDS; i++)
		to[i] = i == VDSO_TASK_BASE_WORD ? base : from[i];
}

/**
 * vdso_task_compute() - all answers of current under the present generation
 * @area: the area of current's mm
 * @record: where they go; all zeros before
 * @clocks: may its CPU time be read as well?
 *
 * Return: false if another task is just changing one of them, or if answers are
 * switched off.
 */
bool vdso_task_compute(const struct vdso_task_area *area,
		       struct vdso_task_slot *record, bool clocks)
{
	const struct vdso_task_changes *changes = &current->vdso_task_changes;
	s64 end;

	record->gen = atomic64_read(vdso_task_begin(area));
	end = atomic64_read(&changes->end);
	smp_mb();	/* (A) in change.c */
	vdso_task_delay(VDSO_TASK_DELAY_REFRESH, current);
	if (!READ_ONCE(vdso_task_allowed))
		return false;

#define VDSO_TASK_COMPUTE(field, value)	record->field = (u32)(value) + 1;
	VDSO_TASK_ANSWERS(VDSO_TASK_COMPUTE)
#undef VDSO_TASK_COMPUTE
	if (clocks)
		vdso_task_compute_clocks(record);
	if (unlikely(vdso_task_is_filtered(current)))
		vdso_task_withhold(record);

	vdso_task_delay(VDSO_TASK_DELAY_COMPUTED, current);
	smp_mb();	/* (B) and (C) in change.c */
	return atomic64_read(&changes->begin) == end;
}

/* Is there an answer for every call of a kind? */
static bool is_complete(const struct vdso_task_slot *record,
			enum vdso_task_kind kind)
{
	switch (kind) {
	case VDSO_TASK_IDS:
		break;
	case VDSO_TASK_THREAD_TIME:
		return record->base;
	case VDSO_TASK_PROCESS_TIME:
		return record->base && record->dead;
	}
#define VDSO_TASK_HAS(field, value)	&& record->field
	return true VDSO_TASK_ANSWERS(VDSO_TASK_HAS);
#undef VDSO_TASK_HAS
}

/* The end of an interrupt may have emptied it. */
static bool has_base(const struct vdso_task_slot *slot,
		     enum vdso_task_kind kind)
{
	return kind == VDSO_TASK_IDS || !current->vdso_task.base ||
	       READ_ONCE(slot->base);
}

/*
 * Does the slot of this CPU already say what the record says, and is that still
 * so? What is in a slot comes from a fill, of the record or of zeros: no record
 * that was computed has generation 0.
 */
static bool is_filled(const struct vdso_task_area *area,
		      const struct vdso_task_slot *slot,
		      enum vdso_task_kind kind)
{
	u64 gen = current->vdso_task.gen;

	return gen == atomic64_read(vdso_task_begin(area)) &&
	       gen == READ_ONCE(slot->gen) && has_base(slot, kind);
}

/* Show what current has at once: a nohz_full thread may never switch. */
static void fill_current(struct vdso_task_area *area)
{
	unsigned long flags;
	u64 base;

	local_irq_save(flags);
	base = current->vdso_task.base ? vdso_task_current_base() : 0;
	__vdso_task_fill(current, area, base);
	local_irq_restore(flags);
}

/* Interrupts are off so that no switch copies half a record. */
static void keep(const struct vdso_task_slot *record)
{
	unsigned long flags;

	local_irq_save(flags);
	current->vdso_task = *record;
	local_irq_restore(flags);
}

/* Somebody watches current: leave nothing to read, once. */
static void empty_current(struct vdso_task_area *area)
{
	const struct vdso_task_slot *slot;
	unsigned long flags;

	local_irq_save(flags);
	slot = vdso_task_this_slot(area);
	if (slot && slot->gen)
		__vdso_task_fill(current, area, 0);
	local_irq_restore(flags);
}

/*
 * From here on others find the area of current. Under these locks they may look
 * whether there is one before they change an answer: see change.c.
 */
static void attach(struct vdso_task_area *area)
{
	if (likely(rcu_access_pointer(current->vdso_task_changes.area)))
		return;
	read_lock(&tasklist_lock);
	spin_lock_irq(&current->sighand->siglock);
	rcu_assign_pointer(current->vdso_task_changes.area, area);
	spin_unlock_irq(&current->sighand->siglock);
	read_unlock(&tasklist_lock);
}

/* Out of line, for a call that finds all as it should be not to pay for this. */
static noinline enum vdso_task_stat recompute(struct vdso_task_area *area,
					      enum vdso_task_kind kind)
{
	bool clocks = kind != VDSO_TASK_IDS || vdso_task_exposes_cputime(current);
	struct vdso_task_slot record = {};

	/* Before the first look at the changes: see (C) in change.c. */
	attach(area);
	if (!vdso_task_compute(area, &record, clocks))
		return VDSO_TASK_STAT_STALE;
	/* Before the first fill with base: see clock.c. */
	if (record.base)
		vdso_task_expose_cputime();
	keep(&record);
	vdso_task_delay(VDSO_TASK_DELAY_KEPT, current);
	fill_current(area);
	return VDSO_TASK_STAT_REFRESH;
}

/* Out of line, for a cold call not to pay for its registers. */
static noinline enum vdso_task_stat refresh(struct mm_struct *mm,
					    struct vdso_task_area *area,
					    enum vdso_task_kind kind)
{
	struct vdso_task_slot *slot;
	enum vdso_task_stat why;
	bool filled;

	if (vdso_task_is_watched(current)) {
		empty_current(area);
		return VDSO_TASK_STAT_POLICY;
	}
	if (kind != VDSO_TASK_IDS && !vdso_task_can_tell(kind, &why))
		return why;

	preempt_disable();
	slot = vdso_task_this_slot(area);
	filled = slot && is_filled(area, slot, kind);
	preempt_enable();
	if (filled && is_complete(&current->vdso_task, kind)) {
		/* Zeros may lie over the slot: see map_nothing() in map.c. */
		if (unlikely(READ_ONCE(mm->vdso_task.heat) < VDSO_TASK_HOT))
			vdso_task_heat_up(mm);
		return VDSO_TASK_STAT_DIRECT;
	}
	if (filled && vdso_task_is_filtered(current))
		return VDSO_TASK_STAT_POLICY;
	/* What has no answer may have one by now: somebody mapped an ID. */
	why = recompute(area, kind);
	if (why != VDSO_TASK_STAT_REFRESH)
		return why;
	if (!slot) {
		vdso_task_heat_up(mm);
		return VDSO_TASK_STAT_COLD;
	}
	return filled ? VDSO_TASK_STAT_NONE : VDSO_TASK_STAT_REFRESH;
}

/* Would slots answer this call for a clock? Out of line as the above. */
static noinline bool is_reason_for_slots(enum vdso_task_kind kind)
{
	enum vdso_task_stat why;
	bool told = vdso_task_can_tell(kind, &why);

	if (!told)
		vdso_task_count(why, 1);
	return told;
}

/**
 * __vdso_task_refresh() - compute the answers of current and fill its slot
 * @kind: what the system call asks for
 *
 * Nothing is done for a process that never touched its slots.
 *
 * Context: a system call; may sleep, but does not wait for a lock of the mm.
 */
void __vdso_task_refresh(enum vdso_task_kind kind)
{
	struct mm_struct *mm = current->mm;
	struct vdso_task_area *area;

	if (!mm || !READ_ONCE(mm->vdso_task.heat))
		return;
	area = READ_ONCE(mm->vdso_task.area);
	if (!READ_ONCE(vdso_task_allowed)) {
		vdso_task_count(VDSO_TASK_STAT_OFF, 1);
		return;
	}
	if (area) {
		vdso_task_count(refresh(mm, area, kind), 1);
		return;
	}
	if (vdso_task_is_watched(current)) {
		vdso_task_count(VDSO_TASK_STAT_POLICY, 1);
		return;
	}
	if (kind != VDSO_TASK_IDS && !is_reason_for_slots(kind))
		return;
	vdso_task_count(VDSO_TASK_STAT_COLD, 1);
	vdso_task_heat_up(mm);
}

/**
 * __vdso_task_drop() - current has no answers any more
 *
 * Interrupts are off, so that the record and the slot go together and no switch
 * brings back what another CPU's slot still had.
 */
void __vdso_task_drop(void)
{
	struct vdso_task_area *area;
	unsigned long flags;

	vdso_task_delay(VDSO_TASK_DELAY_DROP, current);
	/* Only current itself sets or clears it. */
	area = rcu_dereference_protected(current->vdso_task_changes.area, true);
	if (!area)
		return;
	local_irq_save(flags);
	memset(&current->vdso_task, 0, sizeof(current->vdso_task));
	__vdso_task_fill(current, area, 0);
	local_irq_restore(flags);
	vdso_task_count(VDSO_TASK_STAT_DROP, 1);
}
