/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ARCH_ARM64_VDSO_TASK_COUNTER_H
#define _ARCH_ARM64_VDSO_TASK_COUNTER_H

/*
 * Task records, the reader's part: the counter behind sched_clock().
 *
 * The record's base is written at each switch to the thread:
 *
 *	reader T                                the kernel
 *	--------                                ----------
 *	b = record->base
 *	                                        switch to another thread
 *	                                        switch to T: record->base = b'
 *	t = CNTVCT_EL0
 *	record->base == b ?
 *
 *	b' - b is the time for which T did not run. It is never negative: each stint's
 *	base is computed from a runqueue clock that was updated after T's stint before
 *	was accounted. So if T finds b again, T ran all the time, or was off the CPU for
 *	0 ns, and t - b is its CPU time at t. An interrupt whose time is accounted for
 *	sets base to 0 until T's next refresh or switch. Winner: the switch; T falls
 *	back to the system call.
 */

#include <linux/types.h>
#include <vdso/datapage.h>

/**
 * struct vdso_task_sample - a reading of the counter, and what belongs to it
 * @record: of the calling thread
 * @place: where it was found
 * @ns: sched_clock() at the reading
 * @base: sched_clock() at which the thread's CPU time was 0; 0 to fall back to the
 *	  system call
 */
struct vdso_task_sample {
	const struct vdso_task_record	*record;
	struct vdso_task_place		place;
	u64				ns;
	u64				base;
};

/*
 * The same computation as in sched_clock(). A reader whose counter has wrapped since the
 * kernel last updated the epoch falls back: only the kernel knows the counter's width. A
 * thread that may not read the counter has cputime 0, so that is checked first.
 */
static __always_inline struct vdso_task_sample
__arch_vdso_task_sample(const struct vdso_task_global *global)
{
	struct vdso_task_place place = __arch_vdso_task_find();
	struct vdso_task_sample now = { .record = place.record, .place = place };
	u64 passed, base = READ_ONCE(place.record->base);

	if (unlikely(!base || !READ_ONCE(place.record->cputime)))
		return now;
	passed = __arch_get_hw_counter(VDSO_CLOCKMODE_ARCHTIMER, NULL) -
		 READ_ONCE(global->epoch);
	now.ns = READ_ONCE(global->offset) +
		 ((passed * READ_ONCE(global->mult)) >> READ_ONCE(global->shift));
	/* Else it has wrapped or, in a virtual machine that was restored, gone back. */
	if (likely((s64)passed >= 0 && (s64)(now.ns - base) >= 0))
		now.base = base;
	return now;
}

static __always_inline bool __arch_vdso_task_is_valid(struct vdso_task_sample now)
{
	return READ_ONCE(now.record->base) == now.base &&
	       __arch_vdso_task_is_unchanged(now.place);
}

/* The counter's read ends with a dependent load, which smp_rmb() orders. */
#define __arch_vdso_task_after(now, p)	(p)

#endif /* _ARCH_ARM64_VDSO_TASK_COUNTER_H */
