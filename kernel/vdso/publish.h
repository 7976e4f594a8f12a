/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KERNEL_VDSO_PUBLISH_H
#define _KERNEL_VDSO_PUBLISH_H

/* Task records: the stores of the context switch, and delay points for tests. */

#include <linux/percpu.h>
#include <linux/timex.h>
#include <linux/vdso_task.h>

/* See debug.c. */
enum vdso_task_delay {
	VDSO_TASK_DELAY_PUBLISH,
	VDSO_TASK_DELAY_REFRESH,
	VDSO_TASK_DELAY_COMPUTED,
	VDSO_TASK_DELAY_STORED,
	VDSO_TASK_DELAY_BEGIN,
	VDSO_TASK_DELAY_CHANGE,
	VDSO_TASK_DELAY_END,
	VDSO_TASK_DELAY_DROP,
	VDSO_TASK_DELAY_FAULT,
	VDSO_TASK_DELAY_MAP,
	VDSO_TASK_DELAY_WAKEUP,
	VDSO_TASK_DELAY_TICK,
	VDSO_TASK_DELAY_MOVE,
	VDSO_TASK_DELAY_SYNC,
	VDSO_TASK_NR_DELAYS,
};

#ifdef CONFIG_VDSO_TASK_DEBUG
DECLARE_STATIC_KEY_FALSE(vdso_task_delay_key);

void __vdso_task_delay(enum vdso_task_delay point, const struct task_struct *p);
bool vdso_task_is_bad_cpu(unsigned int cpu);

static __always_inline void vdso_task_delay(enum vdso_task_delay point,
					    const struct task_struct *p)
{
	if (static_branch_unlikely(&vdso_task_delay_key))
		__vdso_task_delay(point, p);
}
#else
static __always_inline void vdso_task_delay(enum vdso_task_delay point,
					    const struct task_struct *p) { }

static inline bool vdso_task_is_bad_cpu(unsigned int cpu)
{
	return false;
}
#endif

#ifdef CONFIG_VDSO_TASK_SLOTS

/* In mm->vdso_task.slots if the slots of an area lie in several pages. */
#define VDSO_TASK_SLOTS_FAR	((void *)1)

/* Distance of this CPU's slot from the first. */
DECLARE_PER_CPU_READ_MOSTLY(unsigned long, vdso_task_slot_offset);

struct vdso_task_slot *vdso_task_far_slot(const struct mm_struct *mm);

/**
 * vdso_task_slot() - get the slot of this CPU
 * @mm: an mm
 *
 * Context: preemption off.
 *
 * Return: the slot; NULL if the mm has no area, or the area has no page for the slot.
 */
static __always_inline struct vdso_task_slot *
vdso_task_slot(const struct mm_struct *mm)
{
	void *slots = READ_ONCE(mm->vdso_task.slots);

	if (likely(!slots))
		return NULL;
	if (unlikely(slots == VDSO_TASK_SLOTS_FAR))
		return vdso_task_far_slot(mm);
	return slots + __this_cpu_read(vdso_task_slot_offset);
}

/* First store of a publication. Plain: readers on other CPUs do not rely on seq. */
static __always_inline void vdso_task_change_seq(struct vdso_task_slot *slot,
						 const struct task_struct *next)
{
	slot->seq++;
	barrier();	/* store seq before the delay of a test */
	vdso_task_delay(VDSO_TASK_DELAY_PUBLISH, next);
}

/**
 * vdso_task_publish() - publish a thread whose CPU time is not exposed
 * @slot: the slot
 * @next: the incoming thread, or current
 *
 * base is stored first, for readers that left this CPU: see vdso/task_counter.h.
 *
 * Context: interrupts off, on the CPU that @next runs on or is switched to.
 */
static __always_inline void vdso_task_publish(struct vdso_task_slot *slot,
					      const struct task_struct *next)
{
	vdso_task_change_seq(slot, next);	/* model: publish.seq */
	WRITE_ONCE(slot->base, 0);	/* model: publish.base */
	WRITE_ONCE(slot->record, (s64)next->vdso_task.locator);	/* model: publish.record */
}

/**
 * vdso_task_publish_base() - publish a thread whose CPU time is exposed
 * @slot: the slot
 * @next: the incoming thread, or current
 * @base: sched_clock() at which its CPU time was 0; 0 if that cannot be computed
 * @clock: the runqueue's clock that @base was computed with
 *
 * stamp is stored first, base last: see vdso/task_counter.h. stamp is the counter and not
 * the runqueue's clock: the update of that may have been skipped, and the previous thread,
 * which need not expose its time, may have read a later counter.
 *
 * Context: as above.
 */
static __always_inline void vdso_task_publish_base(struct vdso_task_slot *slot,
						   const struct task_struct *next,
						   u64 base, u64 clock)
{
	vdso_task_change_seq(slot, next);	/* model: base.seq */
	WRITE_ONCE(slot->stamp, get_cycles());	/* model: base.stamp */
	WRITE_ONCE(slot->clock, clock);	/* model: base.clock */
	WRITE_ONCE(slot->record, (s64)next->vdso_task.locator);	/* model: base.record */
	WRITE_ONCE(slot->base, base);	/* model: base.base */
}

#endif /* CONFIG_VDSO_TASK_SLOTS */

#endif /* _KERNEL_VDSO_PUBLISH_H */
